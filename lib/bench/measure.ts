// Measures a benchmark row: nabla, its limit, a plain loop and the peers, in the same rounds.
import { type Candidate, compare, type Effort, type Measured, type Quartiles, type Remote } from './harness.js';
import { type Gauge, type Gauges, type Limit, large, limits } from './limits.js';
import type { Contest, Made, Result, Rival, Row } from './row.js';
import { tolerances } from './solvers.js';

/** A program of bench/peers that has been given a piece of work. */
export interface Prepared {
  /** Does it, and tells how long it took. */
  seconds(): Promise<number>;
  /** What it ends with. */
  weights(length: number): Promise<Float64Array>;
}

/** The peers of this machine. */
export interface Peers {
  /** null: this program is not to be had here. */
  prepare(program: string, args: Contest['args'], threads: number): Promise<Prepared | null>;
  /** Lets go of all that was prepared. */
  reset(): Promise<void>;
}

/** A peer that has shown that it does the same. */
async function admit(peers: Peers, contest: Contest, name: string, threads: number): Promise<Remote | string | null> {
  const { program, ...own } = contest.peers[name];
  const tries = contest.reach === undefined ? [0] : tolerances;
  let loss = Number.NaN;
  for (const tolerance of tries) {
    const peer = await peers.prepare(program, { ...contest.args, ...own, tolerance }, threads);
    if (!peer) return null;
    const took = await peer.seconds();
    loss = contest.loss(await peer.weights(contest.weights));
    const near = Math.abs(loss - contest.ours) <= contest.agree * Math.abs(contest.ours);
    if (contest.reach === undefined ? near : loss <= contest.reach) return { seconds: peer.seconds, took };
  }
  const what = contest.reach === undefined ? `its loss is ${loss}, not ${contest.ours}` : `it ends at ${loss}`;
  return `no ratio: ${what}`;
}

interface Need {
  readonly limit: Limit;
  readonly need: number;
  readonly gauge: Gauge;
}

/** The floor in each round's terms: gauge time × need / amount, of the need that takes longest. */
function floorOf(needs: readonly Need[], measured: Record<string, Measured>): Pick<Result, 'floor' | 'ofFloor'> {
  const floors = needs.map(({ limit, need, gauge }) => {
    const { seconds, ratio } = measured[`limit ${limit}`];
    const factor = need / gauge.amount;
    const [low, median, high] = ratio.map((part) => 1 / (part * factor));
    return {
      floor: { value: seconds[1] * factor, limit: limits[limit].what },
      ofFloor: [high, median, low] as Quartiles,
    };
  });
  return floors.reduce((a, b) => (b.floor.value > a.floor.value ? b : a), {
    floor: { value: 0, limit: '' },
    ofFloor: [0, 0, 0],
  });
}

export async function measureRow(row: Row, gauges: Gauges, peers: Peers | null, effort: Effort): Promise<Result> {
  const { threads = 1, per = { name: '', count: 1 }, size = large } = row;
  const made: Made = await row.make();
  const runs: Record<string, Candidate> = { nabla: made.nabla };
  const needs: Need[] = [];
  for (const [limit, need] of Object.entries(row.needs ?? {}) as [Limit, number][]) {
    const gauge = await gauges.of(limit, size, threads);
    if (!gauge) continue;
    needs.push({ limit, need, gauge });
    runs[`limit ${limit}`] = gauge.run;
  }
  if (made.plain) runs.plain = made.plain;
  for (const [name, run] of Object.entries(made.more ?? {})) runs[`more ${name}`] = run;
  const refused: Rival[] = [];
  const names = peers && made.contest ? Object.keys(made.contest.peers) : [];
  for (const name of names) {
    const peer = await admit(peers as Peers, made.contest as Contest, name, threads);
    if (typeof peer === 'string') refused.push({ name, why: peer });
    else if (peer) runs[`peer ${name}`] = peer;
  }

  const measured = await compare(runs, { ...effort, rest: threads > 1 ? 0.05 : 0 });
  await peers?.reset();
  await gauges.reset?.();
  const one = (seconds: Quartiles): Quartiles => seconds.map((value) => value / per.count) as Quartiles;
  const rival = (key: string, parts = 1) => ({
    value: (parts * measured[key].seconds[1]) / per.count,
    ratio: measured[key].ratio.map((ratio) => parts * ratio) as Quartiles,
  });
  const { floor, ofFloor } = needs.length > 0 ? floorOf(needs, measured) : { floor: null, ofFloor: null };
  const result: Omit<Result, 'must'> = {
    name: row.name,
    group: row.group,
    value: one(measured.nabla.seconds),
    unit: 's',
    per: per.name,
    floor: floor && { ...floor, value: floor.value / per.count },
    ofFloor,
    plain: made.plain ? rival('plain', made.plainParts) : null,
    peers: [
      ...names.filter((name) => runs[`peer ${name}`]).map((name) => ({ name, ...rival(`peer ${name}`) })),
      ...refused,
    ],
    more: Object.fromEntries(Object.keys(made.more ?? {}).map((name) => [name, one(measured[`more ${name}`].seconds)])),
  };
  return { ...result, must: (row.must ?? []).map((judge) => judge(result)) };
}
