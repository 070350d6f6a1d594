/**
 * Converts errors of Redis and its clients into errors of the store. The messages contain no
 * secrets.
 */

import { plain } from "../foreign-text.js";
import { FleetStoreError, UnreadableCircuitError } from "../store-error.js";

/**
 * Matches an error that Redis itself sent: it begins with a word in capitals, such as `WRONGTYPE`.
 * All other errors come from the connection.
 */
const REPLY = /^[A-Z][A-Z0-9]+ /;
/** Matches the user and password in a URL. */
const USER_INFO = /\/\/[^/\s@]*@/g;
/**
 * Matches the arguments in an error about an unknown command. Redis repeats them, and they can
 * include the password of AUTH.
 */
const ARGUMENTS = /,? with args beginning with:.*$/s;
/**
 * Matches errors of a replica. A replica may not write, and may not answer after it has lost its
 * master.
 */
const REPLICA = /^(?:READONLY|MASTERDOWN) /;
/**
 * Matches errors of a user who has no right to run a command. Includes commands inside the script.
 */
const NO_RIGHT = /^NOPERM |executing the script can't|ACL failure in script/;
/**
 * Matches errors of a cluster node that does not hold the key, or that is about to hand it over.
 */
const ELSEWHERE_IN_CLUSTER = /^(?:MOVED|ASK) /;
/** Matches login errors: the login is wrong or missing, or the server has no password. */
const LOGIN = /^(?:WRONGPASS|NOAUTH|ERR AUTH) /;
const MAX_LENGTH = 300;

/**
 * Returns the message of an error without secrets. Never pass on the error itself, because Redis
 * clients attach the arguments of the command to it.
 */
export function messageOf(error: unknown): string {
  // If a host has several addresses, Node.js collects one error for each address, and leaves the
  // common message empty.
  const [first] = error instanceof AggregateError ? error.errors : [error];
  const text = first instanceof Error ? first.message || first.name : String(first);
  return plain(text.replaceAll(USER_INFO, "//").replace(ARGUMENTS, ""), MAX_LENGTH);
}

/** Returns whether Redis itself sent this error. */
export function isReplyError(error: unknown): boolean {
  return REPLY.test(messageOf(error));
}

/**
 * Returns whether an error message means that Redis rejected the user or the password, or requires
 * a login.
 */
export function isLoginError(message: string): boolean {
  return LOGIN.test(message);
}

/**
 * Returns whether another server may run a command that this server did not run, for example after
 * a failover.
 */
export function isElsewhere(error: unknown): boolean {
  return !isReplyError(error) || REPLICA.test(messageOf(error));
}

/** Converts the error of a command on a key into an error of the store. */
export function commandError(error: unknown, key: string): FleetStoreError {
  if (error instanceof FleetStoreError) return error;
  const text = messageOf(error);
  if (text.startsWith("WRONGTYPE ")) {
    return new UnreadableCircuitError(
      `the key ${JSON.stringify(key)} in Redis is not a shared circuit: it is not a hash; ` +
        "delete the key, or give the store another prefix",
    );
  }
  const [, field] = /^GARBLED (\w+)/.exec(text) ?? [];
  if (field !== undefined) return garbledError(key, `the field "${field}"`);
  if (ELSEWHERE_IN_CLUSTER.test(text)) return clusterNodeError(text);
  const hint = NO_RIGHT.test(text)
    ? "; the documentation of redisStore lists the rights that its user needs"
    : "";
  return new FleetStoreError(`Redis did not run the command: ${text}${hint}`);
}

/** Returns the error for a hash that is not a circuit, and for an invalid reply. */
export function garbledError(key: string, what: string): FleetStoreError {
  return new UnreadableCircuitError(
    `the key ${JSON.stringify(key)} in Redis is not a shared circuit: ${what} is missing or ` +
      "invalid; delete the key, or give the store another prefix",
  );
}

/** Returns the error for a client for a single server that is connected to a node of a cluster. */
export function clusterNodeError(what: string): FleetStoreError {
  return new FleetStoreError(
    `the server is one node of a Redis cluster and has only some of the circuits (${what}). ` +
      'Use a client of the cluster: createCluster of "@redis/client" or Cluster of "ioredis"',
  );
}

/**
 * Returns whether Redis rejected a command because the user has no right to run it, or because the
 * command is unknown.
 */
export function isNotAllowed(error: unknown): boolean {
  const text = messageOf(error);
  return NO_RIGHT.test(text) || /^ERR unknown (?:sub)?command/i.test(text);
}
