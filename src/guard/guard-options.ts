/** The options of a guard, and their defaults. */

import type { UpstreamKind } from "../attribution/failure.js";
import { breakerName } from "../attribution/hosts.js";
import { readSettings } from "../breaker/options.js";
import type { Fleet } from "../fleet/client/fleet.js";
import {
  checkText,
  type Field,
  functionField,
  MILLISECONDS,
  numberField,
  objectField,
  readOptions,
  readRecord,
  SOME_MILLISECONDS,
  show,
  signalField,
  wordField,
} from "../options/check.js";
import { createRegistry, type NamedBreakerOptions, type Registry } from "../registry/registry.js";
import type { LockedEvent } from "./locks/lock-file.js";
import { type Mirrors, mirrorsField } from "./rewrite/mirrors.js";
import { type PinOptions, pinField } from "./rewrite/pin-options.js";
import type { Pinning } from "./rewrite/pinning.js";

/**
 * The options of a guard's breakers, by name: `"engine"`, an upstream such as
 * `"registry:docker.io"`, `"git:github.com"` or `"http:files.example.com"`, or all of a kind, such
 * as `"git:*"`. An exact name has priority over a kind, and a kind over the defaults.
 */
export interface GuardBreakers {
  /**
   * The breaker of the Dagger engine. Default: `{ trip: { consecutive: 5 } }`, or that of an
   * upstream if a fleet shares it.
   */
  readonly engine?: NamedBreakerOptions | undefined;
  /**
   * The breaker of an upstream. Default: `{ trip: { badSeconds: 5, windowMs: 60_000 },
   * openTimeGrowthFactor: 2 }`, without growth if a fleet shares it.
   */
  readonly [upstream: `${UpstreamKind}:${string}`]: NamedBreakerOptions | undefined;
}

/** The options of a guard. */
export interface GuardOptions {
  /**
   * Options of single breakers. An existing breaker is used as it is, unless these name it or its
   * kind: then they must equal those it was created with.
   */
  readonly breakers?: GuardBreakers | undefined;
  /**
   * The registry of the breakers. Default: {@link guardRegistry}, which all guards of the process
   * share, so that connections share their outcomes.
   */
  readonly registry?: Registry | undefined;
  /**
   * Upstreams that the requests depend on without naming them, such as `"registry:ghcr.io"` for the
   * image of a Dockerfile. Every request asks their breakers. Default: none.
   */
  readonly needs?: readonly string[] | undefined;
  /**
   * Mirrors of registries, such as `{ "docker.io": ["mirror.example/hub"] }`, for images of `from`
   * only. While a registry's circuit is open, its images are pulled from the first mirror whose
   * circuit admits. The engine has mirrors of its own, which also serve modules and Dockerfiles:
   * `dagger-breaker mirrors` writes their configuration. Default: none.
   */
  readonly mirrors?: Mirrors | undefined;
  /**
   * Requests the images of `from` by the digests that their tags last had. A pipeline then runs
   * while their registry is down: from the second run by digest on, as recorded. Each use is
   * reported. Never in a request that publishes. Default: off.
   */
  readonly pin?: PinOptions | undefined;
  /**
   * Called for each image that a request uses by the digest of Dagger's lock file (`dagger.lock`).
   * The engine contacts no registry for it as long as it has the image. Default: none.
   */
  readonly onLocked?: ((event: LockedEvent) => unknown) | undefined;
  /**
   * The least open time, in milliseconds above 0, after a rate limit without a delay, or with one
   * below a second. The reset timeout of its breaker, which by default doubles each time, may be
   * longer. Default: 60,000.
   */
  readonly rateLimitOpenMs?: number | undefined;
  /**
   * The reaction to an open circuit: the request is rejected at once, or waits until the circuit
   * admits it, with at most 100 waiting requests per breaker. Default: `"reject"`.
   */
  readonly onOpen?: "reject" | "wait" | undefined;
  /**
   * The longest such wait in milliseconds, 0 or more. A request that cannot be admitted before its
   * `operationTimeoutMs` does not wait at all. Default: 300,000.
   */
  readonly maxWaitMs?: number | undefined;
  /**
   * The largest random extension of each such wait in milliseconds, 0 or more, so that waiting
   * requests do not continue at the same moment. Default: 5,000.
   */
  readonly waitSpreadMs?: number | undefined;
  /**
   * Milliseconds after which a request is dropped, so that the engine stops working on it; above 0.
   * This includes the wait for admission. Afterwards the session is asked for its version, for at
   * most two seconds: only an engine that does not answer has failed. Default: none, because a
   * pipeline may run for hours, and the engine itself never gives up on a host that does not
   * answer.
   */
  readonly operationTimeoutMs?: number | undefined;
  /** Ends every request of this guard when it is aborted; no breaker counts this. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Shares the outcomes of public upstreams with other processes: their breakers also ask the
   * circuits of this fleet. An engine reached over TCP is shared; services on this machine or in a
   * private network are not. Default: none.
   */
  readonly fleet?: Fleet | undefined;
  /**
   * The address of the engine, such as `tcp://engine.example.com:8080`; used only with `fleet`.
   * Default: the variable `_EXPERIMENTAL_DAGGER_RUNNER_HOST`.
   */
  readonly engineHost?: string | undefined;
}

/**
 * The breakers of all guards of this process without a registry of their own, at most 1,000. The
 * breaker of the engine is `guardRegistry.get("engine")`.
 */
export const guardRegistry: Registry = createRegistry({ maxBreakers: 1000 });

