/** Isolates, releases and resets shared circuits by hand. */

import { hostname, userInfo } from "node:os";
import {
  checkNumber,
  checkText,
  type Field,
  type NumberRange,
  readOptions,
} from "../../options/check.js";
import { type ControlCommand, MAX_ISOLATION_MS } from "../rules/command.js";
import type { FleetSnapshot } from "../rules/reply.js";
import { checkCircuitName } from "./circuit-name.js";

/** Options of `release` and `reset`. */
export interface ControlOptions {
  /** The reason to record: 1 to 1,000 characters. Default: none. */
  readonly reason?: string | undefined;
  /** The person or system that controls the circuit: 1 to 200 characters. Default: `user@host`. */
  readonly owner?: string | undefined;
}

/** Options of `isolate`. */
export interface IsolateOptions extends ControlOptions {
  /** The reason, which every rejection shows: 1 to 1,000 characters. */
  readonly reason: string;
  /** Milliseconds until the isolation ends by itself: above 0, at most 30 days. */
  readonly expiresInMs: number;
}

const EXPIRY: NumberRange = { min: 0, above: true, max: MAX_ISOLATION_MS, of: "milliseconds" };

const reasonField: Field<string | undefined> = {
  absent: undefined,
  read: (value, label) => checkText(value, label, 1000),
};
const ownerField: Field<string | undefined> = {
  absent: undefined,
  read: (value, label) => checkText(value, label, 200),
};
const FIELDS = { reason: reasonField, owner: ownerField };
const ISOLATE_FIELDS = {
  ...FIELDS,
  expiresInMs: {
    absent: undefined,
    read: (value, label) => checkNumber(value, label, EXPIRY),
  } as Field<number | undefined>,
};

/** Controls shared circuits by name. */
export class FleetControl {
  readonly #send: (name: string, command: ControlCommand) => Promise<FleetSnapshot>;

  constructor(send: (name: string, command: ControlCommand) => Promise<FleetSnapshot>) {
    this.#send = send;
  }

  isolate(name: string, options: IsolateOptions): Promise<FleetSnapshot> {
    const { reason, owner, expiresInMs } = readOptions("isolate", options, ISOLATE_FIELDS);
    return this.#send(checkCircuitName(name, "name"), {
      kind: "isolate",
      reason: checkText(reason, 'isolate option "reason"', 1000),
      owner: owner ?? ownerOfProcess(),
      expiresInMs: Math.ceil(checkNumber(expiresInMs, 'isolate option "expiresInMs"', EXPIRY)),
    });
  }

  release(name: string, options?: ControlOptions): Promise<FleetSnapshot> {
    const { reason, owner } = readOptions("release", options, FIELDS);
    return this.#send(checkCircuitName(name, "name"), {
      kind: "release",
      reason: reason ?? null,
      owner: owner ?? ownerOfProcess(),
    });
  }

  reset(name: string, options?: ControlOptions): Promise<FleetSnapshot> {
    const { reason, owner } = readOptions("reset", options, FIELDS);
    return this.#send(checkCircuitName(name, "name"), {
      kind: "reset",
      reason: reason ?? null,
      owner: owner ?? ownerOfProcess(),
    });
  }
}

/**
 * Returns `user@host` of this process. The user is `unknown` if the system has no user name, for
 * example in a container.
 */
export function ownerOfProcess(): string {
  let user = "unknown";
  try {
    user = userInfo().username;
  } catch {}
  return `${user}@${hostname()}`.slice(0, 200);
}
