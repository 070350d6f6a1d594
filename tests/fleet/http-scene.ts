/** Sets up a server of shared circuits and its clients, and sends requests that no client would send. */

import { once } from "node:events";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import {
  type FleetServer,
  type FleetServerOptions,
  type HttpStoreOptions,
  httpStore,
  startFleetServer,
} from "../../src/fleet/http/index.js";
import { memoryStore } from "../../src/fleet/memory/memory-store.js";
import type { FleetStore } from "../../src/fleet/store.js";

export const TOKEN = "a-token-for-tests-0123456789";

/** Starts a server that ends with the test. By default its store is in memory. */
export async function startServer(options: Partial<FleetServerOptions> = {}): Promise<FleetServer> {
  const server = await startFleetServer({ store: memoryStore(), token: TOKEN, ...options });
  onTestFinished(() => server.close());
  return server;
}

/** Creates a client that ends with the test. */
export function clientOf(url: string, options: Partial<HttpStoreOptions> = {}): FleetStore {
  const store = httpStore({ url, token: TOKEN, timeoutMs: 20_000, ...options });
  onTestFinished(() => store.close());
  return store;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

export interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Sends one request. By default it contains the token. */
export function ask(url: string, path: string, question: Question = {}): Promise<Answer> {
  const { method = "GET", headers = { authorization: `Bearer ${TOKEN}` }, body } = question;
  return new Promise((resolve, reject) => {
    const asked = request(`${url}${path}`, { method, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, body: text, headers: response.headers }),
      );
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

/** Posts a body of commands unchanged. */
export function post(url: string, body: unknown): Promise<Answer> {
  const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return ask(url, "/1/commands", { method: "POST", headers, body: text });
}

/** Opens a stream of changes that ends with the test. Resolves after the first bytes. */
export async function openStream(
  url: string,
  scope: string,
): Promise<{ readonly socket: Socket; readonly head: string }> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  socket.write(
    `GET /1/events?scope=${scope} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\n\r\n`,
  );
  const [bytes] = await once(socket, "data");
  return { socket, head: String(bytes) };
}

/** Sends raw bytes. Resolves with the response when the server ends the connection. */
export function sendRaw(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    socket.setEncoding("utf8");
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(text));
  });
}
