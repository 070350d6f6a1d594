/** `digests export` and `digests import`: move known digests between machines. */

import { resolve } from "node:path";
import { formatDigests, parseDigests } from "../../guard/digests/digest-document.js";
import { keyOf, mergeKnown } from "../../guard/digests/known-digests.js";
import { EXIT } from "../exit-codes.js";
import { readText } from "../input.js";
import { replaceFile } from "../replace-file.js";
import { CommandError, printLines, say, type Terminal } from "../terminal.js";
import { countText } from "./render.js";
import { changeStore, digestPath, readStore } from "./store.js";

const EXPORTED = "a file that dagger-breaker digests export wrote";

/**
 * Writes the known digests to a file or to standard output. The output has the format of the file
 * of known digests.
 */
export async function exportDigests(
  options: { readonly file?: string; readonly output?: string },
  terminal: Terminal,
): Promise<void> {
  const { digests } = readStore(digestPath(options.file, terminal.env));
  const { text, kept } = formatDigests(digests);
  if (options.output === undefined) {
    terminal.stdout.write(text);
    if (kept.length === 0) say(terminal, "no digest is known, so the export is empty");
    return;
  }
  const output = resolve(options.output);
  await replaceFile(output, text);
  printLines(terminal, [`exported ${countText(kept.length)} to ${output}`]);
}

/**
 * Adds the digests of a file to the known digests. If both have a digest for a tag, the newer
 * digest stays.
 */
export async function importDigests(
  file: string,
  options: { readonly file?: string },
  terminal: Terminal,
): Promise<void> {
  const path = digestPath(options.file, terminal.env);
  const nowMs = Date.now();
  const document = parseDigests(await readText(file, terminal, EXPORTED), nowMs);
  if (document === undefined) {
    const name = file === "-" ? "standard input" : file;
    throw new CommandError(`${name} is not a file of known digests; use ${EXPORTED}`, EXIT.noInput);
  }
  readStore(path);
  changeStore(path, (found) => {
    const merged = new Map(found.map((one) => [keyOf(one.reference, one.platform), one]));
    for (const given of document.digests) {
      const key = keyOf(given.reference, given.platform);
      // Does not import `proven`, because it means that an engine of this machine has pulled the
      // digest.
      const mine = { ...given, learntAtMs: Math.min(given.learntAtMs, nowMs), proven: false };
      merged.set(key, mergeKnown(merged.get(key), mine));
    }
    return [...merged.values()];
  });
  if (document.ignored > 0) {
    say(terminal, `skipped damaged entries: ${document.ignored}`);
  }
  printLines(terminal, [`imported ${countText(document.digests.length)} into ${path}`]);
}
