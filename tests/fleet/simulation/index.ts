/** The simulation's interface for scripts/simulate-fleet.mjs and its test. */

export { pictureOf } from "./picture.js";
export { pageWithFindings, tablesOf } from "./report.js";
export { type Findings, simulateAll } from "./scenarios.js";
export { simulate } from "./simulate.js";
