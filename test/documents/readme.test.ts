// Documents for users, README.md and docs/: their snippets run as they stand, their tables have every name of the catalog.
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transpileModule } from 'typescript';
import { describe, expect, it } from 'vitest';
import * as autodiff from '../../lib/autodiff.js';
import { losses } from '../../lib/catalog/losses.js';
import { ops } from '../../lib/catalog/ops.js';
import { fitOptions } from '../../lib/catalog/options.js';
import { rules, solvers } from '../../lib/catalog/rules.js';
import { averagings, samplers } from '../../lib/catalog/samplers.js';
import { schedules } from '../../lib/catalog/schedules.js';
import * as nabla from '../../lib/index.js';
import * as kernels from '../../lib/kernels.js';
import * as reference from '../../lib/reference.js';
import * as textbook from '../../lib/textbook.js';
import { normal, random } from '../support/support.js';

const root = new URL('../../', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, root), 'utf8');
const pages = readdirSync(new URL('docs/', root)).filter((name) => name.endsWith('.md'));
const documents = ['README.md', ...pages.map((name) => `docs/${name}`)];
const snippets = documents.flatMap((name) => [...read(name).matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code));

const folder = mkdtempSync(join(tmpdir(), 'nabla-'));
const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor as FunctionConstructor;

type Scope = Record<string, unknown>;

/** Runs a snippet in a scope; returns its variables. */
async function run(code: string, scope: Scope): Promise<Scope> {
  const names = [...code.matchAll(/^(?:const|let) (?:\{ (.+?) \}|(\w+)) =/gm)].flatMap(
    ([, many, one]) => many?.split(', ') ?? one,
  );
  const plain = code
    .replace(/^import \{ (.+) \} from 'nabla';$/gm, 'const { $1 } = nabla;')
    .replace(/^import \{ (.+) \} from 'nabla\/kernels';$/gm, 'const { $1 } = nablaKernels;')
    .replace(/^import \{ (.+) \} from 'nabla\/textbook';$/gm, 'const { $1 } = nablaTextbook;')
    .replace(/^import \{ (.+) \} from 'nabla\/autodiff';$/gm, (_, list) => {
      return `const { ${list.replaceAll(' as ', ': ')} } = nablaAutodiff;`;
    })
    .replace(/^import \* as (\w+) from 'nabla\/reference';$/gm, 'const $1 = nablaReference;')
    .replace(/'(\w+\.json|fit\.checkpoint)'/g, (_, name) => JSON.stringify(join(folder, name)))
    .replace("['cat', 'dog', 'cat', …]", 'names')
    .replace('console.log', 'print');
  const { outputText } = transpileModule(`${plain}\nreturn { ${names.join(', ')} };`, {
    compilerOptions: { target: 99, module: 99 },
  });
  // What a snippet imports may be in the scope of all others.
  const own = plain.match(/^const \{ (.+) \} = nabla;$/m)?.[1].split(', ') ?? [];
  const given: Scope = {
    ...nabla,
    ...scope,
    nabla,
    nablaReference: reference,
    nablaKernels: kernels,
    nablaTextbook: textbook,
    nablaAutodiff: autodiff,
    print: () => {},
  };
  const keys = Object.keys(given).filter((key) => !own.includes(key) && !names.includes(key) && key !== 'default');
  return AsyncFunction(...keys, outputText)(...keys.map((key) => given[key]));
}

const uniform = random(4);
const [rows, cols] = [600, 3];
const X = Float64Array.from({ length: rows * cols }, (_, i) =>
  i % cols === 1 ? 2000 + 10 * normal(uniform) : normal(uniform),
);
const z = Float64Array.from(
  { length: rows },
  (_, i) => X[i * cols] - 0.2 * (X[i * cols + 1] - 2000) + 0.3 * normal(uniform),
);
const y = z.map((value) => 5 + 3 * value);
const classes = z.map((value) => Number(value > 0.3));
const near = X.map((value, i) => (i % cols === 1 ? (value - 2000) / 10 : value));
const names = Array.from(classes, (c) => (c === 1 ? 'dog' : 'cat'));

