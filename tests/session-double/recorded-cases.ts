/** Lists the recorded cases that the double must answer like real engines, with the faults that they need. */

import { readFileSync } from "node:fs";
import type { EngineVersion, FaultRule } from "../../src/testing/index.js";

export interface RecordedCase {
  readonly engine: EngineVersion;
  readonly id: string;
  readonly query: string | null;
  readonly status: number;
  readonly contentType: string | null;
  readonly body: string;
}

/** The recorded answers from the fixtures. */
export const RECORDED_CASES: readonly RecordedCase[] = [
  ...read("real-engine-answers.jsonl"),
  ...read("attribution/answers-1.0.jsonl"),
  ...read("attribution/answers.jsonl").filter(
    ({ engine, id }) => engine === "v0.21.8" && id.startsWith("module-"),
  ),
];

function read(fixture: string): readonly RecordedCase[] {
  return readFileSync(new URL(`../fixtures/${fixture}`, import.meta.url), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as RecordedCase);
}

const RATE_LIMIT_BODY =
  "toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit";

function pullStatus(name: string, status: number): FaultRule {
  return { operation: "from", contains: `faults/${name}:`, kind: "status", status };
}

function layerStatus(name: string, status: number, body?: string): FaultRule {
  return {
    ...{ operation: "from", contains: `faults/${name}:`, kind: "status", status, at: "layer" },
    ...(body !== undefined && { body }),
  };
}

function httpStatus(status: number): FaultRule {
  return { operation: "http", contains: `/f/s${status}/`, kind: "status", status };
}

function gitStatus(status: number): FaultRule {
  return { operation: "git", contains: `/f/s${status}/`, kind: "status", status };
}

/** A fault plan with the answers that the hosts gave during the recording. */
export const RECORDED_FAULTS: readonly FaultRule[] = [
  pullStatus("q429", 429),
  pullStatus("q429retry", 429),
  pullStatus("s500", 500),
  pullStatus("s502", 502),
  pullStatus("s503", 503),
  pullStatus("d401", 401),
  pullStatus("d403", 403),
  pullStatus("n404", 404),
  { operation: "from", contains: "faults/reset", kind: "eof" },
  { host: "auth.docker.io", contains: "faults/auth503", kind: "status", status: 503 },
  { host: "auth.docker.io", contains: "faults/auth401", kind: "status", status: 401 },
  layerStatus("blobs503", 503),
  layerStatus("blobq429", 429, RATE_LIMIT_BODY),
  layerStatus("blobn404", 404),
  layerStatus("blobd403", 403, "denied"),
  { operation: "from", contains: "faults/blobresetbody", kind: "cutBody" },
  { host: "registry.nosuch.invalid", kind: "dnsFailure" },
  { host: "127.0.0.1:5999", kind: "refused" },
  { host: "localhost:443", kind: "eof" },
  ...[401, 403, 404, 429, 500, 503].map(httpStatus),
  { operation: "http", contains: "/f/reset/", kind: "eof" },
  { operation: "http", contains: "/f/cut/", kind: "cutBody" },
  { host: "nosuch.invalid", kind: "dnsFailure" },
  ...[401, 403, 404, 500, 503].map(gitStatus),
  { operation: "git", contains: "/f/reset/", kind: "eof" },
  { host: "git.nosuch.invalid", kind: "dnsFailure" },
  { operation: "publish", contains: "ghcr.io/faults/s503", kind: "status", status: 503 },
  { operation: "publish", contains: "ghcr.io/faults/d401", kind: "status", status: 401 },
];

/** Replaces the parts of an answer that differ between runs: trace ids, digests, the name server. */
export function normalised(body: string, engine: string): string {
  return (
    body
      .replace(/traceparent:[0-9a-f]{32}-[0-9a-f]{16}/g, "traceparent")
      .replace(/sha256:[0-9a-f]{64}/g, "sha256:digest")
      // The number is the size of the recorded layer.
      .replace(/expected \d+ bytes/g, "expected some bytes")
      // The engine's protobuf library chooses at random between two kinds of space.
      .replace(/\u00a0/g, " ")
      .replace(/lookup (\S+) on \S+:53/g, "lookup $1 on name-server:53")
      // Engine 0.19 leaves the trace out of some errors. No rule for that is known.
      .replace(/ ?\[traceparent\]/g, engine === "v0.19.11" ? "" : " [traceparent]")
  );
}

/** Sorts the errors of an answer, because real engines return them in no fixed order. */
export function withSortedErrors(body: string): string {
  if (!body.startsWith('{"errors":[{')) return body;
  const answer = JSON.parse(body) as { errors: { message: string }[] };
  answer.errors.sort((a, b) => (a.message < b.message ? -1 : 1));
  return JSON.stringify(answer);
}
