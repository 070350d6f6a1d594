/** Asks mirrors whether they answer as registries. */

import { readFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { rootCertificates } from "node:tls";
import { codeOf } from "../../files/error-code.js";
import { isLoopback, parseMirror } from "./addresses.js";
import type { RegistryEntry } from "./engine-config.js";

/** The answer of one mirror. */
export interface MirrorAnswer {
  readonly url: string;
  /**
   * Whether the mirror answered as a registry does: with 401 (it needs credentials), or with 200
   * and not with a web page.
   */
  readonly answers: boolean;
  /** The HTTP status; undefined without an answer. */
  readonly status: number | undefined;
  readonly durationMs: number;
  /** Why the mirror is not usable; undefined if the mirror is usable. */
  readonly problem: string | undefined;
}

/** The number of mirrors to ask at the same time. */
const CONCURRENCY = 8;

/** Asks each mirror once, and several mirrors at the same time. */
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

/**
 * Asks one mirror as an engine would. If the configuration has an entry for the mirror itself, that
 * entry sets plain HTTP and trusted certificates.
 */
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
      const { status, isPage } = await headOf(url, { insecure, trusted, signal });
      const durationMs = Math.round(performance.now() - start);
      const problem = problemOf(status, isPage);
      return { url, answers: problem === undefined, status, durationMs, problem };
    } catch (error) {
      problem = signal.aborted
        ? `no answer within ${timeoutMs} ms`
        : `no answer (${codeOf(error)})`;
    }
  }
  const durationMs = Math.round(performance.now() - start);
  return { url, answers: false, status: undefined, durationMs, problem };
}

/**
 * Returns what is wrong with an answer; undefined if it is correct. A web page with the status 200
 * comes from a captive portal or a load balancer, not from a registry.
 */
function problemOf(status: number, isPage: boolean): string | undefined {
  if (status === 401) return undefined;
  if (status !== 200) return `answers with status ${status}, expected 200 or 401`;
  return isPage ? "answers with a web page, expected a registry" : undefined;
}

function headOf(
  url: string,
  options: {
    readonly insecure: boolean;
    readonly trusted: string[] | undefined;
    readonly signal: AbortSignal;
  },
): Promise<{ readonly status: number; readonly isPage: boolean }> {
  const { insecure, trusted, signal } = options;
  return new Promise((resolve, reject) => {
    const request = url.startsWith("https:")
      ? httpsRequest(url, { agent: false, signal, rejectUnauthorized: !insecure, ca: trusted })
      : httpRequest(url, { agent: false, signal });
    request.on("error", reject);
    request.on("response", (response) => {
      const isPage = /^\s*text\/html\b/i.test(response.headers["content-type"] ?? "");
      resolve({ status: response.statusCode ?? 0, isPage });
      // Ends the connection, because the body is not needed and may be long.
      request.destroy();
    });
    request.end();
  });
}

/**
 * Reads additional trusted certificates. Skips unreadable files, because the paths may exist only
 * in the engine's container.
 */
async function certificates(files: readonly string[]): Promise<string[] | undefined> {
  if (files.length === 0) return undefined;
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8").catch(() => "")));
  return [...rootCertificates, ...texts.filter((text) => text !== "")];
}
