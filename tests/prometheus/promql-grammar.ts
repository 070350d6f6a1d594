/** Parses PromQL with the grammar that the user interface of Prometheus 3 uses. */

import { parser } from "@prometheus-io/lezer-promql";

/** Returns the parts of a query that are not PromQL. A valid query has none. */
export function problemsOf(query: string): string[] {
  const problems: string[] = [];
  parser.parse(query).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) problems.push(`${from}: ${query.slice(from, to + 10)}`);
    },
  });
  return problems;
}
