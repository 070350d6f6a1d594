/** How the CLI stand-in is told what a command such as `dagger call` does: one variable that holds JSON. */

import {
  booleanField,
  checkNumber,
  checkText,
  type Field,
  MILLISECONDS,
  numberField,
  readOptions,
  wordField,
} from "../../../options/check.js";

/** The environment variable that the stand-in reads for any command but `session`. */
export const COMMAND_VARIABLE = "DAGGER_SESSION_DOUBLE_COMMAND";

/** What a command does. Its steps run one after the other. */
export interface CommandDouble {
  /**
   * How it prints without a terminal: `"report"` at its end how each step ended, and what those printed
   * that did not pass, as Dagger 1.0 does; `"plain"` each line as it comes, as 0.21 does. Default: `"report"`.
   */
  readonly format?: "report" | "plain";
  /** Lines that it prints at once, however it prints else: what the CLI itself has to say. Default: none. */
  readonly says?: readonly string[];
  readonly steps?: readonly StepDouble[];
  /** Why it fails where no step does; it then ends with 1. Default: none. */
  readonly error?: string;
  /** The call that its steps belong to, as the report names it (`.test: String!`). Default: none. */
  readonly call?: string;
  /** Whether it goes on at SIGINT. Default: false. */
  readonly deaf?: boolean;
}

/** A step of a command. */
export interface StepDouble {
  /** As the report names it. */
  readonly name: string;
  /** Whether its result came from the cache. Default: false. */
  readonly cached?: boolean;
  /**
   * The lines that it prints, one after each `everyMs`. The report has them where the step did not pass.
   * Default: none.
   */
  readonly prints?: readonly string[];
  /** Default: 100. */
  readonly everyMs?: number;
  /** Whether it never ends. Default: false. */
  readonly hangs?: boolean;
  /** What it ends with; the command ends with the same at once when it is not 0. Default: 0. */
  readonly exitCode?: number;
}

/** The settings of a step, complete. */
export type Step = Required<StepDouble>;

/** The settings of a command, complete. */
export type CommandScript = ReturnType<typeof readCommandScript>;

const STEP_FIELDS = {
  name: textField(""),
  cached: booleanField(false),
  prints: listField((value, label) => checkText(value, label, 100_000)),
  everyMs: numberField(100, MILLISECONDS),
  hangs: booleanField(false),
  exitCode: numberField(0, { min: 0, max: 255, whole: true }),
};

const FIELDS = {
  format: wordField("report", ["report", "plain"]),
  says: listField((value, label) => checkText(value, label, 100_000)),
  steps: listField((value, label): Step => readOptions(label, value, STEP_FIELDS)),
  error: textField(""),
  call: textField(""),
  deaf: booleanField(false),
};

/** Reads the variable. Throws a TypeError or RangeError that names it when it holds something else. */
export function readCommandScript(variable: string) {
  let parsed: unknown;
  try {
    parsed = JSON.parse(variable);
  } catch {
    throw new TypeError(`${COMMAND_VARIABLE} is no JSON, expected an object of options`);
  }
  return readOptions(COMMAND_VARIABLE, parsed, FIELDS);
}

function textField(absent: string): Field<string> {
  return { absent, read: (value, label) => checkText(value, label, 100_000) };
}

function listField<T>(readOne: (value: unknown, label: string) => T): Field<readonly T[]> {
  return {
    absent: [],
    read(value, label) {
      if (!Array.isArray(value)) throw new TypeError(`${label} is no list`);
      checkNumber(value.length, `the length of ${label}`, { min: 0, max: 1_000, whole: true });
      return value.map((one, index) => readOne(one, `${label} ${index}`));
    },
  };
}
