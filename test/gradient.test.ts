// Each loss's gradient against central differences of its value.
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { losses } from '../lib/catalog.js';
import type { Loss } from '../lib/options.js';
import { faces } from './backends.js';
import { expectClose, normals, runs } from './support.js';

describe.each(faces)('gradients: $name', ({ kernels }) => {
  it.each(Object.keys(losses) as Loss[])('%s', (loss) => {
    const shape = fc.record({ rows: fc.integer({ min: 1, max: 300 }), cols: fc.integer({ min: 1, max: 40 }) });
    fc.assert(
      fc.property(shape, fc.nat(), ({ rows, cols }, seed) => {
        const X = normals(rows * cols, seed);
        const y = normals(rows, seed + 1);
        const w = normals(cols, seed + 2);
        const gradient = new Float64Array(cols);
        const unused = new Float64Array(cols);
        const value = kernels.valueAndGradient(loss, { X, y }, w, gradient);
        const at = (j: number, step: number) =>
          kernels.valueAndGradient(
            loss,
            { X, y },
            w.map((weight, k) => (k === j ? weight + step : weight)),
            unused,
          );
        const h = 1e-4;
        const differences = w.map((_, j) => (at(j, h) - at(j, -h)) / (2 * h));
        // Rounding gives each difference an error of about value · 1e-16 / h.
        expectClose(gradient, differences, 1e-7, 1 + value, 'partial derivative');
      }),
      { numRuns: runs(40) },
    );
  });
});
