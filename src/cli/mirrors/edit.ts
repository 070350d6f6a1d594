/** Puts mirrors into an engine.json and leaves all else in it as it was. */

import { isDeepStrictEqual } from "node:util";
import { stringify } from "smol-toml";
import { isSpelledOtherwise, readJsonRoot } from "./engine-config.js";

/** What is to stand in the file. */
export interface MirrorChanges {
  /** The mirrors of each registry; they replace those it had. */
  readonly mirrors: ReadonlyMap<string, readonly string[]>;
  /** Mirrors that are asked over plain HTTP. */
  readonly plainHttp: ReadonlySet<string>;
}

/** A file cannot be edited without a risk to what stands in it. */
export class UnsafeEditError extends Error {}

/** The fields that the changes set in the entry of one registry. */
interface Entry {
  mirrors?: readonly string[];
  http?: true;
}

/**
 * The text of an engine.json with the changes in it.
 *
 * @param text The file as it is; undefined when there is none.
 * @throws ConfigSyntaxError when it is no JSON, UnsafeEditError when it cannot be done safely.
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

/** The changes by themselves, as engine.toml has them. */
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
