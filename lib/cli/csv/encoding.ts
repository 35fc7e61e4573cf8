// UTF-8 validation stream: rejects invalid bytes.
// The parser after it would turn them into replacement characters.
import { isUtf8 } from 'node:buffer';
import { csvError } from './place.js';

const lineFeed = 10;

/** Bytes of the character that begins with this one. */
function lengthFrom(first: number): number {
  if (first < 0x80) return 1;
  return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
}

/** How many bytes at the end belong to a character that the next chunk completes. */
function unfinished(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back];
    if (byte >= 0xc0) return back < lengthFrom(byte) ? back : 0;
    if (byte < 0x80) return 0;
  }
  return 0;
}

/** Where the first character begins that is none. */
function firstBad(bytes: Buffer): number {
  let at = 0;
  while (isUtf8(bytes.subarray(at, at + lengthFrom(bytes[at])))) at += lengthFrom(bytes[at]);
  return at;
}

/** A stage of a pipeline that passes on what it has checked, and says how many bytes it has seen. */
export function checkText(file: string, progress: (bytes: number) => void) {
  return async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let seen = 0; // bytes passed on
    let lines = 0; // line feeds in them
    let lineStart = 0;
    let rest: Buffer = Buffer.alloc(0);

    const fail = (bytes: Buffer, at: number, message: string): never => {
      let start = lineStart - seen;
      for (let i = bytes.indexOf(lineFeed); i >= 0 && i < at; i = bytes.indexOf(lineFeed, i + 1)) {
        lines++;
        start = i + 1;
      }
      throw csvError('ERR_CSV_ENCODING', { file, line: lines + 1 }, `byte ${at - start + 1} ${message}`);
    };

    const check = (bytes: Buffer): void => {
      if (seen === 0 && /^(fffe|feff)/.test(bytes.toString('hex', 0, 2))) {
        throw csvError('ERR_CSV_ENCODING', { file }, 'the file is in UTF-16; save it as UTF-8');
      }
      const zero = bytes.indexOf(0);
      if (zero >= 0) fail(bytes, zero, 'is NUL, which no text in UTF-8 has; if it is UTF-16, save it as UTF-8');
      if (!isUtf8(bytes)) fail(bytes, firstBad(bytes), 'is not UTF-8; save the file as UTF-8');
      // Lines are short: a call of indexOf for each takes ten times as long.
      for (let i = 0; i < bytes.length; i++) if (bytes[i] === lineFeed) lines++;
      const last = bytes.lastIndexOf(lineFeed);
      if (last >= 0) lineStart = seen + last + 1;
      seen += bytes.length;
    };

    for await (const chunk of chunks) {
      const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
      const whole = bytes.length - unfinished(bytes);
      rest = bytes.subarray(whole);
      check(bytes.subarray(0, whole));
      progress(seen);
      yield bytes.subarray(0, whole);
    }
    if (rest.length > 0) check(rest);
  };
}
