/** The interface through which a guard sends to its session. */

import type { GraphQLRequest, SessionResponse } from "../attribution/failure.js";

/**
 * A way to send requests to a session. When the signal is aborted, the sender must drop the connection and
 * reject, so that the engine stops working.
 */
export interface SessionLink<A extends SessionResponse> {
  /** Sends the request, which the guard may have rewritten. */
  send(request: GraphQLRequest, signal: AbortSignal | undefined): Promise<A>;
  /** Sends a question of the guard, such as the question for the engine's version. */
  ask(question: GraphQLRequest, signal: AbortSignal | undefined): Promise<SessionResponse>;
}
