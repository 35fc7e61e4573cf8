// Bytes of a model file: JSON for a small model, the binary container for a large one.
import { invalid, NablaError } from '../base/errors.js';
import { decode, encode, isContainer } from '../base/file.js';
import type { Label } from '../input/labels.js';
import {
  arraysOf,
  checksumOf,
  headOf,
  type ModelFields,
  readModel,
  readModelJSON,
  writeModelJSON,
} from './modeljson.js';

/** Numbers of a model that is small. */
const mostInText = 4096;

/** Whether JSON keeps every bit. */
const isPlain = (value: number): boolean => Number.isFinite(value) && !Object.is(value, -0);

/** What a file has around the JSON of its model. */
type Around = (model: object) => object;

const nothing: Around = (model) => model;

export function encodeModel(model: ModelFields<Label>, around: Around = nothing): Uint8Array {
  const arrays = arraysOf(model);
  const { 'online.carried': _, ...inText } = arrays; // which JSON has as base64
  const count = Object.values(arrays).reduce((sum, { length }) => sum + length, 0);
  if (count <= mostInText && Object.values(inText).every((array) => array.every(isPlain))) {
    return new TextEncoder().encode(withChecksum(JSON.stringify(around(writeModelJSON(model)))));
  }
  return encode('model', around(headOf(model)), arrays);
}

const beforeChecksum = ',"checksum":"';
const afterChecksum = '"}\n';
const tailLength = beforeChecksum.length + 64 + afterChecksum.length;

/** The text of an object with its checksum as the last property. */
function withChecksum(text: string): string {
  return `${text.slice(0, -1)}${beforeChecksum}${checksumOf(text)}${afterChecksum}`;
}

/** Takes the JSON of a file apart. */
type Open = (json: unknown) => { model: unknown; around: Around };

/**
 * The model of a file; `open`: where it is in it.
 *
 * @throws NablaError `ERR_MODEL_FORMAT`, `ERR_MODEL_VERSION` or `ERR_MODEL_CHECKSUM`
 */
export function decodeModel(
  bytes: Uint8Array,
  open: Open = (model) => ({ model, around: nothing }),
): ModelFields<Label> {
  if (!isContainer(bytes)) return decodeText(bytes, open);
  const { header, arrays } = decode('model', bytes);
  const { model, around } = open(header);
  const fields = readModel(model, (place) => {
    const array = arrays[place];
    const isElsewhere = place.startsWith('history.') || place === 'online.carried'; // checked where it is read
    const isRight = array && (isElsewhere || array.every(Number.isFinite));
    if (!isRight) throw invalid('ERR_MODEL_FORMAT', `model.${place}`, 'an array of finite numbers', array);
    return array;
  });
  const isWritten =
    JSON.stringify(around(headOf(fields))) === JSON.stringify(header) &&
    Object.keys(arraysOf(fields)).join() === Object.keys(arrays).join();
  if (!isWritten) throw new NablaError('ERR_MODEL_FORMAT', 'model file: it is not as save() writes it');
  return fields;
}

function decodeText(bytes: Uint8Array, open: Open): ModelFields<Label> {
  const fail = (message: string) => new NablaError('ERR_MODEL_FORMAT', `model file: ${message}`);
  if (bytes.length === 0) throw fail('it is empty');
  if (bytes[0] !== 0x7b) throw fail('it begins neither as JSON nor as the binary form');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw fail('it is not UTF-8');
  }
  const body = `${text.slice(0, -tailLength)}}`;
  const tail = text.slice(-tailLength);
  if (!tail.startsWith(beforeChecksum) || !tail.endsWith(afterChecksum)) {
    throw fail('it is cut short, or save() did not write it: Model.fromJSON() takes JSON without a checksum');
  }
  if (withChecksum(body) !== text) {
    throw new NablaError('ERR_MODEL_CHECKSUM', 'model file: its text is not that of its checksum');
  }
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw fail('it is not JSON');
  }
  const { model, around } = open(json);
  const fields = readModelJSON(model);
  // So no property is twice there, or unknown.
  if (JSON.stringify(around(writeModelJSON(fields))) !== body) throw fail('it is not as save() writes it');
  return fields;
}
