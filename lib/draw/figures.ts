// Format of counts, measured numbers and durations.

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** A count with thousands set apart. */
export function count(n: number): string {
  return grouped.format(n);
}

/** "1 row", "2 rows". */
export function counted(n: number, what: string): string {
  return `${count(n)} ${what}${n === 1 ? '' : 's'}`;
}

/** A measured number in six digits. */
export function measured(x: number): string {
  if (!Number.isFinite(x)) return '–';
  const size = Math.abs(x);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) return x.toExponential(5);
  return x.toLocaleString('en-US', { maximumSignificantDigits: 6, useGrouping: size >= 1e4 });
}

export function seconds(s: number): string {
  return s < 1 ? `${Math.round(s * 1000)} ms` : `${s.toFixed(s < 10 ? 2 : 1)} s`;
}
