// The model file: a model, and what is needed to encode the columns of a CSV for it.
import { readFile } from 'node:fs/promises';
import { type ErrorCode, NablaError, show } from '../errors.js';
import { Model, type ModelJSON } from '../index.js';
import { type Encoding, widthOf } from './encode.js';

const format = 'nabla-model-file';
const version = 1;

export interface ModelFile {
  readonly target: string;
  readonly columns: readonly Encoding[];
  readonly model: Model;
}

export function writeModelFile({ target, columns, model }: ModelFile): string {
  const json: { [name: string]: unknown; model: ModelJSON } = {
    format,
    version,
    target,
    columns,
    model: model.toJSON(),
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

function isEncoding(value: unknown): value is Encoding {
  const { name, kind, categories, base } = (value ?? {}) as Record<string, unknown>;
  if (!isText(name)) return false;
  if (kind === 'number') return true;
  if (kind !== 'text' || !Array.isArray(categories) || !(base === null || isText(base))) return false;
  const all = base === null ? categories : [base, ...categories];
  return all.length > 0 && all.every(isText) && new Set(all).size === all.length;
}

/** @throws NablaError `ERR_MODEL_FORMAT` or `ERR_MODEL_VERSION` */
export async function readModelFile(file: string): Promise<ModelFile> {
  const bytes = await readFile(file, 'utf8');
  const fail = (message: string, code: ErrorCode = 'ERR_MODEL_FORMAT') => new NablaError(code, `${file}: ${message}`);
  let json: unknown;
  try {
    json = JSON.parse(bytes);
  } catch {
    throw fail('this is no model file: it is not JSON');
  }
  if (typeof json !== 'object' || json === null || (json as { format?: unknown }).format !== format) {
    throw fail('this is no model file of nabla fit');
  }
  const given = json as Record<string, unknown>;
  if (given.version !== version) {
    throw fail(`version must be ${version}; got ${show(given.version)}`, 'ERR_MODEL_VERSION');
  }
  const { target, columns } = given;
  if (!isText(target)) throw fail('target must be the name of a column');
  if (!Array.isArray(columns) || !columns.every(isEncoding)) throw fail('columns must describe columns');
  if (new Set(columns.map(({ name }) => name)).size < columns.length) throw fail('columns must have different names');
  let model: Model;
  try {
    model = Model.fromJSON(given.model);
  } catch (error) {
    if (error instanceof NablaError) throw fail(error.message, error.code);
    throw error;
  }
  const width = columns.reduce((sum, column) => sum + widthOf(column), 0);
  if (width !== model.coefficients.length) {
    throw fail(`columns need ${width} coefficients; the model has ${model.coefficients.length}`);
  }
  return { target, columns, model };
}
