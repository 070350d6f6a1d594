/**
 * Builds a dashboard in Grafana's classic JSON, which Grafana 11 and later can import. Only panel types
 * that Grafana still supports are used, because removed types stay blank.
 */

export type PanelType = "timeseries" | "stat" | "table" | "state-timeline" | "bargauge";

export interface Query {
  readonly expr: string;
  /** The text of the legend, such as `{{ job }}`. */
  readonly legend: string;
}

/** A panel, before it is turned into Grafana's JSON. */
export interface PanelParts {
  readonly type: PanelType;
  readonly title: string;
  readonly description: string;
  /** The unit, by its name in Grafana, such as `percentunit`. */
  readonly unit?: string;
  /** The width in columns. A row has 24 columns. */
  readonly width: number;
  readonly queries: readonly Query[];
  /** The text and color to show in place of each value. */
  readonly values?: Readonly<Record<string, ValueText>>;
}

/** The text and the color to show in place of a value. */
export interface ValueText {
  readonly text: string;
  readonly color: string;
}

/** A variable that the reader of a dashboard chooses. */
export interface Variable {
  readonly name: string;
  readonly label: string;
  /** The query that returns the values to choose from. */
  readonly query: string;
}

/** A dashboard, before it is turned into Grafana's JSON. */
export interface DashboardParts {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly Variable[];
  readonly panels: readonly PanelParts[];
}

/** Types of panels that show one value for each series. Their queries ask only for the last value. */
const INSTANT: readonly PanelType[] = ["stat", "table", "bargauge"];
const DATASOURCE = { type: "prometheus", uid: "$datasource" };
const COLUMNS = 24;
const HEIGHT = 8;
/** The version of the classic JSON of Grafana 11. Later versions convert it. */
const SCHEMA_VERSION = 39;

/** Returns the dashboard as JSON for Grafana. */
export function dashboardOf({ uid, title, description, variables, panels }: DashboardParts) {
  return {
    uid,
    title,
    description,
    tags: ["dagger-breaker"],
    schemaVersion: SCHEMA_VERSION,
    editable: true,
    graphTooltip: 1,
    refresh: "1m",
    time: { from: "now-6h", to: "now" },
    timezone: "browser",
    annotations: { list: [] },
    links: [],
    templating: { list: [datasourceVariable(), ...variables.map(variableOf)] },
    panels: placed(panels).map(panelOf),
  };
}

function datasourceVariable() {
  return { name: "datasource", label: "Data source", type: "datasource", query: "prometheus" };
}

function variableOf({ name, label, query }: Variable) {
  return {
    name,
    label,
    type: "query",
    datasource: DATASOURCE,
    query: { query, refId: "StandardVariableQuery" },
    definition: query,
    refresh: 2,
    sort: 1,
  };
}

interface Placed extends PanelParts {
  readonly x: number;
  readonly y: number;
}

/** Places panels in rows, from left to right. */
function placed(panels: readonly PanelParts[]): Placed[] {
  let [x, y] = [0, 0];
  return panels.map((panel) => {
    if (x + panel.width > COLUMNS) [x, y] = [0, y + HEIGHT];
    const place = { ...panel, x, y };
    x += panel.width;
    return place;
  });
}

function panelOf(panel: Placed, index: number) {
  const { type, title, description, unit = "short", width, queries, values = {} } = panel;
  const isInstant = INSTANT.includes(type);
  const mappings = Object.keys(values).length === 0 ? [] : [{ type: "value", options: values }];
  const targets = queries.map(({ expr, legend }, place) => ({
    datasource: DATASOURCE,
    refId: String.fromCharCode("A".charCodeAt(0) + place),
    expr,
    legendFormat: legend,
    ...(isInstant ? { instant: true, range: false } : { instant: false, range: true }),
    ...(type === "table" && { format: "table" }),
  }));
  return {
    id: index + 1,
    type,
    title,
    description,
    datasource: DATASOURCE,
    gridPos: { x: panel.x, y: panel.y, w: width, h: HEIGHT },
    fieldConfig: { defaults: { unit, mappings, min: 0 }, overrides: [] },
    options: OPTIONS[type],
    targets,
    ...(type === "table" && { transformations: [{ id: "merge", options: {} }] }),
  };
}

const REDUCED = { calcs: ["lastNotNull"], fields: "", values: false };
const OPTIONS: Readonly<Record<PanelType, object>> = {
  timeseries: {
    legend: { displayMode: "list", placement: "bottom", showLegend: true, calcs: [] },
    tooltip: { mode: "multi", sort: "desc" },
  },
  stat: { reduceOptions: REDUCED, colorMode: "value", graphMode: "none", textMode: "auto" },
  table: { showHeader: true },
  "state-timeline": { mergeValues: true, showValue: "auto", rowHeight: 0.9 },
  bargauge: { reduceOptions: REDUCED, displayMode: "basic", orientation: "horizontal" },
};
