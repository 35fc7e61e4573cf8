// Request of nabla fit along λ: its flags, checked.
import { type Command, Option } from 'commander';
import { NablaError } from '../../base/errors.js';
import type { Parameter } from '../../catalog/entry.js';
import { measures } from '../../catalog/measures.js';
import { crossValidationOptions, pathOptions } from '../../catalog/options.js';
import type { CrossValidationOptions, FitOptions, PathOptions } from '../../index.js';
import { helpOf, optionsOf } from '../flags/flaghelp.js';
import { kebab } from '../flags/parameters.js';
import { readFlag } from '../flags/readflag.js';

/** As commander reads them. */
export interface PathFlags {
  readonly path?: boolean;
  /** True where it names no number. */
  readonly cv?: string | true;
  readonly lambdas?: string;
  readonly count?: string;
  readonly minRatio?: string;
  readonly l1Ratio?: string;
  readonly full?: boolean;
  readonly measure?: CrossValidationOptions['measure'];
  readonly rule?: 'min' | '1se';
  readonly lambda?: string;
  readonly pathPlot?: string;
}

export interface PathRequest {
  /** Those of the library beside the options of a fit. */
  readonly options: Pick<PathOptions, 'lambdas' | keyof typeof pathOptions>;
  /** Null without cross-validation. */
  readonly cv: Pick<CrossValidationOptions, 'folds' | 'measure'> | null;
  /** Which model is told and kept: that of a λ, or of cross-validation; null for none. */
  readonly choice: number | 'min' | '1se' | null;
  /** A file for the picture of the path beside that of the cross-validation. */
  readonly plot: string | undefined;
}

export function addPathFlags(command: Command): void {
  command
    .optionsGroup('Along λ:')
    .option('--path', 'fit one model for each of many λ, from large to small')
    .option('--cv [folds]', `and cross-validate it in so many folds; default ${crossValidationOptions.folds.default}`)
    .option('--lambdas <numbers>', 'λ to fit at, with commas; default: --count of them');
  for (const [key, parameter] of Object.entries(pathOptions) as [string, Parameter][]) {
    for (const option of optionsOf(key, [parameter], helpOf(parameter, key))) command.addOption(option);
  }
  command
    .option('--lambda <number>', 'the λ whose model is told and written')
    .addOption(
      new Option(
        '--rule <name>',
        'or that of the best mean, or of the largest λ within a standard error of it; default min',
      ).choices(['min', '1se']),
    )
    .addOption(
      new Option('--measure <name>', 'what cross-validation compares models by; default deviance').choices(
        Object.keys(measures),
      ),
    )
    .option('--path-plot <file.svg>', 'with --cv: write a picture of the coefficients, too')
    .optionsGroup('Options:');
}

const besideEither = ['lambdas', ...Object.keys(pathOptions), 'lambda'];
const besideCv = ['rule', 'measure', 'pathPlot'];

function checkMode(flags: PathFlags): void {
  const given = (names: readonly string[]) => names.find((name) => flags[name as keyof PathFlags] !== undefined);
  const one = flags.path || flags.cv !== undefined ? undefined : given(besideEither);
  if (one) throw new NablaError('ERR_UNKNOWN_OPTION', `--${kebab(one)} goes with --path or --cv`);
  const other = flags.cv === undefined ? given(besideCv) : undefined;
  if (other) throw new NablaError('ERR_UNKNOWN_OPTION', `--${kebab(other)} goes with --cv`);
  if (flags.lambda !== undefined && flags.rule !== undefined) {
    throw new NablaError('ERR_UNKNOWN_OPTION', 'give --lambda or --rule, not both');
  }
}

/** Options of a fit that are none along λ, and why. */
const ofOneFit: readonly (readonly [keyof FitOptions, string])[] = [
  ['l1', '--lambdas and --l1-ratio say how much of it there is'],
  ['l2', '--lambdas and --l1-ratio say how much of it there is'],
  ['keepState', 'a path is not gone on with'],
  ['checkpoint', 'a path is not gone on with'],
];
function checkFit(options: FitOptions, flag: '--path' | '--cv', isWatched: boolean): void {
  const wrong = ofOneFit.find(([name]) => options[name] !== undefined);
  const refuse = (other: string, why: string) =>
    new NablaError('ERR_UNKNOWN_OPTION', `${other} does not go with ${flag}: ${why}`);
  if (wrong) throw refuse(`--${kebab(wrong[0])}`, wrong[1]);
  if (isWatched && flag === '--cv') throw refuse('--validation', 'every fold holds out rows of its own');
}

const lambda = { kind: 'number', default: 0, range: '[0, ∞)', help: '' } as const;

const readLambdas = (list: string): number[] =>
  list.split(',').map((cell) => readFlag('--lambdas', cell.trim(), lambda) as number);

/** Null for a single fit. `fit`: its options; whether a model is to be written, and rows are to be watched. */
export function readPathRequest(
  flags: PathFlags,
  fit: FitOptions,
  { isKept, isWatched }: { isKept: boolean; isWatched: boolean },
): PathRequest | null {
  checkMode(flags);
  if (!flags.path && flags.cv === undefined) return null;
  checkFit(fit, flags.cv === undefined ? '--path' : '--cv', isWatched);
  const given = Object.entries(pathOptions).filter(([name]) => flags[name as keyof PathFlags] !== undefined);
  const options = given.map(([name, option]) => {
    return [name, readFlag(`--${kebab(name)}`, flags[name as keyof PathFlags], option)];
  });
  const { cv, rule = 'min' } = flags;
  const lambdas = flags.lambdas === undefined ? undefined : readLambdas(flags.lambdas);
  const at = flags.lambda === undefined ? null : (readFlag('--lambda', flags.lambda, lambda) as number);
  if (isKept && cv === undefined && at === null) {
    throw new NablaError('ERR_UNKNOWN_OPTION', '--model goes along a path with --lambda: which of its models?');
  }
  const folds = typeof cv === 'string' ? (readFlag('--cv', cv, crossValidationOptions.folds) as number) : undefined;
  return {
    options: { ...Object.fromEntries(options), lambdas },
    cv: cv === undefined ? null : { folds, measure: flags.measure },
    choice: at ?? (cv === undefined ? null : rule),
    plot: flags.pathPlot,
  };
}
