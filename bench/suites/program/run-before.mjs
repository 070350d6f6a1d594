/**
 * Measures the time and memory that a command needs under `run`, compared with the build of an earlier
 * commit.
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { BEFORE, programBefore, withoutBefore } from "../../contenders/before.mjs";
import { figure } from "../../measuring/report.mjs";
import { spreadOf } from "../../measuring/statistics.mjs";

const PROJECT = fileURLToPath(new URL("../../..", import.meta.url));
const NODE = process.execPath;
const NOW = join(PROJECT, "dist/cli/main.js");
const GIB = 1024 ** 3;

export const title = "A command under `run`, against an earlier build";
export const note = `In turns with the commit ${BEFORE}, or with the build in the folder that BENCH_BEFORE names. \`cat\` passes 2 GiB from one pipe to another, the start included, beside \`cat | cat | cat\`. For the other commands the time is what \`run\` adds to a bare Node.js. \`dagger call\` is a program of that name that sleeps for 1.4 s. Processor time is that of all processes that take part. The ratio is of the two builds in one round.`;

export const leftOut = withoutBefore;

export async function run({ rounds, quick }) {
  const folder = mkdtempSync(join(PROJECT, "node_modules/.bench-run-"));
  try {
    const before = await programBefore(folder);
    const setting = { before, env: environment(folder) };
    const rows = [
      ...passingRows(setting, quick ? 3 : 9),
      addedRow("run -- true", "run -- true", setting, Math.max(9, rounds / 2), 0),
      addedRow("run -- dagger call", "run -- dagger call test", setting, quick ? 5 : 15, 1400),
      memoryRow(setting, folder),
      await watcherRow(Math.max(9, rounds / 2)),
    ];
    return {
      rows,
      figures: [
        figure(rows, "run -- cat", "ratio", 0.35),
        figure(rows, "run -- cat, peak memory", "MB", 100),
        figure(rows, "run -- true", "ratio", 0.5),
        figure(rows, "run -- dagger call", "ratio", 0.5),
        figure(rows, "start of the watcher", "ms", 5),
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Creates an environment with a separate home, and with a `dagger` command that only waits. */
function environment(folder) {
  mkdirSync(join(folder, "bin"));
  mkdirSync(join(folder, "home"));
  writeFileSync(join(folder, "bin/dagger"), "#!/bin/sh\nexec sleep 1.4\n", { mode: 0o755 });
  const { PATH = "" } = process.env;
  return { PATH: `${join(folder, "bin")}${delimiter}${PATH}`, HOME: join(folder, "home") };
}

function passingRows({ before, env }, rounds) {
  const pass = (through) =>
    timed(`head -c ${2 * GIB} /dev/zero | ${through} | cat >/dev/null`, env);
  const took = { alone: [], before: [], now: [] };
  for (let round = -1; round < rounds; round += 1) {
    const alone = pass("cat | cat");
    const earlier = pass(`${command(before)} run -- cat`);
    const now = pass(`${command(NOW)} run -- cat`);
    if (round < 0) continue;
    took.alone.push(alone);
    took.before.push(earlier);
    took.now.push(now);
  }
  const cells = (times) => ({ ms: each(times, "wallMs"), "processor ms": each(times, "cpuMs") });
  return [
    { name: "cat | cat | cat", cells: cells(took.alone) },
    { name: "run -- cat, before", cells: cells(took.before) },
    { name: "run -- cat", cells: { ...cells(took.now), ...ratios(took.now, took.before) } },
  ];
}

/** Returns how much time `run` adds to a command. The time of the command itself is subtracted. */
function addedRow(name, line, { before, env }, rounds, commandMs) {
  const now = [];
  const earlier = [];
  for (let round = -2; round < rounds; round += 1) {
    const bare = timed(`${NODE} -e 0`, env);
    const added = (program) => {
      const { wallMs, cpuMs } = timed(`${command(program)} ${line}`, env);
      return { wallMs: wallMs - bare.wallMs - commandMs, cpuMs: cpuMs - bare.cpuMs };
    };
    const [one, other] = [added(before), added(NOW)];
    if (round < 0) continue;
    earlier.push(one);
    now.push(other);
  }
  return {
    name,
    cells: {
      ms: each(now, "wallMs"),
      "before, ms": each(earlier, "wallMs"),
      "processor ms": each(now, "cpuMs"),
      ...ratios(now, earlier),
    },
  };
}

/** Returns the peak memory of the `run` process. */
function memoryRow({ env }, folder) {
  const told = join(folder, "memory");
  const probe = join(folder, "probe.cjs");
  writeFileSync(
    probe,
    `process.once("exit", () => require("node:fs").writeFileSync(${JSON.stringify(told)}, String(process.resourceUsage().maxRSS)));`,
  );
  const through = `${NODE} --require ${probe} ${NOW} run -- cat`;
  timed(`head -c ${2 * GIB} /dev/zero | ${through} | cat >/dev/null`, env);
  const MB = { unit: "each", median: (Number(readFileSync(told, "utf8")) * 1024) / 1e6 };
  return { name: "run -- cat, peak memory", cells: { MB } };
}

/** Measures how long it takes to start the watcher of a run. */
async function watcherRow(rounds) {
  const { GroupWatcher } = await import("../../../dist/runner/ending/group-watcher.js");
  const took = [];
  for (let round = -2; round < rounds; round += 1) {
    const start = performance.now();
    const watcher = new GroupWatcher(process.env);
    // The watcher would end this process group if this process disappeared. `end` stops the watcher first.
    watcher.guard(process.pid);
    const ms = performance.now() - start;
    watcher.end();
    if (round >= 0) took.push(ms);
  }
  return { name: "start of the watcher", cells: { ms: { unit: "each", ...spreadOf(took) } } };
}

function each(times, name) {
  return { unit: "each", ...spreadOf(times.map((time) => time[name])) };
}

function ratios(now, before) {
  const ratio = (name) => ({
    unit: "x",
    ...spreadOf(now.map((time, round) => time[name] / before[round][name])),
  });
  return { ratio: ratio("wallMs"), "processor ratio": ratio("cpuMs") };
}

function command(program) {
  return `${NODE} ${program}`;
}

/**
 * Runs a line of shell. Returns its times. The processor time includes all processes that the line waits
 * for.
 */
function timed(line, env) {
  const startMs = performance.now();
  const { stdout, status } = spawnSync("sh", ["-c", `{ ${line} ; } >&2; times`], {
    env,
    stdio: ["ignore", "pipe", "ignore"],
    encoding: "utf8",
  });
  const wallMs = performance.now() - startMs;
  if (status !== 0) throw new Error(`"${line}" ended with ${status}`);
  const [, children = ""] = stdout.trim().split("\n");
  const cpuMs = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1000,
    0,
  );
  return { wallMs, cpuMs };
}
