/** The grammar of PromQL of Prometheus 3, as its own user interface reads it. */

import { parser } from "@prometheus-io/lezer-promql";

/** Returns the parts of a query that are not PromQL; none for a valid query. */
export function problemsOf(query: string): string[] {
  const problems: string[] = [];
  parser.parse(query).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) problems.push(`${from}: ${query.slice(from, to + 10)}`);
    },
  });
  return problems;
}
