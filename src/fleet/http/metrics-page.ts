/** The page of metrics, which has a token of its own. */

import { authorizationOf, checkToken, tokenCheck } from "./token.js";

/** A page of metrics. */
export interface MetricsPage {
  /** The token for this page alone: 16 to 512 visible ASCII characters without spaces. */
  readonly token: string;
  readonly contentType: string;
  /** Returns the page. */
  text(): Promise<Uint8Array>;
}

/** A page, and the check of its token. */
export interface ReadablePage {
  readonly isAllowed: (header: string | undefined) => boolean;
  readonly contentType: string;
  readonly text: () => Promise<Uint8Array>;
}

/**
 * Checks the token of a page.
 *
 * @param maySettle The check of the token that clients of the store have.
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
