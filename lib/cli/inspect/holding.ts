// Contents of a file of nabla: of the command, a model, an estimator or a checkpoint.
import { readFile } from 'node:fs/promises';
import { NablaError, show } from '../../base/errors.js';
import { decode, isContainer, kindOf } from '../../base/file.js';
import * as estimators from '../../estimators/index.js';
import { type Label, Model } from '../../model/model.js';
import { decodeModel } from '../../model/modelbytes.js';
import { isModelFile, type ModelFile, parseModelFile } from '../fit/modelfile.js';

interface Common {
  readonly bytes: number;
  readonly form: 'json' | 'binary';
  /** Damaged files are refused. */
  readonly checksum: 'intact' | 'none';
}
export interface ModelHolding extends Common {
  readonly kind: 'model';
  readonly by: 'nabla fit' | 'Model.save' | 'toJSON';
  readonly model: Model<Label>;
  /** What else `nabla fit` knows. */
  readonly file: Omit<ModelFile, 'model'> | null;
}
export interface EstimatorHolding extends Common {
  readonly kind: 'estimator';
  readonly estimator: string;
  readonly options: object;
  readonly model: Model<Label>;
}
export interface CheckpointHolding extends Common {
  readonly kind: 'checkpoint';
  /** Of which fit it is: a checksum of its data and options. */
  readonly fingerprint: string;
  readonly loss: Float64Array;
  readonly validationLoss: Float64Array;
  readonly learningRate: Float64Array;
  readonly gradientNorm: Float64Array;
  /** Numbers of the state. */
  readonly state: number;
}
export type Holding = ModelHolding | EstimatorHolding | CheckpointHolding;

/** @throws NablaError `ERR_MODEL_FORMAT`, `ERR_MODEL_VERSION` or `ERR_MODEL_CHECKSUM`; or of the file system */
export async function readHolding(file: string): Promise<Holding> {
  const bytes = await readFile(file);
  try {
    return isContainer(bytes) ? await ofContainer(file, bytes) : await ofText(file, bytes);
  } catch (cause) {
    if (!(cause instanceof NablaError) || cause.message.startsWith(`${file}: `)) throw cause;
    throw new NablaError(cause.code, `${file}: ${cause.message.replace(/^\w+ file: /, '')}`, { cause });
  }
}

async function ofContainer(file: string, bytes: Buffer): Promise<Holding> {
  const common = { bytes: bytes.length, form: 'binary', checksum: 'intact' } as const;
  if (kindOf(bytes) === 'checkpoint') return { ...common, kind: 'checkpoint', ...readCheckpoint(bytes) };
  const { header } = decode('model', bytes);
  if (isEstimator(header)) return { ...common, kind: 'estimator', ...(await loadEstimator(file, header, true)) };
  const model = Model.fromFields(decodeModel(bytes));
  return { ...common, kind: 'model', by: 'Model.save', model, file: null };
}

async function ofText(file: string, bytes: Buffer): Promise<Holding> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    const what = bytes.length === 0 ? 'it is empty' : 'it is neither JSON nor binary, or cut short';
    throw new NablaError('ERR_MODEL_FORMAT', `${file}: this is no file of nabla: ${what}`);
  }
  const { format, checksum: sum } = (json ?? {}) as { format?: unknown; checksum?: unknown };
  const isSummed = sum !== undefined;
  const common = { bytes: bytes.length, form: 'json', checksum: isSummed ? 'intact' : 'none' } as const;
  if (isModelFile(json)) {
    const { model, ...rest } = parseModelFile(file, json);
    return { ...common, kind: 'model', by: 'nabla fit', model: model as Model<Label>, file: rest };
  }
  if (isEstimator(json)) return { ...common, kind: 'estimator', ...(await loadEstimator(file, json, isSummed)) };
  if (format !== 'nabla-model') {
    throw new NablaError('ERR_MODEL_FORMAT', `${file}: this is no model, estimator or checkpoint of nabla`);
  }
  const model = isSummed ? Model.fromFields(decodeModel(bytes)) : Model.fromJSON(json);
  return { ...common, kind: 'model', by: isSummed ? 'Model.save' : 'toJSON', model, file: null };
}

interface EstimatorHeader {
  readonly estimator: unknown;
}

const isEstimator = (json: unknown): json is EstimatorHeader =>
  typeof json === 'object' && json !== null && (json as { format?: unknown }).format === 'nabla-estimator';

async function loadEstimator(file: string, { estimator: name }: EstimatorHeader, isSaved: boolean) {
  const known = Object.entries(estimators).find(([key, { estimator }]) => key === name && key === estimator);
  if (!known) throw new NablaError('ERR_MODEL_FORMAT', `${file}: no estimator is called ${show(name)}`);
  const of = known[1] as unknown as typeof estimators.Ridge;
  const { options, model } = isSaved ? await of.load(file) : of.fromJSON(JSON.parse(await readFile(file, 'utf8')));
  return { estimator: known[0], options, model: model as Model<Label> };
}

function readCheckpoint(bytes: Buffer) {
  const { header, arrays } = decode('checkpoint', bytes);
  const { loss, validationLoss, learningRate, gradientNorm, state } = arrays;
  const { fingerprint } = (header ?? {}) as { fingerprint?: unknown };
  const isWhole = [loss, validationLoss, learningRate, gradientNorm, state].every((array) => array !== undefined);
  if (!isWhole || typeof fingerprint !== 'string') {
    throw new NablaError('ERR_MODEL_FORMAT', 'checkpoint file: it does not hold what a checkpoint does');
  }
  return { fingerprint, loss, validationLoss, learningRate, gradientNorm, state: state.length };
}
