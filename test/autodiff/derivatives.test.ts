// Derivatives of nabla/autodiff: values, nesting, kinds of results, errors, memory.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkGradient,
  customOp,
  derivative,
  differentiable,
  grad,
  graph,
  hessian,
  hvp,
  jacobian,
  jvp,
  type Operand,
  ops as o,
  Tensor,
  tensor,
  valueAndGrad,
  vjp,
} from '../../lib/autodiff.js';
import { minimize } from '../../lib/index.js';
import * as nablaReference from '../../lib/reference.js';
import { thrown } from '../support/support.js';

const rosen = (x: Tensor): Tensor => {
  const head = o.slice(x, 0, -1);
  const tail = o.slice(x, 1);
  return o.sum(o.add(o.mul(100, o.pow(o.sub(tail, o.mul(head, head)), 2)), o.pow(o.sub(1, head), 2)));
};
const at = Float64Array.of(1.3, 0.7, 0.8, 1.9, 1.2);

describe('values of SciPy', () => {
  it('match rosen, rosen_der and rosen_hess', () => {
    const { value, gradient } = valueAndGrad(rosen)(at);
    expect(value).toBeCloseTo(848.22, 10);
    expect(Array.from(gradient)).toEqual(
      [515.4, -285.4, -341.6, 2085.4, -482].map((slope) => expect.closeTo(slope, 10)),
    );
    const x = Float64Array.of(0, 0.1, 0.2, 0.3);
    expect(hessian(rosen)(x).toArray()).toEqual(
      [
        [-38, 0, 0, 0],
        [0, 134, -40, 0],
        [0, -40, 130, -80],
        [0, 0, -80, 200],
      ].map((row) => row.map((value) => expect.closeTo(value, 10))),
    );
    const v = Float64Array.of(1, -2, 0.5, 3);
    const H = hessian(rosen)(x);
    const product = o.matmul(H, v).data;
    hvp(rosen)(x, v).forEach((value, i) => {
      expect(value).toBeCloseTo(product[i], 10);
    });
  });
});

describe('the three formulas', () => {
  it('give a scalar by a vector, by a matrix, and a vector by a scalar', () => {
    expect(grad((x) => o.sum(o.mul(x, x)))(Float64Array.of(1, 2))).toEqual(Float64Array.of(2, 4));
    const W = tensor(
      Float64Array.from({ length: 12 }, (_, i) => i / 10),
      [3, 4],
    );
    const slope = grad((W) => o.sum(o.tanh(W)))(W);
    expect(slope).toBeInstanceOf(Tensor);
    expect(slope.shape).toEqual([3, 4]);
    const v = Float64Array.of(1, 2, 3);
    expect(derivative((t) => o.mul(t, v))(0.5)).toEqual(v);
    expect(derivative((t) => o.sin(t))(0.5)).toBeCloseTo(Math.cos(0.5), 14);
  });
});

describe('nested derivatives', () => {
  it('do not confuse perturbations', () => {
    expect(grad((x) => o.mul(x, grad((y) => o.add(x, y))(1)))(2)).toBe(1);
    expect(grad((x) => o.mul(x, grad((y) => o.mul(x, y))(3)))(2)).toBe(4); // x · x
    const cubic = grad((x) => grad((y: Tensor) => o.mul(o.mul(x, x), o.mul(y, y)))(x));
    expect(cubic(2)).toBe(12 * 2); // d/dx 2x³ = 6x²
    expect(jvp((x) => o.mul(x, jvp((y) => o.mul(x, y))(1, 1).tangent))(3, 1).tangent).toBe(6);
  });

  it('follow values of an outer derivative through a closure, with a constant argument', () => {
    const f = (x: Tensor) => o.sum(o.mul(grad((y) => o.sum(o.mul(o.mul(x, x), y)))(Float64Array.of(5, 7)), x));
    expect(grad(f)(Float64Array.of(1, 2))).toEqual(Float64Array.of(3, 12)); // Σ x³
  });

  it('are right to the eighth order', () => {
    let f: (x: number | Tensor) => Operand = (x) => o.exp(o.mul(2, x as Tensor));
    for (let i = 0; i < 8; i++) f = grad(f as never) as never;
    expect(f(0.25)).toBeCloseTo(256 * Math.exp(0.5), 9);
  });

  it('let a pullback be used within a later derivative', () => {
    const back = vjp((x) => o.mul(x, x))(Float64Array.of(1, 2));
    expect(back.value).toEqual(Float64Array.of(1, 4));
    expect(back.vjp(Float64Array.of(1, 1))).toEqual(Float64Array.of(2, 4));
    const twice = grad((u) => o.sum(o.mul(back.vjp(u as never) as Operand, u)))(Float64Array.of(1, 1));
    expect(twice).toEqual(Float64Array.of(4, 8));
  });

  it('leave nothing behind where f throws, or an inner gradient fails', () => {
    const bad = customOp({
      forward: (x) => x.data.slice(),
      vjp: () => {
        throw new Error('of a caller');
      },
    });
    const g = grad((x) => {
      const y = o.mul(x, x);
      try {
        grad((z) => o.sum(bad(o.mul(z, y))))(Float64Array.of(1, 1));
      } catch {}
      return o.sum(y);
    });
    expect(g(Float64Array.of(1, 2))).toEqual(Float64Array.of(2, 4));
    expect(() => grad(() => { throw new Error('f'); })(1)).toThrow('f'); // biome-ignore format: short
    expect(g(Float64Array.of(1, 2))).toEqual(Float64Array.of(2, 4));
  });

  it('make of a tensor that leaks out of f a constant', () => {
    let leaked: Tensor | undefined;
    grad((x) => {
      leaked = o.mul(x, x);
      return o.sum(leaked);
    })(Float64Array.of(1, 2));
    expect(grad((x) => o.sum(o.mul(leaked!, x)))(Float64Array.of(1, 2))).toEqual(Float64Array.of(1, 4));
  });
});

