// Wire: named fields of jobs and outcomes, in the order in which they cross to the addon.
// Twins: Plan::each in native/objective/plan.h and native/binding/wire.h; a test compares the names with those that the
// addon exports.
import type { FitJob, ManyJob } from './interface.js';
import { maxParameters, type Plan } from './plan.js';

/** The fields of a plan; a list of parameters is `maxParameters` numbers, and the last field a length and its elements. */
export const planFields = [
  'loss',
  'lossParameters',
  'rule',
  'ruleParameters',
  'solver',
  'solverParameters',
  'schedule',
  'scheduleParameters',
  'sampler',
  'samplerParameters',
  'averaging',
  'averagingParameters',
  'rows',
  'cols',
  'outputs',
  'targets',
  'validationRows',
  'batchSize',
  'epochs',
  'tolerance',
  'scalesTolerance',
  'gradientTolerance',
  'patience',
  'minDelta',
  'maxSeconds',
  'seed',
  'l1',
  'l2',
  'clipNorm',
  'clipValue',
  'bounded',
  'intercept',
  'standardize',
  'restoreBest',
  'stepHistory',
  'lossAfterUpdate',
  'gramFrom',
  'pauseAfter',
  'threads',
  'scheduleList',
] as const satisfies readonly (keyof Plan)[];

/** Numbers of a plan without the elements of its `scheduleList`. */
export const planLength = planFields.reduce((sum, name) => sum + (name.endsWith('Parameters') ? maxParameters : 1), 0);

/** The plan as numbers. `into`: for a plan without a list, used again and again where a fit is short. */
export function encodePlan(plan: Plan, into?: Float64Array): Float64Array {
  const { scheduleList } = plan;
  const out = into && scheduleList.length === 0 ? into : new Float64Array(planLength + scheduleList.length);
  let at = 0;
  for (const name of planFields) {
    const value = plan[name];
    if (typeof value !== 'object') out[at++] = Number(value);
    else if (name === 'scheduleList') out[at++] = scheduleList.length;
    else {
      out.set(value, at);
      at += maxParameters;
    }
  }
  out.set(scheduleList, at);
  return out;
}

/** The arrays of a job; a table without rows has null for each of its own. */
export const jobArrays = {
  trainX: ({ train }) => train.X,
  trainY: ({ train }) => train.y,
  trainSampleWeight: ({ train }) => train.sampleWeight,
  trainOffset: ({ train }) => train.offset,
  trainIndex: ({ train }) => train.index,
  validationX: ({ validation }) => validation?.X ?? null,
  validationY: ({ validation }) => validation?.y ?? null,
  validationSampleWeight: ({ validation }) => validation?.sampleWeight ?? null,
  validationOffset: ({ validation }) => validation?.offset ?? null,
  validationIndex: ({ validation }) => validation?.index ?? null,
  samplerIndices: ({ indices }) => indices,
  penaltyFactors: ({ penaltyFactors }) => penaltyFactors,
  lowerBounds: ({ bounds }) => bounds?.lower ?? null,
  upperBounds: ({ bounds }) => bounds?.upper ?? null,
  initialWeights: ({ weights }) => weights,
  pausedState: ({ state }) => state,
  carriedState: ({ carried }) => carried,
  gramCache: ({ known }) => known,
} as const satisfies Record<string, (job: FitJob) => Float64Array | Float32Array | Uint32Array | null>;

/** The arrays of many fits. */
export const manyArrays = {
  X: ({ X }) => X,
  y: ({ y }) => y,
  sampleWeight: ({ sampleWeight }) => sampleWeight,
  offset: ({ offset }) => offset,
  borders: ({ borders }) => borders,
  penaltyFactors: ({ penaltyFactors }) => penaltyFactors,
  lowerBounds: ({ bounds }) => bounds?.lower ?? null,
  upperBounds: ({ bounds }) => bounds?.upper ?? null,
  coefficients: ({ coefficients }) => coefficients,
  intercepts: ({ intercepts }) => intercepts,
  statuses: ({ status }) => status,
  losses: ({ losses }) => losses,
  remaining: ({ remaining }) => remaining,
  epochs: ({ epochs }) => epochs,
  steps: ({ steps }) => steps,
} as const satisfies Record<string, (job: ManyJob) => Float64Array | Float32Array | Uint8Array | null>;

/** The numbers of an outcome, which come first. */
export const outcomeNumbers = [
  'status',
  'epochs',
  'steps',
  'meanLoss',
  'gap',
  'remainingDecrease',
  'lastDecrease',
] as const;
/** The lists of an outcome: their lengths follow the numbers, then their elements. */
export const outcomeLists = [
  'weights',
  'loss',
  'validationLoss',
  'learningRate',
  'gradientNorm',
  'state',
  'carried',
] as const;

const arraysOfJob = Object.values(jobArrays);
const arraysOfMany = Object.values(manyArrays);
export const arraysOf = (job: FitJob) => arraysOfJob.map((of) => of(job));
export const manyArraysOf = (job: ManyJob) => arraysOfMany.map((of) => of(job));
