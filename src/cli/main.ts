#!/usr/bin/env node
/** The program `dagger-breaker`: gives the process to the commands and takes its exit code. */

import { run } from "./run.js";

// A reader that went away, as in `dagger-breaker ... | head -1`, is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

process.exitCode = await run(process.argv.slice(2), process);
