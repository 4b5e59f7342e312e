"""A broker of the published package, until its input ends."""

import asyncio
import sys

from mreventloop import Broker


async def main(in_address, out_address):
    async with Broker(in_address, out_address):
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main(*sys.argv[1:]))
