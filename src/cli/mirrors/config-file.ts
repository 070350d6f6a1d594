/** Finds and reads the configuration file of an engine. */

import { createReadStream } from "node:fs";
import { homedir, platform } from "node:os";
import { extname, isAbsolute, join, resolve } from "node:path";
import { codeOf } from "../../files/error-code.js";
import { readUpTo } from "../../sockets/bounded-body.js";
import { EXIT } from "../exit-codes.js";
import { CommandError } from "../terminal.js";
import type { ConfigFormat } from "./engine-config.js";

/** The size limit. It is far larger than any configuration of an engine. */
const MAX_CONFIG_BYTES = 1024 * 1024;

type Environment = Readonly<Record<string, string | undefined>>;

export interface ConfigFile {
  readonly path: string;
  readonly format: ConfigFormat;
  /** Whether the `dagger` command passes this file to the engines that it starts. */
  readonly standard: boolean;
}

/** Returns the path of the file that the `dagger` command passes to the engines that it starts. */
export function standardConfigPath(env: Environment, system: string = platform()): string {
  const home = env.HOME || homedir();
  const given = env.XDG_CONFIG_HOME ?? "";
  const base = isAbsolute(given)
    ? given
    : system === "darwin"
      ? join(home, "Library", "Application Support")
      : system === "win32"
        ? env.LOCALAPPDATA || join(home, "AppData", "Local")
        : join(home, ".config");
  return join(base, "dagger", "engine.json");
}

/** Selects the configuration file by `--file` and `--format`. */
export function chooseConfigFile(
  { file, format }: { readonly file?: string; readonly format?: ConfigFormat },
  env: Environment,
): ConfigFile {
  const standard = standardConfigPath(env);
  if (file === undefined) {
    if (format === "toml") {
      throw new CommandError(
        "--file is required for engine.toml, which has no standard place",
        EXIT.usage,
      );
    }
    return { path: standard, format: "json", standard: true };
  }
  const path = resolve(file);
  const byName = extname(path).toLowerCase() === ".toml" ? "toml" : "json";
  return { path, format: format ?? byName, standard: path === standard };
}

/** Returns the text of a file; undefined if it is missing. */
export async function readConfigFile(path: string): Promise<string | undefined> {
  try {
    // Reads at most the limit. A device such as /dev/zero shows no size and never ends.
    const bytes = await readUpTo(createReadStream(path), MAX_CONFIG_BYTES);
    if (bytes !== undefined) return bytes.toString();
    throw new CommandError(`${path} is longer than 1 MiB, expected a configuration`, EXIT.noInput);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    if (codeOf(error) === "ENOENT") return undefined;
    throw new CommandError(`cannot read ${path} (${codeOf(error)})`, EXIT.noInput);
  }
}
