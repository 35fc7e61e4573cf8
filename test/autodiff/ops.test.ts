// Each op of nabla/autodiff: its derivatives of first and second order against differences, its bits on both backends.
import { describe, expect, it } from 'vitest';
import { onBackend } from '../../lib/autodiff/kernels.js';
import { checkGradient, grad, hvp, type Operand, ops as o, type Tensor, tensor } from '../../lib/autodiff.js';
import { native, reference } from '../support/backends.js';
import { random } from '../support/support.js';

const uniform = random(Number(process.env.NABLA_SWEEP) || 11);
/** More of everything random in a sweep, by another seed each. */
const repeats = process.env.NABLA_SWEEP ? 50 : 1;
const size = (shape: readonly number[]): number => shape.reduce((n, k) => n * k, 1);
/** Numbers from low to high, at least .05 apart from whole tenths of 0 where `low` < 0. */
const numbers = (shape: readonly number[], low = -1.5, high = 1.5): Tensor => {
  const draw = (): number => {
    const value = low + (high - low) * uniform();
    return Math.abs(value) < 0.05 ? draw() : value;
  };
  return tensor(Float64Array.from({ length: size(shape) }, draw), shape);
};
/** All different by .1 at least, for the greatest and the least. */
const distinct = (shape: readonly number[]): Tensor => {
  const order = Array.from({ length: size(shape) }, (_, i) => i).sort(() => uniform() - 0.5);
  return tensor(
    Float64Array.from(order, (k) => 0.1 * k - 1),
    shape,
  );
};
const spd = (n: number): Tensor => {
  const B = numbers([n, n]);
  return o.add(o.matmul(B, o.transpose(B)), o.diagonal(new Float64Array(n).fill(n)));
};

type Trees = Record<string, Tensor>;
type Case = [name: string, f: (p: Trees) => Operand, make: () => Trees];

const unary: [name: string, f: (x: Operand) => Tensor, low?: number, high?: number][] = [
  ['abs', o.abs],
  ['asin', o.asin, -0.8, 0.8],
  ['atan', o.atan],
  ['cos', o.cos],
  ['erf', o.erf],
  ['exp', o.exp],
  ['expm1', o.expm1],
  ['log', o.log, 0.5, 3],
  ['log1p', o.log1p, -0.5, 3],
  ['neg', o.neg],
  ['relu', o.relu],
  ['sigmoid', o.sigmoid],
  ['sign', o.sign],
  ['sin', o.sin],
  ['softplus', o.softplus],
  ['sqrt', o.sqrt, 0.5, 3],
  ['tan', o.tan, -1, 1],
  ['tanh', o.tanh],
];
const binary: [name: string, f: (a: Operand, b: Operand) => Tensor, low?: number, high?: number][] = [
  ['add', o.add],
  ['sub', o.sub],
  ['mul', o.mul],
  ['div', o.div, 0.5, 2],
  ['pow', o.pow, 0.5, 2],
];
const pairs = [
  [[3], [3]],
  [[2, 3], [3]],
  [
    [2, 1],
    [1, 4],
  ],
  [[], [2, 2]],
  [[2, 2], []],
  [
    [2, 1, 3],
    [4, 1],
  ],
  [[1], [5]],
];

