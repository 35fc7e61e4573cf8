// The line protocol of the benchmark's programs, for Node: see protocol.h.
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** The arguments of a line; arrays are read when they are asked for. */
class Args {
  constructor(words) {
    for (const word of words) {
      const at = word.indexOf('=');
      this[word.slice(0, at)] = word.slice(at + 1);
    }
  }
  number(key) {
    return Number(this[key]);
  }
  array(key) {
    const bytes = readFileSync(this[key]);
    return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  }
}

/** `works`: by name, a function that prepares and returns the work to be timed, which returns the weights or theirs. */
export async function serve(works) {
  const slots = new Map();
  const results = new Map();
  for await (const line of createInterface({ input: process.stdin })) {
    const [command, slot, ...words] = line.split(' ');
    let answer = 'ready';
    if (command === 'prepare') {
      const args = new Args(words);
      slots.set(slot, works[args.work]?.(args));
      if (!slots.get(slot)) answer = 'no';
    } else if (command === 'run') {
      const start = process.hrtime.bigint();
      results.set(slot, await slots.get(slot)());
      answer = Number(process.hrtime.bigint() - start) * 1e-9;
    } else if (command === 'weights') {
      writeFileSync(words[0], new Uint8Array(Float64Array.from(results.get(slot)).buffer));
    } else {
      slots.clear();
      results.clear();
    }
    console.log(`${answer}`);
  }
}
