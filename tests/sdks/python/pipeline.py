"""Does what it is told in a Dagger session: one operation a line, and one line for its outcome."""

import asyncio
import json
import sys

import dagger
from dagger import dag


async def perform(operation: dict):
    match operation["do"]:
        case "run":
            container = dag.container().from_(operation["image"])
            return await container.with_exec(operation["args"]).stdout()
        case "publish":
            container = dag.container().from_(operation["image"])
            return await container.publish(operation["address"])
        case "version":
            return await dag.version()
        case "all":
            return await asyncio.gather(*map(outcome_of, operation["each"]))
        case unknown:
            raise ValueError(unknown)


async def outcome_of(operation: dict) -> dict:
    try:
        return {"value": await perform(operation)}
    except dagger.ExecError as error:
        return {
            "error": {
                "type": "ExecError",
                "message": str(error),
                "exitCode": error.exit_code,
                "stdout": error.stdout,
                "stderr": error.stderr,
            }
        }
    except dagger.QueryError as error:
        extensions = error.errors[0].extensions
        return {"error": {"type": "QueryError", "message": str(error), "extensions": extensions}}
    except dagger.DaggerError as error:
        return {"error": {"type": type(error).__name__, "message": str(error)}}


def tell(outcome: dict) -> None:
    print(json.dumps(outcome), flush=True)


async def main() -> None:
    try:
        async with dagger.connection():
            tell({"value": "connected"})
            while line := await asyncio.to_thread(sys.stdin.readline):
                tell(await outcome_of(json.loads(line)))
    except dagger.DaggerError as error:
        tell({"error": {"type": type(error).__name__, "message": str(error)}})


asyncio.run(main())
