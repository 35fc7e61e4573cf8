// Files: written whole or not at all, and the container that tells damage.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NablaError } from '../../lib/base/errors.js';
import { decode, encode, readPath, writeAtomic, writeAtomicSync } from '../../lib/base/file.js';
import { temporaryOf } from '../../lib/base/temporary.js';
import { expectBits, expectRefusal, runs, thrown } from '../support/support.js';

const folder = mkdtempSync(join(tmpdir(), 'nabla-'));
const bytes = Uint8Array.of(1, 2, 3, 0, 255);

describe.each([
  ['writeAtomic', writeAtomic],
  ['writeAtomicSync', async (path: string, bytes: Uint8Array) => writeAtomicSync(path, bytes)],
])('%s', (name, write) => {
  const own = join(folder, name);
  mkdirSync(own);
  const path = (file: string) => join(own, file);

  it('writes a new file, and over an old one', async () => {
    for (const content of [bytes, new Uint8Array(0), new Uint8Array(1e6).fill(7)]) {
      await write(path('new'), content);
      expect(Buffer.from(content).equals(readFileSync(path('new')))).toBe(true);
    }
  });

  it('keeps permissions and links', async () => {
    writeFileSync(path('secret'), 'old');
    chmodSync(path('secret'), 0o600);
    symlinkSync('secret', path('link'));
    await write(path('link'), bytes);
    expect([...readFileSync(path('secret'))]).toEqual([...bytes]);
    if (process.platform !== 'win32') expect(statSync(path('secret')).mode & 0o777).toBe(0o600);
  });

  it('removes what dead processes have left, and nothing else', async () => {
    const left = mkdtempSync(join(tmpdir(), 'nabla-left-'));
    const target = join(left, 'model.json');
    const mine = temporaryOf(target);
    const named = (pid: number, host?: string) =>
      basename(mine)
        .replace(`.${process.pid}.`, `.${pid}.`)
        .replace(/\.[0-9a-f]{8}\./, (own) => (host ? `.${host}.` : own));
    const dead = spawnSync(process.execPath, ['--version']).pid;
    const old = temporaryOf(target);
    writeFileSync(old, ''); // of an earlier run under the same number, as in a container
    utimesSync(old, 1, 1);
    const stays = [basename(mine), named(process.ppid), named(dead, '01234567'), '.other.tmp', 'notes'];
    for (const file of [...stays, named(dead), named(dead).replace('model', 'another')]) {
      writeFileSync(join(left, file), '');
    }
    await write(target, bytes);
    expect(readdirSync(left).sort()).toEqual([...stays, 'model.json'].sort());
  });

  it('writes under a name of any length and characters', async () => {
    const names = mkdtempSync(join(tmpdir(), 'nabla-names-'));
    for (const file of ['é'.repeat(127), '日'.repeat(85), 'a\nb', 'x'.repeat(255)])
      await write(join(names, file), bytes);
  });

  it('many at once leave one of them', async () => {
    const contents = Array.from({ length: 20 }, (_, i) => new Uint8Array(5000).fill(i));
    await Promise.all(contents.map((content) => write(path('contended'), content)));
    const left = readFileSync(path('contended'));
    expect(left.length).toBe(5000);
    expect(left.every((byte) => byte === left[0])).toBe(true);
  });

  it.each([
    ['a folder that is not there', 'nowhere/file', 'ENOENT'],
    ['a name that is too long', 'x'.repeat(300), 'ENAMETOOLONG'],
    ['a folder', '.', 'EISDIR'],
  ])('fails with the code of the system: %s', async (_name, file, code) => {
    await expect(write(path(file), bytes)).rejects.toMatchObject({ code });
  });

  it('leaves nothing else behind', () => {
    expect(readdirSync(own).sort()).toEqual(['contended', 'link', 'new', 'secret']);
  });
});

it('a path is text or a file URL', () => {
  expect(readPath('a/b')).toBe('a/b');
  expect(readPath(pathToFileURL('/a b'))).toBe('/a b');
  for (const path of [undefined, null, 3, {}, Buffer.from('x')])
    expectRefusal(readPath, [path], 'ERR_INVALID_ARG_TYPE');
});

const specials = Float64Array.of(0, -0, 5e-324, 1.7976931348623157e308, Infinity, -Infinity, NaN, 0.1, Math.PI);

/** A container with the right checksum, whatever else was done to it. */
function sealed(bytes: Uint8Array): Uint8Array {
  const end = bytes.length - 32;
  bytes.set(createHash('sha256').update(bytes.subarray(0, end)).digest(), end);
  return bytes;
}

/** A sealed container with this text and so many bytes after it. */
function contained(text: string | Uint8Array, body = 0): Uint8Array {
  const content = Buffer.from(text as string);
  const bytes = new Uint8Array(32 + content.length + body + 32);
  bytes.set(encode('model', {}, {}).subarray(0, 32));
  bytes.set(content, 32);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(8, BigInt(bytes.length), true);
  view.setBigUint64(24, BigInt(content.length), true);
  return sealed(bytes);
}

