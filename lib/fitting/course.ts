// Generator of several fits, driven on the calling thread or asynchronously.
import type { Backend, FitJob, Outcome, Watch } from '../backend/interface.js';

/** Asks for fits, one after another, and is given their outcomes; null asks for a pause, so that others get a turn. */
export type FitGenerator<R> = Generator<FitJob | null, R, Outcome | undefined>;

/** One fit of a course. */
export function* fitted(job: FitJob): FitGenerator<Outcome> {
  return (yield job) as Outcome;
}

export function runSync<R>(backend: Backend, course: FitGenerator<R>): R {
  let next = course.next();
  while (!next.done) next = course.next(next.value ? backend.fitSync(next.value) : undefined);
  return next.value;
}

/** How long a course keeps the event loop to itself, in milliseconds. */
const turn = 5;

/** `watch`: under which halt. */
export async function run<R>(backend: Backend, course: FitGenerator<R>, watch?: Watch): Promise<R> {
  let end = 0;
  let next = course.next();
  while (!next.done) {
    const job = next.value;
    const due = performance.now() >= end;
    const outcome = job ? await backend.fit(job, watch) : undefined;
    if (!job && due) await new Promise((resolve) => setImmediate(resolve));
    watch?.halt.check();
    if (job || due) end = performance.now() + turn;
    next = course.next(outcome);
  }
  return next.value;
}
