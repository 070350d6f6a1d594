/** The options of a guard, with their validation and defaults. */

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
import { ENGINE } from "./engine-name.js";
import type { LockedEvent } from "./locks/lock-file.js";
import { type Mirrors, mirrorsField } from "./rewrite/mirrors.js";
import { type PinOptions, pinField } from "./rewrite/pin-options.js";
import type { Pinning } from "./rewrite/pinning.js";

/**
 * The options of a guard's breakers, by name: `"engine"`, an upstream such as `"registry:docker.io"`,
 * `"git:github.com"` or `"http:files.example.com"`, or all of a kind, such as `"git:*"`. An exact name wins
 * over a kind, and a kind wins over the defaults.
 */
export interface GuardBreakers {
  /**
   * The breaker of the Dagger engine. Default: `{ trip: { consecutive: 5 } }`. If a fleet shares it, the
   * default of an upstream is used.
   */
  readonly engine?: NamedBreakerOptions | undefined;
  /**
   * The breaker of an upstream. Default: `{ trip: { badSeconds: 5, windowMs: 60_000 },
   * openTimeGrowthFactor: 2 }`. If a fleet shares it, the growth factor is 1.
   */
  readonly [upstream: `${UpstreamKind}:${string}`]: NamedBreakerOptions | undefined;
}

/** The options of a guard. */
export interface GuardOptions {
  /**
   * Options of single breakers. If a breaker already exists in the registry and these options name it or
   * its kind, they must equal those it was created with. Otherwise an existing breaker is used as it is.
   */
  readonly breakers?: GuardBreakers | undefined;
  /**
   * The registry of the breakers. Default: {@link guardRegistry}, which all guards of the process share. So
   * what one connection learns about a host, all connections know.
   */
  readonly registry?: Registry | undefined;
  /**
   * Upstreams that the requests depend on without naming them, such as `"registry:ghcr.io"` for the image
   * of a Dockerfile. Every request needs a permit of their breakers. Default: none.
   */
  readonly needs?: readonly string[] | undefined;
  /**
   * Mirrors of registries, such as `{ "docker.io": ["mirror.example/hub"] }`, for images of `from` only.
   * While the circuit of a registry is open, its images are pulled from the first mirror whose circuit
   * admits the request. The engine itself can have mirrors, which also serve modules and Dockerfiles:
   * `dagger-breaker mirrors` writes their configuration. Default: none.
   */
  readonly mirrors?: Mirrors | undefined;
  /**
   * Requests images of `from` by the digest that their tag last had. From the second run by digest on, a
   * pipeline then runs while the registry is down. Each use is reported. A request that publishes keeps its
   * tags. Default: off.
   */
  readonly pin?: PinOptions | undefined;
  /**
   * Called for each image that a request uses by a digest in Dagger's lock file (`dagger.lock`). The engine
   * contacts no registry for it as long as it has the image. Default: none.
   */
  readonly onLocked?: ((event: LockedEvent) => unknown) | undefined;
  /**
   * The least time that a circuit stays open after a rate limit whose answer states no delay, or one below
   * a second; in milliseconds above 0. The reset timeout of the breaker may be longer. Default: 60,000.
   */
  readonly rateLimitOpenMs?: number | undefined;
  /**
   * The reaction to an open circuit: the request is rejected at once, or waits until the circuit
   * admits it. At most 100 requests wait per breaker. Default: `"reject"`.
   */
  readonly onOpen?: "reject" | "wait" | undefined;
  /**
   * The longest wait with `onOpen: "wait"`, in milliseconds, 0 or more. A request that cannot be admitted
   * before its `operationTimeoutMs` does not wait at all. Default: 300,000.
   */
  readonly maxWaitMs?: number | undefined;
  /**
   * The longest random extra wait with `onOpen: "wait"`, in milliseconds, 0 or more. With it, waiting
   * requests do not all continue at the same moment. Default: 5,000.
   */
  readonly waitSpreadMs?: number | undefined;
  /**
   * The longest time of a request in milliseconds, above 0, including the wait for admission. After that it
   * is dropped, so that the engine stops working on it. The guard then asks the session for its version:
   * only if the engine does not answer within two seconds, the timeout counts as its failure. Default:
   * none, because a pipeline may run for hours. Note that the engine itself waits forever for a host that
   * does not answer.
   */
  readonly operationTimeoutMs?: number | undefined;
  /** Ends every request of this guard when it is aborted. No breaker counts this as a failure. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Shares circuits with other processes: the breakers of public upstreams also ask the circuits of this
   * fleet. The breaker of an engine reached over TCP is shared. Breakers of hosts on this machine or in a
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
 * The registry of all guards without an own `registry`. It has at most 1,000 breakers. The breaker of the
 * engine is `guardRegistry.get("engine")`.
 */
export const guardRegistry: Registry = createRegistry({ maxBreakers: 1000 });

/**
 * The defaults for an upstream. Parallel pulls fail in bursts, so the breaker counts seconds with failures,
 * not failures.
 */
const UPSTREAM_DEFAULTS: NamedBreakerOptions = {
  trip: { badSeconds: 5, windowMs: 60_000 },
  openTimeGrowthFactor: 2,
};

/**
 * The defaults for a shared upstream. A growing reset timeout exists to reduce the probes of many
 * processes. A shared circuit sends one probe for all of them, so it can probe every minute.
 */
const SHARED_DEFAULTS: NamedBreakerOptions = { ...UPSTREAM_DEFAULTS, openTimeGrowthFactor: 1 };

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

/** Validates the option `needs`. */
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

/** Throws for a name that no breaker of an upstream can have, because the option would have no effect. */
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

/** Returns the options that the user gave for a breaker: under its own name, else under its kind. */
export function givenOptions(
  breakers: GuardBreakers,
  name: string,
): NamedBreakerOptions | undefined {
  const byName = breakers as Readonly<Record<string, NamedBreakerOptions | undefined>>;
  return byName[name] ?? byName[`${name.slice(0, name.indexOf(":"))}:*`];
}

/**
 * Returns the options with which to create a breaker.
 *
 * @param isShared Whether a fleet shares it. Then the engine also gets the defaults of an upstream, because
 * its own cannot be shared.
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
  /** Whether the guard may change requests, which `mirrors` and `pin` need. */
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
