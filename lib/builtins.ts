// What few calls need and what takes long to load: node:crypto alone takes as long as all of the package.
import { createRequire } from 'node:module';

const load = createRequire(import.meta.url);

export const asyncHooks = (): typeof import('node:async_hooks') => load('node:async_hooks');
export const crypto = (): typeof import('node:crypto') => load('node:crypto');
export const files = (): typeof import('node:fs/promises') => load('node:fs/promises');
export const spelling = (): typeof import('fastest-levenshtein') => load('fastest-levenshtein');
