/** Runs before each test file: no wait minds how busy the machine is, so it ends where it would never end. */

import { vi } from "vitest";

/** Less than a test may take, so that a failure shows what was waited for. */
const PATIENCE_MS = 120_000;

const { waitFor, waitUntil } = vi;
const patient = (options: Parameters<typeof waitFor>[1]) =>
  typeof options === "number" ? options : { timeout: PATIENCE_MS, ...options };

vi.waitFor = (callback, options) => waitFor(callback, patient(options));
vi.waitUntil = (callback, options) => waitUntil(callback, patient(options));
