/** The program `dagger-breaker`: runs the command line and sets its exit code. */

import { run } from "./command-line.js";
import { EXIT } from "./exit-codes.js";
import { OwnStreams } from "./own-streams.js";

const streams = new OwnStreams();

// If the process ends before its command, that is a bug of ours, never a success.
let exitCode: number = EXIT.internal;
process.on("exit", () => {
  process.exitCode = streams.isLost ? EXIT.notWritten : exitCode;
});
// Not awaited: the bundle is a script, where `await` cannot be at the top level.
run(process.argv.slice(2), streams).then(async (code) => {
  exitCode = code;
  await streams.flush();
  // Leftovers, such as an open connection, must not delay the end.
  process.exit();
});
