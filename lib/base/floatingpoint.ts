// Test of the floating-point environment: round to nearest, denormals kept.
// Another library of the process may have changed it on this thread (GCC before 13 with -ffast-math does). JavaScript
// cannot change it back; the addon can.

/** Twice the least denormal, and less than half an ulp of 1: in an array, so that no compiler folds what is asked of them. */
const probe = Float64Array.of(1e-323, 2 ** -60);

/** True in the default floating-point environment: what follows has the bits of native code. */
export function isDefaultFloatingPoint(): boolean {
  const tiny = probe[1];
  return probe[0] * 0.5 > 0 && 1 + tiny === 1 && 1 - tiny === 1;
}
