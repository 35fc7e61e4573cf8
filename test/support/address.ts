// Where an array lies in memory, found by looking for its bytes in /proc/self/mem (Linux).
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

/** An emulator's /proc shows the emulator's memory, not the program's. */
export const canFindAddresses = process.platform === 'linux' && !process.env.NABLA_SLOW;

const chunk = 1 << 20;

/** The address of an array of at least three elements, which this overwrites. */
export function addressOf(array: Float64Array): number {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, 24);
  const refill = () => {
    for (let i = 0; i < bytes.length; i++) bytes[i] = Math.random() * 256;
  };
  refill();
  const pattern = Buffer.from(bytes);
  const memory = openSync('/proc/self/mem', 'r');
  try {
    const places = findAll(memory, pattern);
    // Copies of the bytes were found too: only the array itself follows a change.
    refill();
    const now = Buffer.alloc(bytes.length);
    const own = places.filter((place) => read(memory, now, place) === now.length && now.equals(bytes));
    if (own.length !== 1) throw new Error(`the array was found at ${own.length} places`);
    return own[0];
  } finally {
    closeSync(memory);
  }
}

function read(memory: number, into: Buffer, place: number): number {
  try {
    return readSync(memory, into, 0, into.length, place);
  } catch {
    return 0; // a guard page
  }
}

function findAll(memory: number, pattern: Buffer): number[] {
  const places: number[] = [];
  const room = Buffer.allocUnsafe(chunk);
  for (const [, from, to] of readFileSync('/proc/self/maps', 'latin1').matchAll(/^([\da-f]+)-([\da-f]+) rw/gm)) {
    const end = Number.parseInt(to, 16);
    for (let at = Number.parseInt(from, 16); at < end; at += chunk - pattern.length) {
      const length = read(memory, room.subarray(0, Math.min(chunk, end - at)), at);
      const seen = room.subarray(0, length);
      for (let k = seen.indexOf(pattern); k >= 0; k = seen.indexOf(pattern, k + 1)) places.push(at + k);
    }
  }
  return places;
}
