// Puts a report into the pages that carry it.
import { readFileSync, writeFileSync } from 'node:fs';
import { mainTable, reportText } from '../dist/bench.mjs';

function replace(page, text) {
  const path = new URL(page, import.meta.url);
  const parts = readFileSync(path, 'utf8').split(/<!-- (?:begin|end) results -->/);
  if (parts.length !== 3) throw new Error(`${page} has no place for results`);
  writeFileSync(path, `${parts[0]}<!-- begin results -->\n${text}\n<!-- end results -->${parts[2]}`);
}

/** All of it into README.md here, the main rows into the README of the package. */
export function writeReadmes(report) {
  replace('README.md', reportText(report));
  replace('../README.md', mainTable(report));
}
