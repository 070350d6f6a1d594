/** Counts the log records of an OTLP export by instrumentation scope. Reads no other field of the records. */

import { PbfReader } from "pbf";

const BYTES = 2;
const REQUEST_RESOURCE_LOGS = 1;
const RESOURCE_SCOPE_LOGS = 2;
const SCOPE_LOGS_SCOPE = 1;
const SCOPE_LOGS_RECORD = 2;
const SCOPE_NAME = 1;

/** The most scopes to count. An engine uses far fewer, so a body with more is not from an engine. */
const MAX_SCOPES = 1_000;

/**
 * Counts the records of a body up to its first unreadable byte. No field of a record is read, because
 * records contain output and command lines, which can contain secrets.
 */
export function countRecords(body: Uint8Array): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  try {
    const reader = new PbfReader(body);
    eachMessage(reader, reader.length, REQUEST_RESOURCE_LOGS, (resourceEnd) => {
      eachMessage(reader, resourceEnd, RESOURCE_SCOPE_LOGS, (scopeEnd) => {
        const { scope, records } = readScope(reader, scopeEnd);
        if (records > 0 && (counts.has(scope) || counts.size < MAX_SCOPES)) {
          counts.set(scope, (counts.get(scope) ?? 0) + records);
        }
      });
    });
  } catch {
    // The body is truncated or malformed. Records before that point arrived and count.
  }
  return counts;
}

function readScope(reader: PbfReader, end: number): { scope: string; records: number } {
  let scope = "";
  let records = 0;
  for (let field = reader.nextField(end); field !== 0; field = reader.nextField(end)) {
    if (reader.type !== BYTES) continue;
    const messageEnd = endOfMessage(reader, end);
    if (field === SCOPE_LOGS_RECORD) records += 1;
    if (field === SCOPE_LOGS_SCOPE) {
      for (let of = reader.nextField(messageEnd); of !== 0; of = reader.nextField(messageEnd)) {
        if (of === SCOPE_NAME && reader.type === BYTES) scope = reader.readString();
      }
    }
    reader.pos = messageEnd;
  }
  return { scope, records };
}

/** Calls `visit` for each message in one field. `visit` gets the index at which the message ends. */
function eachMessage(
  reader: PbfReader,
  end: number,
  field: number,
  visit: (messageEnd: number) => void,
): void {
  for (let found = reader.nextField(end); found !== 0; found = reader.nextField(end)) {
    if (found !== field || reader.type !== BYTES) continue;
    const messageEnd = endOfMessage(reader, end);
    visit(messageEnd);
    reader.pos = messageEnd;
  }
}

function endOfMessage(reader: PbfReader, end: number): number {
  const messageEnd = reader.readVarint() + reader.pos;
  if (messageEnd > end)
    throw new RangeError("a nested message is longer than the message around it");
  return messageEnd;
}