describe('results', () => {
  it('are of the kind that went in, and share no memory', () => {
    const x = Float64Array.of(1, 2);
    const f = (p: { a: Tensor; b: Tensor[] }) => o.add(o.sum(p.a), o.sum(o.mul(p.b[0], p.b[1])));
    const g = grad(f)({ a: x, b: [2, x] });
    expect(g).toEqual({ a: Float64Array.of(1, 1), b: [3, Float64Array.of(2, 2)] });
    expect(grad((m) => o.sum(o.mul(m, m)))([[1, 2], [3, 4]])).toEqual([[2, 4], [6, 8]]); // biome-ignore format: rows
    expect(grad((t) => o.mul(t, t))(3)).toBe(6);
    const [a, b] = grad((a, b) => o.sum(o.add(a, b)), { argument: [0, 1] })(x, x) as Float64Array[];
    a[0] = 7;
    expect(b[0]).toBe(1);
    expect(x).toEqual(Float64Array.of(1, 2));
    const same = vjp((v) => v)(x);
    expect(same.value).not.toBe(x);
    expect(grad((a, b) => o.sum(o.mul(a, b)), { argument: 1 })(x, Float64Array.of(3, 4))).toEqual(x);
  });

  it('are zeros where f does not depend on its argument', () => {
    expect(grad(() => 3)(Float64Array.of(1, 2))).toEqual(new Float64Array(2));
    expect(grad((p: { a: Tensor; b: Tensor }) => o.sum(p.a))({ a: 1, b: Float64Array.of(1, 2) })).toEqual({
      a: 1,
      b: new Float64Array(2),
    });
    expect(jvp(() => Float64Array.of(1, 2))(1, 1)).toEqual({
      value: Float64Array.of(1, 2),
      tangent: new Float64Array(2),
    });
  });

  it('have the shapes of value and argument: jacobian, hessian', () => {
    const J = jacobian((x) => o.matmul(o.reshape(x, [2, 3]), Float64Array.of(1, 2, 3)))(
      Float64Array.of(1, 2, 3, 4, 5, 6),
    );
    expect(J.shape).toEqual([2, 6]);
    expect(J.toArray()).toEqual([[1, 2, 3, 0, 0, 0], [0, 0, 0, 1, 2, 3]]); // biome-ignore format: rows
    expect(hessian((W) => o.sum(o.pow(W, 3)))(tensor([[1, 2], [3, 4]])).shape).toEqual([2, 2, 2, 2]); // biome-ignore format: rows
    const H = hessian((p: { a: Tensor; b: Tensor }) => o.sum(o.mul(p.a, p.b)))({ a: 2, b: Float64Array.of(1, 2) });
    expect(H).toMatchObject({ a: { a: 0, b: Float64Array.of(1, 1) }, b: { a: Float64Array.of(1, 1) } });
  });

  it('have one rule at ties, at 0 and where they are not differentiable', () => {
    const x = Float64Array.of(0, 0);
    expect(grad((x) => o.sum(o.relu(x)))(x)).toEqual(x);
    expect(grad((x) => o.sum(o.abs(x)))(x)).toEqual(x);
    expect(grad((x) => o.norm(x))(x)).toEqual(x);
    expect(grad((a, b) => o.maximum(a, b), { argument: [0, 1] })(1, 1)).toEqual([1, 0]);
    expect(grad((a, b) => o.minimum(a, b), { argument: [0, 1] })(1, 1)).toEqual([1, 0]);
    expect(grad((x) => o.max(x))(Float64Array.of(1, 3, 3))).toEqual(Float64Array.of(0, 1, 0));
    expect(grad((x) => o.min(x))(Float64Array.of(1, 1, 3))).toEqual(Float64Array.of(1, 0, 0));
    expect(grad((x) => o.prod(x))(Float64Array.of(0, 2, 3))).toEqual(Float64Array.of(6, 0, 0));
    expect(grad((x) => o.sqrt(x))(0)).toBe(Infinity);
    expect(grad((x) => o.pow(x, 2))(0)).toBe(0);
    expect(grad((x) => grad((y) => o.pow(y, 2))(x))(0)).toBe(2);
    expect(grad((x) => o.pow(x, 0))(0)).toBe(0);
    expect(grad((x, p) => o.pow(x, p), { argument: [0, 1] })(0, 2)).toEqual([0, 0]);
    expect(o.log(-1).item()).toBeNaN();
    expect(o.sqrt(-1).item()).toBeNaN();
  });
});

