// Puts a report into the pages that carry it.
import { readFileSync, writeFileSync } from 'node:fs';
import { mainTable, pictureOf, reportText } from '../dist/bench.mjs';

/** Puts a text between the marks of a page. */
export function replaceResults(page, text, mark = 'results') {
  const path = new URL(page, import.meta.url);
  const parts = readFileSync(path, 'utf8').split(new RegExp(`<!-- (?:begin|end) ${mark} -->`));
  if (parts.length !== 3) throw new Error(`${page} has no place for ${mark}`);
  writeFileSync(path, `${parts[0]}<!-- begin ${mark} -->\n${text}\n<!-- end ${mark} -->${parts[2]}`);
}

/**
 * All of it into README.md here, which has a place for each instruction set that a run was made on, and the picture
 * beside it; of AVX-512 the main rows into docs/benchmarks.md.
 */
export function writeReadmes(report) {
  const { target } = report;
  replaceResults('README.md', reportText(report), `results ${target}`);
  writeFileSync(new URL(`report-${target}.svg`, import.meta.url), pictureOf(report));
  if (target === 'avx512') replaceResults('../docs/benchmarks.md', mainTable(report));
}
