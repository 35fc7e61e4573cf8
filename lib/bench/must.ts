// Aims of the benchmark rows, and whether they are met.
import type { Must, Verdict } from './row.js';
import { digits, timeText } from './table.js';

const verdict = (text: string, reached: string | null, met: boolean): Verdict => ({
  text,
  reached,
  met: reached === null ? null : met,
});

/** The median time of one. */
export const within =
  (seconds: number): Must =>
  ({ value }) =>
    verdict(`≤ ${timeText(seconds)}`, timeText(value[1]), value[1] <= seconds);

export const bytesWithin =
  (bytes: number): Must =>
  ({ value }) =>
    verdict(`≤ ${bytes / 1e6} MB`, `${digits(value[1] / 1e6)} MB`, value[1] <= bytes);

/** Not slower than the floor by more than this factor. */
export const ofFloor =
  (factor: number): Must =>
  ({ ofFloor: reached }) =>
    verdict(`≤ ${factor} × floor`, reached && `${digits(reached[1])} ×`, (reached?.[1] ?? 0) <= factor);

/** At least this part of the limit. */
export const ofLimit =
  (part: number): Must =>
  ({ ofFloor: reached }) => {
    const percent = reached ? 100 / reached[1] : 0;
    return verdict(`≥ ${100 * part} % of the limit`, reached && `${Math.round(percent)} %`, percent >= 100 * part);
  };

/** So many times as fast as a peer. */
export const timesAsFastAs =
  (peer: string, factor: number): Must =>
  ({ peers }) => {
    const rival = peers.find(({ name }) => name === peer);
    const ratio = rival && 'ratio' in rival ? rival.ratio[1] : null;
    return verdict(`≥ ${factor} × ${peer}`, ratio === null ? null : `${digits(ratio)} ×`, (ratio ?? 0) >= factor);
  };

/** What all threads must gain over one. */
export const gain =
  (factor: number): Must =>
  ({ more, value }) => {
    const ratio = more['one thread'][1] / value[1];
    return verdict(`≥ ${factor} × one thread`, `${digits(ratio)} ×`, ratio >= factor);
  };

/** What all threads must gain over one, unless they are at the limit then. */
export const byThreads =
  (factor: number, part: number): Must =>
  ({ more, value, ofFloor: reached }) => {
    const ratio = more['one thread'][1] / value[1];
    const percent = reached ? 100 / reached[1] : 0;
    const met = ratio >= factor || percent >= 100 * part;
    const limit = reached ? `, ${Math.round(percent)} %` : '';
    return verdict(`≥ ${factor} × one thread, or ${100 * part} % of the limit`, `${digits(ratio)} ×${limit}`, met);
  };
