/** Declares the parts of a fleet that its circuits use. */

import type { Reporter } from "../../rules/state.js";
import type { StoreLink } from "../link/store-link.js";
import type { Announce } from "./circuit-news.js";

/** The parts of a fleet that all its circuits share. */
export interface CircuitSurroundings {
  readonly scope: string;
  readonly link: StoreLink;
  readonly cached: boolean;
  readonly reporter: Reporter;
  /** Returns a new, unique name for the probe leases of a command. */
  readonly nextLease: () => string;
  /** Passes an event on to the listeners of the whole fleet. */
  readonly announce: Announce;
  /** Receives the number of outcomes that were lost. */
  readonly dropped: (count: number) => void;
}
