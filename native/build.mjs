// Builds the addon where a compiler and CMake are to be had, and says in one line what is missing where not.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const runs = (command, ...args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

const missing = [];
if (!runs('cmake', '--version')) missing.push('CMake 3.15 or later');
if (process.platform !== 'win32' && !runs(process.env.CXX ?? 'c++', '--version')) missing.push('a C++17 compiler');
if (missing.length > 0) {
  const how = {
    linux: 'apt-get install g++ cmake, or your distribution’s packages of these names',
    darwin: 'xcode-select --install and brew install cmake',
    win32: 'Visual Studio Build Tools with “C++ Clang tools” and CMake',
  };
  const get = how[process.platform] ?? 'see your system’s packages';
  console.log(`nabla: no native build, the TypeScript reference is used: missing ${missing.join(' and ')} (${get})`);
  process.exit(0);
}

const cmakeJs = createRequire(import.meta.url).resolve('cmake-js/bin/cmake-js');
const toolset = process.platform === 'win32' ? ['-T', 'ClangCL'] : [];
const first = !existsSync(join(root, 'build', 'CMakeCache.txt'));
const build = spawnSync(process.execPath, [cmakeJs, 'build', '--log-level', 'warn', ...toolset], {
  cwd: root,
  encoding: 'utf8',
});
if (build.status !== 0) {
  process.stderr.write(`${build.stdout}${build.stderr}\nnabla: the native build failed\n`);
  process.exit(1);
}
if (first) console.log('nabla: native addon built');
