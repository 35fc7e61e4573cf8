// Tree of lib/ and native/ in ARCHITECTURE.md, one line a file from its first comment line.
// Usage: node docs/tree.mjs    writes it between the marks of ARCHITECTURE.md; test/documents/tree.test.ts holds it there.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = join(root, 'ARCHITECTURE.md');
const marks = /(?<=<!-- begin tree -->\n)[\s\S]*(?=<!-- end tree -->)/;
const source = /\.(?:ts|h|cc|inc|mjs)$/;

/** The first comment line of a file, null where it begins otherwise. */
export function firstLine(path) {
  const [first, second] = readFileSync(path, 'utf8').split('\n', 2);
  return /^\/\/ (.+)/.exec(first.startsWith('#!') ? second : first)?.[1] ?? null;
}

/** Source files below a folder, folders first: [path, line]. A unit without a line of its own shares its header's. */
export function sources(folder = '') {
  const entries = readdirSync(join(root, folder), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => `${folder}/${name}`);
  const names = entries.filter((entry) => entry.isFile() && source.test(entry.name)).map(({ name }) => name);
  const lines = names.map((name) => [`${folder}/${name}`, firstLine(join(root, folder, name))]);
  const own = lines.filter(([path, line]) => line !== null || !names.includes(headerOf(path)));
  return [...folders.flatMap(sources), ...own];
}

function headerOf(path) {
  return path.slice(path.lastIndexOf('/') + 1).replace(/\.cc$/, '.h');
}

/** The tree as Markdown: a heading and a list for each folder. */
export function tree() {
  const folders = new Map();
  for (const [path, line] of [...sources('native'), ...sources('lib')]) {
    const folder = path.slice(0, path.lastIndexOf('/'));
    if (!folders.has(folder)) folders.set(folder, []);
    folders.get(folder).push(`${path.slice(folder.length + 1)}: ${line}`);
  }
  return [...folders].map(([folder, lines]) => `${folder}/\n${lines.map((line) => `  ${line}\n`).join('')}`).join('\n');
}

/** ARCHITECTURE.md with the tree of these files. */
export function withTree(text) {
  return text.replace(marks, () => `\`\`\`text\n${tree()}\`\`\`\n`);
}

if (argv[1] === fileURLToPath(import.meta.url)) writeFileSync(page, withTree(readFileSync(page, 'utf8')));
