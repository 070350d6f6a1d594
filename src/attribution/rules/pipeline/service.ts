/** Rules for services that a pipeline starts. */

import type { AttributionRule } from "../rule.js";

export const SERVICE_RULES: readonly AttributionRule[] = [
  {
    name: "service.setting",
    fault: "user",
    counts: false,
    transient: false,
    upstream: "none",
    reason: "The service has settings with which the engine cannot start it.",
    when: [
      {
        any: ["healthcheck"],
        matches: /healthcheck (?:shell )?command should have|malformed healthcheck command/,
      },
      { any: ["no ports exposed", "no ports to forward", "port collision detected"] },
    ],
    examples: [
      "failed to setup docker healthcheck: healthcheck command should have at least 2 elements: [CMD]",
      "no ports exposed",
    ],
    seen: "0.21, 1.0",
  },
  {
    name: "service.proxy-exited",
    fault: "engine",
    counts: true,
    transient: true,
    upstream: "none",
    reason: "The engine's own proxy between the host and a container ended.",
    when: { any: ["proxy exited"], matches: /(?:^|: |! )proxy exited(?: before healthcheck|: )/m },
    examples: ["start 4k1jd0q6u5m2s (aliased as web): proxy exited before healthcheck"],
    seen: "1.0",
  },
  {
    name: "service.names",
    fault: "engine",
    counts: true,
    transient: true,
    upstream: "none",
    reason: "The engine's own network could not resolve one of its names.",
    when: [
      { any: ["for hosts file: lookup"] },
      {
        any: [".dagger.local"],
        outcome: ["unreachable", "timeout"],
        matches: /lookup [a-z0-9.-]{1,253}\.dagger\.local/,
      },
    ],
    examples: [
      "lookup abcdef for hosts file: lookup abcdef.x.dagger.local on 10.87.0.1:53: no such host",
    ],
    seen: "0.9 to 0.21",
  },
  {
    name: "service.unhealthy",
    fault: "service",
    counts: true,
    transient: true,
    reason: "A service that the pipeline starts did not take connections in time.",
    when: {
      any: [
        "health check errored",
        "healthcheck errored",
        "checking for port ",
        "port not ready",
        "health check failed: ",
        "healthcheck failed: ",
        "failed health check",
      ],
    },
    examples: [
      "health check errored: checking for port 5432/tcp: dial tcp 10.87.0.12:5432: connect: connection refused",
      "start 4k1jd0q6u5m2s (aliased as db): health check errored: checking for port 3306/tcp: dial tcp 10.87.1.7:3306: i/o timeout",
    ],
    seen: "0.9 to 0.21",
  },
];
