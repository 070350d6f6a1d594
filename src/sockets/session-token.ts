/**
 * Writes and checks the session token in the `authorization` header. The token is the user name of basic
 * auth.
 */

import { isSameSecret } from "./same-secret.js";

/** Returns the header's value for a token. */
export function authorizationFor(token: string): string {
  return `Basic ${Buffer.from(`${token}:`).toString("base64")}`;
}

/**
 * Returns whether a header's value contains the token. The time taken is the same for all wrong tokens of
 * the right length.
 */
export function isAuthorized(authorization: string | undefined, token: string): boolean {
  const [, credentials = ""] = /^basic +(\S+)$/i.exec(authorization ?? "") ?? [];
  const [user = ""] = Buffer.from(credentials, "base64").toString("latin1").split(":", 1);
  return isSameSecret(user, token);
}