const cases: Case[] = [
  ...unary.map(([name, f, low, high]): Case => [name, ({ x }) => f(x), () => ({ x: numbers([2, 3], low, high) })]),
  ...binary.flatMap(([name, f, low, high]) =>
    pairs.map(
      ([p, q]): Case => [
        `${name} of [${p}] and [${q}]`,
        ({ a, b }) => f(a, b),
        () => ({ a: numbers(p, low, high), b: numbers(q, low, high) }),
      ],
    ),
  ),
  ...pairs.flatMap(([p, q]): Case[] => [
    [
      `maximum of [${p}] and [${q}]`,
      ({ a, b }) => o.maximum(a, b),
      () => ({ a: distinct(p), b: o.add(distinct(q), 0.05) }),
    ],
    [
      `minimum of [${p}] and [${q}]`,
      ({ a, b }) => o.minimum(o.sin(a), b),
      () => ({ a: numbers(p, 0.5, 1), b: numbers(q, -1, 0.4) }),
    ],
    [
      `where of [${p}] and [${q}]`,
      ({ a, b }) => o.where(o.greater(a, 0), o.mul(a, a), o.exp(b)),
      () => ({ a: numbers(p), b: numbers(q) }),
    ],
  ]),
  ['pow by a constant', ({ x }) => o.add(o.pow(x, 3), o.pow(x, 2)), () => ({ x: numbers([4]) })],
  ['pow of a constant', ({ x }) => o.pow(2, x), () => ({ x: numbers([4]) })],
  [
    'comparisons',
    ({ x }) => o.mul(x, o.add(o.less(x, 0), o.add(o.equal(x, 1), o.lessEqual(x, 0.5)))),
    () => ({ x: numbers([4]) }),
  ],
  ...[undefined, 0, 1, -1, [0, 2], [1, 2]].flatMap((axis): Case[] => {
    const make = () => ({ x: numbers([2, 3, 2]) });
    return [
      [`sum over ${axis}`, ({ x }) => o.sum(o.mul(x, x), axis), make],
      [`mean over ${axis}`, ({ x }) => o.mean(o.mul(x, x), axis, { keepDims: true }), make],
      [`prod over ${axis}`, ({ x }) => o.prod(x, axis), make],
      [`logSumExp over ${axis}`, ({ x }) => o.logSumExp(x, axis), make],
      [`norm over ${axis}`, ({ x }) => o.norm(x, axis), make],
      [`max over ${axis}`, ({ x }) => o.max(o.sin(x), axis), () => ({ x: o.mul(0.5, distinct([2, 3, 2])) })],
      [`min over ${axis}`, ({ x }) => o.min(o.exp(x), axis, { keepDims: true }), () => ({ x: distinct([2, 3, 2]) })],
    ];
  }),
  ['cumsum', ({ x }) => o.cumsum(o.mul(x, x), 1), () => ({ x: numbers([2, 3, 2]) })],
  ['broadcastTo', ({ x }) => o.broadcastTo(o.sin(x), [4, 2, 3]), () => ({ x: numbers([2, 1]) })],
  ['reshape', ({ x }) => o.reshape(o.sin(x), [3, -1]), () => ({ x: numbers([2, 3]) })],
  ['transpose', ({ x }) => o.transpose(o.sin(x), [2, 0, 1]), () => ({ x: numbers([2, 3, 4]) })],
  ['slice', ({ x }) => o.slice(o.sin(x), [0, 1], [2, -1], [1, 2]), () => ({ x: numbers([2, 6]) })],
  ['pad', ({ x }) => o.pad(o.sin(x), [[1, 0], [2, 1]], 3), () => ({ x: numbers([2, 2]) })], // biome-ignore format: pairs
  ['concat', ({ a, b }) => o.concat([o.sin(a), b, o.mul(a, a)], 1), () => ({ a: numbers([2, 3]), b: numbers([2, 1]) })],
  ['stack', ({ a, b }) => o.stack([o.sin(a), o.mul(a, b)], -1), () => ({ a: numbers([2, 3]), b: numbers([2, 3]) })],
  ['take', ({ x }) => o.take(o.sin(x), [[0, 5], [5, 2]]), () => ({ x: numbers([2, 3]) })], // biome-ignore format: pairs
  ['take along an axis', ({ x }) => o.take(o.sin(x), [2, 0, 2], 1), () => ({ x: numbers([2, 3, 2]) })],
  ['put', ({ x }) => o.put(o.sin(x), [1, 4, 1], [5]), () => ({ x: numbers([3]) })],
  ['put along an axis', ({ x }) => o.put(o.sin(x), [1, 0, 1], [2, 4], 1), () => ({ x: numbers([2, 3]) })],
  ...[
    [[3], [3]],
    [[2, 3], [3]],
    [[3], [3, 2]],
    [
      [2, 3],
      [3, 4],
    ],
    [
      [2, 2, 3],
      [3, 4],
    ],
    [
      [2, 2, 3],
      [2, 3, 2],
    ],
    [
      [2, 1, 2, 3],
      [3, 3, 2],
    ],
    [[3], [2, 3, 2]],
    [[2, 2, 3], [3]],
  ].map(
    ([p, q]): Case => [
      `matmul of [${p}] and [${q}]`,
      ({ a, b }) => o.matmul(a, o.sin(b)),
      () => ({ a: numbers(p), b: numbers(q) }),
    ],
  ),
  ['dot', ({ a, b }) => o.dot(o.sin(a), b), () => ({ a: numbers([5]), b: numbers([5]) })],
  ['outer', ({ a, b }) => o.outer(o.sin(a), b), () => ({ a: numbers([2]), b: numbers([3]) })],
  ['trace', ({ x }) => o.trace(o.mul(x, x)), () => ({ x: numbers([3, 4]) })],
  ['diagonal', ({ x }) => o.matmul(o.diagonal(o.diagonal(x)), o.sin(x)), () => ({ x: numbers([3, 3]) })],
  [
    'affine',
    ({ x, W, b }) => o.tanh(o.affine(x, W, b)),
    () => ({ x: numbers([2, 2, 3]), W: numbers([3, 2]), b: numbers([2]) }),
  ],
  ['softmax', ({ z }) => o.softmax(z), () => ({ z: numbers([2, 3]) })],
  ['softmaxLoss', ({ z }) => o.softmaxLoss(z, [2, 0, 1]), () => ({ z: numbers([3, 3]) })],
  [
    'solve',
    ({ A, b }) => o.solve(o.add(o.mul(A, A), o.diagonal([5, 6, 7])), b),
    () => ({ A: numbers([3, 3], 0.5, 2), b: numbers([3]) }),
  ],
  ['solve of columns', ({ A, b }) => o.solve(A, o.sin(b)), () => ({ A: spd(3), b: numbers([3, 2]) })],
  ['cholesky', ({ A }) => o.cholesky(A), () => ({ A: spd(3) })],
  ['logdet', ({ A }) => o.logdet(A), () => ({ A: spd(3) })],
  ...([{}, { padding: 'same' }, { strides: 2, padding: 'same' }, { strides: [2, 1] }] as const).flatMap(
    (options): Case[] => {
      const made = () => ({ x: numbers([2, 4, 3, 2]), w: numbers([2, 3, 2, 2]) });
      const shape = o.conv2d(made().x, made().w, options).shape;
      return [
        [`conv2d ${JSON.stringify(options)}`, ({ x, w }) => o.conv2d(o.sin(x), w, options), made],
        [
          `conv2dInput ${JSON.stringify(options)}`,
          ({ g, w }) => o.conv2dInput(o.sin(g), w, [2, 4, 3, 2], options),
          () => ({ g: numbers(shape), w: numbers([2, 3, 2, 2]) }),
        ],
        [
          `conv2dKernel ${JSON.stringify(options)}`,
          ({ x, g }) => o.conv2dKernel(o.sin(x), g, [2, 3, 2, 2], options),
          () => ({ x: numbers([2, 4, 3, 2]), g: numbers(shape) }),
        ],
      ];
    },
  ),
];

