import asyncio
import sys

import dagger
from dagger import dag


async def main() -> int:
    async with dagger.connection():
        try:
            print(await dag.container().from_("alpine:3").with_exec(["echo", "built"]).stdout())
        except dagger.QueryError as error:
            told = error.errors[0].extensions
            if told.get("_type") != "CIRCUIT_OPEN":
                raise
            upstream, delay = told["upstream"], told.get("retryAfterMs")
            print(f"{upstream} is down, again in {delay} ms", file=sys.stderr)
            return 75
    return 0


sys.exit(asyncio.run(main()))
