/** Reads the body of `POST /query`. For an invalid one it gives the engine's message. */

export interface GraphqlRequest {
  readonly query: string;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** A request, or what is wrong with the body. */
export type ReadRequest = GraphqlRequest | { readonly problem: string };

export function readRequest(body: string): ReadRequest {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch (error) {
    const problem = `json request body could not be decoded: ${goJsonProblem(body, error)}`;
    return { problem: `${problem} body:${body}` };
  }
  const { query, operationName, variables } = (parsed ?? {}) as Record<string, unknown>;
  return {
    query: typeof query === "string" ? query : "",
    operationName:
      typeof operationName === "string" && operationName !== "" ? operationName : undefined,
    variables:
      typeof variables === "object" && variables !== null
        ? (variables as Record<string, unknown>)
        : {},
  };
}

/** Returns Go's message for invalid JSON, as exact as Node's own error permits. */
function goJsonProblem(body: string, error: unknown): string {
  const text = body.trim();
  if (text === "") return "EOF";
  if (!/^[[{"\d\-tfn]/.test(text))
    return invalid(text.slice(0, 1), "looking for beginning of value");
  const message = error instanceof Error ? error.message : "";
  const position = Number(/position (\d+)/.exec(message)?.[1] ?? body.length);
  const character = body[position];
  if (character === undefined) return "unexpected EOF";
  if (message.startsWith("Expected property name")) {
    return invalid(character, "looking for beginning of object key string");
  }
  return message.startsWith("Expected ',' or '}'")
    ? invalid(character, "after object key:value pair")
    : invalid(character, "looking for beginning of value");
}

function invalid(character: string, where: string): string {
  return `invalid character '${character}' ${where}`;
}
