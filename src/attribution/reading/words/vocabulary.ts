/** The words with which programs describe how an exchange ended. */

import { DENIED, MISSING, REJECTED, SERVER_ERROR, UNASKED } from "./words-of-answers.js";
import { INTERRUPTED, TIMEOUT, UNREACHABLE } from "./words-of-networks.js";

/** The outcome of an exchange, according to words or a status. */
export type WordedOutcome =
  | "limited"
  | "expired-certificate"
  | "untrusted-certificate"
  | "denied"
  | "missing"
  | "rejected"
  /** The request could not be made, so no host was contacted. */
  | "unasked"
  | "server-error"
  | "timeout"
  | "unreachable"
  | "interrupted"
  | "cancelled"
  | "deadline";

/** Outcomes that count against the host of an exchange. */
export const COUNTING: readonly WordedOutcome[] = [
  "limited",
  "server-error",
  "timeout",
  "unreachable",
  "interrupted",
  "deadline",
];

/** Lower-case words for each outcome. */
export type Words = readonly (readonly [WordedOutcome, readonly string[]])[];

// Words that win over a status in the same line.
export const BEFORE_STATUS: Words = [
  [
    "limited",
    [
      "toomanyrequests",
      "too many requests",
      "rate limit",
      "rate-limited",
      "ratelimited",
      "ratelimitexceeded",
      "ratelimit exceeded",
      "rate exceeded",
      "rate_limit",
      "throttled",
      "throttling:",
      "throttlingexception",
      "request throttl",
      "request was blocked due to exceeding usage",
      "quota exceeded",
      "slow down",
      "slowdown",
      "requested delay",
    ],
  ],
  [
    "expired-certificate",
    [
      "certificate has expired",
      "certificate is not yet valid",
      "certificate expired",
      "certificate is expired",
      "cert_has_expired",
      "sec_e_cert_expired",
      "invalid peer certificate: expired",
    ],
  ],
  [
    "untrusted-certificate",
    [
      "x509:",
      "certificate signed by unknown authority",
      "certificate verification failed",
      "certificate verify failed",
      "unable to get local issuer",
      "unable_to_get_issuer",
      "unable_to_verify_leaf",
      "depth_zero_self_signed",
      "self signed certificate",
      "self-signed certificate",
      "ssl certificate problem",
      "err_tls_cert_altname_invalid",
      "does not match certificate's altnames",
      // Certificate errors of curl (with OpenSSL, GnuTLS, Schannel, SecureTransport), rustls, Python and
      // Java.
      "certificate subject name",
      "common name from peer certificate",
      "server certificate verification failed",
      "ssl peer certificate or ssh remote key was not ok",
      "sni or certificate check failed",
      "certificate trust error",
      "sec_e_wrong_principal",
      "sec_e_untrusted_root",
      "cert_trust_is_untrusted_root",
      "certgetcertificatechain trust error",
      "ssl: certificate verification failed",
      "invalid peer certificate",
      "hostname mismatch",
      "no subject alternative",
      "no name matching",
      "pkix path building failed",
      "certificate is not valid for",
      "certificate is valid for",
      "unknown certificate authority",
      "server gave http response to https client",
      "first record does not look like a tls handshake",
      "client sent an http request to an https server",
      "tls: bad certificate",
      "tls: certificate required",
      "tls: unknown certificate",
      "tls: protocol version not supported",
      // Messages of Go and OpenSSL about a server whose TLS settings are not compatible with ours.
      "tls: unrecognized name",
      "tls: no application protocol",
      "tls: unsupported certificate",
      "tls: revoked certificate",
      "tls: insufficient security level",
      "tls: access denied",
      "alert unrecognized name",
      "alert no application protocol",
      "alert protocol version",
      "alert insufficient security",
      "alert access denied",
      "alert certificate required",
      "alert unknown ca",
      "alert bad certificate",
      "alert unsupported certificate",
      "alert certificate revoked",
      "tlsv1 unrecognized name",
      "wrong version number",
      "no protocols available",
    ],
  ],
];

// Words that count only if the line has no status.
export const AFTER_STATUS: Words = [
  ["unasked", UNASKED],
  ["denied", DENIED],
  ["server-error", SERVER_ERROR],
  ["timeout", TIMEOUT],
  ["unreachable", UNREACHABLE],
  ["interrupted", INTERRUPTED],
  ["missing", MISSING],
  ["rejected", REJECTED],
];

// Words that usually report the consequence of another failure. They count only if no other word occurs.
export const LAST_RESORT: Words = [
  ["timeout", ["timeout"]],
  [
    "cancelled",
    ["context canceled", "context cancelled", "canceled", "cancelled", "aborted", "interrupted"],
  ],
  [
    "deadline",
    ["context deadline exceeded", "deadlineexceeded", "deadline exceeded", "deadline_exceeded"],
  ],
];
