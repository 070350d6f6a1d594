/** The port through which a guard reaches its session. */

import type { GraphQLRequest, SessionResponse } from "../attribution/failure.js";

/**
 * The way from a guard to its session. Aborting the signal, if there is one, must drop the connection and
 * reject, so that the engine stops working.
 */
export interface SessionLink<A extends SessionResponse> {
  /** Sends the one request, which is another than the one given when it was rewritten. */
  send(request: GraphQLRequest, signal: AbortSignal | undefined): Promise<A>;
  /** Asks the session a question of the guard's own. */
  ask(question: GraphQLRequest, signal: AbortSignal | undefined): Promise<SessionResponse>;
}
