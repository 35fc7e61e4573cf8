// Model file of the command: a model with the encoding of its columns.
import { readFile } from 'node:fs/promises';
import { type ErrorCode, NablaError, show } from '../../base/errors.js';
import { Model } from '../../index.js';
import { checksumOf } from '../../model/modeljson.js';
import { categoriesOf, type Encoding, widthOf } from '../csv/encode.js';

const format = 'nabla-model-file';
const version = 1;

export interface ModelFile {
  readonly target: string;
  /** The classes, each at the place of its number in the model's labels; empty for numbers. */
  readonly labels: readonly string[];
  /** The column that is added to z; null without one. */
  readonly offset: string | null;
  readonly columns: readonly Encoding[];
  /** To so many rows, with these options of the library; null where it is not known. */
  readonly fitted: { readonly rows: number; readonly options: object } | null;
  readonly model: Model;
}

/** With a checksum of the JSON text, without white space, of all before it. */
export function writeModelFile({ model, ...file }: ModelFile): string {
  const json = { format, version, ...file, model: model.toJSON() };
  const checksum = checksumOf(JSON.stringify(json));
  return `${JSON.stringify({ ...json, checksum }, null, 2)}\n`;
}

export const isModelFile = (json: unknown): boolean =>
  typeof json === 'object' && json !== null && (json as { format?: unknown }).format === format;

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** Texts, each its own. */
const areNames = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every(isText) && new Set(value).size === value.length;

function isEncoding(value: unknown): value is Encoding {
  const { name, kind, categories, base } = (value ?? {}) as Record<string, unknown>;
  if (!isText(name)) return false;
  if (kind === 'number') return true;
  if (kind !== 'text' || !Array.isArray(categories) || !(base === null || isText(base))) return false;
  const all = categoriesOf(value as Encoding & { kind: 'text' });
  return all.length > 0 && areNames(all);
}

function isFitted(value: unknown): value is ModelFile['fitted'] {
  if (value === null) return true;
  const { rows, options } = (value ?? {}) as Record<string, unknown>;
  return Number.isSafeInteger(rows) && typeof options === 'object' && options !== null;
}

/** @throws NablaError `ERR_MODEL_FORMAT`, `ERR_MODEL_VERSION` or `ERR_MODEL_CHECKSUM` */
export async function readModelFile(file: string): Promise<ModelFile> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new NablaError('ERR_MODEL_FORMAT', `${file}: this is no model file: it is not JSON`);
  }
  return parseModelFile(file, json);
}

/** What the JSON of a model file holds. A checksum is checked; who edits a file may leave it out. */
export function parseModelFile(file: string, json: unknown): ModelFile {
  const fail = (message: string, code: ErrorCode = 'ERR_MODEL_FORMAT') => new NablaError(code, `${file}: ${message}`);
  if (!isModelFile(json)) throw fail('this is no model file of nabla fit');
  const given = json as Record<string, unknown>;
  if (given.version !== version) {
    throw fail(`version must be ${version}; got ${show(given.version)}`, 'ERR_MODEL_VERSION');
  }
  const { checksum, ...rest } = given;
  if (checksum !== undefined && checksum !== checksumOf(JSON.stringify(rest))) {
    throw fail('its values are not those that its checksum was made of', 'ERR_MODEL_CHECKSUM');
  }
  const { target, labels, offset, columns, fitted } = given;
  if (!isText(target)) throw fail('target must be the name of a column');
  if (!areNames(labels)) throw fail('labels must be the names of the classes');
  if (offset !== null && !isText(offset)) throw fail('offset must be the name of a column, or null');
  if (!Array.isArray(columns) || !columns.every(isEncoding)) throw fail('columns must describe columns');
  if (new Set(columns.map(({ name }) => name)).size < columns.length) throw fail('columns must have different names');
  if (!isFitted(fitted)) throw fail('fitted must have rows and options, or be null');
  let model: Model;
  try {
    model = Model.fromJSON(given.model);
  } catch (error) {
    if (error instanceof NablaError) throw fail(error.message, error.code);
    throw error;
  }
  const width = widthOf(columns) * model.outputs;
  if (width !== model.coefficients.length) {
    throw fail(`columns need ${width} coefficients; the model has ${model.coefficients.length}`);
  }
  if (labels.length !== model.labels.length) {
    throw fail(`labels names ${labels.length} classes; the model has ${model.labels.length}`);
  }
  return { target, labels, offset, columns, fitted, model };
}
