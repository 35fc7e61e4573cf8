// A run's state as plain numbers, written or read back in one order. Twin: native/solver/archive.h.

/** What can be put away and taken up again: `exchange` names its parts in order, to be written or replaced. */
export interface Archived {
  exchange(archive: Archive): void;
}

export class Archive {
  readonly #from: Float64Array | null;
  readonly #to: number[] = [];
  #at = 0;

  /** `from`: what was written before; without it the archive writes. */
  constructor(from: Float64Array | null = null) {
    this.#from = from;
  }

  /** Writes the number, or returns the one that was written in its place. */
  number(value: number): number {
    if (this.#from) return this.#from[this.#at++];
    this.#to.push(value);
    return value;
  }

  flag(value: boolean): boolean {
    return this.number(Number(value)) !== 0;
  }

  array(values: Float64Array): void {
    for (let i = 0; i < values.length; i++) values[i] = this.number(values[i]);
  }

  get isRead(): boolean {
    return this.#from !== null;
  }

  /** Whether what was read had as many numbers as were asked for. */
  get isWhole(): boolean {
    return this.#from === null || this.#at === this.#from.length;
  }

  get written(): Float64Array {
    return Float64Array.from(this.#to);
  }
}

export function stateOf(thing: Archived): Float64Array {
  const archive = new Archive();
  thing.exchange(archive);
  return archive.written;
}