describe('derivatives of ops', () => {
  it.each(cases)('%s: agree with differences to first and second order', (_, f, make) => {
    const at = make();
    expect(checkGradient(f, at, { directions: 2 }).error).toBeLessThan(2e-8);
    expect(checkGradient(f, at, { order: 2, directions: 2 }).error).toBeLessThan(1e-7);
  });

  it('are those of all ops', () => {
    const tested = new Set(cases.map(([name]) => name.split(' ')[0]));
    for (const name of ['equal', 'notEqual', 'less', 'lessEqual', 'greater', 'greaterEqual']) tested.add(name);
    tested.delete('comparisons');
    expect([...tested].sort()).toEqual(Object.keys(o).sort());
  });
});

describe('derivatives with random shapes', () => {
  const pick = (n: number): number => Math.floor(uniform() * n);
  /** Two shapes that broadcast: axes of 1 to 3, some of them 1 or absent in one of both. */
  const broadcastable = (): [number[], number[]] => {
    const whole = Array.from({ length: pick(4) }, () => 1 + pick(3));
    const part = () => whole.map((n) => (pick(3) === 0 ? 1 : n)).slice(pick(3) === 0 ? pick(whole.length + 1) : 0);
    return pick(2) === 0 ? [whole, part()] : [part(), whole];
  };
  const each = [...binary, ['maximum', o.maximum], ['minimum', o.minimum]] as typeof binary;

  it.each(each)('%s: agree with differences for any shapes that broadcast', (name, f, low = -1.5, high = 1.5) => {
    for (let run = 0; run < 12 * repeats; run++) {
      const [p, q] = broadcastable();
      const isKinked = name === 'maximum' || name === 'minimum';
      const at = isKinked
        ? { a: distinct(p), b: o.add(distinct(q), 0.05) }
        : { a: numbers(p, low, high), b: numbers(q, low, high) };
      const g = ({ a, b }: Trees) => o.mul(f(a, b), o.add(2, f(b, a)));
      expect(checkGradient(g, at, { directions: 1, seed: run }).error, `[${p}] and [${q}]`).toBeLessThan(1e-6);
      expect(checkGradient(g, at, { order: 2, directions: 1, seed: run }).error, `[${p}] and [${q}]`).toBeLessThan(
        1e-6,
      );
    }
  });

  it('matmul, sums, slices and transposes: agree with differences for any shapes', () => {
    for (let run = 0; run < 20 * repeats; run++) {
      const [p, q] = broadcastable();
      const [m, k, n] = [1 + pick(3), 1 + pick(3), 1 + pick(3)];
      const at = { a: numbers([...p, m, k]), b: numbers([...q, k, n]) };
      const f = ({ a, b }: Trees) => {
        const c = o.matmul(a, b);
        const rank = c.shape.length;
        const axes = c.shape.map((_, i) => i).filter((i) => (run >> i) % 2 === 0);
        const order = c.shape.map((_, i) => (i + run) % rank);
        const cut = o.slice(o.transpose(c, order), run % c.shape[order[0]]);
        return o.add(o.sum(o.mul(c, c), axes, { keepDims: true }), o.mean(o.logSumExp(cut, -1)));
      };
      expect(checkGradient(f, at, { directions: 2, seed: run }).error, `[${p}] and [${q}]`).toBeLessThan(1e-6);
      expect(checkGradient(f, at, { order: 2, directions: 1, seed: run }).error, `[${p}] and [${q}]`).toBeLessThan(
        1e-6,
      );
    }
  });
});

