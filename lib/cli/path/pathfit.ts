// nabla fit --path and --cv: models along λ, and the one to keep.

import { basename } from 'node:path';
import { writeAtomic } from '../../base/file.js';
import { pathOptions } from '../../catalog/options.js';
import { cvPicture } from '../../draw/cvpicture.js';
import { counted, measured } from '../../draw/figures.js';
import type { Along, Mark } from '../../draw/lambdapicture.js';
import { type Course, pathPicture } from '../../draw/pathpicture.js';
import { type CrossValidation, crossValidate, fitPath, Model, type Optimality, type Path } from '../../index.js';
import { fitsOf } from '../../model/fits.js';
import type { Io } from '../command.js';
import type { Parts, Sources } from '../csv/sources.js';
import { tellDivergence } from '../fit/divergence.js';
import { writeModelFile } from '../fit/modelfile.js';
import { fittingSpinner } from '../fit/progress.js';
import type { Outcome } from '../fit/report.js';
import type { FitRequest } from '../fit/request.js';
import { tellWarnings, warningsOf } from '../fit/warnings.js';
import { inTheseWords } from '../flags/words.js';
import { type AlongLambda, choose, type PathReport, pathReportOf } from './pathreport.js';
import type { PathRequest } from './pathrequest.js';
import { pathText } from './pathtext.js';

interface Fitted {
  readonly path: Path;
  readonly cv: CrossValidation | null;
}

async function fitAlong(parts: Parts, { labels }: Sources, request: FitRequest, io: Io): Promise<Fitted> {
  const { options, wanted } = request;
  const along = request.along as PathRequest;
  const { given } = parts;
  const classes = wanted.loss === 'softmax' ? labels.length : undefined;
  const validation = (request.validation === undefined ? null : parts.validation) ?? undefined;
  const all = { ...options, ...along.options, classes };
  const stop = fittingSpinner(io.stderr, counted(given.rows, 'row'));
  const fits = inTheseWords(async () => {
    if (!along.cv) return { path: await fitPath(given, { ...all, validation }), cv: null };
    const cv = await crossValidate(given, { ...all, ...along.cv });
    return { path: cv.path, cv };
  });
  return fits.finally(stop);
}

/**
 * How far a model of a λ is from its minimum: what it tells itself, or, of few epochs of a rule or between two λ, what a fit
 * of its objective finds that stays where the model is, whatever that costs.
 */
async function optimalityOf(
  { model, lambda }: { model: Model; lambda: number },
  { given }: Parts,
  { labels }: Sources,
  { options, wanted, along }: FitRequest,
): Promise<Optimality> {
  if (model.optimality.relative !== null || model.status === 'diverged') return model.optimality;
  const { loss, intercept, standardize, penaltyFactors, nonNegative, lowerBounds, upperBounds, classWeight } = options;
  const objective = {
    loss,
    intercept,
    standardize,
    penaltyFactors,
    nonNegative,
    lowerBounds,
    upperBounds,
    classWeight,
  };
  const classes = wanted.loss === 'softmax' ? labels.length : undefined;
  const stated = Object.fromEntries(
    Object.entries({ ...objective, classes }).filter(([, value]) => value !== undefined),
  );
  const share = along?.options.l1Ratio ?? pathOptions.l1Ratio.default;
  const still = { optimizer: { name: 'sgd', learningRate: 1e-300 }, epochs: 1, warmStart: model } as const;
  const penalty = { l1: lambda * share, l2: lambda * (1 - share) };
  return (await fitsOf(Model).fit(given, { ...stated, ...still, ...penalty }, undefined, true)).optimality;
}

/** For a picture: of several classes the Euclidean norm. */
function courseOf(name: string, values: AlongLambda): Course {
  if (Array.isArray(values)) return { name, values };
  const classes = Object.values(values);
  return { name, values: classes[0].map((_, i) => Math.sqrt(classes.reduce((sum, of) => sum + of[i] ** 2, 0))) };
}

