/** The options of the CLI stand-in: one environment variable with JSON. */

import { checkNumber, checkText, readObject } from "../../options/check.js";
import type { SessionDoubleOptions } from "./session-options.js";

export const CLI_OPTIONS_VARIABLE = "DAGGER_SESSION_DOUBLE";

/**
 * The options of {@link SessionDoubleOptions} that fit into JSON: all but `random`. The environment
 * of the CLI sets the destination of spans (`traces`), as with a real one. Functions of `modules`
 * must be programs.
 */
export type SessionDoubleCliOptions = Omit<SessionDoubleOptions, "random" | "traces">;

/** The address of a double that waits for stand-ins. */
export interface AttachAddress {
  readonly port: number;
  readonly token: string;
}

/** The task of the stand-in: to attach to a double in another process, or to be a double itself. */
export type CliTask =
  | { readonly attach: AttachAddress }
  | { readonly options: Readonly<Record<string, unknown>> };

/** Reads the variable. Throws a TypeError that names it if its value is invalid. */
export function readCliTask(variable: string | undefined): CliTask {
  if (variable === undefined || variable === "") return { options: {} };
  let parsed: unknown;
  try {
    parsed = JSON.parse(variable);
  } catch {
    throw new TypeError(`${CLI_OPTIONS_VARIABLE} is no JSON, expected an object of options`);
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