describe('checkGradient', () => {
  const wrong = customOp({ name: 'wrong', forward: (x) => o.mul(x, x), vjp: (g, _, x) => o.mul(g, o.mul(2.001, x)) });
  const right = customOp({ name: 'right', forward: (x) => o.mul(x, x), vjp: (g, _, x) => o.mul(g, o.mul(2, x)) });

  it('tells a wrong gradient from a right one, and where', () => {
    const f = (op: (x: Operand) => Tensor) => (x: Tensor) =>
      o.sum(o.concat([o.sin(o.slice(x, 0, 2)), op(o.slice(x, 2))]));
    expect(checkGradient(f(wrong), Float64Array.of(1, 2, 3))).toEqual({ error: expect.closeTo(5e-4, 5), at: 2 });
    expect(checkGradient(f(wrong), Float64Array.of(1, 2, 3), { directions: 3 }).error).toBeGreaterThan(1e-6);
    expect(checkGradient(f(right), Float64Array.of(1, 2, 3), { order: 2 }).error).toBeLessThan(1e-9);
  });

  it('differentiates custom ops again', () => {
    expect(hessian((x) => o.sum(right(x)))(Float64Array.of(1, 2)).toArray()).toEqual([[2, 0], [0, 2]]); // biome-ignore format: rows
  });
});

describe('graph', () => {
  it('has operands before results, values and gradients, and takes shared nodes once', () => {
    const json = graph((p: { W: Tensor; x: Tensor }) => {
      const h = o.tanh(o.matmul(p.W, p.x));
      return o.sum(o.mul(h, h));
    })({ W: [[1, 2], [3, 4]], x: Float64Array.of(0.1, 0.2) }).toJSON(); // biome-ignore format: rows
    expect(json.nodes.map(({ op }) => op)).toEqual(['input', 'input', 'matmul', 'tanh', 'mul', 'sum']);
    expect(json.nodes.map(({ name }) => name).slice(0, 2)).toEqual(['x.W', 'x.x']);
    expect(json.nodes[4].operands).toEqual([3, 3]);
    expect(json.output).toBe(5);
    expect(json.nodes[5].gradient).toEqual([1]);
    expect(json.nodes[3].gradient).toEqual(json.nodes[3].value.map((value) => 2 * value));
  });

  it('draws inputs, constants and ops', () => {
    const drawn = graph((x) => o.sum(o.mul(x, 3)))(Float64Array.of(1, 2));
    expect(drawn.toDot()).toBe(
      'digraph {\n  rankdir=LR;\n  n0 [label="x [2]", shape=box];\n  n1 [label="constant []", shape=plaintext];\n' +
        '  n2 [label="mul [2]", shape=ellipse];\n  n3 [label="sum []", shape=ellipse, peripheries=2];\n' +
        '  n0 -> n2;\n  n1 -> n2;\n  n2 -> n3;\n}\n',
    );
    expect(drawn.toSVG()).toContain('>value 1 2</text>');
    expect(drawn.toSVG()).toContain('>gradient 3 3</text>');
  });
});

