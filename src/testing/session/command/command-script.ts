/** Reads the script for a command of the stand-in, such as `dagger call`: JSON in one environment variable. */

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

/** A command that the stand-in plays. Its steps run in order. */
export interface CommandDouble {
  /**
   * The form of the output. `"report"`, as in Dagger 1.0: at the end, the state of each step, with the
   * output of steps that did not pass. `"plain"`, as in 0.21: each line at once. Default: `"report"`.
   */
  readonly format?: "report" | "plain";
  /** Messages of the CLI itself, printed at once in any format. Default: none. */
  readonly says?: readonly string[];
  readonly steps?: readonly StepDouble[];
  /** The reason of a failure outside all steps. The exit code is then 1. Default: none. */
  readonly error?: string;
  /** The call that contains the steps, as the report shows it (`.test: String!`). Default: none. */
  readonly call?: string;
  /** Whether the command ignores SIGINT. Default: false. */
  readonly deaf?: boolean;
}

/** A step of a command. */
export interface StepDouble {
  /** The name of the step in the report. */
  readonly name: string;
  /** Whether the step was answered from the cache. Default: false. */
  readonly cached?: boolean;
  /**
   * The lines that the step prints, one every `everyMs`. The report contains them only if the step did not
   * pass. Default: none.
   */
  readonly prints?: readonly string[];
  /** The time between two lines, in milliseconds. Default: 100. */
  readonly everyMs?: number;
  /** Whether the step never ends. Default: false. */
  readonly hangs?: boolean;
  /** The exit code of the step. If it is not 0, the command ends at once with that code. Default: 0. */
  readonly exitCode?: number;
}

/** A step with all defaults filled in. */
export type Step = Required<StepDouble>;

/** A command with all defaults filled in. */
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

/**
 * Reads the environment variable. Throws a TypeError or RangeError that names the variable if its value is
 * invalid.
 */
export function readCommandScript(variable: string) {
  let parsed: unknown;
  try {
    parsed = JSON.parse(variable);
  } catch {
    throw new TypeError(`${COMMAND_VARIABLE} is not JSON, expected an object of options`);
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
      if (!Array.isArray(value)) throw new TypeError(`${label} is not a list`);
      checkNumber(value.length, `the length of ${label}`, { min: 0, max: 1_000, whole: true });
      return value.map((one, index) => readOne(one, `${label} ${index}`));
    },
  };
}
