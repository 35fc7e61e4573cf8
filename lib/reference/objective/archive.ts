// Archive: the state of a run as a list of numbers, written or read back in one order.
// Twin: native/objective/archive.h.
import { NablaError } from '../../base/errors.js';

/** What can be put away and taken up again: `serialize` names its parts in order, to be written or replaced. */
export interface Archived {
  serialize(archive: Archive): void;
}

/** What a number may be. What is read may come from a file. */
export const ranges = {
  any: (_: number): boolean => true,
  notNaN: (x: number): boolean => !Number.isNaN(x),
  finite: Number.isFinite as (x: number) => boolean,
  /** 0 or more, finite */
  size: (x: number): boolean => x >= 0 && x < Infinity,
  /** 0 or more, ∞ where it has overflown */
  square: (x: number): boolean => x >= 0,
  /** a square, or NaN: not known */
  measured: (x: number): boolean => !(x < 0),
  /** from 0 to 1 */
  part: (x: number): boolean => x >= 0 && x <= 1,
} as const;
type Range = keyof typeof ranges;

/** Counts of more epochs or steps than a fit can make are none: sums of them would not be whole numbers. */
export const mostCounted = 2 ** 52;

export const isCount = (x: unknown, most = mostCounted): x is number =>
  Number.isInteger(x) && (x as number) >= 0 && (x as number) <= most;

export class Archive {
  readonly #from: Float64Array | null;
  readonly #to: number[] = [];
  #at = 0;

  /**
   * `from`: what was written before; without it the archive writes. It is read up to a number that no state has in its
   * place, where ERR_CHECKPOINT_MISMATCH is thrown.
   */
  constructor(from: Float64Array | null = null) {
    this.#from = from;
  }

  /** Writes the number, or returns the one that was written in its place. */
  number(value: number, range: Range = 'finite'): number {
    if (!this.#from) {
      this.#to.push(value);
      return value;
    }
    this.require(this.#at < this.#from.length);
    const read = this.#from[this.#at++];
    this.require(ranges[range](read));
    return read;
  }

  flag(value: boolean): boolean {
    const number = this.number(Number(value));
    this.require(number === 0 || number === 1);
    return number === 1;
  }

  /** A whole number, no larger than `most`. */
  count(value: number, most = mostCounted): number {
    const number = this.number(value);
    this.require(isCount(number, most));
    return number;
  }

  array(values: Float64Array, range: Range = 'finite'): void {
    for (let i = 0; i < values.length; i++) values[i] = this.number(values[i], range);
  }

  get isRead(): boolean {
    return this.#from !== null;
  }

  /** Numbers of what is read that are still to come. */
  get left(): number {
    return this.#from ? this.#from.length - this.#at : Infinity;
  }

  /** Of what is read, that it holds. */
  require(holds: boolean): void {
    if (!this.#from || holds) return;
    throw new NablaError('ERR_CHECKPOINT_MISMATCH', 'a state that belongs to another fit');
  }

  requireEnd(): void {
    this.require(this.#at === this.#from?.length);
  }

  get written(): Float64Array {
    return Float64Array.from(this.#to);
  }
}

export function stateOf(thing: Archived): Float64Array {
  const archive = new Archive();
  thing.serialize(archive);
  return archive.written;
}
