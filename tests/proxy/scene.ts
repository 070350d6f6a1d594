// Starts a session double with a proxy in front of it, and sends queries to both.

import { Guard } from "../../src/guard/guard.js";
import type { GuardOptions } from "../../src/guard/guard-options.js";
import { startSessionProxy } from "../../src/proxy/session-proxy.js";
import type { SessionAddress } from "../../src/proxy/sessions/session-address.js";
import { createRegistry } from "../../src/registry/registry.js";
import { startSessionDouble } from "../../src/testing/index.js";
import type { RequestTracing } from "../../src/traces/request-tracing.js";

export function authorization({ token }: SessionAddress): string {
  return `Basic ${Buffer.from(`${token}:`).toString("base64")}`;
}

/** Creates a guard with breakers of its own. */
export function newGuard(options: GuardOptions = {}): Guard {
  return new Guard({ registry: createRegistry(), ...options });
}

export async function startScene(options: GuardOptions = {}, tracing?: RequestTracing) {
  const guard = newGuard(options);
  const double = await startSessionDouble();
  const proxy = await startSessionProxy({ guard, target: double, tracing });
  return {
    guard,
    double,
    proxy,
    ask: (query: string) => ask(proxy.address, query),
    async [Symbol.asyncDispose]() {
      await proxy.close();
      await double.stop();
    },
  };
}

/** Sends a query as an SDK does. */
export async function ask(
  address: SessionAddress,
  query: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`http://127.0.0.1:${address.port}/query`, {
    method: "POST",
    headers: {
      authorization: authorization(address),
      "content-type": "application/json",
      ...headers,
    },
    body: JSON.stringify({ query }),
  });
}

interface GraphQLAnswer {
  readonly data: Record<string, unknown> | null;
  readonly errors: readonly [
    { message: string; path: string[]; extensions: Record<string, string> },
  ];
}

export async function jsonOf(answer: Response): Promise<GraphQLAnswer> {
  return (await answer.json()) as GraphQLAnswer;
}
