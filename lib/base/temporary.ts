// Temporary files of a write: names, and removal of those that killed processes left.
// They are named after the target and the process that writes.
import { readdirSync, statSync, unlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { crypto, files, workerThreads } from './builtins.js';

let count = 0;
let ownHost: string | undefined;

/** Of this machine: on a shared volume, the process numbers of another one mean nothing here. */
function host(): string {
  ownHost ??= crypto().createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
  return ownHost;
}

/** A new name in the folder of the target, since a rename does not leave its file system: `.target.host.pid.counter.tmp`. */
export function temporaryOf(target: string): string {
  const name = basename(target).slice(0, 50); // 255 bytes at most, of any characters
  return join(dirname(target), `.${name}.${host()}.${process.pid}.${workerThreads().threadId}-${count++}.tmp`);
}

/** Whether a process of that number runs. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** The process, dead or of this number, whose temporary file a name is; undefined for other names and machines. */
function writerOf(name: string): number | undefined {
  const found = /^\..*\.([0-9a-f]{8})\.(\d+)\.\d+-\d+\.tmp$/s.exec(name);
  if (!found || found[1] !== host()) return undefined;
  const pid = Number(found[2]);
  return pid === process.pid || !isAlive(pid) ? pid : undefined;
}

/** Whether nobody writes the file any more. In a container each run of a program may have the same number. */
const isLeft = (pid: number, { mtimeMs }: { mtimeMs: number }): boolean =>
  pid !== process.pid || mtimeMs < Date.now() - 1000 * process.uptime() - 1000;

/** Removes the temporary files that killed processes have left in the target's folder, as far as that can be done. */
export async function removeLeftovers(target: string): Promise<void> {
  const { readdir, stat, unlink } = files();
  const folder = dirname(target);
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = writerOf(name);
    if (pid === undefined) continue;
    const path = join(folder, name);
    const facts = await stat(path).catch(() => null);
    if (facts && isLeft(pid, facts)) await unlink(path).catch(() => {});
  }
}

/** As {@link removeLeftovers}, on the calling thread. */
export function removeLeftoversSync(target: string): void {
  const folder = dirname(target);
  try {
    for (const name of readdirSync(folder)) {
      const pid = writerOf(name);
      if (pid === undefined) continue;
      const path = join(folder, name);
      const facts = statSync(path, { throwIfNoEntry: false });
      if (facts && isLeft(pid, facts)) unlinkSync(path);
    }
  } catch {
    // They stay: a folder that cannot be read, or another process that was faster.
  }
}
