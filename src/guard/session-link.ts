/** The interface through which a guard sends to its session. */

import type { GraphQLRequest, SessionResponse } from "../attribution/failure.js";

/**
 * Sends requests to a session. When the signal is aborted, it must drop the connection and reject, so that
 * the engine stops working.
 */
export interface SessionLink<A extends SessionResponse> {
  /** Sends the request. It is not the original one if the guard has rewritten it. */
  send(request: GraphQLRequest, signal: AbortSignal | undefined): Promise<A>;
  /** Sends a question of the guard itself, such as for the engine's version. */
  ask(question: GraphQLRequest, signal: AbortSignal | undefined): Promise<SessionResponse>;
}
