// @stdlib's ddot and daxpy (their native add-ons where npm could build them), row by row.
import daxpy from '@stdlib/blas-base-daxpy';
import ddot from '@stdlib/blas-base-ddot';
import { serve } from './protocol.mjs';

/** Adds the gradient over rows from … to-1 to g; returns the loss. */
function addRows({ X, y, rows, logistic }, from, to, w, g) {
  const cols = w.length;
  let loss = 0;
  g.fill(0);
  for (let i = from; i < to; i++) {
    const x = rows[i];
    const z = ddot(cols, x, 1, w, 1);
    let r = z - y[i];
    if (logistic) {
      const e = Math.exp(-Math.abs(z));
      loss += Math.log1p(e) + Math.max(z, 0) - y[i] * z;
      r = (z >= 0 ? 1 : e) / (1 + e) - y[i];
    } else loss += 0.5 * r * r;
    daxpy(cols, r, x, 1, g, 1);
  }
  return X.length > 0 ? loss : 0;
}

function read(args) {
  const [X, y, cols] = [args.array('X'), args.array('y'), args.number('cols')];
  const rows = Array.from(y, (_, i) => X.subarray(i * cols, (i + 1) * cols));
  return { X, y, rows, cols, logistic: args.loss === 'logistic', rate: args.number('rate') };
}

serve({
  gd(args) {
    const data = read(args);
    const iterations = args.number('iterations');
    return () => {
      const [w, g] = [new Float64Array(data.cols), new Float64Array(data.cols)];
      for (let t = 0; t < iterations; t++) {
        addRows(data, 0, data.y.length, w, g);
        daxpy(data.cols, -data.rate / data.y.length, g, 1, w, 1);
      }
      return w;
    };
  },
  adam(args) {
    const data = read(args);
    const [batch, epochs, rows] = [args.number('batch'), args.number('epochs'), data.y.length];
    if (args.number('shuffle')) return undefined;
    return () => {
      const [w, g, m, v] = Array.from({ length: 4 }, () => new Float64Array(data.cols));
      let t = 0;
      for (let epoch = 0; epoch < epochs; epoch++) {
        for (let from = 0; from < rows; from += batch) {
          const to = Math.min(from + batch, rows);
          addRows(data, from, to, w, g);
          t++;
          const rate = data.rate / (1 - 0.9 ** t);
          const root = Math.sqrt(1 - 0.999 ** t);
          for (let j = 0; j < w.length; j++) {
            const mean = g[j] / (to - from);
            m[j] = 0.9 * m[j] + 0.1 * mean;
            v[j] = 0.999 * v[j] + 0.001 * mean * mean;
            w[j] -= (rate * m[j]) / (Math.sqrt(v[j]) / root + 1e-8);
          }
        }
      }
      return w;
    };
  },
});
