// The machine's limits by native/limits.cc, where there is a compiler.
import { availableParallelism } from 'node:os';
import { kernelGauges } from '../dist/bench.mjs';
import { compiled, Program } from './programs.mjs';

/** A run lasts so long that what another process left in the caches does not count. */
const least = { bytes: 2e7, flops: 4e6, roots: 1e5 };

/** What a run of each does: its arguments, and how much that is. */
const work = {
  read(size, threads) {
    const repeat = Math.max(1, Math.round(least.bytes / size));
    return { args: { size, repeat }, amount: Math.floor(size / 8 / (64 * threads)) * 64 * threads * 8 * repeat };
  },
  copy(size, threads) {
    const { args, amount } = work.read(size, threads);
    return { args, amount: 2 * amount };
  },
  arithmetic() {
    return { args: { operations: least.flops }, amount: least.flops };
  },
  roots() {
    const repeat = Math.round(least.roots / 1024);
    return { args: { repeat }, amount: 1024 * repeat };
  },
};

/** The gauges, and what ends their program; null without a compiler. */
export function openLimits() {
  const command = compiled('native/limits.cc', ['-ffp-contract=off', '-fno-math-errno', '-fno-trapping-math']);
  if (!command) return null;
  const program = new Program(command);
  return {
    gauges: {
      how: 'by a C++ program (bench/native/limits.cc), calls by the addon',
      async of(limit, size, threads) {
        if (limit === 'call') return kernelGauges.of(limit, size, threads);
        const count = Math.min(threads, availableParallelism());
        const { args, amount } = work[limit](Math.min(size, 256e6), count);
        const prepared = await program.prepare({ work: limit, threads: count, ...args });
        return prepared && { amount, run: { seconds: prepared.seconds } };
      },
      reset: () => program.ask('reset'),
    },
    close: () => program.end(),
  };
}
