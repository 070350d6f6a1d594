/** Exports shared circuits over HTTP: the client, and the server of `dagger-breaker serve`. */

export { type FleetServer, type FleetServerOptions, startFleetServer } from "./fleet-server.js";
export type { HealthPages, PageQuery, PageReply } from "./health-pages.js";
export { type HttpStoreOptions, httpStore } from "./http-store.js";
export type { OnStoreError } from "./lost-outcomes.js";
export type { MetricsPage } from "./metrics-page.js";
