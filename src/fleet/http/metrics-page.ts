/** The metrics page of a server. It has a token of its own, which gives access to nothing else. */

import { authorizationOf, checkToken, tokenCheck } from "./token.js";

/** The metrics page that a server adds, with the token that opens only this page. */
export interface MetricsPage {
  /** The token for this page alone: 16 to 512 visible ASCII characters without spaces. */
  readonly token: string;
  readonly contentType: string;
  /** Returns the page. */
  text(): Promise<Uint8Array>;
}

/** A metrics page with a function that checks the token in a request's header. */
export interface ReadablePage {
  readonly isAllowed: (header: string | undefined) => boolean;
  readonly contentType: string;
  readonly text: () => Promise<Uint8Array>;
}

/**
 * Checks that the page's token is valid and differs from the clients' token.
 *
 * @param maySettle Returns whether a header carries the clients' token, which may change circuits.
 * @throws TypeError or RangeError without the token. Scrapers must not be able to open circuits, so the
 * token of clients is rejected.
 */
export function readableBy(page: MetricsPage, maySettle: ReadablePage["isAllowed"]): ReadablePage {
  const token = checkToken(page.token, 'startFleetServer option "metrics.token"');
  if (maySettle(authorizationOf(token))) {
    throw new RangeError(
      "the read token is the token of clients, expected another one: scrapers must not be able to open circuits",
    );
  }
  return { isAllowed: tokenCheck(token), contentType: page.contentType, text: () => page.text() };
}
