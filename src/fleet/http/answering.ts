/** Sends responses of the server, and reads the parts of a request. */

import type { ServerResponse } from "node:http";
import { MAX_COMMANDS } from "./protocol.js";

/** An error that makes the server reject a request with an HTTP status. */
export class RequestRejection extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Sends a value as a JSON response. */
export function send(response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value));
  response
    .writeHead(status, {
      "content-type": "application/json",
      "content-length": body.length,
      "cache-control": "no-store",
    })
    .end(body);
}

/** Reads the path and the query of a request. */
export function readTarget(target: string): URL {
  try {
    return new URL(target, "http://localhost");
  } catch {
    throw new RequestRejection(400, "the address of the request is invalid");
  }
}

/** Reads a request body that contains a JSON list of commands. */
export function readList(body: string): readonly unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new RequestRejection(400, "the body is not JSON");
  }
  if (Array.isArray(value) && value.length <= MAX_COMMANDS) return value;
  throw new RequestRejection(
    400,
    `the body is not a JSON list of at most ${MAX_COMMANDS} commands`,
  );
}

/**
 * Returns the result of `read`, which reads a part of the request. If `read` throws, rejects the
 * request with status 400.
 */
export function wellFormed<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new RequestRejection(400, messageOf(error));
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
