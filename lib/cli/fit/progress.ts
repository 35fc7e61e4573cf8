// Progress bar on a terminal: reading of the file, and the running fit.
import { basename } from 'node:path';
import cliProgress from 'cli-progress';
import { seconds } from '../../draw/figures.js';
import type { Output } from '../command.js';

/** Every turn shows for a tenth of a second. */
const frames = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';

export function readingBar(out: Output, file: string) {
  if (!out.isTTY) return { update() {}, stop() {} };
  const bar = new cliProgress.SingleBar(
    {
      format: `reading ${basename(file)} {bar} {percentage}% of {size}`,
      stream: out as NodeJS.WriteStream,
      clearOnComplete: true,
      gracefulExit: false,
    },
    cliProgress.Presets.shades_classic,
  );
  let started = false;
  return {
    update(bytes: number, total: number) {
      if (!started) bar.start(total, 0, { size: `${(total / 1e6).toFixed(1)} MB` });
      started = true;
      bar.update(bytes);
    },
    stop() {
      if (started) bar.stop();
    },
  };
}

/** A fit does not tell how far it is; what is known is the time. Returns what ends the display. */
export function fittingSpinner(out: Output, what: string): () => void {
  if (!out.isTTY) return () => {};
  const start = performance.now();
  let turn = 0;
  const show = (): void => {
    out.write(
      `\r${frames[turn++ % frames.length]} fitting ${what}: ${seconds((performance.now() - start) / 1000)}\x1b[K`,
    );
  };
  show();
  const timer = setInterval(show, 100);
  return () => {
    clearInterval(timer);
    out.write('\r\x1b[K');
  };
}
