/**
 * Reads the registries in an engine's configuration. `engine.json` is the engine's own format, with
 * registries since v0.19.0. `engine.toml` is the format of BuildKit.
 */

import { parse, TomlError } from "smol-toml";
import { shown } from "../plain-text.js";
import { isLoopback, parseMirror, registryProblem } from "./addresses.js";

export type ConfigFormat = "json" | "toml";

/** The entry of a registry. A mirror can have such an entry too. */
export interface RegistryEntry {
  readonly mirrors: readonly string[];
  /** Whether the engine asks this host over plain HTTP; undefined if not set. */
  readonly http: boolean | undefined;
  /** Whether the engine accepts any certificate from this host; undefined if not set. */
  readonly insecure: boolean | undefined;
  /** Paths of files with trusted certificates, in the engine's container. */
  readonly ca: readonly string[];
}

/**
 * A problem of the file. `error`: the engine rejects the file, or ignores an unknown field of
 * `engine.toml`. `warning`: the engine uses the file as it is.
 */
export interface ConfigProblem {
  readonly level: "error" | "warning";
  readonly message: string;
}

/** The registries and problems of a file. */
export interface EngineConfig {
  readonly registries: ReadonlyMap<string, RegistryEntry>;
  readonly problems: readonly ConfigProblem[];
}

/** The error for a text that is not valid JSON or TOML. */
export class ConfigSyntaxError extends Error {}

/** For each format, the name of the section for registries, and the fields of an entry. */
const PARTS = {
  json: { section: "registries", fields: ["mirrors", "http", "insecure", "ca"] },
  toml: {
    section: "registry",
    fields: ["mirrors", "http", "insecure", "ca", "keypair", "tlsconfigdir"],
  },
} as const;

/**
 * Reads the text of a configuration.
 *
 * @throws ConfigSyntaxError when the text is not valid JSON or TOML.
 */
export function readEngineConfig(text: string, format: ConfigFormat): EngineConfig {
  const root = format === "json" ? readJsonRoot(text) : readTomlRegistries(text);
  const problems: ConfigProblem[] = [];
  const report = (level: ConfigProblem["level"], message: string) => {
    problems.push({ level, message });
  };
  const { section } = PARTS[format];
  for (const name of Object.keys(root)) {
    const meant = [PARTS.json.section, PARTS.toml.section, "mirrors"].includes(name.toLowerCase());
    if (meant && name !== section && spelling(name, section, format, report) !== section)
      report("error", `${shown(name)} is not known, expected "${section}"`);
  }
  const registries = new Map<string, RegistryEntry>();
  const found = fieldOf(root, section, format) ?? {};
  if (!isRecord(found))
    report("error", `"${section}" is not a table; expected one entry for each registry`);
  for (const [name, entry] of Object.entries(isRecord(found) ? found : {})) {
    const problem = registryProblem(name);
    if (problem !== undefined) report("warning", `${section} ${shown(name)}: ${problem}`);
    registries.set(name, readEntry(`${section} ${shown(name)}`, entry, format, report));
  }
  return { registries, problems };
}

/**
 * Returns a name as the engine reads it. In `engine.json` the engine ignores case, as Go does.
 * Another spelling is reported, because other programs may not accept it.
 */
function spelling(
  name: string,
  known: string,
  format: ConfigFormat,
  report: (level: ConfigProblem["level"], message: string) => void,
): string {
  if (format !== "json" || !isSpelledOtherwise(name, known)) return name;
  report("warning", `engines read ${shown(name)} as "${known}"; use the spelling "${known}"`);
  return known;
}

/** Returns whether two names differ only in case. */
export function isSpelledOtherwise(name: string, known: string): boolean {
  return name !== known && name.toLowerCase() === known.toLowerCase();
}

