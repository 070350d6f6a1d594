/** What becomes of the errors of Redis and its clients: texts without secrets, as errors of the store. */

import { plain } from "../foreign-text.js";
import { FleetStoreError, UnreadableCircuitError } from "../store-error.js";

/** Redis begins its own errors with a word in capitals; whatever else fails is the connection. */
const REPLY = /^[A-Z][A-Z0-9]+ /;
/** User and password of a URL. */
const USER_INFO = /\/\/[^/\s@]*@/g;
/** Redis repeats the arguments of a command that it does not know: those of AUTH are the password. */
const ARGUMENTS = /,? with args beginning with:.*$/s;
/** A replica that must not write, or that has lost its master and may not say what it knows. */
const REPLICA = /^(?:READONLY|MASTERDOWN) /;
/** The user lacks a right, for a command of its own or for one of the script's. */
const NO_RIGHT = /^NOPERM |executing the script can't|ACL failure in script/;
/** The server is one of a cluster and does not hold the key, or does not for now. */
const ELSEWHERE_IN_CLUSTER = /^(?:MOVED|ASK) /;
const MAX_LENGTH = 300;

/** What an error says. Never the error itself: clients hang the arguments of a command on it. */
export function messageOf(error: unknown): string {
  // Node gives one for each address of a host, and an empty text.
  const [first] = error instanceof AggregateError ? error.errors : [error];
  const text = first instanceof Error ? first.message || first.name : String(first);
  return plain(text.replaceAll(USER_INFO, "//").replace(ARGUMENTS, ""), MAX_LENGTH);
}

/** Whether Redis itself answered with this error. */
export function isReplyError(error: unknown): boolean {
  return REPLY.test(messageOf(error));
}

/** Whether another server may do what this one does not, as after a failover. */
export function isElsewhere(error: unknown): boolean {
  return !isReplyError(error) || REPLICA.test(messageOf(error));
}

/** The error of the store for a command on a key. */
export function commandError(error: unknown, key: string): FleetStoreError {
  if (error instanceof FleetStoreError) return error;
  const text = messageOf(error);
  if (text.startsWith("WRONGTYPE ")) {
    return new UnreadableCircuitError(
      `the key ${JSON.stringify(key)} in Redis is no hash, expected a shared circuit: ` +
        "delete it, or give the store another prefix",
    );
  }
  const [, field] = /^GARBLED (\w+)/.exec(text) ?? [];
  if (field !== undefined) return garbledError(key, `the field "${field}"`);
  if (ELSEWHERE_IN_CLUSTER.test(text)) return clusterNodeError(text);
  const hint = NO_RIGHT.test(text) ? "; redisStore tells which rights its user needs" : "";
  return new FleetStoreError(`Redis could not be asked: ${text}${hint}`);
}

/** The error for a hash that is no circuit, or for an answer that is none. */
export function garbledError(key: string, what: string): FleetStoreError {
  return new UnreadableCircuitError(
    `the key ${JSON.stringify(key)} in Redis is no shared circuit: ${what} is missing or holds ` +
      "something else than expected; delete it, or give the store another prefix",
  );
}

/** The error for a client of one server where that is only a part of a cluster. */
export function clusterNodeError(what: string): FleetStoreError {
  return new FleetStoreError(
    `the server is a node of a Redis cluster, which holds only some of the circuits (${what}): ` +
      'give redisStore a client of the cluster, createCluster of "@redis/client" or Cluster of "ioredis"',
  );
}

/** Whether Redis refused a command because the user lacks the right, or does not know it. */
export function isNotAllowed(error: unknown): boolean {
  const text = messageOf(error);
  return NO_RIGHT.test(text) || /^ERR unknown (?:sub)?command/i.test(text);
}
