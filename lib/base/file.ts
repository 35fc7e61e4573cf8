// Atomic files: written beside their path and renamed, in a container with a checksum.
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { endianness } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crypto, files } from './builtins.js';
import { invalid, NablaError } from './errors.js';
import { removeLeftovers, removeLeftoversSync, temporaryOf } from './temporary.js';

/** A caller's path. */
export function readPath(path: unknown, name = 'path'): string {
  if (path instanceof URL) return fileURLToPath(path);
  if (typeof path !== 'string') throw invalid('ERR_INVALID_ARG_TYPE', name, 'a string or a file URL', path);
  return path;
}

/**
 * Writes a file so that its name stands for the old bytes or for all of the new ones, whatever fails meanwhile. A link
 * stays one, and a file keeps its permissions; pipes and devices are written to as they are. What killed processes have left
 * in the folder is removed.
 *
 * @throws what Node's file system throws; then there is no new file
 */
export async function writeAtomic(path: string, bytes: Uint8Array): Promise<void> {
  const { open, realpath, rename, stat, unlink, writeFile } = files();
  const target = await realpath(path).catch(() => path);
  const old = await stat(target).catch(() => null);
  if (old && !old.isFile()) return writeFile(target, bytes);
  await removeLeftovers(target);
  const temporary = temporaryOf(target);
  const handle = await open(temporary, 'wx');
  try {
    try {
      if (old) await handle.chmod(old.mode & 0o7777);
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
  // Not every system lets a folder be opened; the rename is done all the same.
  const folder = await open(dirname(target)).catch(() => null);
  await folder?.sync().catch(() => {});
  await folder?.close();
}

/** As {@link writeAtomic}, on the calling thread. */
export function writeAtomicSync(path: string, bytes: Uint8Array): void {
  const target = attempt(() => realpathSync(path)) ?? path;
  const old = statSync(target, { throwIfNoEntry: false });
  if (old && !old.isFile()) {
    writeFileSync(target, bytes);
    return;
  }
  removeLeftoversSync(target);
  const temporary = temporaryOf(target);
  const file = openSync(temporary, 'wx');
  try {
    try {
      if (old) fchmodSync(file, old.mode & 0o7777);
      writeFileSync(file, bytes);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, target);
  } catch (error) {
    attempt(() => unlinkSync(temporary));
    throw error;
  }
  const folder = attempt(() => openSync(dirname(target), 'r'));
  if (folder === undefined) return;
  attempt(() => fsyncSync(folder));
  closeSync(folder);
}

/** What a call returns; undefined where it fails. */
function attempt<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch {
    return undefined;
  }
}

// The container, little-endian: magic, length of the whole (8 bytes), version (4), kind (4), length of the text (8);
// the text, JSON in UTF-8, padded with spaces to 8 bytes; the arrays; SHA-256 of all before it. The first two and the
// checksum stay where they are in every version.

/** What a container holds. */
export type ContainerKind = 'model' | 'checkpoint';

const kinds: readonly ContainerKind[] = ['model', 'checkpoint'];
/** As PNG does: a byte that is no text, and a line end that a transfer as text would change. */
const magic = Uint8Array.of(0x89, 0x4e, 0x41, 0x42, 0x4c, 0x41, 0x0d, 0x0a);
const version = 1;
const lengthAt = 8;
const versionAt = 16;
const kindAt = 20;
const textLengthAt = 24;
const textAt = 32;
const digestSize = 32;

/** The text of a container. */
interface Contents {
  header: unknown;
  arrays: { name: string; length: number }[];
}

/** SHA-256. */
export function digest(bytes: Uint8Array): Uint8Array {
  return crypto().createHash('sha256').update(bytes).digest();
}

/** Whether some bytes begin as a container does. */
export function isContainer(bytes: Uint8Array): boolean {
  return bytes.length >= magic.length && magic.every((byte, i) => bytes[i] === byte);
}

/** What a container says that it holds; undefined for what this version does not know. */
export function kindOf(bytes: Uint8Array): ContainerKind | undefined {
  if (bytes.length < textAt) return undefined;
  return kinds[new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(kindAt, true)];
}

/** To little-endian from the machine's order, or back, in place. */
function swap(bytes: Uint8Array): void {
  if (endianness() === 'BE') Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).swap64();
}

const asBytes = (array: Float64Array): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/**
 * A container's bytes.
 *
 * @param header - what `JSON.stringify` keeps; numbers that must keep every bit (NaN, -0) belong in an array
 * @param arrays - by name, kept to the last bit
 */
