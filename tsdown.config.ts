import { defineConfig } from 'tsdown';

export default defineConfig([
  {
    entry: {
      index: 'lib/index.ts',
      kernels: 'lib/kernels.ts',
      textbook: 'lib/textbook.ts',
      reference: 'lib/reference/index.ts',
    },
    format: ['esm', 'cjs'],
    platform: 'node',
    target: 'node20',
    dts: true,
    shims: true,
    clean: true,
  },
  {
    // The command: `#!` in its first line makes it executable. The benchmark is loaded by it, and by bench/.
    entry: { cli: 'lib/cli/main.ts', bench: 'lib/bench/index.ts' },
    format: 'esm',
    platform: 'node',
    target: 'node20',
    dts: false,
    clean: false,
  },
]);
