// Buffers for the results of ops: while a derivative is taken, small ones are cut from slabs.
import { allocate as allocateAlone } from '../base/memory.js';
import { isDifferentiating } from './tape.js';

// A small Float64Array of its own costs V8 300 ns, a view 55. A view keeps its slab alive; what callers get is copied out.
const slabDoubles = 8192;
const largest = 1024;
let slab = new ArrayBuffer(0);
let used = slabDoubles;

/** Zeros. @throws NablaError `ERR_OUT_OF_MEMORY` */
export function allocate(length: number): Float64Array {
  if (length > largest || !isDifferentiating()) return allocateAlone(length);
  if (used + length > slabDoubles) {
    slab = allocateAlone(slabDoubles).buffer as ArrayBuffer;
    used = 0;
  }
  const at = used;
  used += (length + 7) & ~7; // on cache lines
  return new Float64Array(slab, at * 8, length);
}