export function encode(
  kind: ContainerKind,
  header: object,
  arrays: Readonly<Record<string, Float64Array>>,
): Uint8Array {
  const named = Object.entries(arrays);
  const contents: Contents = { header, arrays: named.map(([name, { length }]) => ({ name, length })) };
  const text = Buffer.from(JSON.stringify(contents));
  const textLength = 8 * Math.ceil(text.length / 8);
  const length = named.reduce((sum, [, array]) => sum + array.byteLength, textAt + textLength + digestSize);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  bytes.set(magic);
  view.setBigUint64(lengthAt, BigInt(length), true);
  view.setUint32(versionAt, version, true);
  view.setUint32(kindAt, kinds.indexOf(kind), true);
  view.setBigUint64(textLengthAt, BigInt(textLength), true);
  bytes.fill(0x20, textAt, textAt + textLength);
  bytes.set(text, textAt);
  let at = textAt + textLength;
  for (const [, array] of named) {
    bytes.set(asBytes(array), at);
    swap(bytes.subarray(at, at + array.byteLength));
    at += array.byteLength;
  }
  bytes.set(digest(bytes.subarray(0, at)), at);
  return bytes;
}

/**
 * What a container holds.
 *
 * @returns the header as it was parsed, unchecked, and the arrays on memory of their own
 * @throws NablaError `ERR_MODEL_FORMAT` when it is no container of this kind or not all of one, `ERR_MODEL_CHECKSUM`
 *   when its bytes have changed, `ERR_MODEL_VERSION` when it was written by a version that this one does not know
 */
export function decode(
  kind: ContainerKind,
  bytes: Uint8Array,
): { header: unknown; arrays: Record<string, Float64Array> } {
  const fail = (message: string) => new NablaError('ERR_MODEL_FORMAT', `${kind} file: ${message}`);
  if (!isContainer(bytes)) throw fail(bytes.length === 0 ? 'it is empty' : 'it does not begin as one');
  if (bytes.length < textAt + digestSize) throw fail(`it is cut short, at ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const claimed = view.getBigUint64(lengthAt, true);
  if (claimed !== BigInt(bytes.length)) throw fail(`it must have ${claimed} bytes; got ${bytes.length}`);
  const end = bytes.length - digestSize;
  if (!Buffer.from(digest(bytes.subarray(0, end))).equals(bytes.subarray(end))) {
    throw new NablaError('ERR_MODEL_CHECKSUM', `${kind} file: its bytes are not those that were written`);
  }
  const given = view.getUint32(versionAt, true);
  if (given !== version) {
    throw new NablaError('ERR_MODEL_VERSION', `${kind} file: version must be ${version}; got ${given}`);
  }
  const held = kinds[view.getUint32(kindAt, true)];
  if (held !== kind) throw fail(`it holds ${held === undefined ? 'something else' : `a ${held}`}`);
  const textLength = view.getBigUint64(textLengthAt, true);
  if (textLength > BigInt(end - textAt)) throw fail(`it cannot have ${textLength} bytes of text`);
  const bodyAt = textAt + Number(textLength);
  const { header, arrays } = readContents(bytes.subarray(textAt, bodyAt), end - bodyAt, fail);
  const read: Record<string, Float64Array> = Object.create(null);
  let at = bodyAt;
  for (const { name, length } of arrays) {
    const own = new Float64Array(length);
    asBytes(own).set(bytes.subarray(at, at + own.byteLength));
    swap(asBytes(own));
    read[name] = own;
    at += own.byteLength;
  }
  return { header, arrays: read };
}

/** The text, once its arrays are known to be different ones that fill the body. */
function readContents(text: Uint8Array, body: number, fail: (message: string) => NablaError): Contents {
  let contents: Contents;
  try {
    contents = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
  } catch {
    throw fail('its text is not JSON');
  }
  const arrays: unknown = contents?.arrays;
  const isNamed = (array: unknown): boolean => {
    const { name, length } = (array ?? {}) as Record<string, unknown>;
    return typeof name === 'string' && Number.isSafeInteger(length) && (length as number) >= 0;
  };
  if (!Array.isArray(arrays) || !arrays.every(isNamed)) throw fail('its text names no arrays');
  if (new Set(arrays.map(({ name }) => name)).size < arrays.length) throw fail('two of its arrays have one name');
  const claimed = arrays.reduce((sum, { length }) => sum + 8 * length, 0);
  if (claimed !== body) throw fail(`its arrays must have ${claimed} bytes; got ${body}`);
  return contents;
}
