import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { defineConfig, type Rolldown } from 'tsdown';

const commands = { cli: 'lib/cli/main.ts', bench: 'lib/bench/index.ts' };
const library = {
  index: 'lib/index.ts',
  kernels: 'lib/kernels.ts',
  textbook: 'lib/textbook.ts',
  autodiff: 'lib/autodiff.ts',
  reference: 'lib/reference.ts',
};
// What docs say stands in the .d.ts; in the code it would be an eighth of what is installed.
const comments = { jsdoc: false, annotation: true, legal: true };
const entries: string[] = Object.values(library);
const node = { platform: 'node', target: 'node20' } as const;

// Parsing all of the library takes longer than loading its addon, and most programs use a part of it. So each folder of lib/
// is a chunk, and each file beside them, which the CommonJS build loads when something of it is first used. What every
// program loads, and what every fit does, is one.
const together: Record<string, readonly string[]> = {
  base: ['base', 'catalog', 'backend', 'native'],
  fit: ['input', 'fitting', 'model', 'fit'],
  tape: ['autodiff', 'autodiff/ops'],
};

function chunkOf(id: string): string | null {
  if (id.endsWith('package.json')) return 'base';
  const [, module] = id.split(sep).join('/').split('/lib/');
  if (!module || entries.includes(`lib/${module}`)) return null;
  const folder = module.includes('/') ? dirname(module) : module.replace(/\.ts$/, '');
  if (folder.startsWith('cli') || folder === 'bench') return null;
  const shared = Object.keys(together).find((name) => together[name].includes(folder));
  return shared ?? folder.replaceAll('/', '-');
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

/** What a chunk has of `base`, which all load: constants, since hot paths would feel a property of its exports. */
function holdBase(code: string): string {
  const own = /\brequire_base\.([\w$]+)/g;
  const names = new Set([...code.matchAll(own)].map(([, name]) => name));
  const held = [...names].map((name) => `${name}: base$${name}`).join(', ');
  return code
    .replace(own, 'base$$$1')
    .replace(/^const require_base = (require.+);$/m, (_, loaded) => `const { ${held} } = ${loaded};`);
}

const lazy: Rolldown.Plugin = { name: 'lazy', renderChunk: (code) => wait(holdBase(code)) };

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
