// Runs the benchmark: the machine's limits, then the rows, then the report.
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { backend, NablaError } from '../index.js';
import { barPicture } from './barpicture.js';
import { derivativeRows } from './derivatives.js';
import { descentRows } from './descents.js';
import { type Effort, used, usualEffort } from './harness.js';
import { type Gauges, kernelGauges, type Limit, limits, rateOf } from './limits.js';
import { manyRows } from './many.js';
import { measureRow, type Peers } from './measure.js';
import { pathRows } from './paths.js';
import { productRows } from './products.js';
import type { Result, Row } from './row.js';
import { type Digits, solverRows } from './solvers.js';
import { shortTable, tableText, tally, timeText } from './table.js';
import { updateRows } from './updates.js';
import { vectorRows, warmUp } from './vectors.js';
import { growth, installedSize, loading, loadingWays, tinyFit } from './whole.js';
import { wideRows } from './wide.js';

export interface BenchFlags {
  /** A part of the rows, fewer rounds, no peers: below a minute. */
  readonly quick?: boolean;
  readonly json?: boolean;
  /** Rows whose name or group has this in it. */
  readonly only?: string;
  /** Where to draw the results. */
  readonly svg?: string;
}

/** What a checkout has and an installed package has not. */
export interface Equipment {
  readonly gauges?: Gauges;
  readonly peers?: Peers;
  /** Which peers there are, and which not. */
  readonly peersText?: string;
  readonly digits?: Digits;
}

interface Io {
  stdout: { write(text: string): unknown };
  stderr: { write(text: string): unknown; isTTY?: boolean };
}

/** Limits of the whole machine. `rate` null: not known here. */
interface LimitResult {
  readonly limit: Limit;
  readonly threads: number;
  readonly rate: number | null;
}

export interface Report {
  readonly machine: string;
  readonly library: string;
  /** The instruction set in use. */
  readonly target: string;
  readonly date: string;
  readonly limitsBy: string;
  readonly limits: readonly LimitResult[];
  readonly peers: string;
  readonly results: readonly Result[];
}

async function limitsOf(gauges: Gauges, effort: Effort): Promise<LimitResult[]> {
  const all = availableParallelism();
  const list: [Limit, number][] = [
    ['read', 1],
    ['read', all],
    ['copy', 1],
    ['copy', all],
    ['arithmetic', 1],
    ['roots', 1],
    ['call', 1],
  ];
  const results: LimitResult[] = [];
  for (const [limit, threads] of list) {
    results.push({ limit, threads, rate: await rateOf(gauges, limit, threads, effort) });
  }
  await gauges.reset?.();
  return results;
}

function limitText({ limit, threads, rate }: LimitResult): string {
  const { unit, what } = limits[limit];
  const name = `${what}${unit === 'B/s' ? `, ${threads} ${threads === 1 ? 'thread' : 'threads'}` : ''}`;
  if (rate === null) return `- ${name}: not measured here`;
  return `- ${name}: ${unit === '/s' ? timeText(1 / rate) : `${(rate / 1e9).toFixed(1)} G${unit}`}`;
}

/** The report as Markdown. */
export function reportText({ machine, library, date, limitsBy, limits, peers, results }: Report): string {
  const head = [`${machine}; ${library}. ${date}.`, '', `Limits, ${limitsBy}:`, ...limits.map(limitText)];
  return [...head, '', peers, '', tableText(results), '', tally(results)].join('\n');
}

/** The rows that have an aim, in short, for the front page. */
export function mainTable({ machine, library, date, results }: Report): string {
  const rows = results.filter(({ must }) => must.length > 0);
  return [`${machine}; ${library}. ${date}.`, '', shortTable(rows), '', tally(rows)].join('\n');
}

const quickEffort: Effort = { ...usualEffort, rounds: 5, sample: 0.004, budget: 0.3, warmUp: 0.03 };

export async function bench(flags: BenchFlags, io: Io, equipment: Equipment = {}): Promise<Report> {
  const { quick = false, json = false, only, svg } = flags;
  const { gauges = kernelGauges, peers = null, digits } = equipment;
  const effort = quick ? quickEffort : usualEffort;
  const wanted = ({ name, group }: { name: string; group: string }): boolean =>
    only === undefined || `${group}: ${name}`.toLowerCase().includes(only.toLowerCase());
  const say = (line: string): void => {
    if (io.stderr.isTTY) io.stderr.write(`\r\x1b[K${line}`);
  };

  const results: Result[] = [];
  const rows: Row[] = [
    ...vectorRows,
    ...productRows,
    ...derivativeRows,
    ...descentRows,
    ...solverRows(digits),
    ...pathRows,
    ...wideRows,
    ...updateRows,
    ...manyRows,
    tinyFit,
  ];
  const chosen = rows.filter((row) => wanted(row) && (row.quick || !quick));
  // These are no rows of the harness: they are measured over sizes, or in processes of their own.
  const around: { name: string; group: string; measure(): Promise<Result> | Result | null }[] = [
    { name: 'growth with rows', group: 'around it', measure: () => growth(quick ? 1e6 : 1e7, effort) },
    ...loadingWays.map((name) => ({ name, group: 'around it', measure: () => loading(name, quick ? 9 : 25) })),
    { name: 'installed size', group: 'around it', measure: installedSize },
  ];
  const others = around.filter(wanted);
  const total = chosen.length + others.length;
  if (total === 0) throw new NablaError('ERR_UNKNOWN_OPTION', `no row of the benchmark has ${only} in its name`);

  warmUp();
  say('limits');
  const measuredLimits = await limitsOf(gauges, effort);
  for (const row of chosen) {
    say(`${results.length + 1}/${total} ${row.name}`);
    results.push(await measureRow(row, gauges, quick ? null : peers, effort));
  }
  for (const { name, measure } of others) {
    say(`${results.length + 1}/${total} ${name}`);
    const result = await measure();
    if (result) results.push(result);
  }
  say('');

  const report: Report = {
    machine: `${cpus()[0].model.trim()}, ${availableParallelism()} CPUs, ${process.platform} ${process.arch}, Node ${process.version}`,
    library: `nabla ${backend.version}, backend ${backend.name} (${backend.target})`,
    target: backend.target,
    date: new Date().toISOString().slice(0, 10),
    limitsBy: gauges.how,
    limits: measuredLimits,
    peers: quick ? 'A quick run has no peers.' : (equipment.peersText ?? 'Peers run in a checkout only.'),
    results,
  };
  io.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : `${reportText(report)}\n`);
  if (svg !== undefined) writeFileSync(svg, pictureOf(report));
  if (!Number.isFinite(used())) io.stderr.write('a result was not finite\n');
  return report;
}

export const pictureOf = ({ machine, library, date, results }: Report): string =>
  barPicture(results, 'nabla beside plain JavaScript, its peers and the machine', `${machine}; ${library}; ${date}`);
