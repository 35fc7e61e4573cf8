// createOptimizer: rules on the caller's own arrays, in place.
import { describe, expect, it } from 'vitest';
import { rules } from '../../lib/catalog/rules.js';
import { adam, ftrl, type OptimizerGroup, type OptimizerOptions, rmsprop, sgd } from '../../lib/index.js';
import { rules as referenceRules } from '../../lib/reference/kernels/updates.js';
import { type Face, faces } from '../support/backends.js';
import { expectBits, expectClose, normals } from '../support/support.js';

const names = Object.keys(rules) as (keyof typeof rules)[];
/** Served in JavaScript, and by native. */
const sizes = [1, 9, 63, 64, 200, 1001];

/** Steps with random gradients; the weights after them. */
function drive(
  optimizer: ReturnType<Face['createOptimizer']>,
  steps: number,
  seed = 1,
  from = normals(optimizer.size, 5),
) {
  const weights = from.slice();
  for (let t = 0; t < steps; t++) optimizer.step(weights, normals(optimizer.size, seed + t));
  return weights;
}

describe.each(faces)('createOptimizer: $name', (face) => {
  const { createOptimizer, restoreOptimizer, fitSync, kernels } = face;

  it.each(names)('%s steps as a fit with that rule does', (name) => {
    const [rows, cols] = [40, 7];
    const [X, y] = [normals(rows * cols, 1), normals(rows, 2)];
    const optimizer = createOptimizer(name, cols);
    const weights = new Float64Array(cols);
    const gradient = new Float64Array(cols);
    for (let t = 0; t < 12; t++) {
      kernels.valueAndGradient('squared', { X, y }, weights, gradient);
      optimizer.step(weights, gradient);
    }
    const model = fitSync({ X, y }, { optimizer: name, epochs: 12, intercept: false });
    expectBits(weights, model.coefficients);
  });

  it('works in place, on views of any memory, and leaves the gradient', () => {
    for (const n of sizes) {
      const memory = normals(3 * n + 5, 3);
      const before = memory.slice();
      const [weights, gradient] = [memory.subarray(2, 2 + n), memory.subarray(n + 3, 2 * n + 3)];
      createOptimizer(sgd({ learningRate: 0.5 }), n).step(weights, gradient);
      const expected = before.slice();
      for (let i = 0; i < n; i++) expected[2 + i] -= 0.5 * before[n + 3 + i];
      expectBits(memory, expected);
    }
  });

  it('zero weights have nothing to do', () => {
    const optimizer = createOptimizer('adam', 0);
    optimizer.step(new Float64Array(0), new Float64Array(0));
    expect(optimizer).toMatchObject({ size: 0, steps: 1 });
  });

  it.each(names)('%s has its state in typed arrays of its size, one for each of the rule', (name) => {
    const optimizer = createOptimizer(name, 70);
    const { states } = referenceRules[names.indexOf(name)];
    expect(optimizer.state.length).toBe(states);
    for (const array of optimizer.state) {
      expect(array).toBeInstanceOf(Float64Array);
      expect(array.length).toBe(70);
    }
  });

  it('the state is the rule’s: velocity, mean and square, and what they begin with', () => {
    const [g1, g2] = [normals(80, 1), normals(80, 2)];
    const momentum = createOptimizer({ name: 'momentum', momentum: 0.5 }, 80);
    const adaptive = createOptimizer(adam({ beta1: 0.5, beta2: 0.75 }), 80);
    const adagrad = createOptimizer({ name: 'adagrad', initialAccumulator: 0.5 }, 80);
    for (const g of [g1, g2])
      for (const optimizer of [momentum, adaptive, adagrad]) optimizer.step(new Float64Array(80), g);
    expectClose(
      momentum.state[0],
      g1.map((g, i) => 0.5 * g + g2[i]),
      1e-15,
      1,
    );
    expectClose(
      adaptive.state[0],
      g1.map((g, i) => 0.25 * g + 0.5 * g2[i]),
      1e-15,
      1,
    );
    expectClose(
      adaptive.state[1],
      g1.map((g, i) => 0.1875 * g * g + 0.25 * g2[i] * g2[i]),
      1e-15,
      1,
    );
    expectClose(
      adagrad.state[0],
      g1.map((g, i) => 0.5 + g * g + g2[i] * g2[i]),
      1e-15,
      1,
    );
  });

  it('nadam takes the first step of the paper', () => {
    // μ₁ = .9(1 - ½·.96^.004), μ₂ with .96^.008; .1[(1-μ₁)/(1-μ₁) + .1μ₂/(1-μ₁μ₂)] over |g| = 1.
    const weights = Float64Array.of(1);
    createOptimizer({ name: 'nadam', learningRate: 0.1 }, 1).step(weights, Float64Array.of(1));
    expectClose(weights, [0.8943548], 1e-7);
  });

  it.each(names)('%s goes on from JSON to the same bits', (name) => {
    for (const n of [5, 130]) {
      const options = {
        name,
        weightDecay: 0.01,
        clipNorm: 3,
        ...('withoutL1' in rules[name] ? {} : { l1: 0.001 }),
        groups: [{ start: 2, end: 4, learningRate: 0.5 }],
      };
      const optimizer = createOptimizer(options as OptimizerOptions, n);
      const weights = drive(optimizer, 7);
      optimizer.learningRate = 0.0625;
      const restored = restoreOptimizer(JSON.parse(JSON.stringify(optimizer)));
      expect(restored.steps).toBe(7);
      expect(restored.learningRate).toBe(0.0625);
      expect(restored.groups.map(({ start, end, learningRate }) => [start, end, learningRate])).toEqual(
        optimizer.groups.map(({ start, end, learningRate }) => [start, end, learningRate]),
      );
      restored.state.forEach((array, k) => {
        expectBits(array, optimizer.state[k], `state ${k}`);
      });
      expectBits(drive(restored, 7, 50, weights), drive(optimizer, 7, 50, weights));
      expect(JSON.stringify(restored)).toBe(JSON.stringify(optimizer));
    }
  });

  it('groups are optimizers of their own, rest included', () => {
    for (const name of names) {
      const shared = { name, weightDecay: 0.1 };
      const optimizer = createOptimizer(
        {
          ...shared,
          groups: [
            { start: 150, end: 200, learningRate: 0.5, weightDecay: 0 },
            { start: 0, end: 3, clipNorm: 0.1, maximize: true },
          ],
        } as OptimizerOptions,
        300,
      );
      expect(optimizer.groups.map(({ start, end }) => [start, end])).toEqual([
        [0, 3],
        [3, 150],
        [150, 200],
        [200, 300],
      ]);
      const changes = [{ clipNorm: 0.1, maximize: true }, {}, { learningRate: 0.5, weightDecay: 0 }, {}];
      const alone = changes.map((change, k) => {
        const { start, end } = optimizer.groups[k];
        return createOptimizer({ ...shared, ...change } as OptimizerOptions, end - start);
      });
      const weights = normals(300, 9);
      const apart = weights.slice();
      for (let t = 0; t < 5; t++) {
        const gradient = normals(300, 20 + t);
        optimizer.step(weights, gradient);
        alone.forEach((one, k) => {
          const { start, end } = optimizer.groups[k];
          one.step(apart.subarray(start, end), gradient.subarray(start, end));
        });
      }
      expectBits(weights, apart, name);
    }
  });

  it('learningRate can be set between steps, of all and of a group', () => {
    const optimizer = createOptimizer(
      { ...sgd({ learningRate: 1 }), groups: [{ start: 1, end: 2, learningRate: 0.5 }] },
      3,
    );
    const step = () => {
      const weights = new Float64Array(3);
      optimizer.step(weights, Float64Array.of(-1, -1, -1));
      return [...weights];
    };
    expect(step()).toEqual([1, 0.5, 1]);
    optimizer.groups[1].learningRate = 0.25;
    expect(step()).toEqual([1, 0.25, 1]);
    optimizer.learningRate = 0.125;
    expect(step()).toEqual([0.125, 0.125, 0.125]);
    expect(optimizer.learningRate).toBe(0.125);
    expect(optimizer.steps).toBe(3);
  });

  it('clipping, by norm and by value', () => {
    for (const n of [4, 100]) {
      const gradient = normals(n, 4);
      const norm = Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0));
      const stepped = (options: object) => {
        const weights = new Float64Array(n);
        createOptimizer({ ...sgd({ learningRate: 1 }), ...options }, n).step(weights, gradient);
        return weights;
      };
      expectClose(
        stepped({ clipNorm: 0.5 }),
        gradient.map((g) => (-g * 0.5) / norm),
        1e-14,
      );
      expectBits(
        stepped({ clipNorm: 1.001 * norm }),
        gradient.map((g) => -g),
      );
      expectBits(
        stepped({ clipValue: 0.5 }),
        gradient.map((g) => -Math.max(-0.5, Math.min(0.5, g))),
      );
      const both = stepped({ clipNorm: 0.5, clipValue: 0.1 });
      expectClose(
        both,
        gradient.map((g) => -Math.max(-0.1, Math.min(0.1, (g * 0.5) / norm))),
        1e-14,
      );
    }
  });

  it('clips the gradient of all groups by one norm, and that of a group with a limit of its own by its own', () => {
    for (const n of [12, 300]) {
      const gradient = normals(n, 4);
      const norm = (from: number, to: number) => Math.sqrt(gradient.slice(from, to).reduce((sum, g) => sum + g * g, 0));
      const [a, b] = [n / 4, n / 2];
      const groups: OptimizerGroup[] = [
        { start: 0, end: a, learningRate: 0.5 },
        { start: a, end: b, clipNorm: 0.25 },
      ];
      const weights = new Float64Array(n);
      const optimizer = createOptimizer({ ...sgd({ learningRate: 1 }), clipNorm: 0.5, groups }, n);
      const restored = restoreOptimizer(JSON.parse(JSON.stringify(optimizer)));
      optimizer.step(weights, gradient);
      const expected = gradient.map((g, i) => {
        if (i >= a && i < b) return (-g * 0.25) / norm(a, b);
        return ((i < a ? -0.5 : -1) * g * 0.5) / norm(0, n);
      });
      expectClose(weights, expected, 1e-14);
      const again = new Float64Array(n);
      restored.step(again, gradient);
      expectBits(again, weights);
    }
  });

  it('an optimizer of version 1 clips each group by its own norm, as it did', () => {
    const options = { name: 'sgd', learningRate: 1, clipNorm: 0.5 };
    const ranges = [
      { start: 0, end: 1 },
      { start: 1, end: 2 },
    ];
    const groups = ranges.map((range) => ({ ...range, options, running: [1, 1, 1, 1] }));
    const json = { format: 'nabla-optimizer', version: 1, size: 2, steps: 0, groups, state: [[0, 0]] };
    const weights = new Float64Array(2);
    restoreOptimizer(json).step(weights, Float64Array.of(3, -4));
    expect([...weights]).toEqual([-0.5, 0.5]);
  });

  it.each(names)('%s goes up with maximize as it goes down the negative gradient', (name) => {
    for (const n of [5, 130]) {
      const more = { name, weightDecay: 0.1, clipNorm: 1, clipValue: 0.5, l2: 0.1 };
      const [up, down] = [true, false].map((maximize) => createOptimizer({ ...more, maximize } as OptimizerOptions, n));
      const [a, b] = [normals(n, 1), normals(n, 1)];
      for (let t = 0; t < 5; t++) {
        const gradient = normals(n, 10 + t);
        up.step(a, gradient);
        down.step(
          b,
          gradient.map((g) => -g),
        );
      }
      expectBits(a, b);
      expect(restoreOptimizer(JSON.parse(JSON.stringify(up)))).toEqual(up);
    }
  });

  it('rprop takes the steps of PyTorch', () => {
    // Independent of the kernels: torch.optim.Rprop, as its documentation has it.
    const [n, etas, sizes] = [70, [0.5, 1.2], [1e-3, 0.08]];
    const optimizer = createOptimizer({ name: 'rprop', learningRate: 0.05, minStep: sizes[0], maxStep: sizes[1] }, n);
    const [weights, w, before] = [normals(n, 1), normals(n, 1), new Float64Array(n)];
    const step = new Float64Array(n).fill(0.05);
    for (let t = 0; t < 30; t++) {
      const g = normals(n, 2 + t);
      optimizer.step(weights, g);
      for (let i = 0; i < n; i++) {
        const product = g[i] * before[i];
        const factor = product > 0 ? etas[1] : product < 0 ? etas[0] : 1;
        step[i] = Math.min(Math.max(step[i] * factor, sizes[0]), sizes[1]);
        before[i] = product < 0 ? 0 : g[i];
        w[i] -= Math.sign(before[i]) * step[i];
      }
      expectClose(weights, w, 1e-14, 1);
    }
  });

  it('asgd takes the steps of PyTorch, and its state is the average', () => {
    const [n, lr, lambd, alpha, t0, weightDecay] = [70, 0.1, 0.02, 0.75, 4, 0.01];
    const optimizer = createOptimizer({ name: 'asgd', learningRate: lr, lambd, alpha, t0, weightDecay }, n);
    const [weights, w, average] = [normals(n, 1), normals(n, 1), new Float64Array(n)];
    let [eta, mu] = [lr, 1];
    for (let t = 1; t <= 12; t++) {
      const g = normals(n, 2 + t);
      optimizer.step(weights, g);
      for (let i = 0; i < n; i++) {
        w[i] = w[i] * (1 - lambd * eta) - eta * (g[i] + weightDecay * w[i]);
        average[i] = mu === 1 ? w[i] : average[i] + (w[i] - average[i]) * mu;
      }
      eta = lr / (1 + lambd * lr * t) ** alpha;
      mu = 1 / Math.max(1, t - t0);
      expectClose(weights, w, 1e-13, 1);
      expectClose(optimizer.state[0], average, 1e-13, 1);
    }
  });

  it('penalties by proximal steps, and no weight below 0', () => {
    const weights = Float64Array.of(5, 0.2, -3, -0.1);
    const zero = new Float64Array(4);
    createOptimizer({ ...sgd({ learningRate: 0.5 }), l1: 1, l2: 2 }, 4).step(weights, zero);
    expectClose(weights, [4.5 / 2, 0, -2.5 / 2, 0], 1e-15);
    createOptimizer({ ...sgd({ learningRate: 0.5 }), nonNegative: true }, 4).step(weights, zero);
    expectClose(weights, [4.5 / 2, 0, 0, 0], 1e-15);
    createOptimizer({ ...sgd({ learningRate: 0.5 }), l2: 1 }, 4).step(weights, zero);
    expectClose(weights, [4.5 / 4, 0, 0, 0], 1e-15);
  });

  it('bounds, for all weights, for each and for groups, also after JSON', () => {
    const gradient = Float64Array.of(-10, 10, -10, 10);
    const stepped = (options: object) => {
      const optimizer = createOptimizer({ ...sgd({ learningRate: 1 }), ...options }, 4);
      const again = restoreOptimizer(JSON.parse(JSON.stringify(optimizer.toJSON())));
      const all = [optimizer, again].map((one) => {
        const weights = new Float64Array(4);
        one.step(weights, gradient);
        return weights;
      });
      expectBits(all[1], all[0]);
      return all[0];
    };
    expectBits(stepped({ lowerBounds: -2, upperBounds: 3 }), [3, -2, 3, -2]);
    expectBits(stepped({ lowerBounds: Float64Array.of(1, 2, -Infinity, -Infinity) }), [10, 2, 10, -10]);
    expectBits(stepped({ upperBounds: 4, nonNegative: true }), [4, 0, 4, 0]);
    const groups = [{ start: 1, end: 3, lowerBounds: [-1, 0], upperBounds: [Infinity, 5] }];
    expectBits(stepped({ lowerBounds: [0, 0, 0, -7], groups }), [10, -1, 5, -7]);
    expect(() => createOptimizer({ name: 'sgd', lowerBounds: [1] }, 4)).toThrow(
      /^lowerBounds must be a number or have 4/,
    );
    expect(() => createOptimizer({ name: 'sgd', lowerBounds: 1, upperBounds: 0 }, 4)).toThrow(/^upperBounds/);
  });

  it('rmsprop and ftrl of one group do not disturb those of another', () => {
    const optimizer = createOptimizer({ ...rmsprop(), groups: [{ start: 0, end: 100 }] }, 200);
    expectBits(drive(optimizer, 9), drive(createOptimizer(rmsprop(), 200), 9));
    const split = createOptimizer({ ...ftrl(), groups: [{ start: 64, end: 65 }] }, 200);
    expectBits(drive(split, 9), drive(createOptimizer('ftrl', 200), 9));
  });
});
