// The system starts no thread for the addon (a container's limit on processes, ulimit -u): passes are the caller's alone,
// fits that need a thread reject, and nothing waits for what nobody does.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildFaults, canFault } from './shim.js';

describe.runIf(canFault)('a process that is refused threads', () => {
  let faults: ReturnType<typeof buildFaults>;
  beforeAll(() => {
    faults = buildFaults();
  });
  afterAll(() => faults?.remove());

  async function said(...args: [string, ...string[]]): Promise<unknown[]> {
    const { ended, lines } = await faults.play(...args);
    const { code, signal, stderr } = ended;
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
    return lines.map((line) => JSON.parse(line));
  }
  const shared = { shared: ['right', 'right', 'right'], refused: true };
  const alone = { alone: new Array(4).fill('ERR_NO_THREAD') };

  it('shares no pass, rejects fits with ERR_NO_THREAD, and fits again when threads are to be had', async () => {
    expect(await said('noThread', 'goes on')).toEqual([shared, alone, { again: ['right'] }]);
  });
  it.each(['naturally', 'exit'])('ends at once (%s)', async (end) => {
    const before = performance.now();
    expect(await said('noThread', end)).toEqual([shared, alone]);
    expect(performance.now() - before).toBeLessThan(20_000);
  });
  it('runs all fits on the threads there are', async () => {
    expect(await said('noMoreThreads')).toEqual([{ one: 'AbortError', behind: ['right'], refused: true }]);
  });
});
