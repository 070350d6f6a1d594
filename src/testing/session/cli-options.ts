/** The options of the stand-in for the dagger CLI, which are JSON in one environment variable. */

import { checkNumber, checkText, readObject } from "../../options/check.js";
import type { SessionDoubleOptions } from "./options/session-options.js";

export const CLI_OPTIONS_VARIABLE = "DAGGER_SESSION_DOUBLE";

/**
 * The options of {@link SessionDoubleOptions} that JSON can express: all but `random` and `traces`. The
 * environment of the stand-in sets where spans are sent, as for a real CLI. Each function in `modules` must
 * be given as a program to run.
 */
export type SessionDoubleCliOptions = Omit<SessionDoubleOptions, "random" | "traces">;

/** The address at which a double serves stand-ins. */
export interface AttachAddress {
  readonly port: number;
  readonly token: string;
}

/** The task of the stand-in: attach to a double in another process, or be a double itself. */
export type CliTask =
  | { readonly attach: AttachAddress }
  | { readonly options: Readonly<Record<string, unknown>> };

/** Reads the environment variable. Throws a TypeError that names the variable if its value is invalid. */
export function readCliTask(variable: string | undefined): CliTask {
  if (variable === undefined || variable === "") return { options: {} };
  let parsed: unknown;
  try {
    parsed = JSON.parse(variable);
  } catch {
    throw new TypeError(`${CLI_OPTIONS_VARIABLE} is not JSON, expected an object of options`);
  }
  const attach = (parsed as { attach?: unknown } | null)?.attach;
  if (attach === undefined) {
    const options = parsed as Readonly<Record<string, unknown>>;
    if (options !== null && Object.hasOwn(options, "traces")) {
      throw new TypeError(
        `${CLI_OPTIONS_VARIABLE} option "traces" is not for a CLI, expected OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`,
      );
    }
    return { options };
  }
  const label = `${CLI_OPTIONS_VARIABLE} option "attach"`;
  const { port, token } = readObject(label, attach, ["port", "token"]);
  return {
    attach: {
      port: checkNumber(port, `${label} "port"`, { min: 1, max: 65_535, whole: true }),
      token: checkText(token, `${label} "token"`, 100),
    },
  };
}
