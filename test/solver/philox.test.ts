// The random numbers: Philox4x32-10, held against a plain 64-bit version of it and that against the known answers of
// its authors (Random123, kat_vectors).
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Philox } from '../../lib/reference/solver/philox.js';
import { runs } from '../support/support.js';

type Words = [bigint, bigint, bigint, bigint];

function philox([c0, c1, c2, c3]: Words, [k0, k1]: [bigint, bigint]): Words {
  const low = 0xffffffffn;
  for (let round = 0n; round < 10n; round++) {
    const a = 0xd2511f53n * c0;
    const b = 0xcd9e8d57n * c2;
    const key0 = (k0 + round * 0x9e3779b9n) & low;
    const key1 = (k1 + round * 0xbb67ae85n) & low;
    [c0, c1, c2, c3] = [(b >> 32n) ^ c1 ^ key0, b & low, (a >> 32n) ^ c3 ^ key1, a & low];
  }
  return [c0, c1, c2, c3];
}

/** The words of a draw's block: key is the seed; the counter is block, epoch (low, high), stream. */
function block(seed: number, stream: number, epoch: number, number: number): Words {
  const halves = (x: number): [bigint, bigint] => [BigInt(x) & 0xffffffffn, BigInt(x) >> 32n];
  return philox([BigInt(number), ...halves(epoch), BigInt(stream)], halves(seed));
}

function drawer(seed: number, stream: number, epoch: number): Philox {
  const philox = new Philox(seed, stream);
  philox.setEpoch(epoch);
  return philox;
}

/** The bits of a draw: below(2^53) is all 53 of them, 27 of one word and 26 of the next. */
function bits(words: Words, index: number): number {
  const k = 2 * (index % 2);
  return Number(((words[k] >> 5n) << 26n) | (words[k + 1] >> 6n));
}

describe('known answers', () => {
  it.each([
    ['00000000 00000000 00000000 00000000', '00000000 00000000', '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    ['ffffffff ffffffff ffffffff ffffffff', 'ffffffff ffffffff', '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    ['243f6a88 85a308d3 13198a2e 03707344', 'a4093822 299f31d0', 'd16cfe09 94fdcceb 5001e420 24126ea1'],
  ])('counter %s, key %s', (counter, key, answer) => {
    const words = (text: string) => text.split(' ').map((word) => BigInt(`0x${word}`));
    expect(philox(words(counter) as Words, words(key) as [bigint, bigint])).toEqual(words(answer));
  });

  it('of the class: seed, stream, epoch and index 0', () => {
    const philox = drawer(0, 0, 0);
    expect(philox.below(2 ** 53, 0)).toBe((0x6627e8d5 >>> 5) * 2 ** 26 + (0xe169c58d >>> 6));
    expect(philox.below(2 ** 53, 1)).toBe((0xbc57ac4c >>> 5) * 2 ** 26 + (0x9b00dbd8 >>> 6));
  });
});

describe('a draw', () => {
  it('is a pure function of seed, stream, epoch and index', () => {
    const word = fc.nat(0xffffffff);
    const wide = fc.oneof(fc.maxSafeNat(), word, fc.constantFrom(0, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER));
    const index = fc.oneof(fc.nat(100), fc.nat(2 ** 32 - 2));
    fc.assert(
      fc.property(wide, word, wide, fc.array(index, { minLength: 1 }), (seed, stream, epoch, indices) => {
        const philox = drawer(seed, stream, epoch);
        for (const i of indices) {
          expect(philox.below(2 ** 53, i)).toBe(bits(block(seed, stream, epoch, Math.floor(i / 2)), i));
        }
      }),
      { numRuns: runs(1000) },
    );
  });

  it('of another epoch is another', () => {
    const philox = drawer(5, 2, 0);
    const first = philox.below(2 ** 53, 7);
    philox.setEpoch(1);
    const second = philox.below(2 ** 53, 7);
    philox.setEpoch(0);
    expect(second).not.toBe(first);
    expect(philox.below(2 ** 53, 7)).toBe(first);
  });

  it('is a whole number below n', () => {
    const philox = drawer(1, 3, 0);
    for (const n of [1, 2, 3, 10, 1000, 2 ** 31, 2 ** 32 - 1]) {
      for (let i = 0; i < 1000; i++) {
        const draw = philox.below(n, i);
        expect(Number.isInteger(draw) && draw >= 0 && draw < n, `${draw} below ${n}`).toBe(true);
      }
    }
  });

  it.each([2, 3, 7, 10, 100])('below %i is each number equally often', (n) => {
    const count = new Float64Array(n);
    const draws = 1000 * n;
    const philox = drawer(42, 2, 9);
    for (let i = 0; i < draws; i++) count[philox.below(n, i)]++;
    const chiSquare = count.reduce((sum, c) => sum + (c - 1000) ** 2 / 1000, 0);
    // Mean n - 1, variance 2(n - 1): six standard deviations.
    expect(chiSquare).toBeLessThan(n - 1 + 6 * Math.sqrt(2 * (n - 1)));
  });

  it('neighbours do not follow each other', () => {
    const philox = drawer(0, 2, 0);
    let up = 0;
    for (let i = 0; i < 10_000; i++) if (philox.below(2 ** 32, i) < philox.below(2 ** 32, i + 1)) up++;
    expect(Math.abs(up - 5000)).toBeLessThan(300);
  });
});
