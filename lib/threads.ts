// Public setThreads, bound to the backend in use.
import { inUse } from './native/choice.js';
import { createSetThreads, type SetThreads } from './operations/threads.js';

/**
 * How many threads all fits of this process share, worker threads' among them: so many fits are computed at once, and one
 * fit of much data uses as many as are free. Default: the processors there are, or NABLA_THREADS of the environment.
 * Results do not depend on it. (On the reference, which has one thread, it does nothing.)
 *
 * @param n - a whole number from 1 to 1024
 * @throws NablaError `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`
 */
export const setThreads: SetThreads = createSetThreads(inUse());