/** An upstream fails in bursts of parallel pulls, so its breaker counts bad seconds. */
const UPSTREAM_DEFAULTS: NamedBreakerOptions = {
  trip: { badSeconds: 5, windowMs: 60_000 },
  openTimeGrowthFactor: 2,
};

/**
 * Growth reduces the probes of many processes. A shared circuit sends one probe for all of them, so
 * it can probe once a minute, and closes within a minute of the recovery.
 */
const SHARED_DEFAULTS: NamedBreakerOptions = { ...UPSTREAM_DEFAULTS, openTimeGrowthFactor: 1 };

/** The name of the breaker of the Dagger engine. */
export const ENGINE = "engine";

const UPSTREAM_NAME =
  /^(registry|git|http):([a-z0-9_.-]+(?::\d{1,5})?|\[[0-9a-f:.]+\](?::\d{1,5})?)$/;

const WHOLE_KIND = /^(?:registry|git|http):\*$/;

const breakersField: Field<GuardBreakers> = {
  absent: {},
  read(value, label) {
    const breakers = readRecord(value, label);
    for (const [name, options] of Object.entries(breakers)) {
      if (name !== ENGINE && !WHOLE_KIND.test(name)) checkUpstreamName(name, `a key of ${label}`);
      readSettings(options);
    }
    return breakers as GuardBreakers;
  },
};

/** Reads the option `needs`. */
export const needsField: Field<readonly string[]> = {
  absent: [],
  read(value, label) {
    if (!Array.isArray(value)) {
      throw new TypeError(`${label} is ${show(value)}, expected a list of upstreams`);
    }
    for (const [index, name] of value.entries()) {
      checkUpstreamName(checkText(name, `${label}[${index}]`, 300), `${label}[${index}]`);
    }
    return value;
  },
};

/** Rejects a name under which no breaker is ever created, because it would have no effect. */
function checkUpstreamName(name: string, label: string): void {
  const [, kind, host] = UPSTREAM_NAME.exec(name) ?? [];
  if (kind === undefined || host === undefined) {
    throw new RangeError(
      `${label} is ${show(name)}, expected registry:HOST, git:HOST or http:HOST, in lower case`,
    );
  }
  const known = breakerName(kind as UpstreamKind, host);
  if (known !== name) throw new RangeError(`${label} is ${show(name)}, expected ${show(known)}`);
}

/** Returns the given options of a breaker: its own, else those of its kind. */
export function givenOptions(
  breakers: GuardBreakers,
  name: string,
): NamedBreakerOptions | undefined {
  const byName = breakers as Readonly<Record<string, NamedBreakerOptions | undefined>>;
  return byName[name] ?? byName[`${name.slice(0, name.indexOf(":"))}:*`];
}

/**
 * Returns the options for the breaker of that name.
 *
 * @param isShared Whether a fleet shares it: then an engine too gets a policy that can be shared.
 */
export function breakerOptions(
  breakers: GuardBreakers,
  name: string,
  isShared: boolean,
): NamedBreakerOptions | undefined {
  const own = givenOptions(breakers, name);
  if (name === ENGINE && !isShared) return own;
  const defaults = isShared ? SHARED_DEFAULTS : UPSTREAM_DEFAULTS;
  if (own?.failureThreshold === undefined) return { ...defaults, ...own };
  return { ...defaults, trip: undefined, ...own };
}

const engineHostField: Field<string | undefined> = {
  get absent() {
    return process.env._EXPERIMENTAL_DAGGER_RUNNER_HOST;
  },
  read: (value, label) => checkText(value, label, 1000),
};

const FIELDS = {
  breakers: breakersField,
  registry: objectField<Registry>(guardRegistry, ["get", "find"]),
  needs: needsField,
  mirrors: mirrorsField,
  pin: pinField,
  onLocked: functionField<(event: LockedEvent) => unknown>(),
  rateLimitOpenMs: numberField(60_000, SOME_MILLISECONDS),
  onOpen: wordField<"reject" | "wait">("reject", ["reject", "wait"]),
  maxWaitMs: numberField(300_000, MILLISECONDS),
  waitSpreadMs: numberField(5000, MILLISECONDS),
  operationTimeoutMs: numberField(undefined, SOME_MILLISECONDS),
  signal: signalField,
  fleet: objectField<Fleet, undefined>(undefined, ["share"]),
  engineHost: engineHostField,
};

/** The validated options of a guard. */
export interface GuardSettings {
  readonly breakers: GuardBreakers;
  readonly registry: Registry;
  readonly needs: readonly string[];
  readonly mirrors: Mirrors;
  readonly pin: Pinning | undefined;
  /** Whether requests may be sent in other words than they came in. */
  readonly rewrites: boolean;
  readonly onLocked: ((event: LockedEvent) => unknown) | undefined;
  readonly rateLimitOpenMs: number;
  readonly onOpen: "reject" | "wait";
  readonly maxWaitMs: number;
  readonly waitSpreadMs: number;
  readonly operationTimeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly fleet: Fleet | undefined;
  readonly engineHost: string | undefined;
}

/**
 * Validates the options of a guard.
 *
 * @throws TypeError or RangeError that names the option, its value and what was expected.
 */
export function readGuardOptions(options: unknown): GuardSettings {
  const settings = readOptions("guard", options, FIELDS);
  const rewrites = settings.pin !== undefined || Object.keys(settings.mirrors).length > 0;
  return { ...settings, rewrites };
}
