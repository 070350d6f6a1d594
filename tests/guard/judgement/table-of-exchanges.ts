/** Lists what the exchanges in the engine's spans mean for each breaker. */

import { answered, exchange, facts, GHCR, ofHost, upstream } from "./facts.js";
import { both, command, engine, forged, forHub, limited, notFound, type Row } from "./row.js";

/** A failure that does not count: a login page instead of a manifest does not prove an outage. */
const doubt = ofHost("docker.io", { counts: false });
const two = [upstream(), upstream({ name: GHCR })];

export const OF_EXCHANGES: readonly Row[] = [
  both(
    "no exchange was seen",
    facts({ exchanges: [] }),
    "engine: success; registry:docker.io: released",
  ),
  both(
    "the registry answered",
    facts({ exchanges: [exchange("docker.io", "answered")] }),
    "engine: success; registry:docker.io: success, 40 ms",
  ),
  both(
    "the registry answered, and its tag may have come from a lock file",
    facts({
      exchanges: [exchange("docker.io", "answered")],
      upstreams: [upstream({ proven: "tag" })],
      readsLocks: true,
    }),
    "engine: success; registry:docker.io: success, 40 ms",
  ),
  both(
    "the registry answered, as spans that can be forged tell",
    facts({ exchanges: [exchange("docker.io", "answered", forged)] }),
    "engine: success; registry:docker.io: success",
  ),
  both(
    "the registry failed, and the call did not",
    facts({ exchanges: [exchange("docker.io", "failed")] }),
    "engine: success; registry:docker.io: released",
  ),
  both(
    "the registry limited, and the call did not fail",
    facts({ exchanges: [exchange("docker.io", "limited")] }),
    "engine: success; registry:docker.io: released",
  ),
  both(
    "the registry failed, and a command did",
    answered([command], { exchanges: [exchange("docker.io", "failed")] }),
    "engine: success; registry:docker.io: released",
  ),
  both(
    "the registry answered, and a command failed",
    answered([command], { exchanges: [exchange("docker.io", "answered")] }),
    "engine: success; registry:docker.io: success, 40 ms",
  ),
  both(
    "the registry answered, and the engine failed",
    answered([engine], { exchanges: [exchange("docker.io", "answered")] }),
    "engine: failure; registry:docker.io: success, 40 ms",
  ),
  both(
    "one of two failed, and the words name none",
    answered([ofHost(null)], { upstreams: two, exchanges: [exchange("docker.io", "failed")] }),
    "engine: success; registry:docker.io: failure; registry:ghcr.io: released",
  ),
  both(
    "one of two limited, and the words name none",
    answered([ofHost(null, limited)], {
      upstreams: two,
      exchanges: [exchange("docker.io", "limited")],
    }),
    "engine: success; registry:docker.io: failure, opens, 60000 ms; registry:ghcr.io: released",
  ),
  both(
    "one of two failed, as spans that can be forged tell",
    answered([ofHost(null)], {
      upstreams: two,
      exchanges: [exchange("docker.io", "failed", forged)],
    }),
    "engine: success; registry:docker.io: failure, here; registry:ghcr.io: released",
  ),
  both(
    "one of two limited, as spans that can be forged tell",
    answered([ofHost(null)], {
      upstreams: two,
      exchanges: [exchange("docker.io", "limited", forged)],
    }),
    "engine: success; registry:docker.io: failure, here; registry:ghcr.io: released",
  ),
  both(
    "one failed as forged spans tell, and limited as others do",
    answered([ofHost(null)], {
      upstreams: two,
      exchanges: [exchange("docker.io", "failed", forged), exchange("docker.io", "limited")],
    }),
    "engine: success; registry:docker.io: failure, opens, 60000 ms; registry:ghcr.io: released",
  ),
  both(
    "one answered once and failed once",
    answered([ofHost(null)], {
      upstreams: two,
      exchanges: [exchange("docker.io", "answered"), exchange("docker.io", "failed")],
    }),
    "engine: success; registry:docker.io: failure; registry:ghcr.io: released",
  ),
  both(
    "a registry failed, and the words tell of a git host",
    answered([ofHost(null, {}, "git")], { exchanges: [exchange("docker.io", "failed")] }),
    "engine: success; registry:docker.io: released",
  ),
  both(
    "the words blame it, and it answered",
    answered([ofHost("docker.io")], { exchanges: [exchange("docker.io", "answered")] }),
    "engine: success; registry:docker.io: failure",
  ),
  both(
    "the words blame it, and no exchange was seen",
    answered([ofHost("docker.io")], { exchanges: [] }),
    "engine: success; registry:docker.io: failure",
  ),
  both(
    "something is wrong with it, and it answered",
    answered([doubt], { exchanges: [exchange("docker.io", "answered")] }),
    "engine: success; registry:docker.io: released",
  ),
  both(
    "something is wrong with it, and it failed",
    answered([doubt], { exchanges: [exchange("docker.io", "failed")] }),
    "engine: success; registry:docker.io: released",
  ),
  both(
    "it answered 404, and no exchange was seen",
    answered([ofHost("docker.io", notFound)], { exchanges: [] }),
    "engine: success; registry:docker.io: success",
  ),
  both(
    "its token server failed",
    answered([ofHost(null)], {
      upstreams: two,
      exchanges: [exchange("auth.docker.io", "failed", forHub)],
    }),
    "engine: success; registry:docker.io: failure; registry:ghcr.io: released",
  ),
  both(
    "its mirror failed, and the words name none",
    answered([ofHost(null)], {
      upstreams: two,
      exchanges: [exchange("mirror.example", "failed", forHub)],
    }),
    "engine: success; registry:docker.io: failure; registry:ghcr.io: released",
  ),
  both(
    "its mirror failed, and the words name the mirror",
    answered([ofHost("mirror.example")], {
      exchanges: [exchange("mirror.example", "failed", forHub)],
    }),
    "engine: success; registry:docker.io: failure",
  ),
  both(
    "its mirror answered",
    facts({ exchanges: [exchange("mirror.example", "answered", forHub)] }),
    "engine: success; registry:docker.io: released; registry:mirror.example: success, 40 ms",
  ),
  both(
    "a host that is not listed answered",
    facts({ exchanges: [exchange("ghcr.io", "answered")] }),
    "engine: success; registry:docker.io: released; registry:ghcr.io: success, 40 ms",
  ),
  both(
    "a host that is not listed failed, and the call did not",
    facts({ exchanges: [exchange("ghcr.io", "failed")] }),
    "engine: success; registry:docker.io: released",
  ),
  both(
    "a host that is not listed failed, and the words name it",
    answered([ofHost("ghcr.io")], { exchanges: [exchange("ghcr.io", "failed")] }),
    "engine: success; registry:docker.io: released; registry:ghcr.io: failure",
  ),
  both(
    "a host that is not listed failed, and the words name none",
    answered([ofHost(null)], { exchanges: [exchange("ghcr.io", "failed")] }),
    "engine: success; registry:docker.io: failure; registry:ghcr.io: failure",
  ),
  both(
    "a host that is not listed failed, as spans that can be forged tell",
    answered([ofHost(null)], { upstreams: [], exchanges: [exchange("ghcr.io", "failed", forged)] }),
    "engine: success; registry:ghcr.io: failure, here",
  ),
];
