/** The health of this process, for the routes of any HTTP framework. Nothing here asks a store. */

import type { Fleet } from "../../fleet/client/fleet.js";
import { type Field, readOptions } from "../../options/check.js";
import type { Registry } from "../../registry/registry.js";
import { isFleet } from "../attach.js";
import { type GuardedClient, sourceOf } from "../source.js";
import { localCircuit, sharedCircuit } from "./health-circuits.js";
import {
  circuitsReply,
  type HealthCircuit,
  type HealthCircuitsBody,
  type HealthErrorBody,
  type HealthReply,
} from "./health-reply.js";

/** The body of a reply from a healthy process. */
export interface HealthyBody {
  readonly status: "ok";
  /** The store of a fleet. A process decides alone while the store is down, so it stays ready. */
  readonly store?: {
    readonly kind: string;
    readonly up: boolean;
    /** Number of outcomes that were lost before they reached the store. */
    readonly droppedCount: number;
  };
}

/** Options of `circuits`. */
export interface HealthCircuitsOptions {
  /**
   * The query parameter `fail` as a framework parses it: a text with comma-separated names, or a list of
   * such texts. Default: no circuit fails the page.
   */
  readonly fail?: unknown;
}

/** The health pages of a process. Each function returns a status and a body to send as JSON. */
export interface Health {
  /** Returns 200, because a process that replies is alive. */
  live(): HealthReply<HealthyBody>;
  /** Always returns 200. Neither an open circuit nor a store that is down keeps this process from its work. */
  ready(): HealthReply<HealthyBody>;
  /**
   * Returns the circuits with status 200. The status is 503 when a circuit named in `fail` rejects every
   * call, and 400 when `fail` is invalid.
   */
  circuits(options?: HealthCircuitsOptions): HealthReply<HealthCircuitsBody | HealthErrorBody>;
}

const ANYTHING: Field<unknown> = { absent: undefined, read: (value) => value };
const FIELDS = { fail: ANYTHING };

/**
 * Returns the health pages of a registry, of the guard of a Dagger client, or of a fleet. For a fleet, they
 * list the circuits that this process shares through it.
 *
 * An open circuit makes a page fail only when `fail` names it. Otherwise one upstream that is down would
 * take every healthy process out of service.
 *
 * @throws TypeError when `source` is of another type.
 * @example
 * ```ts no-run
 * import { createServer } from "node:http";
 * import { defaultRegistry, health } from "dagger-circuit-breaker";
 *
 * const { ready } = health(defaultRegistry);
 * createServer((_request, response) => {
 *   const { status, body } = ready();
 *   response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
 * }).listen(8080, "127.0.0.1");
 * ```
 */
export function health(source: Registry | GuardedClient | Fleet): Health {
  const [circuits, store] = partsOf(sourceOf(source));
  return {
    live: () => ({ status: 200, body: { status: "ok" } }),
    ready: () => ({ status: 200, body: { status: "ok", ...store() } }),
    circuits: (options) => circuitsReply(circuits(), readOptions("circuits", options, FIELDS).fail),
  };
}

type Parts = readonly [
  circuits: () => readonly HealthCircuit[],
  store: () => Pick<HealthyBody, "store">,
];

function partsOf(source: Registry | Fleet): Parts {
  if (isFleet(source)) {
    const listed = () =>
      source.table.known().map(({ name, snapshot }) => sharedCircuit(name, source.scope, snapshot));
    const store = () => {
      const { store: kind, storeUp: up, droppedCount } = source.getMetrics();
      return { store: { kind, up, droppedCount } };
    };
    return [listed, store];
  }
  const all = () => [...source.getAll().values()];
  return [() => all().map((breaker) => localCircuit(breaker.getMetrics())), () => ({})];
}
