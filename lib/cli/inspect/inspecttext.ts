// Text of an inspection.
import { losses } from '../../catalog/losses.js';
import { count, counted, measured } from '../../draw/figures.js';
import { coefficientLines, factLines } from '../fit/reporttext.js';
import { isSolver } from '../fit/request.js';
import type { CheckpointInspection, Inspection, ModelInspection } from './inspection.js';

type Fact = [name: string, value: string];

const when = (isSo: boolean, name: string, value: () => string): Fact[] => (isSo ? [[name, value()]] : []);

const isOfClasses = (loss: ModelInspection['loss']): boolean => losses[loss].predicts === 'class';

function fileFact({ file, bytes, form, checksum }: Inspection): Fact {
  const sum = checksum === 'intact' ? 'checksum intact' : 'no checksum';
  return ['file', `${file}, ${counted(bytes, 'byte')}, ${form === 'json' ? 'JSON' : form}, ${sum}`];
}

/** Options as words: "loss huber (delta 2), l2 0.1, standardize". */
function words(options: object): string {
  const value = (of: unknown): string => {
    if (typeof of !== 'object' || of === null || Array.isArray(of)) return String(of);
    const { name, ...parameters } = of as Record<string, unknown>;
    const inside = words(parameters);
    return name === undefined ? `{ ${inside} }` : inside === '' ? String(name) : `${name} (${inside})`;
  };
  const said = Object.entries(options).filter(([, of]) => of !== undefined);
  return said.map(([name, of]) => (of === true ? name : `${name} ${value(of)}`)).join(', ');
}

function lossFact({ lastLoss, lastValidationLoss, lastGradientNorm }: Inspection): Fact[] {
  const parts = [
    ...(lastLoss === null ? [] : [`loss ${measured(lastLoss)}`]),
    ...(lastValidationLoss === null ? [] : [`validation loss ${measured(lastValidationLoss)}`]),
    ...(lastGradientNorm === null ? [] : [`gradient ${measured(lastGradientNorm)}`]),
  ];
  return when(parts.length > 0, 'at the end', () => parts.join(', '));
}

function checkpointFacts(inspection: CheckpointInspection): Fact[] {
  const { epoch, stateNumbers, lastLearningRate, fingerprint } = inspection;
  return [
    fileFact(inspection),
    ['holds', `a checkpoint after ${counted(epoch, 'epoch')}`],
    ...lossFact(inspection),
    ...when(lastLearningRate !== null, 'rate', () => measured(lastLearningRate as number)),
    ['state', `${counted(stateNumbers, 'number')}`],
    ['of the fit', fingerprint],
  ];
}

function modelFacts(inspection: ModelInspection): Fact[] {
  const { writtenBy, estimator, target, offset, loss, lossParameters, optimizer, status, epochs, steps } = inspection;
  const { labels, columns, nonZero, optimality, encoding, fitted, keptState } = inspection;
  const what = estimator
    ? `${estimator.name}${words(estimator.options) && ` (${words(estimator.options)})`}`
    : 'a model';
  const passes = isSolver(optimizer)
    ? counted(epochs, 'iteration')
    : `${counted(epochs, 'epoch')}, ${counted(steps, 'step')}`;
  const bases = (encoding ?? []).flatMap((column) =>
    column.kind === 'text' && column.base !== null ? [`${column.name}=${column.base}`] : [],
  );
  return [
    fileFact(inspection),
    ['holds', `${what}, by ${writtenBy}`],
    ...when(target !== null, 'target', () => String(target)),
    ...when(labels.length > 0, isOfClasses(loss) ? 'classes' : 'targets', () => labels.join(', ')),
    ...when(offset !== null, 'offset', () => String(offset)),
    ['loss', `${loss}${Object.keys(lossParameters).length > 0 ? `, ${words(lossParameters)}` : ''}`],
    ['optimizer', optimizer],
    ['status', `${status} after ${passes}`],
    ...lossFact(inspection),
    ...when(optimality.relative !== null, 'optimality', () => {
      return `${measured(optimality.relative as number)} of the loss of a constant prediction is left to gain`;
    }),
    ...when(fitted !== null, 'fitted', () => {
      const { rows = 0, options = {} } = fitted ?? {};
      return `to ${counted(rows, 'row')}${words(options) && ` with ${words(options)}`}`;
    }),
    ...when(
      keptState !== null,
      'state',
      () => `of ${words({ rule: keptState }).slice('rule '.length)}, for partialFit`,
    ),
    ['columns', `${count(columns)}, ${count(nonZero)} of them not 0`],
    ...when(bases.length > 0, 'base', () => `${bases.join(', ')}: in the intercept`),
  ];
}

/** What could move a terminal's cursor is shown as a sign of its own; line ends are ours. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const controls = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g;

/** `most`: columns that are told. */
export function inspectionText(inspection: Inspection, most: number, columns: number): string {
  const plain = (text: string): string => text.replace(controls, '\ufffd');
  if (inspection.kind === 'checkpoint') return `${plain(factLines(checkpointFacts(inspection)).join('\n'))}\n`;
  const { order } = inspection;
  const shown = order.slice(0, most);
  const rest =
    shown.length < order.length ? [`${count(shown.length)} of ${count(order.length)} columns: see --top`] : [];
  const lines = [
    ...factLines(modelFacts(inspection).map(([name, value]) => [name, value.replaceAll('\n', ' ')])),
    '',
    ...coefficientLines(inspection, shown, true, columns),
    ...rest,
  ];
  return `${plain(lines.join('\n'))}\n`;
}
