/** Reads the refs of a git remote. The error messages are those of the engine's git client. */

import type { Work } from "../engine/context.js";
import type { CommandResult } from "../engine/exec.js";
import { EngineError } from "../faults/wire-errors.js";
import { fetchBody } from "./http.js";

/** Returns the URL at which a remote serves its refs. */
export function refsUrl(url: string): URL {
  return new URL(`${url.replace(/\/+$/, "")}/info/refs?service=git-upload-pack`);
}

/** Returns the error for a remote that answered with this status. */
export function gitStatusError(url: string, status: number, body?: string): EngineError {
  switch (status) {
    case 401:
      return new EngineError("git error: git authentication failed", { traced: true });
    case 403:
      return new EngineError(`authorization failed: ${body ?? "forbidden\n"}`);
    case 404:
      return new EngineError(`repository not found: ${body ?? "404 page not found\n"}`);
    default:
      return new EngineError(
        `unexpected client error: unexpected requesting "${refsUrl(url).href}" status code: ${status}`,
      );
  }
}

/** Returns the refs of a remote. For http it reads them as the engine does; otherwise it runs `git`. */
export async function askRefs(
  work: Work,
  url: string,
  runGit: (work: Work, folder: string, args: readonly string[]) => Promise<CommandResult>,
): Promise<ReadonlyMap<string, string>> {
  if (/^https?:\/\//.test(url)) {
    const { status, body } = await fetchBody(work, refsUrl(url));
    if (status !== 200) throw gitStatusError(url, status, body.toString());
    return readAdvertisement(body.toString("latin1"));
  }
  const { exitCode, stdout, stderr } = await runGit(work, work.engine.scratch.folder, [
    "ls-remote",
    url,
  ]);
  if (exitCode !== 0) {
    throw new EngineError(
      /does not (exist|appear to be)|not found/.test(stderr)
        ? `repository not found: ${stderr}`
        : `git error: exit status ${exitCode}`,
      { traced: true },
    );
  }
  return new Map(
    stdout
      .split("\n")
      .map((line) => line.split("\t"))
      .flatMap(([commit, ref]) => (commit && ref ? [[ref, commit] as const] : [])),
  );
}

/** Parses the answer to `info/refs`: lines with their length in front, as in git's protocol. */
function readAdvertisement(body: string): ReadonlyMap<string, string> {
  const refs = new Map<string, string>();
  let at = 0;
  while (at + 4 <= body.length) {
    const length = Number.parseInt(body.slice(at, at + 4), 16);
    if (Number.isNaN(length)) break;
    const line = body.slice(at + 4, at + Math.max(length, 4)).replace(/\n$/, "");
    at += Math.max(length, 4);
    const match = /^([0-9a-f]{40}) ([^\0]+)/.exec(line);
    if (match?.[1] !== undefined && match[2] !== undefined) refs.set(match[2], match[1]);
  }
  return refs;
}
