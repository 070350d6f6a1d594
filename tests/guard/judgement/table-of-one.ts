/**
 * Lists facts that only one or two kinds of calls can have: errors instead of answers, and the output of
 * other programs.
 */

import { answered, exchange, type Facts, facts, failure, HUB, ofHost } from "./facts.js";
import { engine, engineBug, forged, forHub, limited, type Row } from "./row.js";

/** Returns a row for an error instead of an answer. Such an error proves nothing about upstreams. */
function byError(title: string, error: Parameters<typeof failure>[0], ofEngine: string): Row {
  const end = { kind: "error", failure: failure(error) } as const;
  const request = `engine: ${ofEngine}; registry:docker.io: released`;
  return { title, facts: facts({ end }), expected: { request, connect: `engine: ${ofEngine}` } };
}

export const OF_ERRORS: readonly Row[] = [
  byError("an error of the engine that counts", engine, "failure"),
  byError(
    "an error of the engine with a delay",
    { ...engine, retryAfterMs: 5000 },
    "failure, 5000 ms",
  ),
  byError("an error of the engine that does not count", engineBug, "ignored"),
  byError("an error that tells of a registry", ofHost("docker.io"), "ignored"),
  byError("an error of the user", { fault: "user" }, "ignored"),
  byError("an error that nothing explains", {}, "ignored"),
  byError("an error of what somebody canceled", { fault: "cancelled" }, "ignored"),
  {
    title: "an error of the engine, and the registry answered",
    facts: facts({
      end: { kind: "error", failure: engine },
      exchanges: [exchange("docker.io", "answered")],
    }),
    expected: { request: "engine: failure; registry:docker.io: released" },
  },
  { title: "a session was opened", facts: facts(), expected: { connect: "engine: success" } },
];

function ofCommand(title: string, given: Facts, command: string): Row {
  return { title, facts: given, expected: { command } };
}

/**
 * The command is a program other than dagger. `run`: its output counts only in this run. `needs`: its
 * output counts only for declared upstreams.
 */
const run = { reach: "run" } as const;
const needs = { reach: "needs" } as const;
const inferred = { inferred: "registry:ghcr.io" } as const;
const hadSessions = { hadSessions: true };

