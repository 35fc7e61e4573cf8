// Check of l1: which update rules take it.

import { NablaError } from '../base/errors.js';
import { type RuleEntry, rules } from '../catalog/rules.js';

/**
 * Refuses l1 for the rules that would not reach its minimum: those whose steps do not depend on the size of the slope, and
 * centered RMSProp with momentum, whose step sizes grow without bound where slopes are steady, as those that l1 balances.
 *
 * @throws NablaError `ERR_UNKNOWN_OPTION`
 */
export function refuseL1(option: string, name: string, parameters: Float64Array, l1: number): void {
  if (l1 === 0) return;
  const entry: RuleEntry = rules[name as keyof typeof rules];
  const names = Object.keys(entry.parameters);
  const isOn = (parameter: string) => names.includes(parameter) && parameters[names.indexOf(parameter)] !== 0;
  const isUnsteady = isOn('centered') && isOn('momentum');
  const why = isUnsteady ? 'centered with momentum, its steps do not settle' : entry.withoutL1;
  if (why === undefined) return;
  throw new NablaError(
    'ERR_UNKNOWN_OPTION',
    `l1 does not go with ${option} ${name}: ${why}, so that it does not reach the minimum; use another rule, or a solver`,
  );
}
