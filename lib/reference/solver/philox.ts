// Philox4x32-10 random generator: a pure function of seed, stream, epoch and index.
// (Salmon, Moraes, Dror and Shaw, SC 2011.) Twin: native/solver/philox.h.

/** The high 32 bits of a 32 × 32 bit product. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  return (aHigh * bHigh + Math.floor(middle / 65536) + ((middle % 65536) + aLow * bHigh) / 65536) >>> 0;
}

export class Philox {
  readonly #words = new Uint32Array(4);
  readonly #seed: number;
  readonly #stream: number;
  #epoch = 0;
  #block = -1;

  constructor(seed: number, stream: number) {
    this.#seed = seed;
    this.#stream = stream;
  }

  setEpoch(epoch: number): void {
    this.#epoch = epoch;
    this.#block = -1;
  }

  /** Draw `index` of this epoch: a whole number below n, from 53 random bits. A block of four words gives two. */
  below(n: number, index: number): number {
    const block = Math.floor(index / 2);
    if (block !== this.#block) this.#generate(block);
    const word = (index % 2) * 2;
    const uniform = ((this.#words[word] >>> 5) * 67108864 + (this.#words[word + 1] >>> 6)) * 2 ** -53;
    return Math.floor(uniform * n);
  }

  #generate(block: number): void {
    this.#block = block;
    let c0 = block >>> 0;
    let c1 = this.#epoch >>> 0;
    let c2 = Math.floor(this.#epoch / 2 ** 32) >>> 0;
    let c3 = this.#stream;
    let k0 = this.#seed >>> 0;
    let k1 = Math.floor(this.#seed / 2 ** 32) >>> 0;
    for (let round = 0; round < 10; round++) {
      const aHigh = multiplyHigh(0xd2511f53, c0);
      const aLow = Math.imul(0xd2511f53, c0);
      const bHigh = multiplyHigh(0xcd9e8d57, c2);
      const bLow = Math.imul(0xcd9e8d57, c2);
      c0 = (bHigh ^ c1 ^ k0) >>> 0;
      c1 = bLow >>> 0;
      c2 = (aHigh ^ c3 ^ k1) >>> 0;
      c3 = aLow >>> 0;
      k0 = (k0 + 0x9e3779b9) >>> 0;
      k1 = (k1 + 0xbb67ae85) >>> 0;
    }
    this.#words[0] = c0;
    this.#words[1] = c1;
    this.#words[2] = c2;
    this.#words[3] = c3;
  }
}
