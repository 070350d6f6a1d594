/** Sets up a guarded session on virtual time. The test gives the answers of its engine. */

import type { SessionResponse } from "../../src/attribution/failure.js";
import { isCircuitBreakerOpenError } from "../../src/breaker/errors.js";
import { Guard } from "../../src/guard/guard.js";
import type { GuardOptions } from "../../src/guard/guard-options.js";
import { GuardedSession } from "../../src/guard/guarded-session.js";
import type { RequestTrace } from "../../src/guard/judgement/request-trace.js";
import { createRegistry, type Registry } from "../../src/registry/registry.js";
import { VirtualClock } from "../../src/testing/virtual-clock.js";
import { sendIn } from "./one-session.js";

export const DIGEST = `sha256:${"4fcc380aac80c17646cd400d073fd526".repeat(2)}`;

export function json(body: unknown): SessionResponse {
  return { status: 200, contentType: "application/json", body: JSON.stringify(body) };
}

export function failing(
  ...messages: (string | { message: string; extensions?: object; path?: string[] })[]
) {
  const errors = messages.map((one) =>
    typeof one === "string" ? { message: one, path: ["container", "from"] } : one,
  );
  return json({ errors, data: null });
}

export const WORKED = json({ data: { container: { from: { withExec: { stdout: "" } } } } });
export const EXEC_FAILED = failing({
  message: "exit code: 1",
  path: ["container", "from", "withExec", "stdout"],
  extensions: { _type: "EXEC_ERROR", cmd: ["npm", "test"], exitCode: 1, stdout: "", stderr: "429" },
});

export function pullFailed(image: string, status: string): string {
  const [repository, tag] = image.split(":");
  return (
    `failed to resolve image "docker.io/${image}" (platform: "linux/amd64"): unexpected status from ` +
    `HEAD request to https://registry-1.docker.io/v2/${repository}/manifests/${tag}: ${status}`
  );
}

export const from = (image: string, rest = 'withExec(args: ["true"]) { stdout }') =>
  `{ container { from(address: "${image}") { ${rest} } } }`;

export function setUp(options: GuardOptions = {}) {
  const clock = new VirtualClock();
  const registry = createRegistry({ defaults: { clock } });
  const guard = new Guard({ registry, ...options });
  let session = new GuardedSession(guard);
  return {
    clock,
    registry,
    newSession(): void {
      session = new GuardedSession(guard);
    },
    /** Sends a query that gets the given answer. Returns whether the guard sent or rejected it. */
    async send(
      query: string,
      answer: SessionResponse = WORKED,
      witness?: RequestTrace,
    ): Promise<"sent" | "rejected"> {
      try {
        await sendIn(session, { query }, async () => answer, { trace: witness });
        return "sent";
      } catch (error) {
        if (isCircuitBreakerOpenError(error)) return "rejected";
        throw error;
      }
    },
  };
}

export function stateOf(registry: Registry, name: string): string {
  return registry.getAll().get(name)?.state ?? "no breaker";
}

export function countsOf(registry: Registry, name: string) {
  return registry.getAll().get(name)?.getMetrics().metrics;
}

/** Opens the circuit of a host, through failed pulls in up to ten seconds. */
export async function outage({ clock, send }: ReturnType<typeof setUp>): Promise<void> {
  for (let second = 0; second < 10; second += 1) {
    await send(
      from(`acme/app:${second}`),
      failing(pullFailed(`acme/app:${second}`, "503 Service Unavailable")),
    );
    clock.advance(1000);
  }
}
