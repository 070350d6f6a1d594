/** Where a shared circuit of this process stands. */

import type { Reporter } from "../../rules/state.js";
import type { StoreLink } from "../link/store-link.js";
import type { Announce } from "./circuit-news.js";

/** The parts that all circuits of one fleet share. */
export interface CircuitSurroundings {
  readonly scope: string;
  readonly link: StoreLink;
  readonly cached: boolean;
  readonly reporter: Reporter;
  /** Names the probe places of a command; never the same twice. */
  readonly nextLease: () => string;
  /** Announces an event to the listeners of the whole fleet. */
  readonly announce: Announce;
  /** Hears how many outcomes were lost. */
  readonly dropped: (count: number) => void;
}
