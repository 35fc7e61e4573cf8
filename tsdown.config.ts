import { defineConfig } from 'tsdown';

const library = {
  index: 'lib/index.ts',
  kernels: 'lib/kernels.ts',
  textbook: 'lib/textbook.ts',
  reference: 'lib/reference/index.ts',
};
// What docs say stands in the .d.ts; in the code it would be an eighth of what is installed.
const outputOptions = { comments: { jsdoc: false, annotation: true, legal: true } };
const node = { platform: 'node', target: 'node20', outputOptions } as const;
const types = { entry: Object.values(library) };

export default defineConfig([
  {
    // The command shares the library's chunks: `#!` in its first line makes it executable. The benchmark is loaded by
    // it, and by bench/.
    entry: { ...library, cli: 'lib/cli/main.ts', bench: 'lib/bench/index.ts' },
    format: 'esm',
    ...node,
    dts: types,
    clean: true,
  },
  { entry: library, format: 'cjs', ...node, dts: types, shims: true, clean: false },
]);