describe('wrong calls', () => {
  const x = Float64Array.of(1, 2);
  const m = tensor([[1, 2], [3, 4]]); // biome-ignore format: rows
  // biome-ignore lint/suspicious/noExplicitAny: calls that types refuse
  const any = (value: unknown): any => value;
  const calls: [code: string, message: RegExp, call: () => unknown][] = [
    ['ERR_SHAPE', /grad: f must return a scalar; got shape \[2\]/, () => grad((x) => x)(x)],
    ['ERR_SHAPE', /add: a of shape \[2\] and b of shape \[3\] do not broadcast/, () => o.add(x, [1, 2, 3])],
    ['ERR_SHAPE', /where: condition of shape \[3\] and a and b of shape \[2\]/, () => o.where([1, 0, 1], x, x)],
    [
      'ERR_SHAPE',
      /matmul: a of shape \[2, 2\] and b of shape \[3\] .* 2 columns against 3 rows/,
      () => o.matmul(m, [1, 2, 3]),
    ],
    ['ERR_SHAPE', /matmul: .* a scalar is no matrix/, () => o.matmul(m, 3)],
    ['ERR_SHAPE', /tensor: data must have as many/, () => tensor(x, [3])],
    ['ERR_SHAPE', /tensor: data has arrays of different lengths at depth 1: 2 and 1/, () => tensor(any([[1, 2], [3]]))],
    ['ERR_SHAPE', /reshape: x of shape \[2\]/, () => o.reshape(x, [3])],
    ['ERR_SHAPE', /broadcastTo: x of shape \[2\] does not broadcast to shape \[3\]/, () => o.broadcastTo(x, [3])],
    ['ERR_SHAPE', /concat: list\[0\] of shape \[2\] and list\[1\] of shape \[2, 2\]/, () => o.concat([x, m])],
    ['ERR_SHAPE', /stack: list\[0\] of shape \[2\] and list\[1\] of shape \[3\]/, () => o.stack([x, [1, 2, 3]])],
    ['ERR_SHAPE', /concat: list must have at least one/, () => o.concat([])],
    ['ERR_SHAPE', /max: x of shape \[0\] has no elements/, () => o.max(new Float64Array(0))],
    ['ERR_SHAPE', /solve: A must be a square matrix; got shape \[2\]/, () => o.solve(x, x)],
    ['ERR_SHAPE', /outer: two vectors expected/, () => o.outer(m, x)],
    ['ERR_SHAPE', /affine: .* x \[2, 2\], W \[2, 2\] and b \[3\]/, () => o.affine(m, m, [1, 2, 3])],
    ['ERR_SHAPE', /put: x has shape \[2\]/, () => o.put(x, [0], [4])],
    ['ERR_SHAPE', /conv2d: x of shape \[2\]/, () => o.conv2d(x, m)],
    ['ERR_SHAPE', /softmaxLoss: labels must be one for each of the 2 rows; got 1/, () => o.softmaxLoss(m, [0])],
    ['ERR_SHAPE', /jvp: v must have the shape of x/, () => jvp((x) => o.sum(x))(x, [1, 2, 3])],
    ['ERR_SHAPE', /vjp: u must have the shape of the value, \[2\]; got \[\]/, () => vjp((x) => x)(x).vjp(1)],
    ['ERR_SHAPE', /derivative: t must be a scalar; got shape \[2\]/, () => derivative((x) => x)(any(x))],
    [
      'ERR_SHAPE',
      /custom: gradient 0 of vjp must have the shape/,
      () => grad((x) => o.sum(customOp({ forward: (x) => x, vjp: () => 1 })(x)))(x),
    ],
    ['ERR_SHAPE', /differentiable: gradient/, () => differentiable((x) => o.sum(x))(x, new Float64Array(3))],
    ['ERR_INVALID_ARG_TYPE', /grad: f must be a function; got an object/, () => grad(any({}))],
    [
      'ERR_INVALID_ARG_TYPE',
      /grad: the result of f must be a number.*; got undefined/,
      () => grad(any(() => undefined))(x),
    ],
    [
      'ERR_INVALID_ARG_TYPE',
      /grad: x must be a number.*; got a Float32Array/,
      () => grad((x) => o.sum(x))(any(new Float32Array(2))),
    ],
    ['ERR_INVALID_ARG_TYPE', /grad: x\.a\[1\] must be .*; got "1"/, () => grad(any(() => 1))(any({ a: [1, '1'] }))],
    ['ERR_INVALID_ARG_TYPE', /mul: b must be .*; got "2"/, () => o.mul(x, any('2'))],
    ['ERR_INVALID_ARG_TYPE', /sin: x must be .*; got null/, () => o.sin(any(null))],
    ['ERR_OUT_OF_RANGE', /sum: axis must be a whole number from -1 to 0; got 1/, () => o.sum(x, 1)],
    ['ERR_OUT_OF_RANGE', /take: indices must be whole numbers from 0 to 1; got 2 at 1/, () => o.take(x, [0, 2])],
    ['ERR_OUT_OF_RANGE', /slice: axis 0 of x has 2 elements; got 0 to 3 by 1/, () => o.slice(x, 0, 3)],
    [
      'ERR_OUT_OF_RANGE',
      /softmaxLoss: labels must be whole numbers from 0 to 1; got 2 at 1/,
      () => o.softmaxLoss(m, [0, 2]),
    ],
    [
      'ERR_OUT_OF_RANGE',
      /conv2d: padding must be/,
      () => o.conv2d(o.reshape(m, [1, 2, 2, 1]), o.reshape(m, [2, 2, 1, 1]), any({ padding: 'full' })),
    ],
    [
      'ERR_OUT_OF_RANGE',
      /checkGradient: order must be 1 or 2; got 3/,
      () => checkGradient((x) => x, x, any({ order: 3 })),
    ],
    ['ERR_OUT_OF_RANGE', /grad: argument must be whole numbers from 0; got -1/, () => grad((x) => x, { argument: -1 })],
    ['ERR_UNKNOWN_OPTION', /direction/, () => checkGradient((x) => x, x, any({ direction: 3 }))],
  ];
  it.each(calls)('throw %s: %s', (code, message, call) => {
    const error = thrown(call) as Error & { code: string };
    expect(error.message).toMatch(message);
    expect(error.code).toBe(code);
  });

  it('throw ERR_DETACHED_BUFFER for an array that was transferred away', () => {
    const gone = Float64Array.of(1);
    structuredClone(gone, { transfer: [gone.buffer] });
    expect((thrown(() => grad((x) => o.sum(x))(gone)) as { code: string }).code).toBe('ERR_DETACHED_BUFFER');
  });
});

