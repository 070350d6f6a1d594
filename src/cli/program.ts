/** The program `dagger-breaker`: gives the process to the commands and takes its exit code. */

import { run } from "./command-line.js";
import { EXIT } from "./exit-codes.js";
import { OwnStreams } from "./own-streams.js";

const streams = new OwnStreams();

// An end that comes before that of the command is a fault of ours, never a success.
let exitCode: number = EXIT.internal;
process.on("exit", () => {
  process.exitCode = streams.isLost ? EXIT.notWritten : exitCode;
});
// Not awaited: the bundle of the program is a script, where `await` cannot stand at the top.
run(process.argv.slice(2), streams).then(async (code) => {
  exitCode = code;
  await streams.flush();
  // Whatever is left, such as a connection that nobody closed, keeps no finished command waiting.
  process.exit();
});
