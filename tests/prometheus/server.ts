/** Runs a real Prometheus on a port of its own, with past data and a target to scrape. */

import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, vi } from "vitest";
import { newFolder, promtool } from "./promtool.js";
import type { Recording } from "./recording.js";

export interface Prometheus {
  /** Sends a request to a path of the API. Resolves to the field `data` of the reply. */
  ask(path: string, parameters?: Readonly<Record<string, string>>): Promise<unknown>;
}

/** Past data for Prometheus: a recording, and the time at which it began. */
export interface Past {
  readonly recording: Recording;
  readonly startMs: number;
}

/** The past data, the target and the rules of a Prometheus. */
export interface PrometheusSettings {
  readonly past: readonly Past[];
  readonly target: { readonly url: string; readonly token: string; readonly job: string };
  readonly rules: string;
}

const MINUTE_S = 60;

/** Starts a Prometheus that ends with the test. */
export async function startPrometheus(settings: PrometheusSettings): Promise<Prometheus> {
  const { past, target, rules } = settings;
  const folder = await newFolder();
  const data = join(folder, "data");
  const text = `${past.flatMap(openMetricsLines).join("\n")}\n# EOF\n`;
  const args = ["tsdb", "create-blocks-from", "openmetrics", "past.om", data];
  const made = await promtool([...args, "--quiet"], { "past.om": text });
  expect(made).toEqual({ failed: false, output: expect.any(String) });
  const config = {
    global: { scrape_interval: "1s", evaluation_interval: "1s" },
    rule_files: ["rules.yml"],
    scrape_configs: [
      {
        job_name: target.job,
        authorization: { credentials: target.token },
        static_configs: [{ targets: [new URL(target.url).host] }],
      },
    ],
  };
  await writeFile(join(folder, "rules.yml"), rules);
  await writeFile(join(folder, "prometheus.yml"), JSON.stringify(config));
  return launch(folder, data);
}

async function launch(folder: string, data: string): Promise<Prometheus> {
  const url = `http://127.0.0.1:${await freePort()}`;
  const child = spawn("prometheus", [
    `--config.file=${join(folder, "prometheus.yml")}`,
    `--storage.tsdb.path=${data}`,
    "--storage.tsdb.retention.time=100y",
    `--web.listen-address=${new URL(url).host}`,
  ]);
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (part: string) => {
    output += part;
  });
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        child.once("close", () => resolve());
        child.kill("SIGKILL");
      }),
  );
  const isReady = async () => (await fetch(`${url}/-/ready`)).ok || expect.fail(output);
  await vi.waitFor(isReady, { timeout: 60_000, interval: 100 });
  return {
    async ask(path, parameters = {}) {
      const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
      const answer = (await response.json()) as { data?: unknown; error?: string };
      return answer.data ?? expect.fail(`${path}: ${answer.error}`);
    },
  };
}

/** Writes samples with their times. OpenMetrics requires that all samples of a series stand together. */
function openMetricsLines({ recording, startMs }: Past): string[] {
  const startS = startMs / 1000;
  return recording.entries().flatMap(([series, values]) =>
    values.flatMap((value, scrape) => {
      if (value === "_" || value === "stale") return [];
      return [`${series} ${value} ${startS + scrape * MINUTE_S}`];
    }),
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : expect.unreachable();
}