type Case = [title: string, has: string, scope: Scope, check: (made: Scope) => void | Promise<void>];
const score = (model: unknown, y: unknown): number => (model as nabla.Model).score(X, y as Float64Array);

const cases: Case[] = [
  [
    'the three formulas',
    'byMatrix',
    {},
    ({ byVector, byMatrix, byScalar }) => {
      expect(byVector).toEqual(Float64Array.of(2, 4));
      expect((byMatrix as autodiff.Tensor).toArray()).toEqual([[0, 2, 4], [6, 8, 10]]); // biome-ignore format: rows
      expect(byScalar).toEqual(Float64Array.of(1, 2, 3));
    },
  ],
  [
    'gradients of trees and of gradients',
    'curvature',
    {},
    ({ slopes, value, curvature }) => {
      expect(Object.keys(slopes as object)).toEqual(['w', 'b']);
      expect(value).toBeCloseTo((0.25 + 2.25 + 1) / 3, 12);
      expect(curvature).toBe(12);
    },
  ],
  [
    'minimize by gradients',
    'rosenbrock',
    {},
    ({ x, status }) => {
      expect(status).toBe('converged');
      for (const value of x as Float64Array) expect(value).toBeCloseTo(1, 8);
    },
  ],
  [
    'products with a Hessian',
    'hvp(f)(at, v)',
    {},
    ({ product, same }) => {
      const { data } = same as autodiff.Tensor;
      (product as Float64Array).forEach((value, i) => {
        expect(value).toBeCloseTo(data[i], 12);
      });
    },
  ],
  ['a graph', 'toSVG', {}, ({ svg }) => expect(svg).toContain('tanh')],
  ['a custom op', 'customOp({', {}, ({ error }) => expect(error).toBeLessThan(1e-9)],
  ['product', 'allocate, matmul', {}, (s) => expect(s.out).toEqual(Float64Array.of(19, 22, 43, 50))],
  [
    'a first fit',
    'Five rows of two columns',
    {},
    ({ model, X, y }) => {
      expect((model as nabla.Model).score(X as Float64Array, y as Float64Array)).toBeGreaterThan(0.99);
    },
  ],
  [
    'without a learning rate',
    'what auto picked',
    { X, y: classes },
    ({ model }) => {
      expect(score(model, classes)).toBeGreaterThan(0.85);
      expect(model).toMatchObject({ optimizer: 'newton', status: 'converged' });
    },
  ],
  [
    'minimize',
    'minimize((x, gradient)',
    {},
    ({ x, status }) => {
      expect((x as Float64Array)[0]).toBeCloseTo(3, 6);
      expect(status).toBe('converged');
    },
  ],
  [
    'while a fit runs',
    'signal: AbortSignal',
    { data: { X: X.slice(), y: y.slice() }, others: { X: near, y } },
    ({ model }) => {
      expect(score(model, y)).toBeGreaterThan(0.95);
    },
  ],
  [
    'new rows',
    'monday',
    {
      monday: { X: near, y: classes },
      tuesday: { X: near, y: classes },
      data: { X: near, y: classes },
      options: { loss: 'logistic' },
    },
    ({ model }) => {
      expect((model as nabla.Model).score(near, classes)).toBeGreaterThan(0.85);
    },
  ],
  [
    'classes by their names',
    "['cat', 'dog', 'cat', …]",
    { X, y: names, names, sampleWeight: new Float64Array(rows).fill(2) },
    ({ model }) => {
      expect(score(model, names)).toBeGreaterThan(0.85);
      expect(new Set((model as nabla.Model<string>).predict(X)).size).toBe(2);
    },
  ],
  [
    'estimators',
    'new Ridge',
    { X, y, names },
    ({ ridge, species }) => {
      expect((ridge as nabla.Ridge).score(X, y)).toBeGreaterThan(0.95);
      expect((species as nabla.LogisticRegression<string>).score(X, names)).toBeGreaterThan(0.85);
    },
  ],
  [
    'paths',
    'fitPath({ X, y }',
    { X, y },
    ({ result }) => {
      expect(score((result as nabla.CrossValidation).model, y)).toBeGreaterThan(0.95);
    },
  ],
  [
    'many fits',
    'customers.map',
    {
      X: near,
      customers: Array.from({ length: 10 }, () => ({ X: near, y: z.map((value) => Math.round(Math.exp(value))) })),
    },
    ({ models }) => {
      const model = (models as nabla.Models).at(3);
      expect(
        model.score(
          near,
          z.map((value) => Math.round(Math.exp(value))),
        ),
      ).toBeGreaterThan(0.6);
    },
  ],
  [
    'many fits, packed',
    'fitManySync({ X, y, offsets }',
    { X: X.subarray(0, 500 * cols), y: y.subarray(0, 500) },
    ({ models }) => {
      for (const model of models as nabla.Models) expect(score(model, y)).toBeGreaterThan(0.95);
    },
  ],
  [
    'an optimizer',
    'createOptimizer',
    { weights: new Float64Array(20), gradient: new Float64Array(20).fill(1) },
    ({ optimizer }) => {
      expect((optimizer as nabla.Optimizer).state.length).toBeGreaterThan(0);
    },
  ],
  ['an error', 'instanceof NablaError', { X, y }, () => {}],
  [
    'the same bits',
    'reference.fitSync',
    { X, y, options: {} },
    ({ a, b }) => {
      expect(a).toEqual(b);
    },
  ],
];

