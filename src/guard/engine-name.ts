/** The name of the breaker of the Dagger engine. */

export const ENGINE = "engine";
