/** The program `dagger-breaker`: runs the command line and sets its exit code. */

import { run } from "./command-line.js";
import { EXIT } from "./exit-codes.js";
import { OwnStreams } from "./own-streams.js";

const streams = new OwnStreams();

// The exit code if the process ends before its command has ended, which is a bug.
let exitCode: number = EXIT.internal;
process.on("exit", () => {
  process.exitCode = streams.isLost ? EXIT.notWritten : exitCode;
});
// Not awaited: the bundle is a script, where `await` cannot be at the top level.
run(process.argv.slice(2), streams).then(async (code) => {
  exitCode = code;
  await streams.flush();
  // Exits at once: an open connection or timer must not delay the end.
  process.exit();
});
