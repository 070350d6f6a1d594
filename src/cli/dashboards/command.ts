/** `dagger-breaker dashboards`: prints a dashboard for Grafana. */

import { Argument, type Command } from "commander";
import { CIRCUIT_DASHBOARD } from "../../telemetry/grafana/circuit.js";
import { dashboardOf } from "../../telemetry/grafana/dashboard.js";
import { FLEET_DASHBOARD } from "../../telemetry/grafana/fleet.js";
import { examples, exitCodeHelp } from "../help.js";
import type { CommandContext } from "../terminal.js";

const DASHBOARDS = { fleet: FLEET_DASHBOARD, circuit: CIRCUIT_DASHBOARD };

const EXAMPLES = [
  "dagger-breaker dashboards fleet > fleet.json",
  "dagger-breaker dashboards circuit > circuit.json",
];

export function addDashboardsCommand(program: Command, { terminal }: CommandContext): void {
  program
    .command("dashboards")
    .summary("print a dashboard for Grafana")
    .description(
      'Prints a dashboard for Grafana 11 or later, to import or to provision. "fleet" shows all circuits, the CI runs, and the time that rejected runs saved. "circuit" shows one circuit. Both need a Prometheus that scrapes dagger-breaker serve, or a page of your own with the output of metricsText.',
    )
    .addArgument(new Argument("<name>", "the dashboard to print").choices(Object.keys(DASHBOARDS)))
    .addHelpText("after", examples(EXAMPLES))
    .addHelpText("after", exitCodeHelp([]))
    .action((name: keyof typeof DASHBOARDS) => {
      terminal.stdout.write(`${JSON.stringify(dashboardOf(DASHBOARDS[name]), undefined, 2)}\n`);
    });
}
