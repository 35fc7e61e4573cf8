// Growable arrays of numbers in blocks: growing copies nothing.

type Block = Float64Array | Uint16Array;

const bits = 13;
const size = 1 << bits;

export class Blocks<T extends Block> {
  readonly #make: (length: number) => T;
  readonly #blocks: T[] = [];
  length = 0;

  constructor(make: (length: number) => T) {
    this.#make = make;
  }

  push(value: number): void {
    const at = this.length % size;
    if (at === 0) this.#blocks.push(this.#make(size));
    this.#blocks[this.#blocks.length - 1][at] = value;
    this.length++;
  }

  at(i: number): number {
    return this.#blocks[i >>> bits][i % size];
  }
}

export const float64Blocks = (): Blocks<Float64Array> => new Blocks((length) => new Float64Array(length));
export const uint16Blocks = (): Blocks<Uint16Array> => new Blocks((length) => new Uint16Array(length));
