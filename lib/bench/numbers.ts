// Data of the benchmark: a fixed pseudo-random sequence, so that every run does the same work.

/** n numbers between -1 and 1. */
export function numbers(n: number, seed: number): Float64Array {
  const list = new Float64Array(n);
  let state = seed;
  for (let i = 0; i < n; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    list[i] = state / 2 ** 31 - 1;
  }
  return list;
}

export interface Data {
  readonly rows: number;
  readonly cols: number;
  readonly X: Float64Array;
  readonly y: Float64Array;
}

export type Kind = 'squared' | 'logistic';
const losses = {
  squared: (y: number, z: number) => (z - y) ** 2 / 2,
  logistic: (y: number, z: number) => Math.log1p(Math.exp(-Math.abs(z))) + Math.max(z, 0) - y * z,
  // Of classes 0 and 1.
  hinge: (y: number, z: number) => Math.max(0, 1 - (2 * y - 1) * z),
  squared_hinge: (y: number, z: number) => Math.max(0, 1 - (2 * y - 1) * z) ** 2,
};

/** Targets with noise around a line, or classes 0 and 1 drawn by the logistic curve over it. */
function make(rows: number, cols: number, kind: Kind): Data {
  const X = numbers(rows * cols, 1);
  const y = numbers(rows, 2);
  const line = Float64Array.from({ length: cols }, (_, j) => Math.sin(j + 1));
  for (let i = 0; i < rows; i++) {
    let z = 0;
    for (let j = 0; j < cols; j++) z += X[i * cols + j] * line[j];
    y[i] = kind === 'squared' ? y[i] + z : (y[i] + 1) / 2 < 1 / (1 + Math.exp(-z)) ? 1 : 0;
  }
  return { rows, cols, X, y };
}

let last: { key: string; data: Data } | undefined;

/** A table; the last one made is kept, since workloads of one shape follow each other. */
export function table(rows: number, cols: number, kind: Kind = 'squared'): Data {
  const key = `${rows} ${cols} ${kind}`;
  if (last?.key !== key) {
    last = undefined; // two large ones need not be there at once
    last = { key, data: make(rows, cols, kind) };
  }
  return last.data;
}

/** The mean loss over all rows, as the benchmark checks it, with ½·l2·Σw². */
export function meanLoss({ rows, cols, X, y }: Data, kind: keyof typeof losses, w: Float64Array, l2 = 0): number {
  let sum = 0;
  for (let i = 0; i < rows; i++) {
    let z = 0;
    for (let j = 0; j < cols; j++) z += X[i * cols + j] * w[j];
    sum += losses[kind](y[i], z);
  }
  let squares = 0;
  for (const value of w) squares += value * value;
  return sum / rows + (l2 / 2) * squares;
}