export const OF_COMMANDS: readonly Row[] = [
  ofCommand(
    "no engine has worked for it",
    facts({ engineWorked: false }),
    "engine: ignored; registry:docker.io: released",
  ),
  ofCommand(
    "no engine has worked for it, since the engine failed",
    answered([engine], { engineWorked: false }),
    "engine: failure; registry:docker.io: released",
  ),
  ofCommand(
    "no engine has worked for it, by a bug of the engine",
    answered([engineBug], { engineWorked: false }),
    "engine: ignored; registry:docker.io: released",
  ),
  ofCommand(
    "no engine has worked for it, since a registry failed",
    answered([ofHost("docker.io")], { engineWorked: false }),
    "engine: ignored; registry:docker.io: failure",
  ),
  ofCommand(
    "words of a front end blame the engine",
    answered([engine], run),
    "engine: failure, here; registry:docker.io: released",
  ),
  ofCommand(
    "words of a front end blame the engine, which is declared",
    answered([engine], { ...run, needs: ["engine"] }),
    "engine: failure; registry:docker.io: released",
  ),
  ofCommand(
    "words of any program blame the engine",
    answered([engine], needs),
    "engine: failure, here; registry:docker.io: released",
  ),
  ofCommand(
    "words of a front end blame a registry",
    answered([ofHost("docker.io")], run),
    "engine: success, here; registry:docker.io: failure, here",
  ),
  ofCommand(
    "words of a front end blame a registry that is declared",
    answered([ofHost("docker.io")], { ...run, needs: [HUB] }),
    "engine: success, here; registry:docker.io: failure",
  ),
  ofCommand(
    "words of a front end blame a registry, and spans show it",
    answered([ofHost("docker.io")], { ...run, exchanges: [exchange("docker.io", "failed")] }),
    "engine: success, here; registry:docker.io: failure",
  ),
  ofCommand(
    "words of a front end blame a registry, and spans that can be forged show it",
    answered([ofHost("docker.io")], {
      ...run,
      exchanges: [exchange("docker.io", "failed", forged)],
    }),
    "engine: success, here; registry:docker.io: failure, here",
  ),
  ofCommand(
    "words of a front end tell of a rate limit",
    answered([ofHost("docker.io", limited)], run),
    "engine: success, here; registry:docker.io: failure, opens, 60000 ms, here",
  ),
  ofCommand(
    "words of a front end blame a registry that is not listed",
    answered([ofHost("ghcr.io")], run),
    "engine: success, here; registry:docker.io: released; registry:ghcr.io: failure, here",
  ),
  ofCommand(
    "words of a front end blame a mirror, and spans show whose",
    answered([ofHost("mirror.example")], {
      ...run,
      exchanges: [exchange("mirror.example", "failed", forHub)],
    }),
    "engine: success, here; registry:docker.io: failure",
  ),
  ofCommand(
    "words of any program blame a registry",
    answered([ofHost("docker.io")], needs),
    "engine: success, here; registry:docker.io: failure, here",
  ),
  ofCommand(
    "words of any program blame a registry that is declared",
    answered([ofHost("docker.io")], { ...needs, needs: [HUB] }),
    "engine: success, here; registry:docker.io: failure",
  ),
  ofCommand(
    "words of any program blame a registry that is not listed",
    answered([ofHost("ghcr.io")], needs),
    "engine: success, here; registry:docker.io: released",
  ),
  ofCommand(
    "spans that can be forged blame a host beside words of a front end",
    answered([ofHost(null)], {
      ...run,
      upstreams: [],
      exchanges: [exchange("ghcr.io", "failed", forged)],
    }),
    "engine: success, here",
  ),
  ofCommand(
    "the registry answered another program",
    facts({ ...run, exchanges: [exchange("docker.io", "answered")] }),
    "engine: success, here; registry:docker.io: success, 40 ms",
  ),
  ofCommand(
    "its command line alone names the registry that failed",
    answered([ofHost("ghcr.io")], { ...inferred, upstreams: [] }),
    "engine: success; registry:ghcr.io: failure, here",
  ),
  ofCommand(
    "its command line alone names the registry that failed, which was declared",
    answered([ofHost("ghcr.io")], { ...inferred, needs: ["registry:ghcr.io"] }),
    "engine: success; registry:docker.io: released; registry:ghcr.io: failure",
  ),
  ofCommand(
    "its sessions were judged, and nothing failed",
    facts(hadSessions),
    "engine: released; registry:docker.io: released",
  ),
  ofCommand(
    "its sessions were judged, and its words blame a registry",
    answered([ofHost("docker.io")], hadSessions),
    "engine: released; registry:docker.io: failure, here",
  ),
  ofCommand(
    "its sessions were judged, and its words blame a registry that is not listed",
    answered([ofHost("ghcr.io")], hadSessions),
    "engine: released; registry:docker.io: released; registry:ghcr.io: failure, here",
  ),
  ofCommand(
    "its sessions were judged, and its words tell of a rate limit",
    answered([ofHost("ghcr.io", limited)], hadSessions),
    "engine: released; registry:docker.io: released; registry:ghcr.io: failure, opens, 60000 ms, here",
  ),
  ofCommand(
    "its sessions were judged, and its words name no host",
    answered([ofHost(null)], hadSessions),
    "engine: released; registry:docker.io: released",
  ),
  ofCommand(
    "its sessions were judged, and its words blame the engine",
    answered([engine], hadSessions),
    "engine: released; registry:docker.io: released",
  ),
  ofCommand(
    "its sessions were judged, and the words of any program blame a registry",
    answered([ofHost("ghcr.io")], { ...hadSessions, ...needs }),
    "engine: released; registry:docker.io: released",
  ),
  ofCommand(
    "its sessions were judged, and a limit of ours ended it",
    facts({ ...hadSessions, end: { kind: "limit", engine: "silent" } }),
    "engine: released; registry:docker.io: released",
  ),
];
