// What the scripts of bench/ take from here; the command takes `bench`.
export { candidate, compare, usualEffort } from './harness.js';
export { kernelGauges } from './limits.js';
export { numbers } from './numbers.js';
export { bench, mainTable, pictureOf, reportText } from './run.js';
