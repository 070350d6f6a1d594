/** Renders results as text and as Markdown, and compares them with the figures that must be reached. */

/**
 * Returns a figure to reach: a cell of a table, and the limit that it must not exceed.
 *
 * @param {{ name: string, cells: Record<string, { unit: string, median: number }> }[]} rows
 * @param {string} name The name of the row.
 * @param {string} column
 * @param {number} limit
 */
export function figure(rows, name, column, limit) {
  const { median, unit } = rows.find((row) => row.name === name).cells[column];
  return { name, column, unit, measured: median, limit, met: median <= limit };
}

/** Renders a suite for a terminal: its title, its table, and the figures to reach. */
export function suiteAsText({ title, note, rows, figures }) {
  const table = tableOf(rows);
  const widths = table[0].map((_, column) => Math.max(...table.map((line) => line[column].length)));
  const lines = table.map((line) =>
    line.map((text, i) => (i === 0 ? text.padEnd(widths[i]) : text.padStart(widths[i]))).join("  "),
  );
  const notes = note === undefined ? [] : [note];
  return ["", title, ...notes, ...lines, ...figures.map(figureAsText)].join("\n");
}

/** Renders a suite in Markdown, with the same contents. */
export function suiteAsMarkdown({ title, note, rows, figures }) {
  const [head, ...body] = tableOf(rows).map((line) => `| ${line.join(" | ")} |`);
  const rule = `|---${"|---:".repeat(Object.keys(columnsOf(rows)).length)}|`;
  const notes = note === undefined ? [] : [note, ""];
  const reached = figures.map((each) => `- ${figureAsText(each).trim()}`);
  const list = reached.length === 0 ? [] : ["", ...reached];
  return [`### ${title}`, "", ...notes, head, rule, ...body, ...list].join("\n");
}

/** Renders where and when the results were measured: Node.js, processor and date. */
export function placeAsText({ node, cpu, date }) {
  return `Node.js ${node}, ${cpu}, ${date}`;
}

function tableOf(rows) {
  const columns = Object.keys(columnsOf(rows));
  const lines = rows.map(({ name, cells }) => [
    name,
    ...columns.map((column) => (cells[column] === undefined ? "" : cellAsText(cells[column]))),
  ]);
  return [["", ...columns], ...lines];
}

/** Returns all columns that any row has, in the order of their first appearance. */
function columnsOf(rows) {
  return Object.assign({}, ...rows.map(({ cells }) => cells));
}

/** Renders a cell. A ratio also gets the quartiles of its rounds. */
function cellAsText({ unit, median, low, high }) {
  const spread = low === undefined ? "" : ` (${digits(low)}-${digits(high)})`;
  return `${numberAsText(median, unit)}${spread}`;
}

function figureAsText({ name, column, unit, measured, limit, met }) {
  const verdict = met ? "met" : "not met";
  const [is, most] = [measured, limit].map((value) => numberAsText(value, unit));
  return `  ${verdict}: ${name}, ${column}: ${is}, to reach: at most ${most}`;
}

/** Renders a number with its unit for a table. */
export function numberAsText(value, unit) {
  if (unit === "bytes") return `${Math.round(value).toLocaleString("en")} B`;
  if (unit === "each") return (Math.round(value * 100) / 100).toLocaleString("en");
  if (unit === "x") return digits(value);
  return value < 10_000 ? `${Math.round(value)} ns` : `${(value / 1000).toFixed(1)} us`;
}

function digits(ratio) {
  return ratio.toFixed(ratio < 0.1 ? 3 : 2);
}
