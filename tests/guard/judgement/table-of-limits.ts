/** Lists what our own timeouts mean, and what a canceled call means. */

import { exchange, facts, upstream } from "./facts.js";
import { apart, both, forged, forHub, type Row } from "./row.js";

const HUNG =
  "A request spares what it does not name, a command has nothing else. An exchange that was seen to hang is proof in both.";
const atLimit = { kind: "limit", engine: "answers" } as const;

export const OF_LIMITS: readonly Row[] = [
  {
    title: "a limit of ours, and the engine is silent",
    facts: facts({ end: { kind: "limit", engine: "silent" } }),
    expected: {
      request: "engine: failure; registry:docker.io: released",
      command: "engine: failure; registry:docker.io: released",
      connect: "engine: failure",
    },
  },
  both(
    "a limit of ours, and the engine answers",
    facts({ end: atLimit }),
    "engine: ignored; registry:docker.io: released",
  ),
  both(
    "an exchange hung until a limit of ours",
    facts({ end: atLimit, exchanges: [exchange("docker.io", "failed")] }),
    "engine: ignored; registry:docker.io: failure",
  ),
  both(
    "an exchange with a token server hung",
    facts({ end: atLimit, exchanges: [exchange("auth.docker.io", "failed", forHub)] }),
    "engine: ignored; registry:docker.io: failure",
  ),
  both(
    "the registry limited before a limit of ours",
    facts({ end: atLimit, exchanges: [exchange("docker.io", "limited")] }),
    "engine: ignored; registry:docker.io: released",
  ),
  both(
    "the registry answered before a limit of ours",
    facts({ end: atLimit, exchanges: [exchange("docker.io", "answered")] }),
    "engine: ignored; registry:docker.io: released",
  ),
  apart(
    "an exchange hung with what was only declared",
    facts({
      end: atLimit,
      upstreams: [upstream({ named: false })],
      exchanges: [exchange("docker.io", "failed")],
    }),
    {
      request: "engine: ignored; registry:docker.io: released",
      command: "engine: ignored; registry:docker.io: failure",
    },
    HUNG,
  ),
  apart(
    "an exchange hung with a host that is not listed",
    facts({ end: atLimit, exchanges: [exchange("ghcr.io", "failed")] }),
    {
      request: "engine: ignored; registry:docker.io: released",
      command: "engine: ignored; registry:docker.io: released; registry:ghcr.io: failure",
    },
    HUNG,
  ),
  both(
    "an exchange hung, as spans that can be forged tell",
    facts({ end: atLimit, exchanges: [exchange("docker.io", "failed", forged)] }),
    "engine: ignored; registry:docker.io: released",
  ),
  {
    title: "the caller left",
    facts: facts({ end: { kind: "left" } }),
    expected: {
      request: "engine: ignored; registry:docker.io: released",
      command: "engine: ignored; registry:docker.io: released",
      connect: "engine: ignored",
    },
  },
  {
    title: "it was not made after all",
    facts: facts({ end: { kind: "not made" } }),
    expected: {
      request: "engine: released; registry:docker.io: released",
      command: "engine: released; registry:docker.io: released",
      connect: "engine: released",
    },
  },
];
