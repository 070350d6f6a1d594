/** `dagger-breaker classify`: finds the component at fault in a failure. */

import { Argument, type Command, Option } from "commander";
import { classifyFailure } from "../../attribution/classify/classify-failure.js";
import { classifyResponse } from "../../attribution/classify/classify-response.js";
import type {
  Failure,
  FailureContext,
  GraphQLRequest,
  SessionResponse,
} from "../../attribution/failure.js";
import { CLASSIFY_EXIT_CODES, EXIT } from "../exit-codes.js";
import { examples, exitCodeHelp } from "../help.js";
import { notEmpty, readEnds, readText } from "../input.js";
import { wholeNumber } from "../option-values.js";
import { wrapped } from "../plain-text.js";
import {
  type CommandContext,
  CommandError,
  paintFor,
  printJson,
  printLines,
  say,
  type Terminal,
} from "../terminal.js";
import { judge } from "./classification.js";
import { verdictLines } from "./render.js";

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

const EXAMPLES = [
  "dagger call test 2>&1 | tee dagger.log; dagger-breaker classify dagger.log",
  "dagger-breaker classify --json dagger.log",
  "# the exit code and the operation help to classify",
  "dagger-breaker classify --exit-code 1 --operation publish < dagger.log",
];
const EXPECTED =
  "the output of a dagger command; for a command without output, give its --exit-code";
const NOTES =
  "Codes 30 to 39: something that the pipeline depends on failed. If one answer contains several failures, a user error decides the code; otherwise, the first failure that a circuit counts.";

export function addClassifyCommand(program: Command, context: CommandContext): void {
  program
    .command("classify")
    .summary("find out from a log what failed, and why")
    .description(
      "Reads the output of a dagger command, a log or an error message, and prints what failed: the engine, a registry, a git or HTTP host, or the pipeline itself. It never prints the text that it read.",
    )
    .addArgument(new Argument("[file]", "the file to read; - is standard input").default("-"))
    .addOption(new Option("--operation <name>", "what the command was doing").choices(OPERATIONS))
    .addOption(
      new Option("--exit-code <n>", "the exit code of the command whose output this is").argParser(
        wholeNumber(0, 255),
      ),
    )
    .option(
      "--query <file>",
      "a file with the GraphQL request, whose hosts are used if the text names no host",
    )
    .option(
      "--command <line>",
      'the dagger command whose output this is, such as "dagger call build --url https://..."; its upstream is used if the text names no host',
    )
    .option(
      "--stdin <file>",
      "a file with the standard input of the command in --command: a query or a script",
    )
    .option("--response", "read one recorded HTTP answer, as JSON: {status, contentType, body}")
    .option("--json", "print one JSON object")
    .addHelpText("after", examples(EXAMPLES))
    .addHelpText("after", exitCodeHelp(CLASSIFY_EXIT_CODES))
    .addHelpText("after", `\n${wrapped(NOTES).join("\n")}`)
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
    say(terminal, "reading from the terminal; end with Ctrl-D");
  }
  const { command, stdin } = options;
  const given: FailureContext = {
    command,
    input:
      stdin === undefined
        ? undefined
        : await readText(stdin, terminal, "the standard input of the command in --command"),
    operation: options.operation,
    exitCode: options.exitCode,
    source: options.exitCode === undefined ? undefined : "cli",
    query:
      options.query === undefined
        ? undefined
        : readQuery(await readText(options.query, terminal, "one GraphQL request")),
  };
  if (options.response) {
    const answer = await readText(file, terminal, "one recorded answer");
    return classifyResponse(readResponse(answer), given);
  }
  // Reads the input even for the exit code 0. Otherwise the program that writes the input would
  // fail on a closed pipe.
  const text = await readEnds(file, terminal);
  // An empty output is allowed with `--exit-code`, because the exit code alone can be classified.
  if (options.exitCode === undefined) notEmpty(text, file, EXPECTED);
  return options.exitCode === 0 ? [] : [classifyFailure(text, given)];
}

/**
 * Rejects `--stdin` without `--command`, and options that would read standard input twice.
 *
 * @throws CommandError
 */
function checkOneReader(file: string, { query, stdin, command }: ClassifyOptions): void {
  if (stdin !== undefined && command === undefined) {
    throw new CommandError(
      "--command is missing; --stdin needs it: the dagger command that read this input",
      EXIT.usage,
    );
  }
  const [name, other] = Object.entries({ "--query": query, "--stdin": stdin })
    .filter(([, path]) => path === "-")
    .map(([option]) => option);
  if (name === undefined || (file !== "-" && other === undefined)) return;
  const taken =
    file === "-"
      ? "standard input already provides the text to classify"
      : `${other} already reads standard input`;
  throw new CommandError(`invalid ${name} "-": ${taken}; use a file`, EXIT.usage);
}

/** Reads a query, either from the JSON body of a GraphQL request or as the query's text alone. */
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
      'invalid recorded answer: expected JSON such as {"status": 200, "contentType": "application/json", "body": "..."} with a status from 100 to 599',
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
