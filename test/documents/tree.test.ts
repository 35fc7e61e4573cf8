// ARCHITECTURE.md has the tree of lib/ and native/ that docs/tree.mjs makes of the files' first lines.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);
const isCheckout = existsSync(new URL('.gitattributes', root)); // copies for sanitizers leave files out
const { sources, withTree } = await import(new URL('docs/tree.mjs', root).href);
const files: [path: string, line: string | null][] = [...sources('native'), ...sources('lib')];

describe.runIf(isCheckout)('the tree of ARCHITECTURE.md', () => {
  it('is that of the files: node docs/tree.mjs writes it', () => {
    const page = readFileSync(new URL('ARCHITECTURE.md', root), 'utf8');
    expect(page).toContain('<!-- begin tree -->');
    expect(withTree(page)).toBe(page);
  });

  it('has files that begin with one sentence of at most 100 characters', () => {
    const others = files.filter(([, line]) => line === null || line.length > 100 || !line.endsWith('.'));
    expect(others).toEqual([]);
  });
});
