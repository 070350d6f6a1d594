/**
 * `dagger-breaker trace`: runs a command. At the end, reports which hosts and images its engine
 * used.
 */

import { type FileHandle, open } from "node:fs/promises";
import type { Command } from "commander";
import { withoutCommands } from "../../attribution/ci-commands.js";
import { codeOf } from "../../files/error-code.js";
import { CommandNotStartedError, runCommand } from "../../runner/attempt/run-command.js";
import { startCommandTracing } from "../../runner/contacts/command-tracing.js";
import { inheritedDescriptors } from "../../runner/input/inherited-descriptors.js";
import { EXIT, TRACE_EXIT_CODES } from "../exit-codes.js";
import { examples, exitCodeHelp } from "../help.js";
import { fileName } from "../option-values.js";
import { plainJson } from "../plain-text.js";
import { type CommandContext, CommandError, paintFor, type Terminal } from "../terminal.js";
import { holdWarnings, OF_TRACES } from "../warnings.js";
import { reportLines } from "./render.js";
import { type TraceReport, traceReport } from "./report.js";

interface TraceOptions {
  readonly json?: true;
  readonly output?: string;
}

const EXIT_CODES = exitCodeHelp(TRACE_EXIT_CODES, [
  ["126", "the command cannot be run"],
  ["127", "the command was not found"],
  ["else", "the exit code of the command; 128 plus the number of the signal that ended it"],
]);
const EXAMPLES = [
  "dagger-breaker trace -- dagger call test",
  "dagger-breaker trace --json --output trace.json -- dagger call test",
];

export function addTraceCommand(program: Command, context: CommandContext): void {
  program
    .command("trace")
    .summary("run a command and report what it contacted")
    .description(
      "Runs a command that uses Dagger, such as dagger call test, and reports what the engine contacted for it: registries, git hosts and HTTP hosts. It also reports what came from the cache and which digests tags had. It reads all this from the engine's own traces. The report goes to standard error.",
    )
    .argument("<command>", "the command to run; put -- before it")
    .argument("[arguments...]", "its arguments")
    .passThroughOptions()
    .option("--json", "print the report as one JSON object")
    .option("--output <file>", "write the report to a file instead of standard error", fileName)
    .addHelpText("after", examples(EXAMPLES))
    .addHelpText("after", EXIT_CODES)
    .action(async (command: string, args: string[], options: TraceOptions) => {
      // Call this before this process opens a file, because such a file would look inherited too.
      const inherited = inheritedDescriptors();
      const file = options.output === undefined ? undefined : await openFile(options.output);
      try {
        const report = await trace(command, args, context.terminal.env, inherited);
        context.end(report.exitCode);
        await tell(report, options, file, context.terminal);
      } finally {
        await file?.close();
      }
    });
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, "w");
  } catch (error) {
    const code = codeOf(error);
    throw new CommandError(
      `invalid --output ${JSON.stringify(path)}: it cannot be written (${code}); use another file`,
      EXIT.cannotWrite,
    );
  }
}

async function trace(
  command: string,
  args: readonly string[],
  env: Terminal["env"],
  inherited: readonly number[],
): Promise<TraceReport> {
  const warnings = holdWarnings(OF_TRACES);
  const tracing = await startCommandTracing(env);
  const start = performance.now();
  try {
    const end = await runCommand(command, args, { ...env, ...tracing.variables }, inherited);
    const durationMs = performance.now() - start;
    const heard = await tracing.end({ mayBeLate: true });
    await warnings.release();
    const { offReason } = tracing;
    return traceReport({ end, durationMs, trace: heard, offReason, warnings: warnings.notes, env });
  } catch (error) {
    await tracing.end();
    await warnings.release();
    if (!(error instanceof CommandNotStartedError)) throw error;
    throw new CommandError(error.message, error.exitCode);
  }
}

/** Writes the report. If the write fails, the exit code of the command stays. */
async function tell(
  report: TraceReport,
  { json, output }: TraceOptions,
  file: FileHandle | undefined,
  { stderr, env }: Terminal,
): Promise<void> {
  const toTerminal = { stdout: stderr, env: file === undefined ? env : { ...env, NO_COLOR: "1" } };
  const lines = json
    ? [plainJson(report, 2)]
    : reportLines(report, paintFor(toTerminal)).map(withoutCommands);
  const text = `${lines.join("\n")}\n`;
  if (file === undefined) {
    stderr.write(text);
    return;
  }
  try {
    await file.writeFile(text);
  } catch (error) {
    const code = codeOf(error);
    const line = `error: the report cannot be written to ${JSON.stringify(output)} (${code})`;
    stderr.write(`${withoutCommands(line)}\n`);
  }
}
