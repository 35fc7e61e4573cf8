// Table of the results, in Markdown.
import type { Quartiles } from './harness.js';
import type { Result, Rival, Verdict } from './row.js';

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
export const count = (n: number): string => grouped.format(n);

/** Three digits and a unit. */
export function timeText(seconds: number): string {
  if (!(seconds > 0)) return '0';
  const power = Math.min(3, Math.max(0, Math.floor(-Math.log10(seconds * 1.0005) / 3) + 1));
  const value = seconds * 1000 ** power;
  return `${value >= 100 ? Math.round(value) : Number(value.toPrecision(3))} ${['s', 'ms', 'µs', 'ns'][power]}`;
}

export const digits = (x: number): string => (x < 10 ? x.toFixed(2) : x < 100 ? x.toFixed(1) : count(x));
const spread = ([low, median, high]: Quartiles): string => `${digits(median)} (${digits(low)}–${digits(high)})`;

export const valueText = ({ unit, per }: Pick<Result, 'unit' | 'per'>, value: number): string =>
  unit === 'B' ? `${digits(value / 1e6)} MB` : `${timeText(value)}${per && ` a ${per}`}`;

const rivalText = (rival: Rival): string =>
  'ratio' in rival ? `${rival.name} ${spread(rival.ratio)}` : `${rival.name}: ${rival.why}`;

const head = ['work', 'nabla', 'floor', 'nabla ÷ floor', 'plain ÷ nabla', 'peers ÷ nabla', 'must reach', 'met'];

function cells(result: Result): string[] {
  const { name, value, floor, ofFloor, plain, peers, must } = result;
  return [
    name,
    valueText(result, value[1]),
    floor ? `${valueText(result, floor.value)}, ${floor.limit}` : '',
    ofFloor ? spread(ofFloor) : '',
    plain ? spread(plain.ratio) : '',
    peers.map(rivalText).join('; '),
    must.map(({ text }) => text).join('; '),
    must.map(({ reached, met }) => (met === null ? '?' : met ? 'yes' : `**no**: ${reached}`)).join('; '),
  ];
}

export function tableText(results: readonly Result[]): string {
  const lines = results.map((result) => `| ${cells(result).join(' | ')} |`);
  return [`| ${head.join(' | ')} |`, '|---|--:|--:|--:|--:|---|---|---|', ...lines].join('\n');
}

const told = (peers: readonly Rival[]) => peers.flatMap((peer) => ('ratio' in peer ? [peer] : []));

/** The peer that comes nearest. */
function nearest(peers: readonly Rival[]): string {
  const best = told(peers).sort((a, b) => a.ratio[1] - b.ratio[1])[0];
  return best ? `${digits(best.ratio[1])} (${best.name})` : '';
}

const aimText = ({ text, reached, met }: Verdict): string =>
  met === null ? `${text}?` : met ? text : `**${text}**: ${reached}`;

/** Medians alone. */
export function shortTable(results: readonly Result[]): string {
  const lines = results.map((result) => {
    const { name, value, ofFloor, plain, peers, must } = result;
    const ratios = [ofFloor ? digits(ofFloor[1]) : '', plain ? digits(plain.ratio[1]) : '', nearest(peers)];
    const aims = must.map(aimText).join('; ');
    return `| ${[name, valueText(result, value[1]), ...ratios, aims].join(' | ')} |`;
  });
  const head = ['work', 'nabla', '÷ floor', 'plain ÷ nabla', 'best peer ÷ nabla', 'aim (bold: not met)'];
  return [`| ${head.join(' | ')} |`, '|---|--:|--:|--:|--:|---|', ...lines].join('\n');
}

/** How many of the aims are met, and where peers are ahead. */
export function tally(results: readonly Result[]): string {
  const all = results.flatMap(({ must }) => must);
  const met = all.filter((verdict) => verdict.met).length;
  const unknown = all.filter((verdict) => verdict.met === null).length;
  const aims = `${met} of ${all.length} aims are met${unknown > 0 ? `, ${unknown} cannot be told here` : ''}.`;
  const raced = results.filter(({ peers }) => told(peers).length > 0);
  if (raced.length === 0) return aims;
  const won = raced.filter(({ peers }) => told(peers).every(({ ratio }) => ratio[1] > 1)).length;
  return `${aims} Of ${raced.length} rows with peers, nabla is ahead of all of them in ${won}.`;
}
