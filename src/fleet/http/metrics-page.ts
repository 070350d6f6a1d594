/**
 * Checks the metrics page of a server. The page has its own token, which does not allow its holder
 * to change circuits.
 */

import { authorizationOf, checkToken, tokenCheck } from "./token.js";

/** The metrics page of a server, with the token that readers of the page need. */
export interface MetricsPage {
  /**
   * The read token, for `/metrics` and `/health/circuits` only: 16 to 512 visible ASCII characters
   * without spaces. Must differ from the clients' token.
   */
  readonly token: string;
  readonly contentType: string;
  /** Returns the content of the page. */
  text(): Promise<Uint8Array>;
}

/** A metrics page, with a function that checks the read token in a request header. */
export interface ReadablePage {
  readonly isAllowed: (header: string | undefined) => boolean;
  readonly contentType: string;
  readonly text: () => Promise<Uint8Array>;
}

/**
 * Checks that the page has a valid read token, which differs from the clients' token.
 *
 * @param maySettle Returns whether a header contains the clients' token, which allows its holder to
 * change circuits.
 * @throws TypeError or RangeError for an invalid read token. The message does not contain the
 * token. The clients' token is invalid here, because a metrics scraper must not be able to open
 * circuits.
 */
export function readableBy(page: MetricsPage, maySettle: ReadablePage["isAllowed"]): ReadablePage {
  const token = checkToken(page.token, 'startFleetServer option "metrics.token"');
  if (maySettle(authorizationOf(token))) {
    throw new RangeError(
      "the read token is the same as the clients' token; use another token, because scrapers must not be able to open circuits",
    );
  }
  return { isAllowed: tokenCheck(token), contentType: page.contentType, text: () => page.text() };
}
