// What bench:check runs on two builds: small, of each kind of work. A row makes, for a library, an expression and what
// it is in terms of, as `candidate` takes them; arrays that are only read are shared by both.
import { numbers } from '../dist/bench.mjs';

/** A pattern again and again, for under valgrind JavaScript takes its time. */
function filled(n, seed, make = (value) => value) {
  const pattern = numbers(1000, seed).map(make);
  const list = new Float64Array(n);
  for (let at = 0; at < n; at += pattern.length) list.set(pattern.subarray(0, n - at), at);
  return list;
}

const [x, y, weights] = [filled(1e5, 1), filled(1e5, 2), filled(32, 3)];
const wide = { X: filled(20_000 * 32, 4), y: filled(20_000, 5) };
const small = { X: filled(2000 * 16, 6), y: filled(2000, 7) };
const classes = { X: small.X, y: filled(2000, 7, (value) => (value > 0 ? 1 : 0)) };
const offsets = Float64Array.from({ length: 11 }, (_, k) => 200 * k);

const kernel = (name, expression, scope) => ({
  name,
  make: (library) => [expression, { f: library[name.split(' ')[0]], ...scope() }],
});
const fitting = (name, data, options) => ({
  name,
  make: ({ fitSync }) => [
    'f(data, options).epochs',
    { f: fitSync, data, options: { threads: 1, intercept: false, ...options } },
  ],
});
const sgd = { optimizer: { name: 'sgd', learningRate: 0.01 } };
const adam = { optimizer: { name: 'adam', learningRate: 0.001 } };

export const checkRows = [
  kernel('dot 10,000', 'f(x, y)', () => ({ x: x.subarray(0, 10_000), y: y.subarray(0, 10_000) })),
  kernel('axpy 10,000', 'f(1e-9, x, y)', () => ({ x: x.subarray(0, 10_000), y: y.slice(0, 10_000) })),
  kernel('gemv 20,000 × 32', 'f(A, 20000, 32, x, out)', () => ({
    A: wide.X,
    x: weights,
    out: new Float64Array(20_000),
  })),
  kernel('valueAndGradient 20,000 × 32', "f('squared', data, w, out)", () => ({
    data: wide,
    w: weights,
    out: new Float64Array(32),
  })),
  {
    name: 'Adam step, 100,000 values',
    make: ({ createOptimizer }) => [
      'optimizer.step(w, g)',
      { optimizer: createOptimizer('adam', x.length), w: x.slice(), g: y },
    ],
  },
  fitting('fit 2,000 × 16, descent', small, { ...sgd, epochs: 10, gram: false }),
  fitting('fit 2,000 × 16, one row a step', small, { ...sgd, epochs: 1, batchSize: 1 }),
  fitting('fit 2,000 × 16, Adam by 64', classes, { ...adam, loss: 'logistic', epochs: 3, batchSize: 64 }),
  fitting('fit 2,000 × 16, to the optimum', classes, { loss: 'logistic', optimizer: 'auto', l2: 1e-3 }),
  {
    name: 'fitMany 10 × 200 × 8, least squares',
    make: ({ fitManySync }) => [
      'f(data, options).coefficients[0]',
      {
        f: fitManySync,
        data: { X: small.X.subarray(0, 16_000), y: small.y, offsets },
        options: { optimizer: 'exact', intercept: false, threads: 1 },
      },
    ],
  },
];