describe.runIf(native)('bits of ops', () => {
  it.each(cases)('%s: are the same on both backends, of values, gradients and second derivatives', (_, f, make) => {
    const at = make();
    const scalarOf = (p: Trees) => o.sum(o.mul(f(p), 1.25));
    const run = () => [o.add(0, f(at)), grad(scalarOf)(at), hvp(scalarOf)(at, at)];
    const [a, b] = [onBackend(reference, run), onBackend(native!, run)];
    expect(JSON.stringify(flat(a))).toBe(JSON.stringify(flat(b)));
  });

  it.each(unary)('%s: has the same bits of long arrays', (_, f, low, high) => {
    const x = numbers([700], low, high);
    const run = () => grad((x) => o.sum(o.mul(f(x), f(x))))(x).data;
    expect(onBackend(native!, run)).toEqual(onBackend(reference, run));
  });

  it.each([
    [
      [33, 40],
      [40, 29],
    ],
    [
      [3, 65, 7],
      [7, 70],
    ],
    [[300], [300]],
    [[90, 50], [50]],
  ])('matmul of [%s] and [%s]: has the same bits', (p, q) => {
    const at = { a: numbers(p), b: numbers(q) };
    const f = ({ a, b }: Trees) => o.mean(o.tanh(o.matmul(a, b)));
    const run = () => flat([o.matmul(at.a, at.b), grad(f)(at), hvp(f)(at, at)]);
    expect(onBackend(native!, run)).toEqual(onBackend(reference, run));
  });
});

/** Numbers of trees in order, -0 told from 0. */
function flat(value: unknown): (number | string)[] {
  if (typeof value === 'number') return [Object.is(value, -0) ? '-0' : String(value)];
  if (ArrayBuffer.isView(value)) return Array.from(value as Float64Array).flatMap(flat);
  if (value instanceof Object && 'data' in value) return flat(value.data);
  return Object.values(value as object).flatMap(flat);
}
