// A paired benchmark: candidates are timed in turn, round after round, so that whatever disturbs the machine
// disturbs all of them. What counts is the ratio within a round; its median over the rounds is reported.

const sink = { value: 0 };
const warmUpTime = 0.05;

/**
 * A loop of its own around an expression, compiled apart from all others: V8 keeps what it learns about types and
 * call targets per function, so a loop shared between candidates would slow down all but the first.
 *
 * @param expression - what is timed, in terms of the names in `scope`
 * @param scope - names and their values
 */
export function candidate(expression, scope) {
  const body = `'use strict';
    return (times) => {
      let last;
      for (let i = 0; i < times; i++) last = ${expression};
      return last;
    };`;
  return new Function(...Object.keys(scope), body)(...Object.values(scope));
}

/** Seconds that one repetition takes, measured over `times` of them. */
function time(run, times) {
  const start = process.hrtime.bigint();
  const last = run(times);
  const end = process.hrtime.bigint();
  if (typeof last === 'number') sink.value += last; // the result is used, so the work cannot be left out
  return (Number(end - start) * 1e-9) / times;
}

/** How many repetitions take about `target` seconds; warms the code up on the way. */
function calibrate(run, target) {
  let times = 1;
  let warm = 0;
  // Optimised code replaces the interpreter on the way, so only what has run for a while is believed.
  for (let tries = 0; ; tries++) {
    const taken = time(run, times) * times;
    warm += taken;
    if (taken > target / 2 && tries > 0 && warm > warmUpTime) return Math.max(1, Math.round((times * target) / taken));
    if (taken < target) times = Math.ceil(times * Math.min(4, Math.max(1.1, target / Math.max(taken, 1e-9))));
  }
}

/** The quantile p of some numbers, between neighbours where it falls between. */
export function quantile(numbers, p) {
  const sorted = Float64Array.from(numbers).sort();
  const at = p * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

/** The median of short slices, so that being put off by another process costs a slice and not the sample. */
function sampleOf({ run, times, slices }) {
  const taken = [];
  for (let k = 0; k < slices; k++) taken.push(time(run, times));
  return quantile(taken, 0.5);
}

/**
 * Times the candidates against each other.
 *
 * @param runs - by name, what {@link candidate} made; the first is what the others are compared with
 * @param options.rounds - how many
 * @param options.sample - seconds of one sample of a candidate, taken in slices of `slice` seconds
 * @returns by name: `seconds` of one repetition (the median), and `ratio`: the time of this candidate over the time of
 *   the first, as [lower quartile, median, upper quartile] over the rounds
 */
export function compare(runs, { rounds = 15, sample = 0.006, slice = 0.0005 } = {}) {
  const entries = Object.entries(runs).map(([name, run]) => {
    const times = calibrate(run, slice);
    const one = time(run, times) * times;
    return { name, run, times, slices: Math.max(1, Math.round(sample / one)), samples: [] };
  });
  for (let round = 0; round < rounds; round++) {
    // A B, then B A: neither is always the one that follows the other.
    const order = round % 2 === 0 ? entries : [...entries].reverse();
    for (const entry of order) entry.samples.push(sampleOf(entry));
  }
  const first = entries[0].samples;
  return Object.fromEntries(
    entries.map(({ name, samples }) => {
      const ratios = samples.map((seconds, round) => seconds / first[round]);
      return [name, { seconds: quantile(samples, 0.5), ratio: [0.25, 0.5, 0.75].map((p) => quantile(ratios, p)) }];
    }),
  );
}

/** What the loops returned, added up: printing it keeps them from being left out. */
export const used = () => sink.value;
