#!/usr/bin/env node
/** The program `dagger-breaker`: gives the process to the commands and takes its exit code. */

import { EXIT } from "./exit-codes.js";
import { run } from "./run.js";

let written = true;
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", ({ code }: NodeJS.ErrnoException) => {
    // A reader that went away, as in `dagger-breaker ... | head -1`, is no error.
    if (code === "EPIPE" || !written) return;
    written = false;
    process.exitCode = EXIT.notWritten;
    process.stderr.write(`error: the result cannot be written (${code})\n`);
  });
}

// The code of an end that comes before that of the command, which would be a fault of ours.
process.exitCode = EXIT.internal;
// Not awaited: the single file is made of a script, where `await` cannot stand at the top.
run(process.argv.slice(2), process).then((exitCode) => {
  process.exitCode = written ? exitCode : EXIT.notWritten;
});
