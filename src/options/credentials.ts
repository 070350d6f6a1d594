/** Masks credentials in a value that a message shows. */

const MASK = "***";
const SCHEME = /^[a-z][a-z0-9+.-]{0,20}:\/\//i;
/** The part after the "@" of an image's digest. Another "@" may end a user name and a password. */
const DIGEST = /^sha\d{3}:/;

/**
 * Replaces the user info of an address, with or without a scheme, and the query of a URL. All that
 * stands before the "@" is replaced, because a password may contain any character.
 */
export function withoutCredentials(text: string): string {
  const [scheme = ""] = SCHEME.exec(text) ?? [];
  const address = withoutUserInfo(text.slice(scheme.length));
  return scheme + (scheme === "" ? address : address.replace(/[?#].*$/s, `?${MASK}`));
}

function withoutUserInfo(address: string): string {
  const at = address.lastIndexOf("@");
  if (at < 1) return address;
  const rest = address.slice(at);
  return (DIGEST.test(rest.slice(1)) ? withoutUserInfo(address.slice(0, at)) : MASK) + rest;
}
