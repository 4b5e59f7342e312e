"""A broker of the published package, until its input ends."""

import asyncio
import json
import sys

from mreventloop import Broker


async def main(settings):
    async with Broker(*settings["addresses"]):
        print(json.dumps({"ready": ""}), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main(json.loads(sys.argv[1])))
