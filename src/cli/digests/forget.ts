/** `digests forget`: removes entries from the file of known digests. */

import { readDigests } from "../../guard/digests/digest-disk.js";
import type { KnownDigest } from "../../guard/digests/known-digests.js";
import { tagReference } from "../../guard/digests/references.js";
import { EXIT } from "../exit-codes.js";
import { shown } from "../plain-text.js";
import { CommandError, printLines, say, type Terminal } from "../terminal.js";
import { countText } from "./render.js";
import { changeStore, digestPath, readStore } from "./store.js";

export interface ForgetOptions {
  readonly file?: string;
  readonly all?: true;
  /** The age in milliseconds, and the text that the user wrote. */
  readonly olderThan?: { readonly text: string; readonly ms: number };
}

/** Removes the selected digests, and reports their number. */
export function forgetDigests(
  references: readonly string[],
  options: ForgetOptions,
  terminal: Terminal,
): void {
  const ways = [references.length > 0, options.all === true, options.olderThan !== undefined];
  if (ways.filter(Boolean).length !== 1) {
    throw new CommandError("name exactly one of: tags, --all, --older-than", EXIT.usage);
  }
  const tags = new Set(references.map(readTag));
  const path = digestPath(options.file, terminal.env);
  warnOfUnit(options.olderThan?.text ?? "", terminal);
  const oldestMs = Date.now() - (options.olderThan?.ms ?? 0);
  const goes = (one: KnownDigest) =>
    options.all || tags.has(one.reference) || (tags.size === 0 && one.learntAtMs < oldestMs);
  // `--all` also replaces a damaged file. Without `--all`, a damaged file is an error.
  const { digests, problem } = options.all ? readDigests(path, Date.now()) : readStore(path);
  for (const tag of tags) {
    if (!digests.some(({ reference }) => reference === tag))
      say(terminal, `no digest of ${tag} is known`);
  }
  let forgotten = 0;
  if (problem !== undefined || digests.some(goes)) {
    changeStore(path, (known) => {
      const kept = known.filter((one) => !goes(one));
      forgotten = known.length - kept.length;
      return kept;
    });
  }
  printLines(terminal, [outcome(forgotten, path, problem)]);
}

/**
 * Warns of an age without a unit. The unit is then milliseconds, so nearly every digest would be
 * removed.
 */
function warnOfUnit(age: string, terminal: Terminal): void {
  if (!/^\d+$/.test(age)) return;
  say(terminal, `--older-than ${age} is read as milliseconds; write ${age}ms, or ${age}d for days`);
}

function outcome(forgotten: number, path: string, problem: string | undefined): string {
  if (problem !== undefined) return `replaced ${path}, which ${problem}`;
  return forgotten === 0
    ? `nothing to forget in ${path}`
    : `forgot ${countText(forgotten)} of ${path}`;
}

function readTag(reference: string): string {
  const tag = tagReference(reference);
  if (tag !== undefined) return tag;
  throw new CommandError(
    `invalid <reference> ${shown(reference)}: expected a tag without a digest, such as alpine:3.20`,
    EXIT.usage,
  );
}
