import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    // Vitest leaves one core unused otherwise, which on two doubles the time.
    maxWorkers: availableParallelism(),
  },
});
