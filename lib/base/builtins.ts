// Node's modules that few calls need, loaded on first use.
// node:crypto alone takes as long to load as all of the package.
import { createRequire } from 'node:module';

const load = createRequire(import.meta.url);

export const asyncHooks = (): typeof import('node:async_hooks') => load('node:async_hooks');
export const crypto = (): typeof import('node:crypto') => load('node:crypto');
export const files = (): typeof import('node:fs/promises') => load('node:fs/promises');
/** Finds the addon. Its main file asks the runtime first whether it does that itself; Node does not. */
export const gypBuild = (): { resolve: (root: string) => string } => load('node-gyp-build/node-gyp-build.js');
export const addonAt = (path: string): unknown => load(path);
export const spelling = (): typeof import('fastest-levenshtein') => load('fastest-levenshtein');
export const workerThreads = (): typeof import('node:worker_threads') => load('node:worker_threads');
