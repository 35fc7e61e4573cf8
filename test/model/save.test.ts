// Models in files: they come back to the last bit, and damage is told.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { encode } from '../../lib/base/file.js';
import { type ErrorCode, type Label, type Model, NablaError } from '../../lib/index.js';
import { decodeModel } from '../../lib/model/modelbytes.js';
import { headOf } from '../../lib/model/modeljson.js';
import { anyFit } from '../support/anyfit.js';
import { faces } from '../support/backends.js';
import { expectBits, expectRefusal, expectRejection, normals, problem, runs, thrown } from '../support/support.js';

const folder = mkdtempSync(join(tmpdir(), 'nabla-'));
let files = 0;
const newPath = () => join(folder, `${files++}.model`);
const isBinary = (path: string) => readFileSync(path)[0] === 0x89;

/** A JSON text with the checksum that it needs. */
function sealed(text: string): string {
  return `${text.slice(0, -1)},"checksum":"${createHash('sha256').update(text).digest('hex')}"}\n`;
}

function expectSame(actual: Model<Label>, expected: Model<Label>): void {
  expect(actual).toEqual(expected);
  expect(actual.constructor).toBe(expected.constructor);
  expectBits(actual.coefficients, expected.coefficients, 'coefficient');
  expectBits(actual.intercepts, expected.intercepts, 'intercept');
  expectBits(actual.history, expected.history, 'history');
  for (const key of ['validationLoss', 'learningRate', 'gradientNorm'] as const) {
    expectBits(actual.history[key], expected.history[key], key);
  }
}

