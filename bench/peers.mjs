// The peers of this machine: which there are, and how they are spoken to.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { openLimits } from './limits.mjs';
import { compiled, Program } from './programs.mjs';

const here = fileURLToPath(new URL('peers/', import.meta.url));

function output(command, ...args) {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : null;
}

/** The first Python that has a module, and the module's version. */
function python(module) {
  for (const command of [process.env.NABLA_BENCH_PYTHON, 'python3', '/usr/bin/python3'].filter(Boolean)) {
    const version = output(command, '-c', `import ${module}; print(${module}.__version__)`);
    if (version) return { command, version };
  }
  return null;
}

const inPython = (module, file) => () => {
  const found = python(module);
  return found && { version: found.version, start: () => [found.command, join(here, file)] };
};

const included = ['/usr/include', '/usr/local/include', ...(process.env.CPATH ?? '').split(delimiter).filter(Boolean)];
const inCpp = (header, version, file, flags) => () => {
  const path = included.map((folder) => join(folder, header)).find(existsSync);
  return path ? { version: version(readFileSync(path, 'utf8')), start: () => compiled(file, flags) } : null;
};

const inNode = (module, file) => () => {
  const path = join(here, 'node_modules', module, 'package.json');
  if (!existsSync(path)) return null;
  return { version: JSON.parse(readFileSync(path, 'utf8')).version, start: () => [process.execPath, join(here, file)] };
};

const macro = (name) => (text) => new RegExp(`#define ${name}\\s+(\\d+)`).exec(text)?.[1] ?? '?';
const eigen = (text) => ['WORLD', 'MAJOR', 'MINOR'].map((part) => macro(`EIGEN_${part}_VERSION`)(text)).join('.');
const ensmallen = (text) => ['MAJOR', 'MINOR', 'PATCH'].map((part) => macro(`ENS_VERSION_${part}`)(text)).join('.');

/** Each program by the name that rows call it by. */
const programs = {
  numpy: { title: 'NumPy', find: inPython('numpy', 'numpy_peer.py') },
  sklearn: { title: 'scikit-learn', find: inPython('sklearn', 'sklearn_peer.py') },
  torch: { title: 'torch', find: inPython('torch', 'torch_peer.py') },
  eigen: {
    title: 'Eigen',
    find: inCpp('eigen3/Eigen/src/Core/util/Macros.h', eigen, 'peers/eigen.cc', ['-I/usr/include/eigen3']),
  },
  ensmallen: {
    title: 'ensmallen',
    find: inCpp('ensmallen_bits/ens_version.hpp', ensmallen, 'peers/ensmallen.cc', ['-larmadillo']),
  },
  liblinear: {
    title: 'liblinear',
    find: inCpp('linear.h', (text) => `${macro('LIBLINEAR_VERSION')(text) / 100}`, 'peers/liblinear.cc', ['-llinear']),
  },
  stdlib: { title: '@stdlib', find: inNode('@stdlib/blas-base-ddot', 'stdlib_peer.mjs') },
  mlmatrix: { title: 'ml-matrix', find: inNode('ml-matrix', 'mlmatrix_peer.mjs') },
  tfjs: { title: 'tfjs', find: inNode('@tensorflow/tfjs', 'tfjs_peer.mjs') },
};

/** scikit-learn's digits, which it carries as a file. */
function digits() {
  const found = python('sklearn');
  const folder = found && output(found.command, '-c', 'import sklearn; print(sklearn.__path__[0])');
  const path = folder && join(folder, 'datasets', 'data', 'digits.csv.gz');
  if (!path || !existsSync(path)) return undefined;
  const table = gunzipSync(readFileSync(path))
    .toString()
    .trim()
    .split('\n')
    .map((line) => line.split(',').map(Number));
  return {
    X: Float64Array.from(table.flatMap((row) => row.slice(0, 64).map((value) => value / 16))),
    y: Float64Array.from(table, (row) => row[64]),
    real: true,
  };
}

/** Programs with their work, started when they are first asked for. */
class Peers {
  #found;
  #running = new Map();
  #folder = mkdtempSync(join(tmpdir(), 'nabla-bench-'));
  #files = new Map();

  constructor(found) {
    this.#found = found;
  }

  /** The file of an array, written once. */
  #fileOf(array) {
    let path = this.#files.get(array);
    if (!path) {
      path = join(this.#folder, `${this.#files.size}.bin`);
      writeFileSync(path, new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
      this.#files.set(array, path);
    }
    return path;
  }

  #program(name, threads) {
    const key = `${name} ${threads}`;
    if (!this.#running.has(key)) {
      const command = this.#found[name]?.start();
      this.#running.set(key, command ? new Program(command, threads) : null);
    }
    return this.#running.get(key);
  }

  async prepare(name, args, threads) {
    const program = this.#program(name, threads);
    if (!program) return null;
    const values = Object.entries(args).map(([key, value]) => {
      return [key, typeof value === 'object' ? this.#fileOf(value) : value];
    });
    const prepared = await program.prepare({ ...Object.fromEntries(values), threads });
    if (!prepared) return null;
    return {
      seconds: prepared.seconds,
      weights: async (length) => {
        const path = join(this.#folder, 'weights.bin');
        await prepared.weightsInto(path);
        return new Float64Array(new Uint8Array(readFileSync(path)).buffer, 0, length);
      },
    };
  }

  async reset() {
    for (const program of this.#running.values()) await program?.ask('reset');
    for (const path of this.#files.values()) rmSync(path);
    this.#files.clear();
  }

  close() {
    for (const program of this.#running.values()) program?.end();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** What the benchmark is equipped with here, and `close`, which ends all programs. */
export function openPeers(wanted) {
  const limits = openLimits();
  const found = wanted ? Object.fromEntries(Object.entries(programs).map(([name, { find }]) => [name, find()])) : {};
  const [here, missing] = [true, false].map((is) => Object.keys(found).filter((name) => Boolean(found[name]) === is));
  const versions = here.map((name) => `${programs[name].title} ${found[name].version}`).join(', ');
  const absent = missing.map((name) => programs[name].title).join(', ');
  const peers = wanted ? new Peers(found) : null;
  return {
    gauges: limits?.gauges,
    peers,
    peersText: wanted ? `Peers: ${versions || 'none'}.${absent && ` Not here: ${absent}.`}` : 'Without peers.',
    digits: digits(),
    close() {
      limits?.close();
      peers?.close();
    },
  };
}
