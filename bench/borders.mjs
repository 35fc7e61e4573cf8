// node bench/borders.mjs: from how many elements on a call into native is faster than JavaScript, for each kernel.
// What it suggests belongs into `border` of lib/operations/kernels.ts. See README.md.
import { createRequire } from 'node:module';
import { candidate, compare, usualEffort } from '../dist/bench.mjs';

const require = createRequire(import.meta.url);
const native = require('../build/Release/nabla.node');
const reference = require('../dist/reference.cjs');

const elements = [16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 112, 128, 144, 160, 192, 224, 256, 320, 384];
const effort = { ...usualEffort, rounds: 9, sample: 0.003 };
const filled = (n, value) => new Float64Array(n).fill(value);
const none = filled(12, 0);

/** For each kernel, the call and its arguments for n elements (of a matrix: n / 8 rows of 8), or multiplications. */
const kernels = {
  dot: ['f(x, y)', (n) => ({ x: filled(n, 1), y: filled(n, 2) })],
  axpy: ['f(1e-9, x, y)', (n) => ({ x: filled(n, 1), y: filled(n, 2) })],
  scal: ['f(1, x)', (n) => ({ x: filled(n, 1) })],
  nrm2: ['f(x)', (n) => ({ x: filled(n, 1) })],
  asum: ['f(x)', (n) => ({ x: filled(n, 1) })],
  gemv: ['f(A, r, 8, x, out)', (n) => ({ A: filled(n, 1), r: n / 8, x: filled(8, 2), out: filled(n / 8, 0) })],
  gemvT: ['f(A, r, 8, x, out)', (n) => ({ A: filled(n, 1), r: n / 8, x: filled(n / 8, 2), out: filled(8, 0) })],
  gram: ['f(A, r, 8, null, out)', (n) => ({ A: filled(n, 1), r: n / 8, out: filled(64, 0) })],
  gemm: [
    'f(false, false, 2, 2, k, 1, A, k, B, 2, 0, out, 2)',
    (n) => ({ A: filled(n / 2, 1), B: filled(n / 2, 1), k: n / 4, out: filled(4, 0) }),
  ],
  valueAndGradient: [
    'f(loss, ...)',
    (n) => ({ X: filled(n, 1), y: filled(n / 8, 2), r: n / 8, w: filled(8, 1), out: filled(8, 0), none }),
  ],
};

function pair(name, n) {
  const [call, make] = kernels[name];
  const args = make(n);
  const of = (f, text = call) => candidate(text, { f, ...args });
  if (name !== 'valueAndGradient') return { native: of(native[name]), reference: of(reference[name]) };
  // Native takes the loss as its number and parameters, as the facade hands them over.
  const { X, y } = args;
  const inNative = of(native.valueAndGradient, 'f(0, none, X, y, r, 8, 1, w, out)');
  const f = reference.valueAndGradient;
  return { native: inNative, reference: candidate("f('squared', d, w, out)", { f, ...args, d: { X, y } }) };
}

/** The length at which the ratio (JavaScript over native) passes 1 for good, between two of those measured. */
function crossing(ratios) {
  let last = ratios.length - 1;
  while (last >= 0 && ratios[last] >= 1) last--;
  if (last < 0) return `below ${elements[0]}`;
  if (last === ratios.length - 1) return `above ${elements[last]}`;
  const part = (1 - ratios[last]) / (ratios[last + 1] - ratios[last]);
  return Math.round((elements[last] + part * (elements[last + 1] - elements[last])) / 4) * 4;
}

async function borders() {
  const border = {};
  console.log(`JavaScript ÷ native; native is faster above 1. ${native.target}, Node ${process.version}\n`);
  console.log(`| elements | ${Object.keys(kernels).join(' | ')} |`);
  console.log(`|--:|${'--:|'.repeat(Object.keys(kernels).length)}`);
  // Once without looking, so that V8 has seen every length.
  for (const n of elements)
    for (const name of Object.keys(kernels)) await compare(pair(name, n), { ...effort, rounds: 2, sample: 0.001 });
  const ratios = Object.fromEntries(Object.keys(kernels).map((name) => [name, []]));
  for (const n of elements) {
    for (const name of Object.keys(kernels)) {
      const { reference } = await compare(pair(name, n), effort);
      ratios[name].push(reference.ratio[1]);
    }
    const row = Object.values(ratios).map((list) => list.at(-1).toFixed(2));
    console.log(`| ${n} | ${row.join(' | ')} |`);
  }
  for (const name of Object.keys(kernels)) border[name] = crossing(ratios[name]);
  console.log(`\nconst border = ${JSON.stringify(border).replaceAll('"', '')};`);
}

await borders();
