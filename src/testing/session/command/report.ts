/** Creates the report that the CLI of 1.0 prints at the end without a terminal, as recorded from a real one. */

/** A line of the report: a step and its result. */
export interface ReportedStep {
  readonly name: string;
  readonly durationMs: number;
  readonly end: "passed" | "cached" | "failed" | "canceled";
  /** The output of the step. The report shows it if the step did not pass. */
  readonly prints: readonly string[];
  /** The line below the step, such as `exit code: 3`; may be empty. */
  readonly reason: string;
}

/** A command that has ended, for the report. */
export interface Reported {
  /** The arguments of the CLI. */
  readonly args: readonly string[];
  readonly durationMs: number;
  readonly exitCode: number;
  /** The reason of the failure; empty for a success. */
  readonly error: string;
  /** The call that contains the steps, as the report shows it; may be empty. */
  readonly call: string;
  readonly steps: readonly ReportedStep[];
}

const paint = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`;
const [bold, faint, red, green, blue] = [paint(1), paint(2), paint(31), paint(32), paint(34)];

/** Returns the lines of the report. */
export function reportOf(command: Reported): readonly string[] {
  const { args, durationMs, exitCode, error, call, steps } = command;
  const failed = exitCode !== 0;
  const shown = args[0] === "call" ? args.slice(1) : ["dagger", ...args];
  const reasons = failed ? [`exit code ${exitCode}`, ...(error === "" ? [] : [error])] : [];
  const below = steps.flatMap(linesOf);
  const first: ReportedStep = {
    ...{ name: call, durationMs, prints: [], reason: "" },
    end: failed ? "failed" : "passed",
  };
  return [
    `${bold("TRACE")}  ${failed ? red("✘ FAILED") : green("✔ PASSED")}`,
    `${shown.join(" ")}  ${faint(seconds(durationMs))}`,
    ...reasons.map((reason) => red(`! ${reason}`)),
    "",
    ...preparations(args[0] ?? "").map((name) => `${green("✔")} ${name} ${faint("0.0s")}`),
    "",
    ...(call === "" ? [] : linesOf(first)),
    ...below,
    ...(failed ? [] : [""]),
  ];
}

/** Returns the lines with which each report begins. */
function preparations(verb: string): readonly string[] {
  const loaded: Readonly<Record<string, string>> = {
    call: "load workspace: .",
    core: "loading type definitions",
  };
  const loading = loaded[verb];
  return loading === undefined
    ? ["connect"]
    : ["connect", loading, "parsing command line arguments"];
}

function linesOf({ name, durationMs, end, prints, reason }: ReportedStep): string[] {
  const took = faint(seconds(durationMs));
  if (end === "cached") return [`${blue("$")} ${name} ${took} ${blue("CACHED")}`];
  if (end === "passed") return [`${green("✔")} ${name} ${took}`];
  const last = prints.length - 1;
  return [
    `${red("✘")} ${name} ${took} ${red(end === "failed" ? "ERROR" : "CANCELED")}`,
    ...prints.map((line, index) => (index === last ? `${line}\u001b[0m` : line)),
    ...(reason === "" ? [] : [red(`! ${reason}`)]),
  ];
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)}s`;
}
