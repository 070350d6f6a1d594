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

const exitCode = await run(process.argv.slice(2), process);
process.exitCode = written ? exitCode : EXIT.notWritten;
