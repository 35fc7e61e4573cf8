// A fit as plain numbers. Twin: native/solver/plan.h, which decodes what `encode` writes.

export const samplerKind = { full: 0, sequential: 1, shuffled: 2, replacement: 3, indices: 4 } as const;
export const scheduleKind = { constant: 0, invscaling: 1 } as const;
export const status = { converged: 0, maxEpochs: 1, diverged: 2 } as const;

/** Numbers of one loss, rule or schedule; a list is padded with zeros. */
export const maxParameters = 8;

export interface Plan {
  loss: number;
  lossParameters: Float64Array;
  rule: number;
  ruleParameters: Float64Array;
  schedule: number;
  scheduleParameters: Float64Array;
  sampler: number;
  batchSize: number;
  epochs: number;
  tolerance: number;
  seed: number;
  intercept: boolean;
  /** history holds the loss of each step, not of each epoch */
  stepHistory: boolean;
  /** an epoch's loss is taken anew at the weights that it ends with */
  lossAfterUpdate: boolean;
}

export function encode(plan: Plan): Float64Array {
  return Float64Array.of(
    plan.loss,
    ...plan.lossParameters,
    plan.rule,
    ...plan.ruleParameters,
    plan.schedule,
    ...plan.scheduleParameters,
    plan.sampler,
    plan.batchSize,
    plan.epochs,
    plan.tolerance,
    plan.seed,
    Number(plan.intercept),
    Number(plan.stepHistory),
    Number(plan.lossAfterUpdate),
  );
}