/** Returns the value of a field. In `engine.json`, the case of the field's name does not matter. */
function fieldOf(table: Record<string, unknown>, known: string, format: ConfigFormat): unknown {
  if (format !== "json" || Object.hasOwn(table, known)) return table[known];
  const name = Object.keys(table).find((other) => isSpelledOtherwise(other, known));
  return name === undefined ? undefined : table[name];
}

/** Parses an `engine.json`, and returns its object. */
export function readJsonRoot(text: string): Record<string, unknown> {
  if (text.trim() === "") throw new ConfigSyntaxError("it is empty; expected at least {}");
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch (error) {
    // The message of the parser quotes the text, which may be private. So only the position is
    // shown.
    const [place = ""] = /at position [0-9]+|line [0-9]+ column [0-9]+/.exec(String(error)) ?? [];
    throw new ConfigSyntaxError(`it is not JSON${place && ` (${place})`}`);
  }
  if (!isRecord(root)) throw new ConfigSyntaxError("it is not a JSON object");
  return root;
}

/** Returns the tables of an `engine.toml` that contain registries. */
function readTomlRegistries(text: string): Record<string, unknown> {
  try {
    // Other sections may contain numbers of more than 53 bits, which must not be an error.
    const root = parse(text, { integersAsBigInt: "asNeeded" });
    return Object.fromEntries(
      Object.entries(root).filter(([name]) => /^registr(?:y|ies)$/i.test(name)),
    );
  } catch (error) {
    // The message of the parser quotes the text, which may be private. So only the line is shown.
    if (error instanceof TomlError)
      throw new ConfigSyntaxError(`it is not TOML (line ${error.line})`);
    throw error;
  }
}

function readEntry(
  label: string,
  value: unknown,
  format: ConfigFormat,
  report: (level: ConfigProblem["level"], message: string) => void,
): RegistryEntry {
  const entry = isRecord(value) ? value : {};
  const known: readonly string[] = PARTS[format].fields;
  if (!isRecord(value))
    report("error", `${label} is not a table; expected the fields ${known.join(", ")}`);
  for (const name of Object.keys(entry)) {
    const field = known.find((one) => isSpelledOtherwise(name, one)) ?? name;
    if (!known.includes(spelling(name, field, format, report))) {
      report("error", `${label}: ${shown(name)} is not known, expected ${known.join(", ")}`);
    }
  }
  const readFlag = (name: string): boolean | undefined => {
    const flag = fieldOf(entry, name, format) ?? undefined;
    if (flag === undefined || typeof flag === "boolean") return flag;
    report("error", `${label}: "${name}" is neither true nor false`);
    return undefined;
  };
  const readList = (name: string): readonly string[] => {
    const list = fieldOf(entry, name, format) ?? [];
    if (Array.isArray(list) && list.every((item) => typeof item === "string")) return list;
    report("error", `${label}: "${name}" is not a list of texts`);
    return [];
  };
  const mirrors = readList("mirrors");
  for (const mirror of mirrors) reportMirror(label, mirror, report);
  return { mirrors, http: readFlag("http"), insecure: readFlag("insecure"), ca: readList("ca") };
}

function reportMirror(
  label: string,
  mirror: string,
  report: (level: ConfigProblem["level"], message: string) => void,
): void {
  const address = parseMirror(mirror);
  if (address === undefined) {
    report(
      "error",
      `${label}: invalid mirror ${shown(mirror)}: expected a host, such as "mirror.gcr.io"`,
    );
    return;
  }
  if (address.scheme === "http") {
    report(
      "warning",
      `${label}: mirror ${shown(mirror)}: engines ignore the scheme; use ${shown(address.host + address.path)} and "http": true in an entry for ${shown(address.host)}`,
    );
  }
  if (isLoopback(address.host)) {
    report(
      "warning",
      `${label}: mirror ${shown(mirror)}: to an engine in a container, this is the container itself`,
    );
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    [Object.prototype, null].includes(Object.getPrototypeOf(value))
  );
}
