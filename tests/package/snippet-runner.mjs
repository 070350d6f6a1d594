/**
 * Runs each program once. For each, prints a line of JSON with its path, its exit code and its stderr.
 *
 *   node snippet-runner.mjs <file>[,<file>...]...
 *
 * Each argument gets a thread, so that programs of different arguments cannot affect each other. Files in
 * one argument run one after the other in their thread. That saves time when they import the same large
 * package. A thread must end by itself.
 */

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

/** The longest time that a thread may run before it counts as hanging. */
const LIMIT_MS = 60_000;

if (isMainThread) {
  for (const group of process.argv.slice(2)) await runThread(group.split(","));
} else {
  await runPrograms(workerData);
}

async function runThread(files) {
  const worker = new Worker(new URL(import.meta.url), {
    workerData: files,
    env: { ...process.env },
  });
  const results = [];
  let problem = "";
  worker.on("message", (result) => results.push(result));
  // An error of a promise or callback that nothing awaits. It is reported for the program that runs, or for
  // the last one.
  worker.on("error", (error) => {
    problem = `${error?.stack ?? error}\n`;
  });
  const limit = setTimeout(() => {
    problem += `The thread had not ended after ${LIMIT_MS / 1_000} s.\n`;
    worker.terminate();
  }, LIMIT_MS);
  const exitCode = await new Promise((resolve) => worker.once("exit", resolve));
  clearTimeout(limit);
  if (problem === "" && (exitCode !== 0 || results.length < files.length)) {
    problem = `It ended its thread with the exit code ${exitCode}.\n`;
  }
  if (problem !== "") {
    const file = files[results.length] ?? files.at(-1);
    results.push({ file, code: 1, stderr: problem });
    results.push(
      ...files.slice(results.length).map((file) => ({ file, code: null, stderr: "not run" })),
    );
  }
  for (const result of results) console.log(JSON.stringify(result));
}

async function runPrograms(files) {
  const environment = { ...process.env };
  let stderr = "";
  process.stdout.write = () => true;
  process.stderr.write = (chunk) => {
    stderr += chunk;
    return true;
  };
  for (const file of files) {
    stderr = "";
    let code = 0;
    try {
      await import(file);
    } catch (error) {
      code = 1;
      stderr += error?.stack ?? error;
    }
    parentPort.postMessage({ file, code, stderr });
    if (files.length > 1) await tidyUp(file, environment);
  }
}

/** Restores the variables and circuits that a program changed, before the next program runs. */
async function tidyUp(file, environment) {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, environment);
  const require = createRequire(file);
  const load = (entry) => import(pathToFileURL(require.resolve(entry)).href);
  (await load("dagger-circuit-breaker")).resetAllCircuitBreakers();
  (await load("dagger-circuit-breaker/dagger")).guardRegistry.resetAll();
}
