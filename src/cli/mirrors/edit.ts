/** Puts mirrors into an engine's configuration and leaves all else in it as it was. */

import { isDeepStrictEqual } from "node:util";
import { type ConfigFormat, isSpelledOtherwise, readJsonRoot } from "./engine-config.js";
import { readToml, type TomlStatement } from "./toml.js";

/** What is to stand in the file. */
export interface MirrorChanges {
  /** The mirrors of each registry; they replace those it had. */
  readonly mirrors: ReadonlyMap<string, readonly string[]>;
  /** Mirrors that are asked over plain HTTP. */
  readonly plainHttp: ReadonlySet<string>;
}

/** A file cannot be edited without a risk to what stands in it. */
export class UnsafeEditError extends Error {}

/** One value to be set. */
interface Setting {
  readonly registry: string;
  readonly field: "mirrors" | "http";
  readonly value: readonly string[] | true;
}

/**
 * The text of a configuration with the changes in it.
 *
 * @param text The file as it is; undefined when there is none. It must be of its format.
 * @throws UnsafeEditError when it cannot be done safely.
 */
export function editConfig(
  text: string | undefined,
  format: ConfigFormat,
  changes: MirrorChanges,
): string {
  const settings: Setting[] = [
    ...[...changes.mirrors].map(
      ([registry, value]): Setting => ({ registry, field: "mirrors", value }),
    ),
    ...[...changes.plainHttp].map(
      (registry): Setting => ({ registry, field: "http", value: true }),
    ),
  ];
  return format === "json"
    ? editJson(text ?? "{}", settings)
    : settings.reduce(editToml, text ?? "");
}

function editJson(text: string, settings: readonly Setting[]): string {
  const root = readJsonRoot(text);
  refuseLossyNumbers(root);
  refuseOtherSpelling(root, "registries");
  const registries = child(root, "registries");
  let changed = false;
  for (const { registry, field, value } of settings) {
    const entry = child(registries, registry);
    refuseOtherSpelling(entry, field);
    changed ||= !isDeepStrictEqual(entry[field], value);
    entry[field] = value;
  }
  if (!changed) return text;
  const indent = /^[{]\s*?\n([ \t]+)\S/.exec(text)?.[1] ?? "  ";
  return `${JSON.stringify(root, undefined, indent)}\n`;
}

function child(parent: Record<string, unknown>, name: string): Record<string, unknown> {
  parent[name] ??= {};
  return parent[name] as Record<string, unknown>;
}

/** To the engine a field of the same name in other letters is the same one, and this would be a second. */
function refuseOtherSpelling(table: Record<string, unknown>, known: string): void {
  const other = Object.keys(table).find((name) => isSpelledOtherwise(name, known));
  if (other === undefined) return;
  throw new UnsafeEditError(`it has ${JSON.stringify(other)}, expected ${JSON.stringify(known)}`);
}

/** A number too long for this language would come out as another one. */
function refuseLossyNumbers(value: unknown): void {
  if (typeof value === "number" && Math.abs(value) > Number.MAX_SAFE_INTEGER) {
    throw new UnsafeEditError("it has a number of more than 53 bits, which would be rounded");
  }
  if (typeof value === "object" && value !== null) Object.values(value).forEach(refuseLossyNumbers);
}

function editToml(text: string, { registry, field, value }: Setting): string {
  const statements = readToml(text);
  const target = ["registry", registry, field];
  const literal =
    value === true ? "true" : `[${value.map((item) => JSON.stringify(item)).join(", ")}]`;
  const there = statements.find((item) => item.kind === "value" && samePath(item.path, target));
  if (there !== undefined) {
    if (isDeepStrictEqual(there.value, value)) return text;
    return `${text.slice(0, there.start)}${literal}${text.slice(there.end)}`;
  }
  refuseOtherForms(statements, registry);
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  const table = statements.find(
    (item) => item.kind === "table" && samePath(item.path, ["registry", registry]),
  );
  if (table === undefined) {
    const gap =
      text === "" || text.endsWith("\n\n") ? "" : text.endsWith("\n") ? newline : newline + newline;
    return `${text}${gap}[registry.${JSON.stringify(registry)}]${newline}  ${field} = ${literal}${newline}`;
  }
  const lineEnd = text.indexOf("\n", table.end);
  if (lineEnd < 0) return `${text}${newline}  ${field} = ${literal}${newline}`;
  return `${text.slice(0, lineEnd + 1)}  ${field} = ${literal}${newline}${text.slice(lineEnd + 1)}`;
}

/** Inline tables, dotted names and arrays of tables: a table added to those would be no TOML. */
function refuseOtherForms(statements: readonly TomlStatement[], registry: string): void {
  let table: readonly string[] = [];
  for (const { kind, path } of statements) {
    if (kind !== "value") table = path;
    const [section, name] = path;
    const ours = section === "registry" && (name === undefined || name === registry);
    const own = ["registry", registry];
    const inline = kind === "value" && ours && path.length < 3;
    const dotted =
      kind === "value" && ours && path.length >= 3 && !samePath(table.slice(0, 2), own);
    const list = kind === "array-table" && ours && path.length < 3;
    if (inline || dotted || list) {
      throw new UnsafeEditError(
        `registry ${JSON.stringify(registry)} is not written as a table of its own, expected [registry.${JSON.stringify(registry)}]`,
      );
    }
  }
}

function samePath(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name, index) => name === other[index]);
}
