// Entry of the benchmark for the scripts of bench/ and for the command.
export { candidate, compare, usualEffort } from './harness.js';
export { kernelGauges } from './limits.js';
export { numbers } from './numbers.js';
export { bench, mainTable, pictureOf, reportText } from './run.js';
