// What test/coverage.sh measures: the branches of lib/, but for the benchmark, which is run by hand.
import { mergeConfig } from 'vitest/config';
import usual from '../vitest.config';

export default mergeConfig(usual, {
  test: {
    setupFiles: ['test/coverage.setup.ts'],
    coverage: {
      enabled: true,
      provider: 'v8',
      include: ['lib/**/*.ts'],
      exclude: ['lib/bench/**'],
      reporter: ['json'],
      reportOnFailure: true,
    },
  },
});
