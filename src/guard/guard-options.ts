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
 * The options of a guard's breakers, by name. A name is `"engine"`, or an upstream such as
 * `"registry:docker.io"`, `"git:github.com"` or `"http:files.example.com"`. It may also be a whole kind,
 * such as `"git:*"`. The options of an exact name win over the options of its kind, and these win over the
 * defaults.
 */
export interface GuardBreakers {
  /**
   * The options of the engine's breaker. Default: `{ trip: { consecutive: 5 } }`. If a fleet shares this
   * breaker, the default is that of a shared upstream.
   */
  readonly engine?: NamedBreakerOptions | undefined;
  /**
   * The options of an upstream's breaker. Default: `{ trip: { badSeconds: 5, windowMs: 60_000 },
   * openTimeGrowthFactor: 2 }`. If a fleet shares this breaker, the default growth factor is 1.
   */
  readonly [upstream: `${UpstreamKind}:${string}`]: NamedBreakerOptions | undefined;
}

/** The options of a guard. */
export interface GuardOptions {
  /**
   * The options of individual breakers. A breaker may already exist in the registry. If these options name
   * that breaker or its kind, they must equal the options with which the breaker was created. Otherwise,
   * the breaker is used as it is. Default: the defaults in {@link GuardBreakers}.
   */
  readonly breakers?: GuardBreakers | undefined;
  /**
   * The registry of the breakers. Default: {@link guardRegistry}, which all guards of the process share. So
   * all connections use what one connection has learned about a host.
   */
  readonly registry?: Registry | undefined;
  /**
   * Upstreams that requests need without naming them, such as `"registry:ghcr.io"` for the image of a
   * Dockerfile. Every request needs permits from the breakers of these upstreams. Default: no upstreams.
   */
  readonly needs?: readonly string[] | undefined;
  /**
   * Mirrors of registries, such as `{ "docker.io": ["mirror.example/hub"] }`, for images of `from` only.
   * While the circuit of a registry is open, its images are pulled from the first mirror whose circuit
   * admits the request. For modules and Dockerfiles, configure mirrors in the engine: `dagger-breaker
   * mirrors` writes that configuration. Default: no mirrors.
   */
  readonly mirrors?: Mirrors | undefined;
  /**
   * Requests images of `from` by the digest that their tag had when it was last seen. An engine that has
   * used an image by its digest can use it again while the registry is down. Each use of a digest is
   * reported. A request that publishes keeps its tags. Default: off.
   */
  readonly pin?: PinOptions | undefined;
  /**
   * Called for each image that a request uses by a digest from Dagger's lock file (`dagger.lock`). While
   * the engine has such an image, it sends no request to the image's registry. Default: no function.
   */
  readonly onLocked?: ((event: LockedEvent) => unknown) | undefined;
  /**
   * The shortest time that a circuit stays open after a rate limit, in milliseconds above 0. It applies if
   * the answer contains no delay, or a delay below one second. If the reset timeout of
   * the breaker is longer, that applies instead. Default: 60,000.
   */
  readonly rateLimitOpenMs?: number | undefined;
  /**
   * The reaction to an open circuit. `"reject"` rejects the request at once. `"wait"` waits until the
   * circuit admits the request. At most 100 requests wait per breaker. Default: `"reject"`.
   */
  readonly onOpen?: "reject" | "wait" | undefined;
  /**
   * The longest wait with `onOpen: "wait"`, in milliseconds; 0 or more. A request that cannot be admitted
   * before its `operationTimeoutMs` does not wait at all. Default: 300,000.
   */
  readonly maxWaitMs?: number | undefined;
  /**
   * The longest random time that is added to a wait with `onOpen: "wait"`, in milliseconds; 0 or more. It
   * spreads waiting requests, so that they do not all continue at the same moment. Default: 5,000.
   */
  readonly waitSpreadMs?: number | undefined;
  /**
   * The longest time of a request, including the wait for admission, in milliseconds above 0. After that
   * time, the request is dropped, so that the engine stops working on it. The guard then asks the engine
   * for its version. The timeout counts as a failure of the engine only if no answer arrives within two
   * seconds.
   *
   * Default: no limit, because a pipeline may run for hours. Note that the engine itself waits forever for
   * a host that does not answer.
   */
  readonly operationTimeoutMs?: number | undefined;
  /** A signal whose abort ends every request of this guard. No breaker counts such an end as a failure. */
  readonly signal?: AbortSignal | undefined;
  /**
   * The fleet through which circuits are shared with other processes. The breakers of public upstreams are
   * shared, and so is the breaker of an engine that is reached over TCP. Breakers of hosts on this machine
   * or in a private network are not shared. Default: the fleet that `DAGGER_BREAKER_STORE` names, if it is
   * set.
   */
  readonly fleet?: Fleet | undefined;
  /**
   * The address of the engine, such as `tcp://engine.example.com:8080`; used only with `fleet`. Default:
   * the value of the environment variable `_EXPERIMENTAL_DAGGER_RUNNER_HOST`.
   */
  readonly engineHost?: string | undefined;
}

/**
 * The default registry, which all guards without the option `registry` share. It has at most 1,000
 * breakers. The breaker of the engine is `guardRegistry.get("engine")`.
 */
export const guardRegistry: Registry = createRegistry({ maxBreakers: 1000 });

/**
 * The defaults of an upstream's breaker. Parallel pulls fail in bursts, so this breaker counts seconds with
 * failures instead of single failures.
 */
const UPSTREAM_DEFAULTS: NamedBreakerOptions = {
  trip: { badSeconds: 5, windowMs: 60_000 },
  openTimeGrowthFactor: 2,
};

/**
 * The defaults of a shared upstream's breaker. A growing reset timeout exists to reduce the probes of many
 * processes. A shared circuit sends one probe for all processes, so it can probe every minute.
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

/**
 * Throws if no breaker of an upstream can have this name. An option with such a name would have no effect.
 */
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

/**
 * Returns the options that the user gave for a breaker. Options for its name win over options for its kind.
 */
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
 * @param isShared Whether a fleet shares the breaker. If so, the engine also gets the defaults of an
 * upstream, because a fleet cannot share the engine's own default.
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
  /** Whether the guard may change requests. The options `mirrors` and `pin` need such changes. */
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