it.each(cases)('runs the snippet: %s', async (_title, has, scope, check) => {
  const found = snippets.filter((code) => code.includes(has));
  expect(found.length).toBe(1);
  await check(await run(found[0], scope));
});

it('runs every snippet of a document', () => {
  const run = snippets.filter((code) => cases.some(([, has]) => code.includes(has)));
  expect(run.length).toBe(snippets.length);
});

describe('tables', () => {
  const columnsOf = (text: string): string[] =>
    text.split('\n').flatMap((line) => (line.startsWith('| ') ? [line.split(' | ').slice(0, 2).join(' | ')] : []));
  const options = columnsOf(read('docs/fits.md')).join('\n');
  const equations = columnsOf(read('docs/equations.md')).join('\n');

  it.each(Object.entries({ losses, rules, solvers, schedules, samplers, averagings }))(
    'of options name all %s',
    (_, entries) => {
      const names = Object.keys(entries).filter((name) => name !== 'none');
      expect(names.filter((name) => !options.includes(`'${name}'`))).toEqual([]);
    },
  );

  it('of options name all numbers and switches of a fit', () => {
    expect(Object.keys(fitOptions).filter((name) => !options.includes(`\`${name}\``))).toEqual([]);
  });

  it.each(Object.entries({ losses, rules, solvers, schedules }))('of equations name all %s', (_, entries) => {
    expect(Object.keys(entries).filter((name) => !equations.includes(`\`${name}\``))).toEqual([]);
  });

  it('of gradients name all ops', () => {
    const page = read('docs/gradients.md');
    expect(Object.keys(ops).filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
    expect(Object.keys(autodiff.ops).toSorted()).toEqual(Object.keys(ops).toSorted());
  });

  it('of errors name all codes', () => {
    const codes = [...read('lib/base/errors.ts').matchAll(/^ {2}\| '(ERR_\w+)'/gm)].map(([, code]) => code);
    const named = [...read('docs/errors.md').matchAll(/^\| `(ERR_\w+)`/gm)].map(([, code]) => code);
    expect(named.toSorted()).toEqual(codes.toSorted());
    expect(codes.length).toBeGreaterThan(20);
  });
});

it('README has at most 200 lines', () => {
  expect(read('README.md').split('\n').length).toBeLessThanOrEqual(200);
});
