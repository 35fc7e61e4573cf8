// The rooms of lib/ depend downwards only, without a circle of files, types included: ARCHITECTURE, "The rooms".
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const lib = fileURLToPath(new URL('../../lib/', import.meta.url));
/** From the lowest; a room sees those before it. The files beside the folders are the entries and the public ideas. */
const order = [
  'base',
  'catalog',
  'backend',
  'reference',
  'native',
  'input',
  'metrics',
  'fitting',
  'model',
  'batch',
  'paths',
];
order.push('estimators', 'operations', 'draw', 'autodiff', '(entries)', 'cli', 'bench');
const mostFloors = 12;

const files = readdirSync(lib, { recursive: true, encoding: 'utf8' })
  .map((name) => name.split(sep).join('/'))
  .filter((name) => name.endsWith('.ts'));
const statement = /^(?:import|export)\s(?:[^;'"]*?\sfrom\s+)?['"](\.[^'"]+)['"]/gm;
const imports = new Map(
  files.map((file) => {
    const text = readFileSync(join(lib, file), 'utf8');
    const found = [...text.matchAll(statement)].map(([, path]) => normalize(join(dirname(file), path)));
    return [file, found.map((path) => path.split(sep).join('/').replace(/\.js$/, '.ts'))] as const;
  }),
);
const inside = (file: string) => (imports.get(file) ?? []).filter((path) => imports.has(path));
const roomOf = (file: string) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : '(entries)');

/** The longest way down from each, by what it sees; throws at a circle. */
function floors(sees: (name: string) => readonly string[]) {
  const floor = new Map<string, number>();
  const way: string[] = [];
  return function floorOf(name: string): number {
    const known = floor.get(name);
    if (known !== undefined) return known;
    if (way.includes(name)) throw new Error(`a circle: ${[...way.slice(way.indexOf(name)), name].join(' → ')}`);
    way.push(name);
    const height = 1 + Math.max(0, ...sees(name).map(floorOf));
    way.pop();
    floor.set(name, height);
    return height;
  };
}

describe('the rooms of lib/', () => {
  it('are those of the order', () => {
    expect(new Set(files.map(roomOf))).toEqual(new Set(order));
  });

  it('see only rooms below them', () => {
    const upward = files.flatMap((file) => {
      const above = inside(file).filter((path) => order.indexOf(roomOf(path)) > order.indexOf(roomOf(file)));
      return above.map((path) => `${file} → ${path}`);
    });
    expect(upward).toEqual([]);
  });

  it('have no circle of files', () => {
    const floorOf = floors(inside);
    expect(() => files.map(floorOf)).not.toThrow();
  });

  it(`stand on at most ${mostFloors} floors`, () => {
    const below = new Map(order.map((room) => [room, new Set<string>()]));
    for (const file of files) {
      for (const path of inside(file)) if (roomOf(path) !== roomOf(file)) below.get(roomOf(file))?.add(roomOf(path));
    }
    const floorOf = floors((room) => [...(below.get(room) ?? [])]);
    expect(Math.max(...order.map(floorOf))).toBeLessThanOrEqual(mostFloors);
  });
});
