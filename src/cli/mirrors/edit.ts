/** Adds mirrors to an engine.json, and keeps everything else in the file. */

import { isDeepStrictEqual } from "node:util";
import { stringify } from "smol-toml";
import { isSpelledOtherwise, readJsonRoot } from "./engine-config.js";

/** The mirrors to write into the file. */
export interface MirrorChanges {
  /** The mirrors of each registry. They replace the old mirrors of that registry. */
  readonly mirrors: ReadonlyMap<string, readonly string[]>;
  /** Mirrors that are asked over plain HTTP. */
  readonly plainHttp: ReadonlySet<string>;
}

/**
 * The error for a file that an edit could damage. For example, a very large number would be
 * rounded.
 */
export class UnsafeEditError extends Error {}

/** The fields to change in the entry of one registry. */
interface Entry {
  mirrors?: readonly string[];
  http?: true;
}

/**
 * Returns the text of an engine.json after the changes.
 *
 * @param text The current text of the file; undefined if the file is missing.
 * @throws ConfigSyntaxError for invalid JSON, UnsafeEditError if a safe edit is impossible.
 */
export function editConfig(text: string | undefined, changes: MirrorChanges): string {
  const before = text ?? "{}";
  const root = readJsonRoot(before);
  refuseLossyNumbers(root);
  refuseOtherSpelling(root, "registries");
  const registries = child(root, "registries");
  let changed = false;
  for (const [registry, fields] of entriesOf(changes)) {
    const entry = child(registries, registry);
    for (const [field, value] of Object.entries(fields)) {
      refuseOtherSpelling(entry, field);
      changed ||= !isDeepStrictEqual(entry[field], value);
      entry[field] = value;
    }
  }
  if (!changed) return before;
  const indent = /^[{]\s*?\n([ \t]+)\S/.exec(before)?.[1] ?? "  ";
  return `${JSON.stringify(root, undefined, indent)}\n`;
}

/** Returns only the changes, in the format of engine.toml. */
export function tomlForm(changes: MirrorChanges): string {
  return stringify({ registry: Object.fromEntries(entriesOf(changes)) });
}

function entriesOf({ mirrors, plainHttp }: MirrorChanges): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const [registry, list] of mirrors) entries.set(registry, { mirrors: list });
  for (const host of plainHttp) entries.set(host, { ...entries.get(host), http: true });
  return entries;
}

function child(parent: Record<string, unknown>, name: string): Record<string, unknown> {
  parent[name] ??= {};
  return parent[name] as Record<string, unknown>;
}

/**
 * Rejects a field whose name differs from `known` only in case. The engine would take both for the
 * same field, and the edit would add it a second time.
 */
function refuseOtherSpelling(table: Record<string, unknown>, known: string): void {
  const other = Object.keys(table).find((name) => isSpelledOtherwise(name, known));
  if (other === undefined) return;
  throw new UnsafeEditError(
    `it has the field ${JSON.stringify(other)}; rename it to ${JSON.stringify(known)}`,
  );
}

/** Rejects a number that JavaScript would round, because it is too large. */
function refuseLossyNumbers(value: unknown): void {
  if (typeof value === "number" && Math.abs(value) > Number.MAX_SAFE_INTEGER) {
    throw new UnsafeEditError("a number in it is too large to keep exactly; edit the file by hand");
  }
  if (typeof value === "object" && value !== null) Object.values(value).forEach(refuseLossyNumbers);
}
