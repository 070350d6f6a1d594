/** A plain HTTP client of a session, for requests that an SDK would never send. */

import { request } from "node:http";
import type { SessionDouble } from "../../src/testing/index.js";

export interface RawAnswer {
  readonly status: number;
  readonly contentType: string | null;
  readonly body: string;
}

/** The parts in which a request differs from an ordinary one. */
export interface RawRequest {
  readonly method?: string;
  readonly path?: string;
  readonly body?: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Sends one request. Rejects when the connection fails. */
export function send(session: SessionDouble, given: RawRequest): Promise<RawAnswer> {
  const { method = "POST", path = "/query", body, token = session.token, signal } = given;
  const credentials = Buffer.from(`${token}:`).toString("base64");
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: "127.0.0.1",
        port: session.port,
        method,
        path,
        agent: false,
        headers: {
          authorization: `Basic ${credentials}`,
          "content-type": "application/json",
          ...given.headers,
        },
        ...(signal && { signal }),
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            contentType: response.headers["content-type"] ?? null,
            body: text,
          }),
        );
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

export function ask(
  session: SessionDouble,
  query: string,
  more: { variables?: object; signal?: AbortSignal } = {},
): Promise<RawAnswer> {
  const { variables, signal } = more;
  return send(session, {
    body: JSON.stringify({ query, ...(variables && { variables }) }),
    ...(signal && { signal }),
  });
}

/** Sends a query and returns its `data`. Throws when the answer contains `errors`. */
export async function data(session: SessionDouble, query: string): Promise<unknown> {
  const { body } = await ask(session, query);
  const { data, errors } = JSON.parse(body) as { data: unknown; errors?: { message: string }[] };
  if (errors) throw new Error(errors.map(({ message }) => message).join("; "));
  return data;
}
