/** Lists what failures of hosts mean when only the output shows them. */

import { answered, GHCR, ofHost, upstream } from "./facts.js";
import { apart, both, inRequest, limited, notFound, PROVEN_BY_NAME, type Row } from "./row.js";

const NAMED_AT_THE_END =
  "A request lists all its hosts before it begins, and a message may hold any text. A command tells only at its end what it depended on: whether the list is complete is a fact of its own.";

/** A failure that does not count: a login page instead of a manifest does not prove an outage. */
const doubt = ofHost("docker.io", { counts: false });
const two = [upstream(), upstream({ name: GHCR })];

export const OF_HOSTS: readonly Row[] = [
  both(
    "a registry that failed",
    answered([ofHost("docker.io")]),
    "engine: success; registry:docker.io: failure",
  ),
  both(
    "a registry that failed and stated a delay",
    answered([ofHost("docker.io", { retryAfterMs: 5000 })]),
    "engine: success; registry:docker.io: failure, 5000 ms",
  ),
  both(
    "a rate limit without a delay",
    answered([ofHost("docker.io", limited)]),
    "engine: success; registry:docker.io: failure, opens, 60000 ms",
  ),
  both(
    "a rate limit with a delay",
    answered([ofHost("docker.io", { limited: true, retryAfterMs: 120_000 })]),
    "engine: success; registry:docker.io: failure, opens, 120000 ms",
  ),
  both(
    "a rate limit with a delay too short to be one",
    answered([ofHost("docker.io", { limited: true, retryAfterMs: 500 })]),
    "engine: success; registry:docker.io: failure, opens, 60000 ms",
  ),
  inRequest(
    "a rate limit and an outage of one registry",
    answered([ofHost("docker.io", limited), ofHost("docker.io")]),
    "engine: success; registry:docker.io: failure",
  ),
  both(
    "something wrong with a registry that is no outage",
    answered([doubt]),
    "engine: success; registry:docker.io: released",
  ),
  both(
    "a 404 of a registry",
    answered([ofHost("docker.io", notFound)]),
    "engine: success; registry:docker.io: success",
  ),
  apart(
    "a 404 that names no host",
    answered([ofHost(null, notFound)]),
    {
      request: "engine: success; registry:docker.io: success",
      command: "engine: success; registry:docker.io: released",
    },
    PROVEN_BY_NAME,
  ),
  both(
    "a 404 that names no host, of what was only declared",
    answered([ofHost(null, notFound)], { upstreams: [upstream({ named: false })] }),
    "engine: success; registry:docker.io: released",
  ),
  both(
    "a token server that failed",
    answered([ofHost("auth.docker.io")]),
    "engine: success; registry:docker.io: failure",
  ),
  both(
    "a token server that answered",
    answered([ofHost("auth.docker.io", notFound)]),
    "engine: success; registry:docker.io: released",
  ),
  both(
    "a failure without a host, of the only registry",
    answered([ofHost(null)]),
    "engine: success; registry:docker.io: failure",
  ),
  both(
    "a failure without a host, of one of two registries",
    answered([ofHost(null)], { upstreams: two }),
    "engine: success; registry:docker.io: released; registry:ghcr.io: released",
  ),
  both(
    "a registry that failed and was only declared",
    answered([ofHost("docker.io")], { upstreams: [upstream({ named: false })] }),
    "engine: success; registry:docker.io: failure",
  ),
  inRequest(
    "a registry that failed and was not asked",
    answered([ofHost("docker.io")], { upstreams: [upstream({ gated: false })] }),
    "engine: success; registry:docker.io: failure",
  ),
  apart(
    "a registry that failed and is not listed",
    answered([ofHost("ghcr.io")]),
    {
      request: "engine: success; registry:docker.io: released",
      command: "engine: success; registry:docker.io: released; registry:ghcr.io: failure",
    },
    NAMED_AT_THE_END,
  ),
  apart(
    "a rate limit of a registry that is not listed",
    answered([ofHost("ghcr.io", limited)]),
    {
      request: "engine: success; registry:docker.io: released",
      command:
        "engine: success; registry:docker.io: released; registry:ghcr.io: failure, opens, 60000 ms",
    },
    NAMED_AT_THE_END,
  ),
  apart(
    "a 404 of a registry that is not listed",
    answered([ofHost("ghcr.io", notFound)]),
    {
      request: "engine: success; registry:docker.io: released",
      command: "engine: success; registry:docker.io: released; registry:ghcr.io: success",
    },
    NAMED_AT_THE_END,
  ),
  both(
    "something wrong with a registry that is not listed",
    answered([ofHost("ghcr.io", { counts: false })]),
    "engine: success; registry:docker.io: released",
  ),
  apart(
    "a git host that failed and is not listed",
    answered([ofHost("github.com", {}, "git")]),
    {
      request: "engine: success; registry:docker.io: released",
      command: "engine: success; registry:docker.io: released; git:github.com: failure",
    },
    NAMED_AT_THE_END,
  ),
];
