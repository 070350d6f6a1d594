/** `dagger-breaker classify`: who failed, and why. */

import { Argument, type Command, Option } from "commander";
import { classifyFailure } from "../../attribution/classify/classify-failure.js";
import { classifyResponse } from "../../attribution/classify/classify-response.js";
import type {
  Failure,
  FailureContext,
  GraphQLRequest,
  SessionResponse,
} from "../../attribution/failure.js";
import { CLASSIFY_EXIT_CODES, EXIT, exitCodeHelp } from "../exit-codes.js";
import { readEnds, readWhole } from "../input.js";
import { wholeNumber } from "../option-values.js";
import {
  type CommandContext,
  CommandError,
  paintFor,
  printJson,
  printLines,
  say,
  type Terminal,
} from "../terminal.js";
import { verdictLines } from "./render.js";
import { judge } from "./verdict.js";

interface ClassifyOptions {
  readonly response?: true;
  readonly operation?: string;
  readonly exitCode?: number;
  readonly query?: string;
  readonly command?: string;
  readonly stdin?: string;
  readonly json?: true;
}

const OPERATIONS = [
  "from",
  "publish",
  "git",
  "http",
  "module",
  "withExec",
  "service",
  "cache",
  "export",
  "connect",
] as const;

/** Adds the command. */
export function addClassifyCommand(program: Command, context: CommandContext): void {
  program
    .command("classify")
    .summary("say who failed in a log, and why")
    .description(
      "Reads the output of a dagger command, a log or an error message and says whose fault it was: the engine, a registry, a git or http host, or the pipeline's own. The text itself is never printed.",
    )
    .addArgument(new Argument("[file]", "the file to read, or - for standard input").default("-"))
    .addOption(new Option("--operation <name>", "what was being done").choices(OPERATIONS))
    .addOption(
      new Option(
        "--exit-code <n>",
        "the exit code of the dagger command whose output this is",
      ).argParser(wholeNumber(0, 255)),
    )
    .option("--query <file>", "the GraphQL request: its hosts help where the words name none")
    .option(
      "--command <line>",
      'the dagger command whose output this is, as "dagger call build --url https://...": where the words name no host, the only one of that kind in it is the upstream',
    )
    .option("--stdin <file>", "what that command read from its standard input: a query or a script")
    .option("--response", "the file is a recorded answer as JSON: {status, contentType, body}")
    .option("--json", "print one JSON object")
    .addHelpText("after", exitCodeHelp(CLASSIFY_EXIT_CODES))
    .addHelpText(
      "after",
      "\nOf several failures in one answer, one of the user's decides; else the first that counts.\n30 to 39: something that the pipeline depends on failed.",
    )
    .action(async (file: string, options: ClassifyOptions) => {
      const { terminal } = context;
      const verdict = judge(await failuresOf(file, options, terminal));
      context.end(verdict.exitCode);
      if (options.json) printJson(terminal, verdict);
      else printLines(terminal, verdictLines(verdict, paintFor(terminal)));
    });
}

async function failuresOf(
  file: string,
  options: ClassifyOptions,
  terminal: Terminal,
): Promise<readonly Failure[]> {
  checkOneReader(file, options);
  if (file === "-" && terminal.stdin.isTTY) {
    say(terminal, "reading from the terminal, end with Ctrl-D");
  }
  const { command, stdin } = options;
  const given: FailureContext = {
    command,
    input: stdin === undefined ? undefined : await readWhole(stdin, terminal),
    operation: options.operation,
    exitCode: options.exitCode,
    source: options.exitCode === undefined ? undefined : "cli",
    query:
      options.query === undefined ? undefined : readQuery(await readWhole(options.query, terminal)),
  };
  if (options.response) {
    return classifyResponse(readResponse(await readWhole(file, terminal)), given);
  }
  // Read also when it tells nothing, so that whoever writes into us is not cut off.
  const text = await readEnds(file, terminal);
  return options.exitCode === 0 ? [] : [classifyFailure(text, given)];
}

/**
 * Rejects options that would read standard input twice, and a standard input without its command.
 *
 * @throws CommandError
 */
function checkOneReader(file: string, { query, stdin, command }: ClassifyOptions): void {
  if (stdin !== undefined && command === undefined) {
    throw new CommandError(
      "option --stdin is given without --command, expected the command that read it",
      EXIT.usage,
    );
  }
  const [name, other] = Object.entries({ "--query": query, "--stdin": stdin })
    .filter(([, path]) => path === "-")
    .map(([option]) => option);
  if (name === undefined || (file !== "-" && other === undefined)) return;
  const taken = file === "-" ? "what is classified" : `what ${other} reads`;
  throw new CommandError(
    `option ${name} is "-", expected a file, as standard input is ${taken}`,
    EXIT.usage,
  );
}

/** A request as it was sent, or its text alone. */
function readQuery(text: string): string | GraphQLRequest {
  const body = parseJson(text);
  return isRecord(body) && typeof body.query === "string"
    ? (body as unknown as GraphQLRequest)
    : text;
}

function readResponse(text: string): SessionResponse {
  const answer = parseJson(text);
  const status = isRecord(answer) ? answer.status : undefined;
  if (
    !isRecord(answer) ||
    !Number.isInteger(status) ||
    Number(status) < 100 ||
    Number(status) > 599
  ) {
    throw new CommandError(
      'the recorded answer is not readable, expected JSON such as {"status": 200, "contentType": "application/json", "body": "..."}, its status from 100 to 599',
      EXIT.noInput,
    );
  }
  const contentType = answer.contentType;
  return {
    status: Number(status),
    contentType: typeof contentType === "string" ? contentType : null,
    body: answer.body,
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
