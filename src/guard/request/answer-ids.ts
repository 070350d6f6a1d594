/** Finds the ids of objects in an answer of the engine. */

import type { SessionResponse } from "../../attribution/failure.js";

/**
 * Returns the strings under the given keys of an answer, including strings in lists.
 *
 * @param answer A successful answer.
 * @param keys The keys that contain ids.
 */
export function idsOf(answer: SessionResponse, keys: ReadonlySet<string>): string[] {
  const texts: string[] = [];
  const stack: { value: unknown; counts: boolean }[] = [{ value: dataOf(answer), counts: false }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { value, counts } = next;
    if (typeof value === "string") {
      if (counts) texts.push(value);
    } else if (Array.isArray(value)) {
      for (const one of value) stack.push({ value: one, counts });
    } else if (typeof value === "object" && value !== null) {
      for (const [key, one] of Object.entries(value)) {
        stack.push({ value: one, counts: keys.has(key) });
      }
    }
  }
  return texts;
}

function dataOf({ body }: SessionResponse): unknown {
  try {
    const parsed: unknown = typeof body === "string" ? JSON.parse(body) : body;
    return (parsed as { readonly data?: unknown } | null)?.data;
  } catch {
    return undefined; // A body that is not JSON contains no ids.
  }
}
