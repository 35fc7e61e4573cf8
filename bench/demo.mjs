// npm run demo: fits the prices of 53,940 diamonds with the built command, on the native backend and on the reference,
// and compares their times and bits.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A path of this package, as seen from where the demo was started. */
const at = (...path) => relative('.', join(fileURLToPath(new URL('..', import.meta.url)), ...path));
const cli = at('dist', 'cli.cjs');
const out = at('out');

if (!existsSync(cli)) {
  console.error('demo: dist/cli.cjs is missing; npm run build makes it');
  process.exit(1);
}
mkdirSync(out, { recursive: true });

const { resolve } = createRequire(import.meta.url);
const data = relative('.', resolve('@observablehq/sample-datasets/diamonds.csv'));
const model = join(out, 'diamonds-model.json');
const plot = join(out, 'diamonds-loss.svg');
const columns = ['--target', 'price', '--features', 'carat,cut,color,clarity,depth,table'];
const how = '--standardize --optimizer adam --learning-rate .001 --batch-size 256 --epochs 50'.split(' ');
const fit = ['fit', data, ...columns, ...how, '--seed', '1'];

/** Runs the command in a process of its own; what goes wrong there ends the demo. */
function nabla(args, env, stdio) {
  const { status, stdout } = spawnSync(process.execPath, [cli, ...args], {
    env: { ...process.env, ...env },
    stdio,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) process.exit(status ?? 1);
  return stdout;
}

// 1. The command as a person runs it.
const files = ['--model', model, '--plot', plot];
console.log(`nabla ${[...fit, ...files].join(' ')}\n`);
nabla([...fit, ...files], {}, 'inherit');

// 2. The same fit on both backends, in turn, each time in a new process.
const times = 3;
const silent = ['ignore', 'pipe', 'inherit'];
const json = (backend) => JSON.parse(nabla([...fit, '--json'], { NABLA_BACKEND: backend }, silent));
const best = (reports) => Math.min(...reports.map(({ seconds }) => seconds));

console.log('');
delete process.env.NABLA_BACKEND;
const { backend } = await import('../dist/index.mjs');
if (backend.name !== 'native') {
  console.log(
    'This machine has no native binary: the reference made this fit, and there is nothing to compare it with.',
  );
  process.exit(0);
}
const native = [];
const reference = [];
for (let i = 0; i < times; i++) {
  native.push(json('native'));
  reference.push(json('reference'));
}
const [a] = native;
const [b] = reference;
const line = (name, { backend, trainingRows, epochs }, seconds) => {
  const rate = ((trainingRows * epochs) / seconds / 1e6).toFixed(1);
  console.log(
    `${name.padEnd(10)} ${(seconds * 1000).toFixed(0).padStart(6)} ms  ${rate.padStart(6)} million rows/s  (${backend.target})`,
  );
};
console.log(
  `The same fit on both backends, ${a.trainingRows} rows × ${a.epochs} epochs, the best of ${times} runs each:`,
);
line('native', a, best(native));
line('reference', b, best(reference));
console.log(`native is ${(best(reference) / best(native)).toFixed(1)} times as fast`);

/** Every number of a report that a fit computes, by name. */
function numbers({ coefficients, intercept, history, metrics }) {
  const { loss, learningRate, gradientNorm } = history;
  const series = Object.entries({ loss, 'learning rate': learningRate, 'gradient norm': gradientNorm });
  return [
    ...Object.entries(coefficients),
    ['intercept', intercept],
    ['R²', metrics.heldOut.r2],
    ['RMSE', metrics.heldOut.rmse],
    ...series.flatMap(([name, values]) => values.map((value, i) => [`${name} of epoch ${i + 1}`, value])),
  ];
}
const expected = numbers(b);
const actual = numbers(a);
const different = expected.filter(([name, value], i) => actual[i]?.[0] !== name || !Object.is(actual[i][1], value));
if (different.length > 0 || actual.length !== expected.length) {
  console.error(`${different.length} of ${expected.length} numbers differ, the first: ${different[0]?.[0]}`);
  process.exit(1);
}
console.log(
  `coefficients, losses, rates, gradients, R² and RMSE: all ${expected.length} numbers have the same bits (Object.is)`,
);
console.log(`\nmodel:   ${model}\npicture: ${plot}`);
