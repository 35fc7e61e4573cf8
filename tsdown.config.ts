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
]);
