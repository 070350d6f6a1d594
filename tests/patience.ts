/**
 * Gives all waits in tests a long timeout, because a busy machine is not a failure. Runs before each test
 * file.
 */

import { vi } from "vitest";

/**
 * The timeout of a wait. It is shorter than a test's own timeout, so that a failure shows which condition
 * was not met.
 */
const PATIENCE_MS = 120_000;

const { waitFor, waitUntil } = vi;
const patient = (options: Parameters<typeof waitFor>[1]) =>
  typeof options === "number" ? options : { timeout: PATIENCE_MS, ...options };

vi.waitFor = (callback, options) => waitFor(callback, patient(options));
vi.waitUntil = (callback, options) => waitUntil(callback, patient(options));
