/** The name of the Dagger engine's breaker. */

export const ENGINE = "engine";