describe('properties', () => {
  const vector = fc.float64Array({
    minLength: 1,
    maxLength: 40,
    min: -3,
    max: 3,
    noNaN: true,
    noDefaultInfinity: true,
  });

  it('holds ⟨u, J v⟩ = ⟨Jᵀ u, v⟩, and linearity of gradients', () => {
    fc.assert(
      fc.property(vector, fc.integer({ min: 0, max: 2 ** 30 }), (x, seed) => {
        const f = (x: Tensor) => o.mul(o.tanh(x), o.cumsum(o.sin(x)));
        const v = x.map((value, i) => Math.sin(seed + value + i));
        const u = x.map((value, i) => Math.cos(seed - value * i));
        const left = o.dot(u, jvp(f)(x, v).tangent as Float64Array).item();
        const right = o.dot(vjp(f)(x).vjp(u) as Float64Array, v).item();
        expect(Math.abs(left - right)).toBeLessThan(1e-11 * x.length ** 2);
        const doubled = grad((x) => o.mul(2, o.sum(f(x))))(x);
        expect(doubled).toEqual(grad((x) => o.sum(f(x)))(x).map((value) => 2 * value));
      }),
      { numRuns: 50 },
    );
  });

  it('gives nabla/reference the same bits', () => {
    const { grad: other, ops } = nablaReference;
    const f = (q: typeof o) => (x: Tensor) => q.sum(q.mul(q.erf(x), q.softplus(x)));
    fc.assert(
      fc.property(fc.float64Array({ minLength: 1, maxLength: 300, noNaN: true }), (x) => {
        expect(other(f(ops))(x)).toEqual(grad(f(o))(x));
      }),
      { numRuns: 30 },
    );
  });
});

describe('memory and other parts', () => {
  it('stays flat over many gradients', () => {
    const g = grad((x) => o.sum(o.mul(o.tanh(x), x)));
    const x = new Float64Array(100).fill(0.5);
    const used = (): number => {
      (globalThis as { gc?: () => void }).gc?.();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    const many = () => {
      for (let i = 0; i < 10_000; i++) g(x);
    };
    many();
    const before = used();
    many();
    many();
    expect(used() - before).toBeLessThan(60e6); // 20,000 tapes would be 100 MB and more
  });

  it('gives minimize its function', () => {
    const { x, status } = minimize(differentiable(rosen), Float64Array.of(-1.2, 1, -1, 2));
    expect(status).toBe('converged');
    for (const value of x) expect(value).toBeCloseTo(1, 8);
  });
});
