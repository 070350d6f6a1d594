/** Masks credentials in values that appear in messages. */

const MASK = "***";
const SCHEME = /^[a-z][a-z0-9+.-]{0,20}:\/\//i;
/**
 * Matches the digest that follows an "@" in the name of an image. Any other "@" can end a user name
 * and password.
 */
const DIGEST = /^sha\d{3}:/;

/**
 * Masks the user name and password in an address, with or without a scheme. Masks everything before
 * the last "@", because a password may contain any character. In an address with a scheme, also
 * masks the query and the fragment.
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
