// Documents and comments name only files that exist in the repository.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const isCheckout = existsSync(join(root, '.gitattributes')); // copies for sanitizers leave files out
const folders = ['lib', 'native', 'test', 'bench', 'docs', 'examples', '.github'];

/** Files of the repository, with `/`; build output lies elsewhere. */
const files = folders
  .flatMap((folder) => (existsSync(join(root, folder)) ? below(folder) : []))
  .concat(readdirSync(root, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : [])));

function below(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'node_modules') return [];
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? below(path) : [path];
  });
}

const all = new Set(files);
const read = (name: string): string => readFileSync(join(root, name), 'utf8');

/** What a name with an extension of ours may mean: a path from the root, from lib/, native/ or the file, or a bare name. */
function exists(named: string, from: string): boolean {
  const bases = ['', 'lib/', 'lib/reference/', 'native/', 'test/', `${dirname(from)}/`];
  const found = bases.some((base) => {
    const path = normalize(base + named)
      .split(sep)
      .join('/');
    return all.has(path) || (path.endsWith('/') && files.some((file) => file.startsWith(path)));
  });
  return found || (!named.includes('/') && files.some((file) => basename(file) === named));
}

/** Comments of a source file, and the lines that they are in. */
function comments(text: string): string {
  const found = text.match(/(?:^|[\s;{},)])\/\/ .*$|\/\*[\s\S]*?\*\//gm) ?? [];
  return found.join('\n');
}

// Of paths with dots, as in ../README.md, what follows them is looked for. Braces are alternatives: docs/{a,b}.md.
const path =
  /(?<![\w./$*-])(?:\.\.\/)*((?:[\w@-]+\/)*[\w-]+\.(?:test\.ts|d\.ts|ts|md|h|cc|inc|mjs|sh|svg|json|yml))\b/g;
/** Made by a build, written by a user, or X for any name. */
const elsewhere =
  /^(?:dist\/|package\/|build\/|prebuilds\/|node_modules\/)|^(?:index|kernels|textbook|autodiff|reference|bench|cli)\.d?\.?mjs$|^(?:model|species|report)\.json$|[/_]X\.(?:ts|h|cc)$/;

const isSource = (name: string): boolean => /\.(?:ts|h|cc|inc|mjs)$/.test(name) && !name.startsWith('test/fixtures/');
const isPage = (name: string): boolean => name.endsWith('.md') && name !== 'CHANGELOG.md';

describe.runIf(isCheckout)('paths', () => {
  it.each(folders.slice(0, 6))('in comments of %s/ are those of files', (folder) => {
    const wrong = files
      .filter((name) => name.startsWith(`${folder}/`) && isSource(name))
      .flatMap((name) => {
        const named = [...comments(read(name)).matchAll(path)].map(([, found]) => found);
        return named
          .filter((found) => !elsewhere.test(found) && !exists(found, name))
          .map((found) => `${name}: ${found}`);
      });
    expect(wrong).toEqual([]);
  });

  it('in documents are those of files', () => {
    const wrong = files.filter(isPage).flatMap((name) => {
      const prose = read(name).replace(/^```[\s\S]*?^```$/gm, '');
      const named = [...prose.matchAll(path)].map(([, found]) => found);
      return named
        .filter((found) => !elsewhere.test(found) && !exists(found, name))
        .map((found) => `${name}: ${found}`);
    });
    expect(wrong).toEqual([]);
  });

  it('of relative links lead to files and headings', () => {
    const headings = (text: string): string[] =>
      [...text.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
        title
          .toLowerCase()
          .replace(/[^\p{L}\p{N} _-]/gu, '')
          .replaceAll(' ', '-'),
      );
    const wrong = files
      .filter((name) => name.endsWith('.md'))
      .flatMap((name) => {
        const links = [...read(name).matchAll(/\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)/g)];
        return links.flatMap(([, link, heading]) => {
          const target =
            link === ''
              ? name
              : normalize(join(dirname(name), link))
                  .split(sep)
                  .join('/');
          const isThere = all.has(target) || files.some((file) => file.startsWith(`${target}/`));
          const isHeading = heading === undefined || headings(read(target)).includes(heading);
          return isThere && isHeading ? [] : [`${name}: ${link}${heading ? `#${heading}` : ''}`];
        });
      });
    expect(wrong).toEqual([]);
  });

  it('of all pages of docs/ stand in README.md', () => {
    const pages = files.filter((name) => name.startsWith('docs/') && name.endsWith('.md'));
    expect(pages.filter((name) => !read('README.md').includes(`](${name})`))).toEqual([]);
    expect(pages.length).toBeGreaterThan(10);
  });
});
