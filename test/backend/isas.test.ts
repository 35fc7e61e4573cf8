// All instruction sets that this CPU and build have, in processes of their own, against the reference: the same bits.
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deserialize, serialize } from 'node:v8';
import fc from 'fast-check';
// @ts-expect-error: it has no types
import nodeGypBuild from 'node-gyp-build';
import { describe, expect, it } from 'vitest';
import type { FitJob } from '../../lib/backend/interface.js';
import { maxParameters, softmaxLoss } from '../../lib/backend/plan.js';
import { losses } from '../../lib/catalog/losses.js';
import { binaryOps, unaryOps } from '../../lib/catalog/ops.js';
import { argumentsOf, outcomeOf } from '../../lib/native/addon.js';
import { anyFit } from '../support/anyfit.js';
import { native, reference } from '../support/backends.js';
import { canSpawn, fixture } from '../support/children.js';
import { lossCurvature } from '../support/curvature.js';
import { expectOutcome, singleJobs } from '../support/jobs.js';
import { lawBlock } from '../support/law.js';
import { expectBits, normal, patience, random, runs } from '../support/support.js';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

function run(target: string, input: Buffer) {
  return spawnSync(process.execPath, [fixture('call.mjs'), nodeGypBuild.resolve(root)], {
    input,
    env: { ...process.env, NABLA_TARGET: target },
    maxBuffer: 2 ** 30,
  });
}

/** A refused target names those that there are. */
function supported(): string[] {
  const { status, stderr } = run('none', serialize([]));
  expect(status).toBe(1);
  const list = /NABLA_TARGET=none: this CPU and build have((?: \w+)+)/.exec(String(stderr));
  expect(list, String(stderr)).not.toBeNull();
  return list![1].trim().split(' ');
}

const { unary, binary, select, sumAxis, gemm, conv2d, conv2dInput, conv2dKernel } = reference.tensors;
type Convolution = typeof conv2d;
const ofNumbers =
  (convolution: Convolution) =>
  (numbers: Float64Array, ...arrays: [Float64Array, Float64Array, Float64Array]): void => {
    const [images, rows, cols, channels, kernelRows, kernelCols, filters, strideRows, strideCols] = numbers;
    const [padTop, padLeft, outRows, outCols] = numbers.subarray(9);
    const size = { images, rows, cols, channels, kernelRows, kernelCols, filters };
    convolution({ ...size, strideRows, strideCols, padTop, padLeft, outRows, outCols }, ...arrays);
  };
const functions = {
  ...reference,
  lossCurvature,
  ...{ unary, binary, select, sumAxis, gemm },
  conv2d: ofNumbers(conv2d),
  conv2dInput: ofNumbers(conv2dInput),
  conv2dKernel: ofNumbers(conv2dKernel),
};
type Named = Exclude<keyof typeof functions, 'name' | 'target' | 'threads' | 'fit' | 'updateStep' | 'tensors'>;
type Call = [name: Named, ...args: unknown[]];

/** The same call of the reference: what it returns, and its arrays then. */
function answer([name, ...args]: Call): unknown[] {
  const own = args.map((arg) => (arg instanceof Float64Array ? arg.slice() : arg));
  const returned = (functions[name] as (...args: unknown[]) => unknown)(...own);
  return [returned, ...own.filter((arg) => arg instanceof Float64Array)];
}

const uniform = random(7);
const values = (n: number, specials = false) =>
  new Float64Array(n).map(() =>
    specials && uniform() < 0.1
      ? [NaN, Infinity, -Infinity, -0, 5e-324, 1e-310, 1e300][Math.floor(7 * uniform())]
      : normal(uniform) * 2 ** Math.round(4 * normal(uniform)),
  );

function kernelCalls(): Call[] {
  const calls: Call[] = [];
  for (let n = 0; n <= 140; n++) {
    for (const specials of [false, true]) {
      calls.push(['dot', values(n, specials), values(n)], ['axpy', 0.3, values(n, specials), values(n)]);
      calls.push(['nrm2', values(n, specials)], ['asum', values(n, specials)], ['scal', -1.7, values(n, specials)]);
    }
  }
  for (const cols of [0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 24, 25, 31, 32, 33, 40, 63, 64, 65, 129]) {
    const block = lawBlock(cols);
    for (const rows of [0, 1, 2, 7, 8, 9, 17, block - 1, block, block + 1, 3 * block + 5]) {
      const A = values(rows * cols, cols % 2 === 1);
      calls.push(['gemv', A, rows, cols, values(cols), new Float64Array(rows)]);
      calls.push(['gemvT', A, rows, cols, values(rows), new Float64Array(cols)]);
      if (rows < 600) calls.push(['gram', A, rows, cols, values(rows), new Float64Array(cols * cols)]);
      if (rows < 600) calls.push(['gram', A, rows, cols, null, new Float64Array(cols * cols)]);
      const none = new Float64Array(maxParameters);
      const rest = [values(rows), rows, cols, 1, values(cols), new Float64Array(cols)];
      if (rows > 0) calls.push(['valueAndGradient', 0, none, A, ...rest]);
    }
  }
  return calls;
}

