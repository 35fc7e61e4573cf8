// Row of the benchmark: a piece of work, its limit on the machine, and its aims.
import type { Candidate, Quartiles } from './harness.js';
import type { Limit } from './limits.js';

/** What peers are given: numbers and names as they are, arrays as files. */
export type Argument = number | string | Float64Array | Uint32Array;

/** The same work for peers, and how it is seen that they have done it. */
export interface Contest {
  readonly args: Readonly<Record<string, Argument>>;
  /** By the name in the table: a program of bench/peers, and what it is given beside `args`. */
  readonly peers: Readonly<Record<string, { program: string; [argument: string]: Argument }>>;
  /** Weights that a peer ends with. */
  readonly weights: number;
  /** What the benchmark itself makes of weights; they must be finite. */
  loss(weights: Float64Array): number;
  /** The loss that nabla reaches. */
  readonly ours: number;
  /** How far from it, in its own size, a peer's may be. */
  readonly agree: number;
  /** Or the loss that all must get down to: peers are given the largest `tolerance` with which they do. */
  readonly reach?: number;
}

export interface Made {
  readonly nabla: Candidate;
  readonly plain?: Candidate;
  /** Of how many equal parts of the work `plain` does one, where all of it would take too long. Default 1. */
  readonly plainParts?: number;
  /** Measured in the same rounds for `must`. */
  readonly more?: Readonly<Record<string, Candidate>>;
  readonly contest?: Contest;
}

export interface Result {
  readonly name: string;
  readonly group: string;
  /** Of nabla for one of what is counted, in seconds (a size: bytes). */
  readonly value: Quartiles;
  readonly unit: 's' | 'B' | '';
  readonly per: string;
  readonly floor: { value: number; limit: string } | null;
  /** nabla over the floor, within the rounds. */
  readonly ofFloor: Quartiles | null;
  /** Others over nabla: the times that nabla is faster. */
  readonly plain: { value: number; ratio: Quartiles } | null;
  readonly peers: readonly Rival[];
  readonly more: Readonly<Record<string, Quartiles>>;
  readonly must: readonly Verdict[];
  /** The curve of a row that is measured at several sizes. */
  readonly curve?: readonly (readonly [number, number])[];
}

/** A peer's place beside nabla, or why it has none. */
export type Rival = { name: string } & ({ value: number; ratio: Quartiles } | { why: string });

export interface Verdict {
  readonly text: string;
  /** What it came to; null: not known, for want of a peer or a limit. */
  readonly reached: string | null;
  readonly met: boolean | null;
}

export type Must = (result: Omit<Result, 'must'>) => Verdict;

export interface Row {
  readonly name: string;
  readonly group: string;
  /** Whether it is short enough for --quick. */
  readonly quick?: boolean;
  /** What it takes at least; the slowest of these is the floor. */
  readonly needs?: Partial<Record<Limit, number>>;
  /** Bytes that it goes over, again and again. */
  readonly size?: number;
  /** Threads that nabla may use. Default 1. */
  readonly threads?: number;
  /** What the time is told for, and how many of that a run has. */
  readonly per?: { readonly name: string; readonly count: number };
  readonly must?: readonly Must[];
  make(): Made | Promise<Made>;
}
