/** Shared circuits over HTTP: the client, and the server of `dagger-breaker serve`. */

export type { OnStoreError } from "./answering.js";
export { type FleetServer, type FleetServerOptions, startFleetServer } from "./fleet-server.js";
export { type HttpStoreOptions, httpStore } from "./http-store.js";
export type { MetricsPage } from "./metrics-page.js";
