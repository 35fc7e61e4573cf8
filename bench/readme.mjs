// Puts a report into the pages that carry it.
import { readFileSync, writeFileSync } from 'node:fs';
import { mainTable, reportText } from '../dist/bench.mjs';

/** Puts a text between the marks of a page. */
export function replaceResults(page, text, mark = 'results') {
  const path = new URL(page, import.meta.url);
  const parts = readFileSync(path, 'utf8').split(new RegExp(`<!-- (?:begin|end) ${mark} -->`));
  if (parts.length !== 3) throw new Error(`${page} has no place for ${mark}`);
  writeFileSync(path, `${parts[0]}<!-- begin ${mark} -->\n${text}\n<!-- end ${mark} -->${parts[2]}`);
}

/** All of it into README.md here, the main rows into the README of the package. */
export function writeReadmes(report) {
  replaceResults('README.md', reportText(report));
  replaceResults('../README.md', mainTable(report));
}
