// setThreads on a backend.
import type { Backend } from '../backend/interface.js';
import { mostThreads } from '../catalog/options.js';
import { readNumber } from '../input/read.js';

const threads = { kind: 'number', default: 1, range: `[1, ${mostThreads}]`, whole: true, help: '' } as const;

export type SetThreads = (n: number) => void;

export function createSetThreads(backend: Backend): SetThreads {
  return (n) => backend.setThreads(readNumber('n', n, threads));
}
