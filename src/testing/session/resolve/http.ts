/** `http`: a real download, done once per session. */

import { createWriteStream } from "node:fs";
import { chmod } from "node:fs/promises";
import { get as httpGet, type IncomingMessage } from "node:http";
import { get as httpsGet } from "node:https";
import { join, posix } from "node:path";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { CallSpan } from "../calls/call-span.js";
import { innerCallAttributes } from "../calls/core-call.js";
import { callDigest } from "../calls/dag-call.js";
import type { Work } from "../engine/context.js";
import { type MetFault, meetFaults, requireCaller } from "../engine/meet-faults.js";
import type { FileValue } from "../engine/values.js";
import { hostNames, plannedNetworkError, realNetworkError } from "../faults/network-errors.js";
import { statusLine } from "../faults/status-line.js";
import { EngineError } from "../faults/wire-errors.js";
import { contentKey, folderDigest } from "../files/scratch.js";
import { SCOPES } from "../traces/active-span.js";

const MOST_REDIRECTS = 10;

export async function download(
  work: Work,
  address: string,
  name: string | undefined,
  permissions: number,
): Promise<FileValue> {
  await requireCaller(work);
  const url = readUrl(address);
  const key = contentKey("http", address, name, permissions);
  return work.session.resolutions.join(`http ${key}`, work.signal, async (signal) => {
    // Only the last part of a path, so that the file cannot be written elsewhere.
    const fileName = posix.basename(posix.resolve("/", name ?? url.pathname)) || "index";
    return tracedResolution({ ...work, signal }, { address, fileName, permissions }, (joint) =>
      fetchFile(joint, url, { address, fileName, permissions }),
    );
  });
}

/** A finished download with the name of its file. */
interface Download {
  readonly address: string;
  readonly fileName: string;
  readonly permissions: number;
}

async function fetchFile(work: Work, url: URL, file: Download): Promise<FileValue> {
  const { address, fileName, permissions } = file;
  work.engine.countRequestTo(url);
  const met = await meetFaults(work, {
    operation: "http",
    hosts: hostNames(url),
    text: address,
  });
  if (met !== undefined) throw plannedError(met, url);
  const folder = await work.engine.scratch.newFolder("http");
  const path = join(folder, fileName);
  await fetchInto(work, url, path);
  await chmod(path, permissions);
  const content = contentKey("http file", fileName, await folderDigest(folder));
  return { typeName: "File", key: content, name: fileName, locate: async () => path };
}

/** Creates the spans of the inner calls that engines from 0.21 on make for a download. */
async function tracedResolution<T>(
  work: Work,
  { address, fileName, permissions }: Download,
  fetch: (work: Work) => Promise<T>,
): Promise<T> {
  if (work.engine.isOld) return fetch(work);
  const state = innerCallAttributes("_httpState", "HTTPState", [["url", address]]);
  new CallSpan(work, "Query._httpState", state).end();
  const args = [
    ["checksum", null],
    ["permissions", permissions],
    ["name", fileName],
  ] as const;
  const receiver = callDigest("HTTPState", address);
  const resolve = innerCallAttributes("_resolve", "File", args, receiver);
  return new CallSpan(work, "HTTPState._resolve", resolve).run((traced) => {
    if (!work.engine.isOne) return fetch(traced);
    // The only span with the host. It contains the complete URL.
    const fetching = traced.span.child(SCOPES.tracer, `fetching ${address}`, FETCHING);
    return fetching.run(
      () => fetch({ ...traced, span: fetching }),
      () => ({ status: "unset" }),
    );
  });
}

const FETCHING = { "dagger.io/ui.encapsulate": true, "dagger.io/ui.encapsulated": true };

function readUrl(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new EngineError(`Get "${address}": unsupported protocol scheme ""`);
  }
  return url;
}

function plannedError({ fault }: MetFault, url: URL): EngineError {
  if (fault.kind === "status") return statusError(statusLine(fault.status));
  if (fault.kind === "cutBody") return new EngineError("file write failed: unexpected EOF");
  return new EngineError(`Get "${printed(url)}": ${plannedNetworkError(fault, url)}`);
}

function statusError(line: string): EngineError {
  return new EngineError(`invalid response status ${line}`);
}

/** Returns a URL as Go prints it, with its password hidden. */
function printed(url: URL): string {
  const shown = new URL(url);
  if (shown.password !== "") shown.password = "***";
  return shown.href;
}

async function fetchInto(work: Work, url: URL, path: string): Promise<void> {
  const response = await follow(work, url);
  const { statusCode = 0, statusMessage = "" } = response;
  if (statusCode < 200 || statusCode >= 300) {
    response.resume();
    throw statusError(`${statusCode} ${statusMessage}`.trimEnd());
  }
  await save(response, path, work.signal);
}

/** Requests a URL and follows redirects. */
async function follow(work: Work, first: URL): Promise<IncomingMessage> {
  let url = first;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
    const response = await request(url, work.signal);
    const { statusCode = 0, headers } = response;
    if (statusCode < 300 || statusCode >= 400 || headers.location === undefined) return response;
    response.resume();
    url = new URL(headers.location, url);
    work.engine.countRequestTo(url);
  }
  throw new EngineError(`Get "${printed(url)}": stopped after ${MOST_REDIRECTS} redirects`);
}

async function save(response: IncomingMessage, path: string, signal: AbortSignal): Promise<void> {
  try {
    await pipeline(response, createWriteStream(path), { signal });
  } catch {
    signal.throwIfAborted();
    throw new EngineError("file write failed: unexpected EOF");
  }
}

function request(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  const get = url.protocol === "https:" ? httpsGet : httpGet;
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      reject(
        signal.aborted
          ? signal.reason
          : new EngineError(`Get "${printed(url)}": ${realNetworkError(error, url)}`),
      );
    };
    // A connection of its own, so that no idle connection outlives the double.
    get(url, { agent: false, signal }, resolve).on("error", fail);
  });
}

/** Requests a URL and returns the body, whatever the status is. Used for git remotes. */
export async function fetchBody(
  work: Work,
  url: URL,
): Promise<{ readonly status: number; readonly body: Buffer }> {
  const response = await follow(work, url);
  try {
    return { status: response.statusCode ?? 0, body: await buffer(response) };
  } catch {
    work.signal.throwIfAborted();
    throw new EngineError(`Get "${printed(url)}": unexpected EOF`);
  }
}
