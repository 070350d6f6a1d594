/** Lists what failures mean for the engine, and what a success means for a registry. */

import { ID_UNKNOWN } from "../../../src/attribution/failure.js";
import { answered, facts, failure, ofHost, upstream } from "./facts.js";
import {
  apart,
  both,
  command,
  engine,
  engineBug,
  inRequest,
  PROVEN_BY_NAME,
  type Row,
} from "./row.js";

export const OF_THE_ENGINE: readonly Row[] = [
  both(
    "a failure of the engine that counts",
    answered([engine]),
    "engine: failure; registry:docker.io: released",
  ),
  both(
    "a bug of the engine that only this call meets",
    answered([engineBug]),
    "engine: ignored; registry:docker.io: released",
  ),
  both(
    "a failure of the engine with a delay",
    answered([{ ...engine, retryAfterMs: 5000 }]),
    "engine: failure, 5000 ms; registry:docker.io: released",
  ),
  both(
    "somebody canceled it",
    answered([failure({ fault: "cancelled" })]),
    "engine: ignored; registry:docker.io: released",
  ),
  both(
    "an id that the session does not know",
    answered([failure({ fault: "user", rule: ID_UNKNOWN })]),
    "engine: ignored; registry:docker.io: released",
  ),
  both(
    "a failure of the user",
    answered([failure({ fault: "user" })]),
    "engine: success; registry:docker.io: released",
  ),
  both(
    "a failure of a service of the pipeline",
    answered([failure({ fault: "service" })]),
    "engine: success; registry:docker.io: released",
  ),
  both(
    "a failure of the cloud",
    answered([failure({ fault: "cloud" })]),
    "engine: success; registry:docker.io: released",
  ),
  both(
    "a failure that nothing explains",
    answered([failure()]),
    "engine: success; registry:docker.io: released",
  ),
  inRequest(
    "a failure of the engine and one of a registry",
    answered([engine, ofHost("docker.io")]),
    "engine: failure; registry:docker.io: failure",
  ),
  inRequest(
    "a command that failed and a bug of the engine",
    answered([command, engineBug]),
    "engine: ignored; registry:docker.io: released",
  ),
];

export const OF_SUCCESS: readonly Row[] = [
  apart(
    "nothing failed",
    facts(),
    {
      request: "engine: success; registry:docker.io: success",
      command: "engine: success; registry:docker.io: released",
    },
    PROVEN_BY_NAME,
  ),
  both(
    "nothing failed, and a success proves nothing of the registry",
    facts({ upstreams: [upstream({ proven: "nothing" })] }),
    "engine: success; registry:docker.io: released",
  ),
  apart(
    "nothing failed, and the engine asked for a tag",
    facts({ upstreams: [upstream({ proven: "tag" })] }),
    {
      request: "engine: success; registry:docker.io: success",
      command: "engine: success; registry:docker.io: released",
    },
    PROVEN_BY_NAME,
  ),
  apart(
    "nothing failed, and a lock file may have told the tag",
    facts({ upstreams: [upstream({ proven: "tag" })], readsLocks: true }),
    {
      request: "engine: success; registry:docker.io: success, here",
      command: "engine: success; registry:docker.io: released",
    },
    PROVEN_BY_NAME,
  ),
  both(
    "nothing failed, a lock file may have told the tag, and the circuit is half-open",
    facts({ upstreams: [upstream({ proven: "tag", state: "half-open" })], readsLocks: true }),
    "engine: success; registry:docker.io: released",
  ),
  apart(
    "nothing failed, and an image that failed in this outage works again",
    facts({ upstreams: [upstream({ proven: "again", state: "half-open" })], readsLocks: true }),
    {
      request: "engine: success; registry:docker.io: success",
      command: "engine: success; registry:docker.io: released",
    },
    PROVEN_BY_NAME,
  ),
  inRequest(
    "nothing failed, and the registry was not asked",
    facts({ upstreams: [upstream({ gated: false })] }),
    "engine: success; registry:docker.io: success",
  ),
  both(
    "a command failed, and only a whole success proves",
    answered([command]),
    "engine: success; registry:docker.io: released",
  ),
  apart(
    "a command failed after what proves the registry",
    answered([command], { upstreams: [upstream({ proven: "before" })] }),
    {
      request: "engine: success; registry:docker.io: success",
      command: "engine: success; registry:docker.io: released",
    },
    PROVEN_BY_NAME,
  ),
  apart(
    "a command failed after the engine asked for a tag",
    answered([command], { upstreams: [upstream({ proven: "tag" })] }),
    {
      request: "engine: success; registry:docker.io: success",
      command: "engine: success; registry:docker.io: released",
    },
    PROVEN_BY_NAME,
  ),
];