describe.each(faces)('saved models: $name', ({ fitSync, Model }) => {
  const data = problem(30, 3, 1);
  const adam = { optimizer: 'adam' } as const;
  const small = fitSync(data, { ...adam, epochs: 2 });
  const classes = fitSync(
    { X: data.X, y: Array.from(data.y, (y) => (y > 0 ? 'ja' : 'né\ud800')) },
    { ...adam, loss: 'logistic', epochs: 2 },
  );
  const large = fitSync({ X: normals(20_000, 5), y: normals(4, 6) }, { ...adam, epochs: 3 });

  async function thereAndBack(model: Model<Label>, binary: boolean): Promise<void> {
    const path = newPath();
    await model.save(path);
    expect(isBinary(path)).toBe(binary);
    expectSame(await Model.load(path), model);
    expectSame(Model.loadSync(pathToFileURL(path)), model);
    const bytes = readFileSync(path);
    model.saveSync(pathToFileURL(path));
    expect(readFileSync(path).equals(bytes)).toBe(true);
  }

  it('come back', async () => {
    for (const model of [small, classes, fitSync(data, { ...adam, epochs: 1000 })]) await thereAndBack(model, false);
    for (const model of [large, fitSync(data, { ...adam, epochs: 1400 })]) await thereAndBack(model, true);
    const going = fitSync(data, { epochs: 3, keepState: true, optimizer: 'adam' });
    await thereAndBack(going, false);
    await thereAndBack(going.partialFitSync(data, { epochs: 1400 }), true);
    expectTypeOf(await Model.load<string>(newSaved(classes))).toEqualTypeOf<Model<string>>();
    expectTypeOf(Model.loadSync(newSaved(classes))).toEqualTypeOf<Model<Label>>();
  });

  function newSaved(model: Model<Label>): string {
    const path = newPath();
    model.saveSync(path);
    return path;
  }

  it('come back from any fit', () => {
    fc.assert(
      fc.property(anyFit, ({ data, options }) => {
        let model: Model;
        try {
          model = fitSync(data, options);
        } catch {
          return; // the data are broken
        }
        expectSame(Model.loadSync(newSaved(model)), model);
      }),
      { numRuns: runs(60) },
    );
  });

  it('keep what JSON would lose', async () => {
    const json = small.toJSON();
    await thereAndBack(Model.fromJSON({ ...json, coefficients: [-0, 1, 2] }), true);
    await thereAndBack(Model.fromJSON({ ...json, history: { ...json.history, validationLoss: [null] } }), true);
  });

  it('are JSON, which fromJSON takes too', () => {
    const json = JSON.parse(readFileSync(newSaved(classes), 'utf8'));
    expect(json).toEqual({ ...classes.toJSON(), checksum: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expectSame(Model.fromJSON(json), classes);
    expectRefusal(Model.fromJSON.bind(Model), [{ ...json, intercepts: [1] }], 'ERR_MODEL_CHECKSUM');
  });

  it('replace a file whole, and leave nothing beside it', async () => {
    const own = join(folder, `own${files++}`);
    mkdirSync(own);
    await large.save(join(own, 'model'));
    await small.save(join(own, 'model'));
    expectSame(await Model.load(join(own, 'model')), small);
    await expect(small.save(own)).rejects.toMatchObject({ code: 'EISDIR' });
    await expect(small.save(join(own, 'none', 'model'))).rejects.toMatchObject({ code: 'ENOENT' });
    expect(readdirSync(own)).toEqual(['model']);
  });

  /** Bytes that are refused, for what they are or for their checksum; without a file, which takes long. */
  function expectDamaged(bytes: Uint8Array): void {
    const error = thrown(() => decodeModel(bytes)) as NablaError;
    expect(error).toBeInstanceOf(NablaError);
    expect(error.code).toMatch(/^ERR_MODEL_(FORMAT|CHECKSUM)$/);
  }

  const going = fitSync({ X: Float64Array.of(1, 2), y: Float64Array.of(1, 2) }, { epochs: 1, keepState: true });
  const shortest = fitSync({ X: Float64Array.of(1, 2), y: Float64Array.of(1, 1e-7) }, { ...adam, epochs: 1 });
  const forms: [string, () => Uint8Array][] = [
    ['JSON', () => readFileSync(newSaved(shortest))],
    ['JSON of classes', () => readFileSync(newSaved(classes))],
    ['JSON with a state', () => readFileSync(newSaved(going))],
    ['binary', () => readFileSync(newSaved(Model.fromJSON({ ...shortest.toJSON(), coefficients: [-0] })))],
  ];

  it.each(forms)('every part of one is refused: %s', (_name, make) => {
    const bytes = make();
    for (let length = 0; length < bytes.length; length++) {
      expectRefusal(decodeModel, [bytes.subarray(0, length)], 'ERR_MODEL_FORMAT');
    }
    expectRefusal(decodeModel, [Buffer.concat([bytes, Buffer.from('\n')])], 'ERR_MODEL_FORMAT');
  });

  it.each(forms)('any flipped bit is refused: %s', (_name, make) => {
    const bytes = make();
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      bytes[bit >> 3] ^= 1 << (bit & 7);
      expectDamaged(bytes);
      bytes[bit >> 3] ^= 1 << (bit & 7);
    }
    decodeModel(bytes);
  });

  it('any changed bytes are refused', () => {
    const bytes = readFileSync(newSaved(classes));
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.uint8Array({ minLength: 1, maxLength: 20 }), (at, change) => {
        const damaged = Buffer.concat([bytes.subarray(0, at), change, bytes.subarray(at + change.length)]);
        if (!damaged.equals(bytes)) expectDamaged(damaged);
      }),
      { numRuns: runs(300) },
    );
  });

  const json = small.toJSON();
  const text = JSON.stringify(json);
  const { coefficients, intercepts, history } = small;
  const arrays = {
    coefficients,
    intercepts,
    'history.loss': history.loss,
    'history.validationLoss': history.validationLoss,
    'history.learningRate': history.learningRate,
    'history.gradientNorm': history.gradientNorm,
  };
  const { 'history.loss': _, ...incomplete } = arrays;
  const head = headOf(small);
  const deep = `{"a":${'['.repeat(1e5)}${']'.repeat(1e5)}}`;
  const bad: [string, ErrorCode, Uint8Array | string][] = [
    ['nothing', 'ERR_MODEL_FORMAT', ''],
    ['null', 'ERR_MODEL_FORMAT', 'null\n'],
    ['an array', 'ERR_MODEL_FORMAT', '[]'],
    ['an array, sealed', 'ERR_MODEL_FORMAT', sealed('[]')],
    ['an empty object, sealed', 'ERR_MODEL_FORMAT', sealed('{}')],
    ['another file', 'ERR_MODEL_FORMAT', 'price,size\n1,2\n'],
    ['JSON without a checksum', 'ERR_MODEL_FORMAT', text],
    ['bad UTF-8', 'ERR_MODEL_FORMAT', Buffer.concat([Buffer.from('{"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')])],
    ['a byte order mark', 'ERR_MODEL_FORMAT', `\ufeff${sealed(text)}`],
    ['UTF-16', 'ERR_MODEL_FORMAT', Buffer.from(sealed(text), 'utf16le')],
    ['no JSON, sealed', 'ERR_MODEL_FORMAT', sealed('{"format":}')],
    ['other JSON of the same values', 'ERR_MODEL_FORMAT', sealed(JSON.stringify(json, null, 1))],
    ['another checksum', 'ERR_MODEL_CHECKSUM', sealed(text).replace('"epochs":2', '"epochs":3')],
    ['another version', 'ERR_MODEL_VERSION', sealed(text.replace('"version":3', '"version":4'))],
    ['version 1', 'ERR_MODEL_VERSION', sealed(text.replace('"version":3', '"version":1'))],
    ['an unknown key', 'ERR_MODEL_FORMAT', sealed(text.replace('{', '{"more":1,'))],
    ['a key __proto__', 'ERR_MODEL_FORMAT', sealed(text.replace('{', '{"__proto__":{"polluted":1},'))],
    [
      'a key constructor',
      'ERR_MODEL_FORMAT',
      sealed(text.replace('{', '{"constructor":{"prototype":{"polluted":1}},')),
    ],
    ['a model as __proto__', 'ERR_MODEL_FORMAT', sealed(`{"__proto__":${text}}`)],
    ['a key twice', 'ERR_MODEL_FORMAT', sealed(text.replace('"epochs":2', '"epochs":1,"epochs":2'))],
    ['a checksum twice', 'ERR_MODEL_FORMAT', sealed(sealed(text).trimEnd())],
    ['a huge number', 'ERR_MODEL_FORMAT', sealed(text.replace('"epochs":2', '"epochs":1e999'))],
    ['100,000 arrays in one another', 'ERR_MODEL_FORMAT', sealed(deep)],
    [
      '100,000 arrays for labels',
      'ERR_MODEL_FORMAT',
      sealed(text.replace('"labels":[]', `"labels":${deep.slice(5, -1)}`)),
    ],
    ['a checkpoint', 'ERR_MODEL_FORMAT', encode('checkpoint', head, arrays)],
    ['a header of null', 'ERR_MODEL_FORMAT', encode('model', null as never, arrays)],
    ['a header of nothing', 'ERR_MODEL_FORMAT', encode('model', {}, arrays)],
    ['another version, binary', 'ERR_MODEL_VERSION', encode('model', { ...head, version: 4 }, arrays)],
    ['an array missing', 'ERR_MODEL_FORMAT', encode('model', head, incomplete)],
    ['a state missing', 'ERR_MODEL_FORMAT', encode('model', { ...head, online: { optimizer: 'adam' } }, arrays)],
    ['no arrays', 'ERR_MODEL_FORMAT', encode('model', json, {})],
    ['arrays that do not fit', 'ERR_MODEL_FORMAT', encode('model', head, { ...arrays, intercepts: normals(2, 1) })],
    [
      'an infinite intercept',
      'ERR_MODEL_FORMAT',
      encode('model', head, { ...arrays, intercepts: Float64Array.of(Infinity) }),
    ],
    ['labels that are none', 'ERR_MODEL_FORMAT', encode('model', { ...head, labels: [1, 2] }, arrays)],
  ];
  it.each(bad)('are not made of %s', async (_name, code, bytes) => {
    const path = newPath();
    writeFileSync(path, bytes);
    expectRefusal(Model.loadSync.bind(Model), [path], code);
    await expectRejection(Model.load.bind(Model), [path], code);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it.each([
    ['a file that is not there', join(folder, 'nowhere'), 'ENOENT'],
    ['a folder', folder, 'EISDIR'],
  ])('%s is told as the system tells it', async (_name, path, code) => {
    await expect(Model.load(path)).rejects.toMatchObject({ code });
    expect(thrown(() => Model.loadSync(path))).toMatchObject({ code });
  });

  it('a path is text or a URL', async () => {
    for (const path of [undefined, null, 3, {}, Buffer.from('x')]) {
      const saving = { save: () => small.save(path as never), load: () => Model.load(path as never) };
      for (const call of Object.values(saving)) await expectRejection(call, [], 'ERR_INVALID_ARG_TYPE', /^path/);
      expectRefusal(() => small.saveSync(path as never), [], 'ERR_INVALID_ARG_TYPE', /^path/);
      expectRefusal(() => Model.loadSync(path as never), [], 'ERR_INVALID_ARG_TYPE', /^path/);
    }
  });
});

it.runIf(faces.length > 1)('a file is the same from both backends, and read by both', () => {
  const { X, y } = problem(200, 4, 2, 1);
  const paths = faces.map(({ fitSync }) => {
    const path = newPath();
    fitSync({ X, y: Array.from(y, (value) => value > 0) }, { loss: 'logistic', epochs: 20 }).saveSync(path);
    return path;
  });
  expect(readFileSync(paths[0]).equals(readFileSync(paths[1]))).toBe(true);
  const [a, b] = faces.map(({ Model }) => Model.loadSync<boolean>(paths[0]).predictProba(X));
  expectBits(a, b);
});
