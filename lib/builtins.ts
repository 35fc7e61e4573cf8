// Parts of Node that few calls need and that take long to load: node:crypto alone takes as long as all of the package.
import { createRequire } from 'node:module';

const load = createRequire(import.meta.url);

export const asyncHooks = (): typeof import('node:async_hooks') => load('node:async_hooks');
export const crypto = (): typeof import('node:crypto') => load('node:crypto');
export const files = (): typeof import('node:fs/promises') => load('node:fs/promises');
