import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { defineConfig, type Rolldown } from 'tsdown';

const commands = { cli: 'lib/cli/main.ts', bench: 'lib/bench/index.ts' };
const library = {
  index: 'lib/index.ts',
  kernels: 'lib/kernels.ts',
  textbook: 'lib/textbook.ts',
  reference: 'lib/reference/index.ts',
};
// What docs say stands in the .d.ts; in the code it would be an eighth of what is installed.
const comments = { jsdoc: false, annotation: true, legal: true };
const node = { platform: 'node', target: 'node20' } as const;

// To parse all of the library takes longer than to load its addon, and most programs use a part of it: that is cut into
// chunks, which the CommonJS build loads when something of them is first asked for.
const chunks: [name: string, modules: RegExp][] = [
  ['backend', /^(backend|native|builtins|errors|plan|catalog)\./],
  ['solver', /^reference\/(solver\/|backend)/],
  ['arithmetic', /^reference\/kernels\//],
  ['estimators', /^(reference\/)?estimators/],
  ['metrics', /^(metrics\/|predictions)/],
  ['many', /^((facade\/)?many|models|problems)\./],
  ['paths', /^((facade\/)?(path|crossvalidate|nullmodel|sequence|measure)|lambdapath|crossvalidation|folds)\./],
  ['files', /^(file|checkpoint|modeljson|modelbytes)\./],
  ['optimizer', /^(facade\/)?optimizer\./],
  ['vectors', /^facade\/(kernels|textbook)\./],
  ['minimize', /^minimize\./],
  ['seldom', /^(online|holdout|facade\/(iterator|own))\./],
  ['core', /^(?!index|kernels|textbook|reference\/index|cli\/|bench\/)/],
];

function chunkOf(id: string): string | null {
  if (id.endsWith('package.json')) return 'backend';
  const [, module] = id.split(sep).join('/').split('/lib/');
  return (module && chunks.find(([, modules]) => modules.test(module))?.[0]) ?? null;
}

/** Makes of a chunk's requires and re-exports what waits until it is used. Parentheses: `new` may stand before it. */
const wait = (code: string): string =>
  code
    .replace(/^const (require_\w+) = (require\((["'])\.\/.+\3\));$/gm, 'let $1$$;\nconst $1 = () => ($1$$ ??= $2);')
    .replace(
      /^exports\.([\w$]+) = (require_\w+\.[\w$]+);$/gm,
      'Object.defineProperty(exports, "$1", { enumerable: true, get: () => $2 });',
    )
    .replace(/\b(require_\w+)(\.[\w$]+)/g, '($1()$2)');

/** What a chunk has of `backend`, which all load: constants, since hot paths would feel a property of its exports. */
function holdBackend(code: string): string {
  const own = /\brequire_backend\.([\w$]+)/g;
  const names = new Set([...code.matchAll(own)].map(([, name]) => name));
  const held = [...names].map((name) => `${name}: backend$${name}`).join(', ');
  return code
    .replace(own, 'backend$$$1')
    .replace(/^const require_backend = (require.+);$/m, (_, loaded) => `const { ${held} } = ${loaded};`);
}

const lazy: Rolldown.Plugin = { name: 'lazy', renderChunk: (code) => wait(holdBackend(code)) };

/** For each entry but the command what `import` gets: the same objects as by `require`. */
const modules: Rolldown.Plugin = {
  name: 'modules',
  generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== 'chunk' || !chunk.isEntry || chunk.name === 'cli') continue;
      const source = `import library from './${chunk.fileName}';\n\nexport const { ${chunk.exports.join(', ')} } = library;\n`;
      this.emitFile({ type: 'asset', fileName: `${chunk.name}.mjs`, source });
    }
  },
};

/** Types are those of the CommonJS build, whose exports the modules hand on. */
function turnTypes({ outDir }: { outDir: string }): void {
  for (const name of readdirSync(outDir).filter((name) => name.endsWith('.d.mts'))) {
    const from = join(outDir, name);
    const types = readFileSync(from, 'utf8').replace(/\.mjs(?=['"])/g, '.cjs');
    writeFileSync(from.replace(/\.d\.mts$/, '.d.cts'), types);
    const entry = name.slice(0, -'.d.mts'.length);
    if (entry in library) writeFileSync(from, `export * from './${entry}.cjs';\n`);
    else rmSync(from);
  }
}

export default defineConfig([
  {
    // `#!` in its first line makes the command executable. The benchmark is loaded by it, and by bench/.
    entry: { ...library, ...commands },
    format: 'cjs',
    ...node,
    outputOptions: {
      comments,
      codeSplitting: { includeDependenciesRecursively: false, groups: [{ name: chunkOf }] },
    },
    plugins: [lazy, modules],
    dts: false,
    shims: true,
    clean: true,
  },
  { entry: library, format: 'esm', ...node, dts: { emitDtsOnly: true }, clean: false, onSuccess: turnTypes },
]);
