/** The public test kit: `dagger-circuit-breaker/testing`. */

export * from "./fleet/index.js";
export * from "./session/index.js";
export { VirtualClock } from "./virtual-clock.js";
