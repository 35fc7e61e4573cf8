// Build of the addon, or one line about what is missing for it.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const windows = process.platform === 'win32';

/** What a command prints; undefined when it is not there or fails. */
function output(command, ...args) {
  const run = spawnSync(command, args, { encoding: 'utf8' });
  return run.status === 0 ? run.stdout : undefined;
}

function hasCompiler() {
  if (windows) {
    const vswhere = join(process.env['ProgramFiles(x86)'] ?? '', 'Microsoft Visual Studio/Installer/vswhere.exe');
    const clang = 'Microsoft.VisualStudio.Component.VC.Llvm.ClangToolset';
    return Boolean(output(vswhere, '-products', '*', '-requires', clang, '-property', 'installationPath'));
  }
  const [command, ...args] = (process.env.CXX || 'c++').split(' ');
  const version = output(command, ...args, '--version');
  const gcc = /^.*\) (\d+)\./.exec(version ?? ''); // "g++ (Debian 12.2.0-14) 12.2.0"; Clang's has no such place
  return version !== undefined && !(gcc && Number(gcc[1]) < 12);
}

const missing = [];
if (!output('cmake', '--version')) missing.push('CMake 3.15 or later');
if (!hasCompiler()) missing.push(windows ? 'clang-cl' : 'GCC 12 or later or Clang');
if (!windows && !output('ninja', '--version') && !output('make', '--version')) missing.push('make or Ninja');
if (missing.length > 0) {
  const how = {
    linux: 'apt-get install g++ cmake make, or your distribution’s packages of these names',
    darwin: 'xcode-select --install and brew install cmake',
    win32: 'Visual Studio Build Tools with “C++ Clang tools”, and CMake',
  };
  const stays = existsSync(join(root, 'build', 'Release', 'nabla.node'));
  const instead = stays ? 'the one in build/ stays as it is' : 'the TypeScript reference is used';
  const get = how[process.platform] ?? 'see your system’s packages';
  console.log(`nabla: no native build, ${instead}: missing ${missing.join(', ')} (${get})`);
  process.exit(0);
}

const require = createRequire(import.meta.url);

/** CMake follows its own files; a cache from elsewhere (a copied checkout, another Node) it would silently obey. */
function configuredHere() {
  const file = join(root, 'build', 'CMakeCache.txt');
  if (!existsSync(file)) return false;
  const cache = readFileSync(file, 'utf8');
  const entry = (name) => new RegExp(`^${name}:\\w+=(.*)$`, 'm').exec(cache)?.[1].trim() ?? '';
  return (
    relative(root, entry('CMAKE_HOME_DIRECTORY')) === '' &&
    entry('NODE_ARCH') === process.arch &&
    entry('CMAKE_JS_VERSION') === require('cmake-js/package.json').version
  );
}

const command = configuredHere() ? 'build' : 'rebuild';
const toolset = windows ? ['-T', 'ClangCL'] : [];
const build = spawnSync(
  process.execPath,
  [require.resolve('cmake-js/bin/cmake-js'), command, '--parallel', `${availableParallelism()}`, ...toolset],
  { cwd: root, encoding: 'utf8' },
);
if (build.status !== 0) {
  process.stderr.write(`${build.stdout}${build.stderr}\nnabla: the native build failed\n`);
  process.exit(1);
}
if (command === 'rebuild') console.log('nabla: native addon built');
