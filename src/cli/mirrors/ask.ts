/** Asks a mirror whether it answers as a registry does. */

import { readFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { rootCertificates } from "node:tls";
import { isLoopback, parseMirror } from "./addresses.js";
import type { RegistryEntry } from "./engine-config.js";

/** What came of asking one mirror. */
export interface MirrorAnswer {
  readonly url: string;
  /** Whether it answered as a registry: 200, or 401 for one that wants credentials. */
  readonly answers: boolean;
  /** Undefined when there was no answer. */
  readonly status: number | undefined;
  readonly durationMs: number;
  /** What is wrong; undefined when nothing is. */
  readonly problem: string | undefined;
}

/** How many mirrors are asked at once. */
const CONCURRENCY = 8;

/** Asks mirrors, each once, several at a time. */
export async function askMirrors(
  mirrors: Iterable<string>,
  registries: ReadonlyMap<string, RegistryEntry>,
  timeoutMs: number,
): Promise<Map<string, MirrorAnswer>> {
  const answers = new Map<string, MirrorAnswer>();
  const queue = [...new Set(mirrors)];
  const work = async (): Promise<void> => {
    for (let mirror = queue.shift(); mirror !== undefined; mirror = queue.shift()) {
      answers.set(mirror, await askMirror(mirror, registries, timeoutMs));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  return answers;
}

/** Asks as an engine would: the mirror's own entry says whether over HTTP, and whom to trust. */
async function askMirror(
  mirror: string,
  registries: ReadonlyMap<string, RegistryEntry>,
  timeoutMs: number,
): Promise<MirrorAnswer> {
  const host = parseMirror(mirror)?.host ?? mirror;
  const entry = registries.get(host);
  const plain = entry?.http ?? isLoopback(host);
  const insecure = entry?.insecure ?? false;
  const schemes = plain ? (insecure ? ["https", "http"] : ["http"]) : ["https"];
  const start = performance.now();
  const signal = AbortSignal.timeout(timeoutMs);
  let problem = "";
  let url = "";
  for (const scheme of schemes) {
    url = `${scheme}://${host}/v2/`;
    try {
      const trusted = scheme === "https" ? await certificates(entry?.ca ?? []) : undefined;
      const status = await statusOf(url, { insecure, trusted, signal });
      const answers = status === 200 || status === 401;
      return {
        url,
        answers,
        status,
        durationMs: Math.round(performance.now() - start),
        problem: answers ? undefined : `answers ${status}, expected 200 or 401`,
      };
    } catch (error) {
      problem = signal.aborted
        ? `no answer within ${timeoutMs} ms`
        : `no answer (${codeOf(error)})`;
    }
  }
  const durationMs = Math.round(performance.now() - start);
  return { url, answers: false, status: undefined, durationMs, problem };
}

function statusOf(
  url: string,
  options: {
    readonly insecure: boolean;
    readonly trusted: string[] | undefined;
    readonly signal: AbortSignal;
  },
): Promise<number> {
  const { insecure, trusted, signal } = options;
  return new Promise((resolve, reject) => {
    const request = url.startsWith("https:")
      ? httpsRequest(url, { agent: false, signal, rejectUnauthorized: !insecure, ca: trusted })
      : httpRequest(url, { agent: false, signal });
    request.on("error", reject);
    request.on("response", (response) => {
      resolve(response.statusCode ?? 0);
      // The body is of no interest, however long it is.
      request.destroy();
    });
    request.end();
  });
}

/** What to trust besides the usual; files that only the engine's container has are left out. */
async function certificates(files: readonly string[]): Promise<string[] | undefined> {
  if (files.length === 0) return undefined;
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8").catch(() => "")));
  return [...rootCertificates, ...texts.filter((text) => text !== "")];
}

function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? code : "unknown reason";
}
