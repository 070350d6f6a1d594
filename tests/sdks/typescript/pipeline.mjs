/** Runs operations in a Dagger session. Reads one operation per line, and prints one result per line. */

import { createInterface } from "node:readline";
import { connect, ExecError } from "@dagger.io/dagger";

async function perform(client, operation) {
  const { do: verb, image, args, address, each } = operation;
  switch (verb) {
    case "run":
      return client.container().from(image).withExec(args).stdout();
    case "publish":
      return client.container().from(image).publish(address);
    case "version":
      return client.version();
    case "all":
      return Promise.all(each.map((one) => outcomeOf(client, one)));
    default:
      throw new TypeError(`unknown operation ${verb}`);
  }
}

async function outcomeOf(client, operation) {
  try {
    return { value: await perform(client, operation) };
  } catch (error) {
    return { error: failureOf(error) };
  }
}

function failureOf(error) {
  const { name: type, message, exitCode, stdout, stderr, extensions } = error;
  return error instanceof ExecError
    ? { type, message, exitCode, stdout, stderr }
    : { type, message, extensions };
}

function tell(outcome) {
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
}

try {
  await connect(async (client) => {
    tell({ value: "connected" });
    for await (const line of createInterface({ input: process.stdin })) {
      tell(await outcomeOf(client, JSON.parse(line)));
    }
  });
} catch (error) {
  tell({ error: failureOf(error) });
}
