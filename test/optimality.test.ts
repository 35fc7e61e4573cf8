// A fit that says 'converged' is at its minimum, whatever the scale of its data and however far from 0 they are; one that is
// not says so. NABLA_SWEEP=2000: so many random problems for each loss and solver, and what came of them.
import { describe, expect, it } from 'vitest';
import { faces } from './backends.js';
import { fitOptions, randomProblem, smoothLosses, violation } from './optimum.js';
import { patience, runs } from './support.js';

const sweep = Number(process.env.NABLA_SWEEP ?? 0);
const solvers = ['exact', 'newton'] as const;
const pairs = solvers.flatMap((optimizer) =>
  smoothLosses.filter((loss) => optimizer !== 'exact' || loss === 'squared').map((loss) => [loss, optimizer] as const),
);

describe.each(faces)('minima: $name', ({ fitSync }) => {
  it.each(pairs)(
    'of random problems, %s by %s',
    (loss, optimizer) => {
      const tally: Record<string, number> = {};
      for (let seed = 0; seed < (sweep || runs(24)); seed++) {
        const { problem, options } = randomProblem(loss, seed, optimizer !== 'exact');
        const { cols: _, ...data } = problem;
        const model = fitSync(data, { ...fitOptions(options), optimizer });
        tally[model.status] = (tally[model.status] ?? 0) + 1;
        if (model.status !== 'converged') continue;
        const off = violation(problem, options, model.coefficients, model.intercepts);
        expect(off, `problem ${seed}: slope over its terms`).toBeLessThan(1e-6);
      }
      if (sweep) console.log(loss, optimizer, JSON.stringify(tally));
      // Nothing runs on at its minimum.
      if (loss !== 'huber') expect(Object.keys(tally)).toEqual(['converged']);
    },
    patience(60_000 + 100 * sweep),
  );
});