describe('the container', () => {
  const small = encode('model', { a: 1 }, { w: Float64Array.of(1, 2) });

  it('gives back any header and any arrays', () => {
    const anyArray = fc.array(fc.double(), { maxLength: 20 }).map((values) => Float64Array.from(values));
    fc.assert(
      fc.property(
        fc.constantFrom('model' as const, 'checkpoint' as const),
        fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()),
        fc.dictionary(fc.string({ unit: 'binary' }), anyArray),
        fc.nat(7),
        (kind, header, arrays, shift) => {
          const encoded = encode(kind, header, arrays);
          const moved = new Uint8Array(encoded.length + shift);
          moved.set(encoded, shift);
          const back = decode(kind, moved.subarray(shift));
          expect(JSON.stringify(back.header)).toBe(JSON.stringify(header));
          expect(Object.keys(back.arrays)).toEqual(Object.keys(arrays));
          for (const [name, array] of Object.entries(arrays)) expectBits(back.arrays[name], array, name);
          expectRefusal(decode, [kind === 'model' ? 'checkpoint' : 'model', encoded], 'ERR_MODEL_FORMAT', /holds a /);
        },
      ),
      { numRuns: runs(300) },
    );
  });

  it('is little-endian, and its arrays begin at multiples of eight bytes', () => {
    const view = new DataView(small.buffer);
    expect(Number(view.getBigUint64(8, true))).toBe(small.length);
    const text = 32 + Number(view.getBigUint64(24, true));
    expect(text % 8).toBe(0);
    expect([view.getFloat64(text, true), view.getFloat64(text + 8, true)]).toEqual([1, 2]);
    expect(small.length).toBe(text + 16 + 32);
  });

  it('keeps special numbers, parts of arrays and shared memory', () => {
    const part = new Float64Array([9, ...specials, 9]).subarray(1, -1);
    const shared = new Float64Array(new SharedArrayBuffer(8 * specials.length));
    shared.set(specials);
    const { arrays } = decode('model', Buffer.from(encode('model', {}, { part, shared })));
    expectBits(arrays.part, specials);
    expectBits(arrays.shared, specials);
    expect(arrays.part.buffer.byteLength).toBe(8 * specials.length);
  });

  it('gives arrays on memory of their own, and no prototype to reach', () => {
    const bytes = small.slice();
    const { arrays } = decode('model', bytes);
    bytes.fill(0);
    expectBits(arrays.w, [1, 2]);
    expect('toString' in arrays).toBe(false);
    const odd = Object.fromEntries([['__proto__', Float64Array.of(3)]]);
    expectBits(Object.values(decode('model', encode('model', {}, odd)).arrays)[0], [3]);
  });

  it('refuses every part of itself', () => {
    for (let length = 0; length < small.length; length++) {
      expectRefusal(decode, ['model', small.subarray(0, length)], 'ERR_MODEL_FORMAT');
    }
    expectRefusal(decode, ['model', Buffer.concat([small, Buffer.alloc(1)])], 'ERR_MODEL_FORMAT', /must have/);
  });

  it('refuses any flipped bit', () => {
    for (let bit = 0; bit < 8 * small.length; bit++) {
      const bytes = small.slice();
      bytes[bit >> 3] ^= 1 << (bit & 7);
      const error = thrown(() => decode('model', bytes));
      expect(error).toBeInstanceOf(NablaError);
      // What it is and how long it is are told before the checksum.
      expect((error as NablaError).code).toBe(bit < 8 * 16 ? 'ERR_MODEL_FORMAT' : 'ERR_MODEL_CHECKSUM');
    }
  });

  const changed = (at: number, value: number) => {
    const bytes = small.slice();
    new DataView(bytes.buffer).setUint32(at, value, true);
    return sealed(bytes);
  };
  const text = (contents: unknown) => contained(JSON.stringify(contents));

  it('refuses another version', () => {
    for (const version of [0, 2, 0xffffffff]) {
      expectRefusal(decode, ['model', changed(16, version)], 'ERR_MODEL_VERSION', /version must be 1; got/);
    }
  });

  it.each<[string, Uint8Array]>([
    ['text', new TextEncoder().encode('{"format":"nabla-model"}')],
    ['a picture', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)],
    ['a kind that is none', changed(20, 2)],
    ['more text than there is', changed(24, 1e6)],
    ['a text of 2^61 bytes', changed(28, 0x20000000)],
    ['no text', contained('')],
    ['text that is not JSON', contained('{"header":')],
    ['text that is not UTF-8', contained(Uint8Array.of(0x22, 0xff, 0x22))],
    ['null', text(null)],
    ['an array', text([])],
    ['no arrays', text({ header: {} })],
    ['arrays that are none', text({ header: {}, arrays: { length: 0 } })],
    ['an array of null', text({ header: {}, arrays: [null] })],
    ['an array without a name', text({ header: {}, arrays: [{ length: 0 }] })],
    ['an array without a length', text({ header: {}, arrays: [{ name: 'w' }] })],
    ['a huge array', text({ header: {}, arrays: [{ name: 'w', length: 2 ** 50 }] })],
    ['a length beyond the whole numbers', text({ header: {}, arrays: [{ name: 'w', length: 2 ** 53 }] })],
    ['a negative length', contained(JSON.stringify({ arrays: [{ name: 'w', length: -1 }] }), 8)],
    ['half a length', contained(JSON.stringify({ arrays: [{ name: 'w', length: 0.5 }] }), 4)],
    ['lengths as text', contained(JSON.stringify({ arrays: [{ name: 'w', length: '1' }] }), 8)],
    ['bytes that no array has', contained(JSON.stringify({ arrays: [] }), 8)],
    [
      'two arrays of one name',
      contained(`{"arrays":[${'w w'.split(' ').map((name) => `{"name":"${name}","length":1}`)}]}`, 16),
    ],
    ['arrays nested 100,000 deep', contained('['.repeat(1e5) + ']'.repeat(1e5))],
  ])('refuses %s', (_name, bytes) => {
    expectRefusal(decode, ['model', bytes], 'ERR_MODEL_FORMAT');
  });
});
