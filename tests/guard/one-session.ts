/** Creates a separate guarded session whose engine answers as a script decides. */

import type { GraphQLRequest, SessionResponse } from "../../src/attribution/failure.js";
import { readRequest } from "../../src/attribution/query/read-request.js";
import { Guard } from "../../src/guard/guard.js";
import type { GuardOptions } from "../../src/guard/guard-options.js";
import { GuardedSession, type RequestCompanions } from "../../src/guard/guarded-session.js";
import type { SessionLink } from "../../src/guard/session-link.js";
import type { SessionState } from "../../src/guard/session-state.js";
import { createRegistry } from "../../src/registry/registry.js";

export const QUERY = { query: '{ container { from(address: "alpine") { stdout } } }' };
export const WORKED = json({ data: { container: { from: { stdout: "hi" } } } });
export const KILLED: SessionResponse = {
  status: 502,
  contentType: "text/plain; charset=utf-8",
  body: 'http do: Post "http://dagger/query": unexpected EOF',
};

export function json(body: unknown, status = 200): SessionResponse {
  return { status, contentType: "application/json", body: JSON.stringify(body) };
}

export function guarded(options: GuardOptions = {}, state?: SessionState) {
  const registry = createRegistry();
  const guard = new Guard({ registry, ...options });
  const session = new GuardedSession(guard, state);
  const answering = (answer: SessionResponse) => sendIn(session, QUERY, async () => answer);
  return { engine: guard.engine, session, answering };
}

/** Sends a request to the engine. Tests replace it. */
export type Sending = SessionLink<SessionResponse>["send"];

/** Parses a request and sends it in a session. */
export function sendIn(
  session: GuardedSession,
  given: GraphQLRequest,
  sending: Sending,
  companions?: RequestCompanions,
): Promise<SessionResponse> {
  return session.request(readRequest(given, true), { send: sending, ask: sending }, companions);
}

/** Never answers. When the guard drops the request, it fails. */
export const silent: Sending = (_request, signal) =>
  new Promise((_resolve, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason));
  });
