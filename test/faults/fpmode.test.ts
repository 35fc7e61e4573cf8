// Another library of the process has changed rounding or switched denormals off on the main thread: native code restores
// the default for as long as it computes, and short arrays are not served in JavaScript then.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, fixture, runScript } from '../support/children.js';
import { patience } from '../support/support.js';
import { buildFaults, canFault } from './shim.js';

describe.runIf(canFault)('a process in another floating-point environment', () => {
  let faults: ReturnType<typeof buildFaults>;
  let usual: unknown;
  beforeAll(async () => {
    faults = buildFaults('fpmode.c');
    usual = said(await play({}));
  }, 60_000);
  afterAll(() => faults?.remove());

  const play = (env: Record<string, string>): Promise<Ended> =>
    runScript([fixture('fpmode.mjs'), faults.url], { NABLA_BACKEND: 'native', ...env }, patience(60_000));
  function said({ code, signal, stdout, stderr }: Ended): unknown {
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
    return JSON.parse(stdout);
  }

  it.each(['ftz', 'up', 'down', 'zero'])('computes the bits of the default one (%s)', async (mode) => {
    expect(said(await play({ LD_PRELOAD: faults.shim, FP_MODE: mode }))).toEqual(usual);
  });
});
