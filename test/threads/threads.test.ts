// Fits and the lives of threads and processes. Each scenario is a process of its own: fixtures/threads.mjs.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { native } from '../support/backends.js';
import { buildLibrary, canSpawn, type Ended, fixture, runScript } from '../support/children.js';
import { patience } from '../support/support.js';

const backends = native ? ['native', 'reference'] : ['reference'];

describe.runIf(canSpawn)('threads', () => {
  let library: ReturnType<typeof buildLibrary>;
  beforeAll(() => {
    library = buildLibrary();
  });
  afterAll(() => library?.remove());

  describe.each(backends)('%s', (backend) => {
    const env = { NABLA_BACKEND: backend };
    const play = (scenario: string, more = {}): Promise<Ended> =>
      runScript([fixture('threads.mjs'), scenario, library.url], { ...env, ...more }, patience(50_000));
    /** The scenario's last word, and its end as it should be. */
    async function said(scenario: string): Promise<unknown> {
      const { code, signal, stdout, stderr } = await play(scenario);
      expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
      return JSON.parse(stdout);
    }
    /** Fits that never end would keep a thread until the process is killed. */
    const soon = patience(1000);

    it('workers and the main thread fit at the same time, each rightly', async () => {
      expect(await said('workersFit')).toEqual([true, true, true, true]);
    });

    it('terminate() ends a worker in the middle of its fits, and the others go on', async () => {
      const { took, goesOn } = (await said('terminate')) as { took: number; goesOn: boolean };
      expect(took).toBeLessThan(soon);
      expect(goesOn).toBe(true);
    });

    it('terminate() does not wait for the end of an interior point iteration', async () => {
      const { took } = (await said('terminateInterior')) as { took: number };
      expect(took).toBeLessThan(soon);
    });

    it('terminate() does not wait for the fits of another thread', async () => {
      const { took } = (await said('terminateBehindOthers')) as { took: number };
      expect(took).toBeLessThan(soon);
    });

    it('long fits let short ones have a turn', async () => {
      const { took } = (await said('shortBehindLong')) as { took: number };
      expect(took).toBeLessThan(5 * soon);
    });

    it('many workers come and go', async () => {
      expect(await said('terminateMany')).toEqual(new Array(18).fill(1));
    });

    it.runIf(backend === 'native')(
      "ends running fits when a program emits 'exit', and goes on with others",
      async () => {
        expect(await said('emitExit')).toEqual([20, 'AbortError', 'ERR_PROCESS_EXIT']);
      },
    );

    it.runIf(backend === 'native')('a hundred workers at once load the addon', async () => {
      expect(await said('hundredWorkers')).toEqual({ loaded: 100, goesOn: 20 });
    });

    it.runIf(backend === 'native' && process.platform === 'linux')('the pool lets others go first', async () => {
      expect(await said('niceness')).toBe(5);
    });

    it('process.exit() in a worker ends it in the middle of its fits', async () => {
      expect(await said('workerExits')).toEqual({ code: 5, goesOn: 20 });
    });

    it('a worker whose fits are done ends by itself', async () => {
      expect(await said('workerEnds')).toEqual({ code: 0 });
    });

    it.each(['exit', 'exitAtOnce', 'exitBehindWorker'])(
      'process.exit() in the middle of fits: %s',
      async (scenario) => {
        const { stdout, ...ended } = await play(scenario);
        expect(ended).toEqual({ code: 7, signal: null, stderr: '' });
        expect(Date.now() - Number(stdout)).toBeLessThan(soon);
      },
    );

    it('an abort that nobody handles ends the process as those of Node itself do', async () => {
      const [nodes, ours] = await Promise.all(['1', ''].map((own) => play('unhandledAbort', { NODES_OWN: own })));
      expect({ ...ours, stderr: '' }).toEqual({ ...nodes, stderr: '' });
      expect(ours).toMatchObject({ code: 1, signal: null, stdout: '' });
      for (const { stderr } of [nodes, ours]) expect(stderr).toMatch(/^\s*(DOMException \[)?AbortError.*: .*aborted/m);
    });

    it('an uncaught exception in the middle of fits ends the process', async () => {
      const { code, signal, stderr } = await play('uncaught');
      expect({ code, signal }).toEqual({ code: 1, signal: null });
      expect(stderr).toContain('Error: uncaught');
    });

    it('a fit keeps the process alive until it is done, and an idle pool does not', async () => {
      expect(await play('fitAlone')).toMatchObject({
        code: 0,
        signal: null,
        stdout: '"first"\n"second"\n',
        stderr: '',
      });
    });

    it('so does a fit that fails', async () => {
      expect(await said('rejectedAlone')).toBe('ERR_NOT_FINITE');
    });

    it('fitSync works in a handler of exit', async () => {
      expect(await play('inExitHandler')).toMatchObject({ code: 7, signal: null, stdout: '20\n' });
    });
  });
});
