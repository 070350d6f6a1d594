/** A small client with which a function in this process queries its nested session. */

import { request } from "node:http";
import { text } from "node:stream/consumers";
import type { NestedPort } from "../engine/running-function.js";

/** The error that a function gets if its query fails. */
export class NestedQueryError extends Error {
  override readonly name = "NestedQueryError";
  /** The extensions of the first error in the answer. */
  readonly extensions: Readonly<Record<string, unknown>> | undefined;

  constructor(message: string, extensions?: Readonly<Record<string, unknown>>) {
    super(message);
    this.extensions = extensions;
  }
}

interface GraphqlAnswer {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly {
    readonly message: string;
    readonly extensions?: Readonly<Record<string, unknown>>;
  }[];
}

/** Sends a query. Rejects with the first error of the answer. */
export async function nestedQuery(
  nested: NestedPort,
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
): Promise<Readonly<Record<string, unknown>>> {
  const answer = await post(nested, JSON.stringify({ query, variables }));
  const { data, errors } = readAnswer(answer);
  const [first] = errors ?? [];
  if (first !== undefined) throw new NestedQueryError(first.message, first.extensions);
  return data ?? {};
}

function readAnswer(text: string): GraphqlAnswer {
  try {
    return JSON.parse(text) as GraphqlAnswer;
  } catch {
    throw new NestedQueryError(text);
  }
}

function post({ port, token }: NestedPort, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: "127.0.0.1",
        port,
        path: "/query",
        method: "POST",
        agent: false,
        auth: `${token}:`,
        headers: { "content-type": "application/json" },
      },
      (response) => resolve(text(response)),
    );
    sent.on("error", reject);
    sent.end(body);
  });
}
