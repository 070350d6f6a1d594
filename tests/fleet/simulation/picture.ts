/** Draws the requests to a registry during an outage, as an SVG for light and dark pages. */

import type { Finding } from "./scenarios.js";
import type { Result } from "./tally.js";

const WIDTH = 760;
const PANEL = { left: 84, width: 660, height: 180, top: 86, gap: 92 } as const;
/** The first and last minute to show, and the start and end of the outage. */
const MINUTES = { first: 2, last: 40, down: 5, up: 35 } as const;
const DECADES = ["0", "1", "10", "100", "1,000", "10,000"] as const;

/** A gray that is visible on white and on black. */
const GREY = "#7d8590";
const LINES = [
  // This line is thick, so that it stays visible where the second line covers it.
  { protection: "none", color: "#e5534b", thickness: 5, label: "no breaker", labelAt: 0 },
  {
    protection: "local",
    color: "#c77c02",
    thickness: 2,
    label: "a breaker in each process",
    labelAt: 130,
  },
  { protection: "shared", color: "#2f81f7", thickness: 2, label: "a shared circuit", labelAt: 350 },
] as const;
type Line = (typeof LINES)[number];

/** Draws several outages, one below the other. */
export function pictureOf(outages: readonly Finding[]): string {
  const height = PANEL.top + outages.length * (PANEL.height + PANEL.gap) - 20;
  const panels = outages.map((finding, index) => {
    const top = PANEL.top + index * (PANEL.height + PANEL.gap);
    return `<g transform="translate(${PANEL.left} ${top})">\n${panelOf(finding)}\n</g>`;
  });
  const title =
    "Requests that reach a registry which is down for half an hour, by what protects it";
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title" font-family="system-ui, sans-serif" font-size="13" fill="${GREY}">`,
    `<title id="title">${title}</title>`,
    text(
      PANEL.left,
      22,
      "Requests of 10,000 runners that reach a registry",
      'font-size="16" font-weight="600"',
    ),
    ...LINES.map(legend),
    ...panels,
    "</svg>",
  ].join("\n")}\n`;
}

function panelOf({ name, results }: Finding): string {
  const { width, height } = PANEL;
  const down = `x="${xOf(MINUTES.down)}" y="0" width="${xOf(MINUTES.up) - xOf(MINUTES.down)}" height="${height}"`;
  return [
    text(0, -10, `For 30 minutes ${name.replaceAll("`", "")}`, 'font-weight="600"'),
    `<rect ${down} fill="${GREY}" fill-opacity="0.12"/>`,
    ...DECADES.map((label, decade) => gridLine(label, decade)),
    ...[0, 5, 10, 15, 20, 25, 30, 35].map(minuteMark),
    text(width / 2, height + 40, "minutes since the outage began", 'text-anchor="middle"'),
    text(
      0,
      0,
      "requests a minute (log scale)",
      `text-anchor="middle" transform="translate(-58 ${height / 2}) rotate(-90)"`,
    ),
    ...LINES.map((line) => lineOf(line, results)),
  ].join("\n");
}

function gridLine(label: string, decade: number): string {
  const y = yAtDecade(decade);
  return [
    `<line x1="0" y1="${y}" x2="${PANEL.width}" y2="${y}" stroke="${GREY}" stroke-opacity="0.3"/>`,
    text(-8, y + 4, label, 'text-anchor="end"'),
  ].join("\n");
}

function minuteMark(minute: number): string {
  return text(
    xOf(minute + MINUTES.down),
    PANEL.height + 20,
    String(minute),
    'text-anchor="middle"',
  );
}

function lineOf({ protection, color, thickness }: Line, results: readonly Result[]): string {
  const counts = results.find((result) => result.protection === protection)?.requestsByMinute ?? [];
  const points: string[] = [];
  for (let minute = MINUTES.first; minute < MINUTES.last; minute += 1) {
    points.push(`${xOf(minute + 0.5)},${yOf(counts[minute] ?? 0)}`);
  }
  return `<polyline points="${points.join(" ")}" fill="none" stroke="${color}" stroke-width="${thickness}" stroke-linejoin="round"/>`;
}

function legend({ color, thickness, label, labelAt }: Line): string {
  const x = PANEL.left + labelAt;
  return [
    `<line x1="${x}" y1="42" x2="${x + 22}" y2="42" stroke="${color}" stroke-width="${thickness}"/>`,
    text(x + 28, 46, label, ""),
  ].join("\n");
}

function xOf(minute: number): number {
  const share = (minute - MINUTES.first) / (MINUTES.last - MINUTES.first);
  return rounded(share * PANEL.width);
}

/**
 * Returns the vertical position of a count. The scale is logarithmic, except from 0 to 1, where it is
 * linear so that 0 has a place.
 */
function yOf(count: number): number {
  return yAtDecade(count < 1 ? count : 1 + Math.log10(count));
}

function yAtDecade(decade: number): number {
  return rounded(PANEL.height * (1 - decade / (DECADES.length - 1)));
}

function rounded(position: number): number {
  return Math.round(position * 10) / 10;
}

function text(x: number, y: number, words: string, attributes: string): string {
  return `<text ${`x="${x}" y="${y}" ${attributes}`.trim()}>${words}</text>`;
}
