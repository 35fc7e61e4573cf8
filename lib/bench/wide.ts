// Benchmark rows of fits with fewer rows than columns.
import { fitSync } from '../index.js';
import { candidate } from './harness.js';
import { type Data, type Kind, meanLoss, table } from './numbers.js';
import { absolute } from './paths.js';
import type { Row } from './row.js';
import { race } from './solvers.js';

const group = 'wide';
const [rows, cols] = [300, 2000];
const shape = `${rows} × ${cols.toLocaleString('en-US')}`;
const alone = { intercept: false, threads: 1 } as const;

const ridge: Row = {
  name: `ridge ${shape}`,
  group,
  quick: true,
  needs: { arithmetic: rows ** 2 * cols },
  make() {
    const data = table(rows, cols);
    const { X, y } = data;
    const l2 = 0.1;
    const options = { ...alone, l2, optimizer: 'auto' } as const;
    const loss = (w: Float64Array) => meanLoss(data, 'squared', w, l2);
    return {
      nabla: candidate('fit(data, options).epochs', { fit: fitSync, data: { X, y }, options }),
      contest: {
        args: { X, y, rows, cols, l2 },
        peers: {
          'scikit-learn Ridge': { program: 'sklearn', work: 'ridge' },
          NumPy: { program: 'numpy', work: 'ridge' },
        },
        weights: cols,
        loss,
        ours: loss(fitSync({ X, y }, options).coefficients),
        agree: 1e-10,
      },
    };
  },
};

/** A tenth of the l1 that holds all coefficients at 0. */
function tenthOfMost({ X, y }: Data, kind: Kind): number {
  const g = new Float64Array(cols);
  const at0 = kind === 'logistic' ? 0.5 : 0;
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) g[j] += (X[i * cols + j] * (y[i] - at0)) / rows;
  return g.reduce((most, slope) => Math.max(most, Math.abs(slope)), 0) / 10;
}

function sparse(kind: Kind, peer: string, work: string): Row {
  return {
    name: `${kind === 'squared' ? 'lasso' : 'logistic + l1'} ${shape}, to 1e-6`,
    group,
    quick: true,
    needs: { arithmetic: 4 * rows * cols }, // two products with X, one of them at the end
    make() {
      const data = table(rows, cols, kind);
      const l1 = tenthOfMost(data, kind);
      return race({
        given: { X: data.X, y: data.y },
        options: { loss: kind, l1 },
        nearness: 1e-6,
        loss: (w) => meanLoss(data, kind, w) + l1 * absolute(w),
        weights: cols,
        args: { rows, cols, l1 },
        peers: { [peer]: { program: 'sklearn', work } },
      });
    },
  };
}

/** A support vector machine. */
function machine(loss: 'hinge' | 'squared_hinge'): Row {
  return {
    name: `${loss.replace('_', ' ')} + l2 ${shape}, to 1e-6`,
    group,
    quick: true,
    needs: { arithmetic: rows ** 2 * cols },
    make() {
      const data = table(rows, cols, 'logistic');
      const l2 = 1;
      return race({
        given: { X: data.X, y: data.y },
        options: { loss, l2 },
        nearness: 1e-6,
        loss: (w) => meanLoss(data, loss, w, l2),
        weights: cols,
        args: { rows, cols, l2 },
        peers: { 'scikit-learn LinearSVC': { program: 'sklearn', work: 'machine', loss } },
      });
    },
  };
}

export const wideRows: readonly Row[] = [
  ridge,
  sparse('squared', 'scikit-learn Lasso', 'lasso'),
  sparse('logistic', 'liblinear, by scikit-learn', 'sparse_logistic'),
  machine('hinge'),
  machine('squared_hinge'),
];
