/** The program `dagger-breaker`. Runs the command line, and sets the exit code. */

import { run } from "./command-line.js";
import { EXIT } from "./exit-codes.js";
import { OwnStreams } from "./own-streams.js";

const streams = new OwnStreams();

// This exit code remains if the process ends before its command has ended, which is a bug.
let exitCode: number = EXIT.internal;
process.on("exit", () => {
  process.exitCode = streams.isLost ? EXIT.notWritten : exitCode;
});
// Does not await the run, because the bundle is a script, where `await` cannot be at the top level.
run(process.argv.slice(2), streams).then(async (code) => {
  exitCode = code;
  await streams.flush();
  // Exits at once, because an open connection or timer must not delay the end.
  process.exit();
});
