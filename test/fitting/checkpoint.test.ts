// Checkpoints: a fit that was killed goes on from its file and ends with the bits of one that was not.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decode } from '../../lib/base/file.js';
import type { ErrorCode, FitOptions, Model } from '../../lib/index.js';
import { faces } from '../support/backends.js';
import { buildLibrary, canSpawn, fixture, runScript } from '../support/children.js';
import { expectBits, expectRefusal, expectRejection, patience, problem, random, thrown } from '../support/support.js';

const folder = mkdtempSync(join(tmpdir(), 'nabla-checkpoint-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const data = problem(50, 4, 1);
const base: FitOptions = { optimizer: 'adam', batchSize: 8, epochs: 23, validationFraction: 0.2, averaging: 'ema' };

function expectSame(actual: Model, expected: Model): void {
  expectBits(actual.coefficients, expected.coefficients);
  expectBits(actual.intercepts, expected.intercepts);
  for (const name of ['loss', 'validationLoss', 'learningRate', 'gradientNorm'] as const) {
    expectBits(actual.history[name], expected.history[name], name);
  }
  const counts = ({ status, epochs, steps }: Model) => ({ status, epochs, steps });
  expect(counts(actual)).toEqual(counts(expected));
}

let files = 0;
const newPath = () => join(folder, `${files++}.checkpoint`);

describe.each(faces)('checkpoints: $name', ({ fit: fitAsync, fitSync }) => {
  it('change nothing, and a fit goes on from the last one', async () => {
    const expected = fitSync(data, base);
    for (const every of [1, 5, 10, 23, 100]) {
      const path = newPath();
      const checkpoint = { path, every };
      expectSame(fitSync(data, { ...base, checkpoint }), expected);
      expect(existsSync(path)).toBe(every < 23);
      expectSame(fitSync(data, { ...base, checkpoint: { ...checkpoint, resume: true } }), expected);
      expectSame(
        await fitAsync(data, { ...base, checkpoint: { path: pathToFileURL(path), every, resume: true } }),
        expected,
      );
      expectSame(await fitAsync(data, { ...base, checkpoint }), expected);
    }
    const path = newPath();
    expectSame(fitSync(data, { ...base, checkpoint: path }), expected);
    expect(existsSync(path)).toBe(true);
  });

  it('of every backend serve every other', () => {
    for (const optimizer of ['adam', 'lbfgs'] as const) {
      const options: FitOptions = { optimizer, loss: 'huber', epochs: 9 };
      const path = newPath();
      const expected = fitSync(data, options);
      fitSync(data, { ...options, checkpoint: { path, every: 4 } });
      for (const other of faces) {
        expectSame(other.fitSync(data, { ...options, checkpoint: { path, every: 4, resume: true } }), expected);
      }
    }
  });

  it('of another fit are refused', async () => {
    const path = newPath();
    fitSync(data, { ...base, checkpoint: path });
    const checkpoint = { path, resume: true };
    const mismatch = { code: 'ERR_CHECKPOINT_MISMATCH' };
    const changed: FitOptions[] = [
      { epochs: 24 },
      { l2: 1e-9 },
      { seed: 1 },
      { optimizer: 'adamw' },
      { loss: 'huber' },
    ];
    for (const options of changed) {
      expect(thrown(() => fitSync(data, { ...base, ...options, checkpoint }))).toMatchObject(mismatch);
      await expect(fitAsync(data, { ...base, ...options, checkpoint })).rejects.toMatchObject(mismatch);
    }
    for (const key of ['X', 'y'] as const) {
      const other = { ...data, [key]: data[key].with(3, 0.5) };
      expect(thrown(() => fitSync(other, { ...base, checkpoint }))).toMatchObject(mismatch);
    }
  });

  it('that are damaged are refused', async () => {
    const path = newPath();
    fitSync(data, { ...base, checkpoint: path });
    const bytes = readFileSync(path);
    const uniform = random(1);
    const checkpoint = { path, resume: true };
    for (let k = 0; k < 40; k++) {
      const broken = Uint8Array.from(bytes);
      broken[Math.floor(uniform() * bytes.length)] ^= 1 << Math.floor(8 * uniform());
      writeFileSync(path, broken);
      const { code } = thrown(() => fitSync(data, { ...base, checkpoint })) as { code: string };
      expect(code).toMatch(/^ERR_MODEL_(FORMAT|CHECKSUM|VERSION)$/);
    }
    writeFileSync(path, bytes.subarray(0, 100));
    await expect(fitAsync(data, { ...base, checkpoint })).rejects.toMatchObject({ code: 'ERR_MODEL_FORMAT' });
  });

  it('that cannot be written reject with the system’s error, and leave nothing behind', async () => {
    const checkpoint = join(folder, 'nowhere', 'x');
    expect(thrown(() => fitSync(data, { ...base, checkpoint }))).toMatchObject({ code: 'ENOENT' });
    await expect(fitAsync(data, { ...base, checkpoint })).rejects.toMatchObject({ code: 'ENOENT' });
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('have options', async () => {
    const path = newPath();
    const cases: [unknown, ErrorCode, RegExp][] = [
      [1, 'ERR_INVALID_ARG_TYPE', /^checkpoint must be/],
      [null, 'ERR_INVALID_ARG_TYPE', /^checkpoint must be/],
      [{}, 'ERR_INVALID_ARG_TYPE', /^checkpoint\.path must be/],
      [{ path, every: 0 }, 'ERR_OUT_OF_RANGE', /^checkpoint\.every/],
      [{ path, every: 1.5 }, 'ERR_OUT_OF_RANGE', /^checkpoint\.every/],
      [{ path, resume: 1 }, 'ERR_INVALID_ARG_TYPE', /^checkpoint\.resume/],
      [{ path, evry: 1 }, 'ERR_UNKNOWN_OPTION', /did you mean "every"/],
    ];
    for (const [checkpoint, code, message] of cases) {
      const options = { checkpoint } as FitOptions;
      expectRefusal(fitSync, [data, options], code, message);
      await expectRejection(fitAsync, [data, options], code, message);
    }
  });
});

describe.runIf(canSpawn)('a process killed at any moment', () => {
  let library: ReturnType<typeof buildLibrary>;
  beforeAll(() => {
    library = buildLibrary();
  }, patience(60_000));
  afterAll(() => library?.remove());

  const kills = Number(process.env.NABLA_KILLS ?? 12);
  it.each([
    ['adam', { optimizer: 'adam', loss: 'logistic', batchSize: 16, schedule: 'cosine', epochs: 4000 }],
    [
      'sgd',
      { optimizer: 'momentum', loss: 'squared', batchSize: 1, patience: 4000, averaging: 'polyak', epochs: 5000 },
    ],
  ])(
    'leaves a whole checkpoint, from which %s ends as if nothing had been',
    async (name, settings) => {
      const path = join(folder, `${name}.checkpoint`);
      const options = JSON.stringify({ ...settings, seed: 3, validationFraction: 0.1 });
      const args = [fixture('checkpoint.mjs'), library.url, path, options];
      const uniform = random(kills);
      let killed = 0;
      let epochs = 0;
      for (let tries = 0; tries < kills / 2; tries++) {
        const child = spawn(process.execPath, args, { stdio: 'ignore' });
        // Not before it has begun to write, then at any moment.
        const before = existsSync(path) ? readFileSync(path) : Buffer.of();
        const end = new Promise((resolve) => child.on('close', (_code, signal) => resolve(signal)));
        while (child.exitCode === null && (!existsSync(path) || readFileSync(path).equals(before))) {
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
        await new Promise((resolve) => setTimeout(resolve, 30 * uniform()));
        child.kill('SIGKILL');
        if ((await end) === 'SIGKILL') killed++;
        const { header, arrays } = decode('checkpoint', readFileSync(path));
        expect(header).toHaveProperty('fingerprint');
        expect(arrays.state[0]).toBeGreaterThanOrEqual(epochs);
        epochs = arrays.state[0];
      }
      expect(killed).toBeGreaterThan(kills / 4);
      const resumed = await runScript(args, {}, patience(60_000));
      const straight = await runScript([args[0], args[1], 'none', options], {}, patience(60_000));
      expect(resumed.stderr).toBe('');
      expect(readdirSync(folder).filter((file) => file.endsWith('.tmp'))).toEqual([]);
      expect(JSON.parse(resumed.stdout)).toEqual(JSON.parse(straight.stdout));
    },
    patience(120_000),
  );
});
