/** How the CLI stand-in is told what to do: one environment variable that holds JSON. */

import { checkNumber, checkText, readObject } from "../../options/check.js";
import type { SessionDoubleOptions } from "./session-options.js";

/** The environment variable that the stand-in reads. */
export const CLI_OPTIONS_VARIABLE = "DAGGER_SESSION_DOUBLE";

/**
 * Options that can be written as JSON: those of {@link SessionDoubleOptions} but `random`. Where spans
 * go (`traces`) is told by the environment of the CLI, as with a real one. Functions of `modules` have to be
 * programs.
 */
export type SessionDoubleCliOptions = Omit<SessionDoubleOptions, "random" | "traces">;

/** Where a double waits for stand-ins. */
export interface AttachAddress {
  readonly port: number;
  readonly token: string;
}

/** What the stand-in is to do: attach to a double in another process, or be one of its own. */
export type CliTask =
  | { readonly attach: AttachAddress }
  | { readonly options: Readonly<Record<string, unknown>> };

/** Reads the variable. Throws a TypeError that names it when it holds something else. */
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
