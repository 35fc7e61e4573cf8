// Program of the command: its subcommands and options, and how errors are printed.
import { Command, CommanderError, Option } from 'commander';
import { version } from '../../package.json';
import { NablaError } from '../base/errors.js';
import { catalogHelp } from './flags/axes.js';
import { addFitFlags } from './flags/flags.js';
import { addPathFlags } from './path/pathrequest.js';
import { oneLine } from './terminal/text.js';

/** Where a stream of text goes: process.stdout, or a test's. */
export interface Output {
  write(text: string, done?: (error?: Error | null) => void): boolean;
  isTTY?: boolean;
  columns?: number;
}
export interface Io {
  stdout: Output;
  stderr: Output;
}

/** Exit codes. A file that cannot be opened counts as wrong usage. */
export const exit = { ok: 0, bad: 1, usage: 2 } as const;

/** Bad data and a broken installation; all other codes are about how the command was called. */
const isBad = (code: string): boolean => /^ERR_(CSV|MODEL|CHECKPOINT|NOT_FINITE|NATIVE|OUT_OF_MEMORY)/.test(code);

/**
 * Runs the command.
 *
 * @param argv - the arguments, without node and the script
 * @returns the exit code; errors are told on stderr in one line
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  let code: number = exit.ok;
  try {
    await program(io, (outcome) => {
      code = outcome;
    }).parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    // Commander has told its own errors already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exit.ok : exit.usage;
    const { message, syscall } = error as NodeJS.ErrnoException;
    const name = error instanceof NablaError ? ` (${error.code})` : '';
    io.stderr.write(`nabla: ${oneLine(message ?? String(error))}${name}\n`);
    if (error instanceof NablaError) return isBad(error.code) ? exit.bad : exit.usage;
    return syscall === undefined ? exit.bad : exit.usage;
  }
}

function program(io: Io, done: (code: number) => void): Command {
  const nabla = new Command('nabla')
    .description('Fits linear models to CSV files by gradient descent, and predicts with them.')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => io.stdout.columns ?? 100,
      getErrHelpWidth: () => io.stderr.columns ?? 100,
      outputError: (text, write) => write(`nabla: ${oneLine(text.replace(/^error: /, ''))}\n`),
    })
    .addHelpText('after', () => `\n${catalogHelp()}`);

  // The commands are loaded when they are called: help needs no CSV reader, no pictures and no binary.
  const fit = nabla
    .command('fit')
    .description('fit a model to the rows of a CSV file')
    .argument('<data.csv>', 'a header and rows of numbers; text columns are one-hot encoded')
    .requiredOption('-t, --target <column>', 'the column to predict')
    .option('-f, --features <columns>', 'what to predict it from, with commas; default: all other columns')
    .option('--categorical <columns>', 'columns of numbers to be read as text, with commas')
    .option('--classes <names>', 'the classes of the target in order, with commas; default: all there are, sorted')
    .addOption(new Option('--class-weight <how>', 'make all classes count the same').choices(['balanced']))
    .option('--sample-weight <column>', 'a column that tells how much each row counts')
    .option('--offset <column>', 'a column that is added to z, such as the logarithm of an exposure')
    .option('--holdout <part>', 'part of the rows, drawn at random, that the fit is measured on; default 0.2')
    .option('--validation <part or file.csv>', 'rows to watch the loss on: a part of those of the fit, or a file')
    .option('-m, --model <file>', 'write the model, as JSON')
    .option('-p, --plot <file.svg>', 'write a picture of the loss curve; of the path or the cross-validation')
    .option('--checkpoint <file>', 'put the state of the fit there now and then, to go on from if it does not end')
    .option('--checkpoint-every <epochs>', 'epochs from one checkpoint to the next; default 10')
    .option('--resume', 'go on from the checkpoint, if there is one')
    .option('--json', 'write one JSON object to stdout, and nothing else')
    .addOption(delimiter());
  addPathFlags(fit);
  const readFitFlags = addFitFlags(fit);
  fit
    .addHelpText('after', () => `\n${catalogHelp()}`)
    .action(async (file: string, own) => {
      const given = Object.keys(own).filter((name) => fit.getOptionValueSource(name) === 'cli');
      const options = readFitFlags(own, given);
      const { fitCommand } = await import('./fit/fit.js');
      done((await fitCommand(file, own, options, io)) ? exit.ok : exit.bad);
    });

  nabla
    .command('predict')
    .description('predict the target of new rows; writes a CSV to stdout')
    .argument('<model.json>', 'what fit --model wrote')
    .argument('<new.csv>', 'rows with the columns that the model was fitted to, in any order')
    .option('--proba', 'write the probability of each class instead, in columns of their names')
    .option('--no-metrics', 'do not measure the model where the rows have the target; else this goes to stderr')
    .option('--json', 'write one JSON object to stdout, and nothing else')
    .addOption(delimiter())
    .action(async (model: string, file: string, own) => {
      const { predictCommand } = await import('./fit/predict.js');
      await predictCommand(model, file, own, io);
    });

  nabla
    .command('inspect')
    .description('tell what a file of nabla holds: a model, an estimator or a checkpoint')
    .argument('<file>', 'what fit --model, --checkpoint or save() wrote')
    .option('--sort', 'the largest coefficients first')
    .option('--top <number>', 'so many columns at most; default 50')
    .option('--json', 'write one JSON object to stdout, and nothing else')
    .action(async (file: string, own) => {
      const { inspectCommand } = await import('./inspect/inspect.js');
      await inspectCommand(file, own, io);
    });

  nabla
    .command('bench')
    .description('measure this machine’s limits, and nabla beside them and beside plain JavaScript')
    .option('--quick', 'a part of it, in half a minute instead of several')
    .option('--only <text>', 'rows with this in their name or group, such as "Adam" or "many fits"')
    .option('--svg <file.svg>', 'write a picture of it')
    .option('--json', 'write one JSON object to stdout, and nothing else')
    .action(async (own) => {
      const { bench } = await import('../bench/run.js');
      await bench(own, io);
    });
  return nabla;
}

function delimiter(): Option {
  return new Option('-d, --delimiter <character>', 'what separates cells; \\t for a tab')
    .default(',')
    .argParser((text) => {
      const character = text === '\\t' ? '\t' : text;
      if (/^[^\s\w"+.-]$|^\t$/.test(character)) return character;
      throw new NablaError('ERR_OUT_OF_RANGE', '--delimiter must be one character such as , or ; or \\t');
    });
}
