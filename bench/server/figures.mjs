// Numbers from samples, and aims beside them.
export function percentile(samples, p) {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))];
}

export const median = (samples) => percentile(samples, 0.5);

const digits = (x) => (x >= 100 ? Math.round(x).toLocaleString('en-US') : `${Number(x.toPrecision(3))}`);
const texts = {
  s: (x) => `${digits(x * 1e3)} ms`,
  '/s': (x) => `${digits(x)}/s`,
  B: (x) => `${(x / 1e6).toFixed(2)} MB`,
};

export const text = ({ value, unit }) => texts[unit](value);

/** A figure, with what it must not exceed (`most`) or fall below (`least`). */
export function figure(name, unit, value, { most, least } = {}) {
  if (most === undefined && least === undefined) return { name, unit, value };
  const bound = most ?? least;
  const aim = `${most === undefined ? '≥' : '≤'} ${text({ value: bound, unit })}`;
  return { name, unit, value, aim, met: most === undefined ? value >= least : value <= most };
}
