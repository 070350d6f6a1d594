/** The program `dagger-breaker`: gives the process to the commands and takes its exit code. */

import { EXIT } from "./exit-codes.js";
import { run } from "./run.js";

let written = true;
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", ({ code }: NodeJS.ErrnoException) => {
    // A reader that went away, as in `dagger-breaker ... | head -1`, is no error.
    if (code === "EPIPE" || !written) return;
    written = false;
    process.stderr.write(`error: the result cannot be written (${code})\n`);
  });
}

// An end that comes before that of the command is a fault of ours, never a success.
let exitCode: number = EXIT.internal;
process.on("exit", () => {
  process.exitCode = written ? exitCode : EXIT.notWritten;
});
// Not awaited: the bundle of the program is a script, where `await` cannot stand at the top.
run(process.argv.slice(2), process).then((code) => {
  exitCode = code;
});
