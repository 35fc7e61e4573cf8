// Programs that measure for us: started once, spoken to in lines (see peers/protocol.h), so that they can be run by
// turns with what is measured here.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const built = join(here, 'peers', 'build');

/** Compiles a program once for each state of its source; null where that does not work. */
export function compiled(source, flags = []) {
  const text = ['peers/protocol.h', source].map((name) => readFileSync(join(here, name), 'utf8')).join('');
  const all = ['-std=c++17', '-O3', '-march=native', ...flags];
  const name = createHash('sha256').update(`${text}${all}${process.env.CXX}`).digest('hex').slice(0, 16);
  const program = join(built, name);
  if (existsSync(program)) return [program];
  mkdirSync(built, { recursive: true });
  const [compiler, ...own] = (process.env.CXX || 'c++').split(' ');
  const args = [...own, join(here, source), '-o', program, '-pthread', ...all];
  return spawnSync(compiler, args, { stdio: 'ignore' }).status === 0 ? [program] : null;
}

/** What keeps numeric libraries to so many threads. Two settings of OpenBLAS for old processors slow new ones down. */
function environment(threads) {
  const env = { ...process.env, PYTHONPATH: join(here, 'peers'), TF_CPP_MIN_LOG_LEVEL: '3' };
  for (const name of ['OMP', 'OPENBLAS', 'MKL', 'BLIS', 'NUMEXPR']) env[`${name}_NUM_THREADS`] = `${threads}`;
  delete env.OPENBLAS_CORETYPE;
  delete env.OPENBLAS_L2_SIZE;
  return env;
}

/** A running program. */
export class Program {
  #child;
  #lines;
  #slots = 0;

  constructor([command, ...args], threads = availableParallelism()) {
    this.#child = spawn(command, args, { env: environment(threads), stdio: ['pipe', 'pipe', 'ignore'], cwd: tmpdir() });
    this.#child.on('error', () => {});
    this.#child.stdin.on('error', () => {});
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** The answer to a line; undefined when the program has ended. */
  async ask(line) {
    this.#child.stdin.write(`${line}\n`);
    const { value } = await this.#lines.next();
    return value;
  }

  /** Prepares work in a slot of its own; null when the program does not do it. `args` hold numbers and texts. */
  async prepare(args) {
    const slot = this.#slots++;
    const words = Object.entries(args).map(([key, value]) => `${key}=${value}`);
    if ((await this.ask(`prepare ${slot} ${words.join(' ')}`)) !== 'ready') return null;
    return {
      seconds: async () => Number(await this.ask(`run ${slot}`)),
      weightsInto: (path) => this.ask(`weights ${slot} ${path}`),
    };
  }

  end() {
    this.#child.kill();
  }
}
