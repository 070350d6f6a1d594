/** One guarded session of its own, whose engine answers as a test says. */

import type { SessionResponse } from "../../src/attribution/failure.js";
import { Guard } from "../../src/guard/guard.js";
import type { GuardOptions } from "../../src/guard/guard-options.js";
import { type Exchange, GuardedSession } from "../../src/guard/guarded-session.js";
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
  const answering = (answer: SessionResponse) => session.request(QUERY, async () => answer);
  return { engine: guard.engine, session, answering };
}

/** An exchange that never answers and fails when it is dropped. */
export const silent: Exchange<SessionResponse> = (_request, signal) =>
  new Promise((_resolve, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason));
  });
