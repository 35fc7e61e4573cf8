// The same functions as plain JavaScript: straightforward loops over Float64Array, without checks, as one would
// write them for one's own program.

export function dot(x, y) {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * y[i];
  return sum;
}

export function axpy(a, x, y) {
  for (let i = 0; i < x.length; i++) y[i] += a * x[i];
}

/** The mean of ½(Xw - y)² and its gradient, in one pass over X. */
export function valueAndGradient(X, y, w, gradient) {
  const rows = y.length;
  const value = addRows(X, y, w, gradient, 0, rows);
  for (let j = 0; j < gradient.length; j++) gradient[j] /= rows;
  return value / rows;
}

/** Σ½(x·w - y)² over rows from … to-1; the gradient's sum goes to `gradient`. */
function addRows(X, y, w, gradient, from, to) {
  const cols = w.length;
  let sum = 0;
  gradient.fill(0);
  for (let i = from; i < to; i++) {
    const at = i * cols;
    let z = 0;
    for (let j = 0; j < cols; j++) z += X[at + j] * w[j];
    const r = z - y[i];
    sum += 0.5 * r * r;
    for (let j = 0; j < cols; j++) gradient[j] += r * X[at + j];
  }
  return sum;
}

export function batchGradientDescent({ X, y, theta, alpha, iterations }) {
  const w = theta.slice();
  const gradient = new Float64Array(w.length);
  const history = new Float64Array(iterations);
  for (let t = 0; t < iterations; t++) {
    history[t] = valueAndGradient(X, y, w, gradient);
    for (let j = 0; j < w.length; j++) w[j] -= alpha * gradient[j];
  }
  return { theta: w, history };
}

export function stochasticGradientDescent({ X, y, theta, alpha, indices }) {
  const w = theta.slice();
  const cols = w.length;
  const history = new Float64Array(indices.length);
  for (let t = 0; t < indices.length; t++) {
    const at = indices[t] * cols;
    let z = 0;
    for (let j = 0; j < cols; j++) z += X[at + j] * w[j];
    const r = z - y[indices[t]];
    history[t] = 0.5 * r * r;
    for (let j = 0; j < cols; j++) w[j] -= alpha * r * X[at + j];
  }
  return { theta: w, history };
}

export function miniBatchGradientDescent({ X, y, theta, alpha, iterations, batchSize }) {
  const w = theta.slice();
  const gradient = new Float64Array(w.length);
  const history = [];
  for (let t = 0; t < iterations; t++) {
    for (let from = 0; from < y.length; from += batchSize) {
      const to = Math.min(from + batchSize, y.length);
      history.push(addRows(X, y, w, gradient, from, to) / (to - from));
      const rate = alpha / (to - from);
      for (let j = 0; j < w.length; j++) w[j] -= rate * gradient[j];
    }
  }
  return { theta: w, history };
}

/** The cost is taken after the update, and the gradient of the next step with it. */
export function adam({ X, y, theta, alpha, iterations, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }) {
  const w = theta.slice();
  const gradient = new Float64Array(w.length);
  const m = new Float64Array(w.length);
  const v = new Float64Array(w.length);
  const history = new Float64Array(iterations);
  let power1 = 1;
  let power2 = 1;
  valueAndGradient(X, y, w, gradient);
  for (let t = 0; t < iterations; t++) {
    power1 *= beta1;
    power2 *= beta2;
    for (let j = 0; j < w.length; j++) {
      m[j] = beta1 * m[j] + (1 - beta1) * gradient[j];
      v[j] = beta2 * v[j] + (1 - beta2) * gradient[j] * gradient[j];
      w[j] -= ((alpha / (1 - power1)) * m[j]) / (Math.sqrt(v[j] / (1 - power2)) + epsilon);
    }
    history[t] = valueAndGradient(X, y, w, gradient);
  }
  return { theta: w, history };
}