/** Each loss with large z, small ones and such as are none; rows that fill no vector. */
function lossCalls(): Call[] {
  const calls: Call[] = [];
  Object.keys(losses).forEach((_, loss) => {
    for (const parameter of [0.3, 1, 1.5]) {
      for (const rows of [1, 5, 8, 31, 300]) {
        const outputs = loss === softmaxLoss ? 3 : 1;
        const X = values(rows, true).map((x) => (uniform() < 0.2 ? 800 * x : x));
        const y = loss === softmaxLoss ? X.map(() => Math.floor(3 * uniform())) : values(rows, true);
        const parameters = new Float64Array(maxParameters).fill(parameter, 0, 1);
        calls.push([
          'valueAndGradient',
          loss,
          parameters,
          X,
          y,
          rows,
          1,
          outputs,
          values(outputs),
          new Float64Array(outputs),
        ]);
        const z = values(rows * outputs, true).map((x) => (uniform() < 0.2 ? 800 * x : x));
        for (const weights of [null, values(rows)])
          calls.push(['lossCurvature', loss, parameters, y, z.slice(), weights, outputs, new Float64Array(z.length)]);
      }
    }
  });
  return calls;
}

/** Ops of ordinary numbers, of angles and of such as are none; products and convolutions that fill no tile. */
function tensorCalls(): Call[] {
  const calls: Call[] = [];
  for (const n of [5, 100]) {
    const x = values(n, true).map((v, i) =>
      i % 5 === 0 ? v * 2 ** (7 * i) : i % 5 === 1 ? Math.round(v) * Math.PI : v,
    );
    const y = values(n, true);
    for (const op of unaryOps.keys()) calls.push(['unary', op, x, new Float64Array(n)]);
    for (const step of [0, 1])
      for (const op of binaryOps.keys()) calls.push(['binary', op, x, 1, y, step, new Float64Array(n)]);
    calls.push(['select', y.map(Math.round), x, 1, y, 0, new Float64Array(n)]);
  }
  for (const inner of [1, 3, 9, 40]) {
    for (const length of [7, 600]) {
      calls.push(['sumAxis', values(2 * length * inner), 2, length, inner, new Float64Array(2 * inner)]);
    }
  }
  for (const [m, n, k] of [
    [1, 1, 1],
    [3, 5, 2],
    [13, 17, 20],
    [29, 33, 5],
    [40, 7, 200],
    [24, 32, 193],
  ]) {
    for (const beta of [0, 0.5]) {
      const [A, B] = [values(m * k), values(k * n, n === 5)];
      calls.push(['gemm', false, false, m, n, k, 1, A, k, B, n, beta, values(m * n), n]);
      calls.push(['gemm', true, true, m, n, k, -0.3, A, m, B, k, beta, values(m * n), n]);
    }
  }
  for (const filters of [1, 8, 11]) {
    const shape = Float64Array.of(2, 5, 6, 3, 2, 3, filters, 2, 1, 1, 1, 3, 6);
    const [x, kernel, g] = [values(180), values(18 * filters), values(36 * filters)];
    calls.push(['conv2d', shape, x, kernel, new Float64Array(36 * filters)]);
    calls.push(['conv2dInput', shape, g, kernel, new Float64Array(180)]);
    calls.push(['conv2dKernel', shape, x, g, new Float64Array(18 * filters)]);
  }
  return calls;
}

/** Any fits, and those whose rows are widened. */
function fitJobs(): FitJob[] {
  return [...fc.sample(anyFit, { numRuns: runs(600), seed: 1 }).map(({ job }) => job), ...singleJobs()];
}

const here = Boolean(native) && canSpawn;

describe.runIf(here)('instruction sets', () => {
  const targets = here ? supported() : [];
  const calls = [...kernelCalls(), ...lossCalls(), ...tensorCalls()];
  const jobs = fitJobs();
  const fits = jobs.map((job): Call => ['fitSync', ...argumentsOf(job).slice(0, 2)]);

  it('are those that the addon names, the widest of them in use', () => {
    expect(targets.length).toBeGreaterThan(0);
    if (!process.env.NABLA_TARGET) expect(native?.target).toBe(targets.at(-1));
    const all = process.arch === 'x64' ? ['baseline', 'avx2', 'avx512'] : ['neon'];
    expect(all.slice(0, targets.length)).toEqual(targets);
  });

  it.each(targets)('%s', { timeout: patience(60_000) }, (target) => {
    const { status, stdout, stderr } = run(target, serialize([...calls, ...fits]));
    expect(status, String(stderr)).toBe(0);
    const reply = deserialize(stdout);
    expect(reply.target).toBe(target);
    expect(reply.results.length).toBe(calls.length + fits.length);

    calls.forEach((call, i) => {
      const expected = answer(call);
      const sizes = call.slice(1).map((arg) => (arg instanceof Float64Array ? arg.length : arg));
      expected.forEach((value, k) => {
        const actual = reply.results[i][k];
        const what = `${call[0]}(${sizes}), ${k === 0 ? 'value' : `array ${k}`}, element`;
        if (value instanceof Float64Array) expectBits(actual, value, what);
        else expectBits([actual ?? 0], [(value as number) ?? 0], what);
      });
    });
    jobs.forEach((job, i) => {
      const outcome = outcomeOf(job, reply.results[calls.length + i][0]);
      expectOutcome(outcome, reference.fitSync(job), `fit ${i}, `);
    });
  });

  it('NABLA_TARGET that is empty chooses the widest', () => {
    expect(deserialize(run('', serialize([])).stdout).target).toBe(targets.at(-1));
  });
});
