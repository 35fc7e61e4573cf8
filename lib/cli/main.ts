#!/usr/bin/env node
// Process of the nabla command around run().
import { run } from './command.js';

// A reader that has seen enough, such as `head`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

run(process.argv.slice(2), process).then((code) => {
  process.exitCode = code;
});
