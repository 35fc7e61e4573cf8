// The package as a user gets it: packed, installed in an empty folder without scripts, and used.
// Usage: node test/package/tarball.mjs [nabla-x.y.z.tgz]        without an argument it builds and packs one
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'nabla-package-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

// npm and its like are scripts for a shell on Windows.
const shell = process.platform === 'win32';
function run(command, args, cwd) {
  try {
    return execFileSync(command, args, { cwd, shell, encoding: 'utf8' });
  } catch (error) {
    console.error(error.stdout);
    throw error;
  }
}
const kB = (bytes) => `${Math.round(bytes / 1000)} kB`;

/** All files under a folder. */
function filesOf(path) {
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}
const sizeOf = (files) => files.reduce((sum, file) => sum + statSync(file).size, 0);

let [, , tarball] = process.argv;
if (!tarball) {
  run('npm', ['--loglevel=error', 'run', 'prebuild:pack', '--', '--pack-destination', folder], root);
  tarball = join(folder, `nabla-${version}.tgz`);
}
tarball = resolve(tarball);

// Are its package.json and types right for every way of importing it? TypeScript's old node10 resolution knows no
// `exports`, so it finds the main entry only.
const bin = (name, ...args) => run('npx', ['--no-install', name, ...args], root);
bin('publint', '--strict', tarball);
bin('attw', tarball, '--profile', 'node16');
console.log('publint and attw: clean');

writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
run('npm', ['--loglevel=error', 'install', '--ignore-scripts', '--omit=dev', tarball], folder);
const installed = join(folder, 'node_modules', 'nabla');

const files = filesOf(installed);
const names = files.map((file) => file.slice(installed.length + 1).replaceAll('\\', '/'));
const ours = /^(dist\/[\w.-]+\.([cm]js|d\.[cm]ts)|prebuilds\/[\w-]+\/nabla[\w.]*\.node)$/;
const papers = ['package.json', 'README.md', 'CHANGELOG.md', 'LICENSE'];
const strange = names.filter((name) => !ours.test(name) && !papers.includes(name));
assert.deepEqual(strange, [], 'files that do not belong into the package');
const all = sizeOf(filesOf(join(folder, 'node_modules')));
console.log(
  `tarball ${kB(statSync(tarball).size)}, unpacked ${kB(sizeOf(files))} in ${files.length} files, with dependencies ${kB(all)}`,
);
for (const name of names.filter((name) => name.endsWith('.node'))) {
  console.log(`  ${name} ${kB(statSync(join(installed, name)).size)}`);
}

cpSync(join(here, 'consumer.cjs'), join(folder, 'consumer.cjs'));

/** What a user's script sees, by import and by require: the same. */
function use(env = {}) {
  const [imported, required] = ['import', 'require'].map((way) => {
    const options = { cwd: folder, encoding: 'utf8', env: { ...process.env, ...env } };
    const { stdout, stderr } = spawnSync(process.execPath, ['consumer.cjs', way], options);
    assert.ok(stdout, stderr);
    return JSON.parse(stdout);
  });
  assert.deepEqual(imported, required);
  return imported;
}

const native = use();
assert.equal(native.name, 'native', 'the prebuilt binary is in use');
assert.equal(native.version, version);
assert.ok(native.same, 'native and reference return the same bits');
console.log(`installed: native ${native.target}, the same bits as the reference`);

const command = join(folder, 'node_modules', '.bin', 'nabla');
if (existsSync(join(installed, 'dist', 'cli.cjs'))) {
  assert.equal(run(command, ['--version'], folder).trim(), version);
  console.log(`installed: nabla --version says ${version}`);
} else {
  console.log('installed: no command in this package, nothing to try');
}

const prebuilds = join(installed, 'prebuilds');
for (const file of filesOf(prebuilds)) writeFileSync(file, 'This is not a library.\n');
assert.deepEqual(use(), { code: 'ERR_NATIVE_LOAD' });
assert.equal(use({ NABLA_BACKEND: 'reference' }).digest, native.digest);
console.log('binary corrupted: ERR_NATIVE_LOAD');

rmSync(prebuilds, { recursive: true });
const { name, digest } = use();
assert.equal(name, 'reference');
assert.equal(digest, native.digest, 'without a binary: the same bits');
assert.deepEqual(use({ NABLA_BACKEND: 'native' }), { code: 'ERR_NATIVE_LOAD' });
console.log('binary deleted: reference, the same bits');
