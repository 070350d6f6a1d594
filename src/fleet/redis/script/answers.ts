/** Reads the replies of the Lua script. */

import { isReply } from "../../reply-shape.js";
import type { FleetReply } from "../../rules/reply.js";
import { reportOf } from "../../rules/report.js";

/** The fields of a reply, in order. */
const ANSWER = [
  "admitted",
  "refusal", // empty if no call was rejected
  "counted",
  "late",
  "changes", // JSON strings
  "generation",
  "state",
  "ageMs",
  "retryAfterMs",
  "badSeconds",
  "reporters",
  "probes",
  "openings",
  "isolation", // JSON
  "failure", // JSON
  "successes",
  "failures",
  "lateInAll",
] as const;

/** The fields of a report, in order. A report is the last element of a reply. */
const REPORT = [
  "totals",
  "seconds",
  "holders",
  "failedRunsMs",
  "policy",
  "leases", // as stored in the hash
  "nowMs",
  "writtenMs",
  "openForMs",
] as const;

/**
 * The length of a short reply, which has only the fields before `changes`. A command that changed
 * nothing gets a short reply if the next reply contains the state.
 */
const SHORT_LENGTH = ANSWER.indexOf("changes");

/**
 * Reads the replies to the commands of one script call.
 *
 * @param commands Number of calls in each command.
 * @returns One reply for each command. An invalid reply becomes undefined. A reply can be invalid
 * because another program has written to the circuit's hash.
 */
export function readAnswers(
  answers: readonly unknown[],
  commands: readonly { readonly count: number }[],
): (FleetReply | undefined)[] {
  const replies: (FleetReply | undefined)[] = new Array(commands.length);
  let snapshot: unknown;
  for (let index = commands.length - 1; index >= 0; index -= 1) {
    const answer = answers[index];
    if (!Array.isArray(answer)) continue;
    try {
      const isWhole = answer.length === ANSWER.length || answer.length === ANSWER.length + 1;
      if (isWhole) snapshot = readSnapshot(answer);
      else if (answer.length !== SHORT_LENGTH) continue;
      const reply = {
        admitted: Number(answer[0]),
        refusal: answer[1] === "" ? null : answer[1],
        counted: Number(answer[2]),
        late: Number(answer[3]),
        changes: (answer[4] ?? []).map(read),
        snapshot,
        ...(answer.length > ANSWER.length && { report: readReport(answer) }),
      };
      if (isReply(reply, commands[index]?.count ?? 0)) replies[index] = reply;
    } catch {
      // Ignored: the reply contains invalid JSON, so it stays undefined.
    }
  }
  return replies;
}

/** Reads the report in the last element of a reply. */
function readReport(answer: readonly unknown[]): object {
  const last = answer[ANSWER.length];
  const parts: readonly unknown[] = Array.isArray(last) ? last : [];
  const text = (name: (typeof REPORT)[number]) => String(parts[REPORT.indexOf(name)] ?? "");
  const leases = text("leases")
    .split(" ")
    .map((lease) => {
      const [id = "", endMs] = lease.split("=");
      return { id, endMs: Number(endMs) };
    });
  return reportOf({
    record: {
      totals: text("totals"),
      seconds: text("seconds"),
      holders: text("holders"),
      policy: text("policy"),
      failedRunsMs: text("failedRunsMs"),
    },
    counts: { successes: Number(answer[15]), failures: Number(answer[16]) },
    leases,
    nowMs: Number(text("nowMs")),
    writtenMs: Number(text("writtenMs")),
    openForMs: Number(text("openForMs")),
  });
}

/**
 * Reads a snapshot. Accepts numbers as text too, because the options of a client can turn all
 * replies into text.
 */
function readSnapshot(answer: readonly unknown[]): object {
  return {
    generation: Number(answer[5]),
    state: answer[6],
    ageMs: Number(answer[7]),
    retryAfterMs: Number(answer[8]),
    badSeconds: Number(answer[9]),
    reporters: Number(answer[10]),
    probes: Number(answer[11]),
    openings: Number(answer[12]),
    isolation: read(answer[13]),
    failure: read(answer[14]),
    counts: {
      successes: Number(answer[15]),
      failures: Number(answer[16]),
      late: Number(answer[17]),
    },
  };
}

function read(text: unknown): unknown {
  return text === "null" ? null : JSON.parse(String(text));
}
