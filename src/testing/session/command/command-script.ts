/** The script of a command such as `dagger call` for the CLI stand-in: one variable with JSON. */

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

/** The environment variable that the stand-in reads for any command except `session`. */
export const COMMAND_VARIABLE = "DAGGER_SESSION_DOUBLE_COMMAND";

/** A command of the stand-in. Its steps run in order. */
export interface CommandDouble {
  /**
   * The output without a terminal. `"report"`, as in Dagger 1.0: at the end, the state of each
   * step, with the output of those that did not pass. `"plain"`, as in 0.21: each line at once.
   * Default: `"report"`.
   */
  readonly format?: "report" | "plain";
  /** Lines that it prints at once in any format: messages of the CLI itself. Default: none. */
  readonly says?: readonly string[];
  readonly steps?: readonly StepDouble[];
  /** The reason of a failure outside a step; the exit code is then 1. Default: none. */
  readonly error?: string;
  /** The call above its steps, in the form of the report (`.test: String!`). Default: none. */
  readonly call?: string;
  /** Whether it ignores SIGINT. Default: false. */
  readonly deaf?: boolean;
}

/** A step of a command. */
export interface StepDouble {
  /** Its name in the report. */
  readonly name: string;
  /** Whether its result came from the cache. Default: false. */
  readonly cached?: boolean;
  /**
   * The lines that it prints, one after each `everyMs`. The report contains them only if the step
   * did not pass. Default: none.
   */
  readonly prints?: readonly string[];
  /** Default: 100. */
  readonly everyMs?: number;
  /** Whether it never ends. Default: false. */
  readonly hangs?: boolean;
  /** Its exit code. If it is not 0, the command ends at once with the same code. Default: 0. */
  readonly exitCode?: number;
}

/** The validated settings of a step. */
export type Step = Required<StepDouble>;

/** The validated settings of a command. */
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

/** Reads the variable. Throws a TypeError or RangeError that names it if its value is invalid. */
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
