/** The part of the simulation that scripts/simulate-fleet.mjs and the test use. */

export { pictureOf } from "./picture.js";
export { pageWithFindings, tablesOf } from "./report.js";
export { type Findings, simulateAll } from "./scenarios.js";
export { simulate } from "./simulate.js";
