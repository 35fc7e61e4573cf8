// nabla inspect: prints what a file holds.
import type { Io } from '../command.js';
import { readFlag } from '../flags/readflag.js';
import { readHolding } from './holding.js';
import { inspectionOf } from './inspection.js';
import { inspectionText } from './inspecttext.js';

export interface InspectFlags {
  readonly sort?: boolean;
  readonly top?: string;
  readonly json?: boolean;
}

const top = { kind: 'number', default: 50, range: '[1, 9007199254740991]', whole: true, help: '' } as const;

export async function inspectCommand(file: string, flags: InspectFlags, io: Io): Promise<void> {
  const { sort = false, json = false } = flags;
  const most = flags.top === undefined ? top.default : (readFlag('--top', flags.top, top) as number);
  const inspection = inspectionOf(file, await readHolding(file), sort);
  const text = (): string => inspectionText(inspection, most, io.stdout.columns ?? 80);
  io.stdout.write(json ? `${JSON.stringify(inspection)}\n` : text());
}
