// Paired benchmark: candidates are timed in turn, round after round.
// What disturbs the machine disturbs all of them. What counts is the ratio within a round; its median over the rounds
// is reported.

import { setTimeout as sleep } from 'node:timers/promises';

/** Repeats the work so many times; what the last repetition returned is used, so that it cannot be left out. */
export type Loop = (times: number) => unknown;
/** Work in another process, which tells the seconds of one repetition. `took`: of one that was made already. */
export type Remote = { seconds(): Promise<number>; took?: number };
export type Candidate = Loop | Remote;

/** Lower quartile, median, upper quartile. */
export type Quartiles = [number, number, number];

let sink = 0;

/**
 * A loop of its own around an expression, compiled apart from all others: V8 keeps what it learns about types and
 * call targets per function, so a loop shared between candidates would slow down all but the first.
 *
 * @param expression - what is timed, in terms of the names in `scope`
 */
export function candidate(expression: string, scope: Record<string, unknown>): Loop {
  const body = `'use strict';
    return (times) => {
      let last;
      for (let i = 0; i < times; i++) last = ${expression};
      return last;
    };`;
  return new Function(...Object.keys(scope), body)(...Object.values(scope));
}

/** Seconds that one repetition takes, measured over `times` of them. */
function time(run: Loop, times: number): number {
  const start = process.hrtime.bigint();
  const last = run(times);
  const end = process.hrtime.bigint();
  if (typeof last === 'number') sink += last;
  return (Number(end - start) * 1e-9) / times;
}

/** How many repetitions take about `target` seconds, and what they take; warms the code up on the way. */
function calibrate(run: Loop, target: number, warmUp: number): { times: number; seconds: number } {
  let times = 1;
  let warm = 0;
  // Optimised code replaces the interpreter on the way, so only what has run for a while is believed.
  for (;;) {
    const taken = time(run, times) * times;
    warm += taken;
    if (taken > target / 2 && warm > warmUp) {
      const found = Math.max(1, Math.round((times * target) / taken));
      return { times: found, seconds: (taken / times) * found };
    }
    if (taken < target) times = Math.ceil(times * Math.min(4, Math.max(1.1, target / Math.max(taken, 1e-9))));
  }
}

/** The quantile p of some numbers, between neighbours where it falls between. */
export function quantile(numbers: Iterable<number>, p: number): number {
  const sorted = Float64Array.from(numbers).sort();
  const at = p * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

export const quartiles = (numbers: readonly number[]): Quartiles => [
  quantile(numbers, 0.25),
  quantile(numbers, 0.5),
  quantile(numbers, 0.75),
];

/** How long to measure. */
export interface Effort {
  /** Rounds at most; what is slow gets fewer, but two at least. */
  readonly rounds: number;
  /** Seconds of one sample of a candidate, taken in slices of `slice` seconds. */
  readonly sample: number;
  readonly slice: number;
  /** Seconds that all samples of one candidate may take together. */
  readonly budget: number;
  readonly warmUp: number;
  /** Seconds of silence after the work of another process, whose threads may spin for a while; default 0. */
  readonly rest?: number;
}

export const usualEffort: Effort = { rounds: 15, sample: 0.006, slice: 0.0005, budget: 2, warmUp: 0.05 };

interface Entry {
  name: string;
  sample(): Promise<number>;
  rounds: number;
  samples: number[];
}

/** A candidate, warmed up, with as many rounds as it is fast. */
async function entryOf(
  name: string,
  run: Candidate,
  { rounds, sample, slice, budget, warmUp, rest = 0 }: Effort,
): Promise<Entry> {
  const roundsFor = (seconds: number): number => Math.max(2, Math.min(rounds, Math.round(budget / seconds)));
  if (typeof run !== 'function') {
    const sample = async (): Promise<number> => {
      const seconds = await run.seconds();
      if (rest > 0) await sleep(1000 * rest);
      return seconds;
    };
    return { name, sample, rounds: roundsFor(run.took ?? (await sample())), samples: [] };
  }
  const { times, seconds } = calibrate(run, slice, warmUp);
  const slices = Math.max(1, Math.round(sample / seconds));
  // The median of short slices, so that being put off by another process costs a slice and not the sample.
  const take = (): number =>
    quantile(
      Array.from({ length: slices }, () => time(run, times)),
      0.5,
    );
  return { name, sample: async () => take(), rounds: roundsFor(seconds * slices), samples: [] };
}

/** What {@link compare} measured of one candidate. */
export interface Measured {
  /** Of one repetition, over the rounds. */
  readonly seconds: Quartiles;
  /** The time of this candidate over that of the first, within each round. */
  readonly ratio: Quartiles;
}

/**
 * Times the candidates against each other.
 *
 * @param runs - by name; the first is what the others are compared with
 */
export async function compare<K extends string>(
  runs: Readonly<Record<K, Candidate>>,
  effort: Effort,
): Promise<Record<K, Measured>> {
  const entries: Entry[] = [];
  for (const [name, run] of Object.entries<Candidate>(runs)) entries.push(await entryOf(name, run, effort));
  const [first, ...others] = entries;
  first.rounds = Math.max(...(others.length > 0 ? others : entries).map(({ rounds }) => rounds));
  for (let round = 0; round < first.rounds; round++) {
    const playing = entries.filter(({ rounds }) => round < rounds);
    // A B, then B A: neither is always the one that follows the other.
    if (round % 2 === 1) playing.reverse();
    for (const entry of playing) entry.samples.push(await entry.sample());
  }
  const measured = entries.map(({ name, samples }) => {
    const ratios = samples.map((seconds, round) => seconds / first.samples[round]);
    return [name, { seconds: quartiles(samples), ratio: quartiles(ratios) }];
  });
  return Object.fromEntries(measured);
}

/** What the loops returned, added up: looking at it keeps them from being left out. */
export const used = (): number => sink;