/** What both pictures tell. */
function alongOf(report: PathReport, title: string, file: string): Along {
  const { lambdas, nonZero, crossValidation: cv, chosen, trainingRows, optimizer, coefficients } = report;
  const data = `${counted(trainingRows, 'row')}, ${counted(Object.keys(coefficients).length, 'column')}`;
  const at = (lambda: number): string => `λ ${measured(lambda)}`;
  const marks: Mark[] = [];
  if (cv) {
    marks.push({ lambda: cv.lambdaMin, label: `${at(cv.lambdaMin)}: the best` });
    marks.push({ lambda: cv.lambda1se, label: `${at(cv.lambda1se)}: within a standard error of it` });
  }
  if (chosen?.by === 'lambda') marks.push({ lambda: chosen.lambda, label: `${at(chosen.lambda)}: chosen` });
  return { title, subtitle: `${basename(file)}: ${data}; ${optimizer}`, lambdas, nonZero, marks };
}

function picturesOf(report: PathReport, file: string): { path: string; cv: string | null } {
  const { target, coefficients, labels, intercept, crossValidation: cv } = report;
  const isOne = Array.isArray(intercept);
  const courses = Object.entries(coefficients).map(([name, values]) => courseOf(name, values));
  const name = isOne ? 'coefficient' : `norm of the coefficients of ${labels.length} classes`;
  return {
    path: pathPicture(alongOf(report, `Coefficients of the fit of ${target}`, file), courses, name),
    cv:
      cv &&
      cvPicture(
        alongOf(report, `Cross-validation of the fit of ${target} in ${cv.folds} folds`, file),
        cv.mean,
        cv.standardError,
        cv.measure,
      ),
  };
}

/**
 * Fits, tells and writes; `outcome` lacks the time of the fit.
 *
 * @returns whether there is the model that was asked for: its fit may diverge
 */
export async function fitAlongCommand(
  file: string,
  request: FitRequest,
  sources: Sources,
  parts: Parts,
  outcome: Omit<Outcome, 'metrics' | 'seconds'>,
  io: Io,
): Promise<boolean> {
  const { columns, names, labels } = sources;
  const { target, offset = null } = request.wanted;
  const along = request.along as PathRequest;
  const start = performance.now();
  const { path, cv } = await fitAlong(parts, sources, request, io);
  const seconds = (performance.now() - start) / 1000;
  const chosen = choose(path, cv, along.choice);
  const diverged = chosen?.model.status === 'diverged';
  const optimality = chosen ? await optimalityOf(chosen, parts, sources, request) : undefined;
  const warnings = chosen ? warningsOf(chosen.model, parts.training, names, request.options, optimality) : [];
  const report = pathReportOf(path, cv, chosen, names, parts, { ...outcome, seconds, warnings });
  const write = async (name: keyof PathReport['files'], to: string | undefined, content: () => string) => {
    if (to === undefined) return;
    await writeAtomic(to, Buffer.from(content()));
    report.files[name] = to;
  };
  if (chosen && !diverged) {
    const { lambda, by, model } = chosen;
    const options = { ...request.options, ...along.options, ...along.cv, lambda, by };
    const fitted = { rows: parts.training.rows, options };
    await write('model', request.model, () => writeModelFile({ target, labels, offset, columns, fitted, model }));
  }
  if (request.plot !== undefined || along.plot !== undefined) {
    const pictures = picturesOf(report, file);
    await write('plot', request.plot, () => pictures.cv ?? pictures.path);
    await write('pathPlot', along.plot, () => pictures.path);
  }
  const text = (): string => pathText(report, names, request, io.stdout.columns ?? 80);
  io.stdout.write(request.json ? `${JSON.stringify(report)}\n` : text());
  if (!request.json) tellWarnings(warnings, io);
  if (diverged) tellDivergence(`the fit at λ ${measured(chosen.lambda)} diverged`, chosen.model, request, io);
  return !diverged;
}
