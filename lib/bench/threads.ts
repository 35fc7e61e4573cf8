// Benchmark rows on all threads of the machine, beside those of one.
import { availableParallelism } from 'node:os';

const most = availableParallelism();

/** How many that is, once; nothing where there is but one. */
export const all: readonly number[] = most > 1 ? [most] : [];

export const ofThreads = (name: string, threads: number): string =>
  threads === 1 ? name : `${name}, ${threads} threads`;
