"""A peer of the published package that answers each `request` with a `response` of the same arguments."""

import asyncio
import sys

from mreventloop import Peer, connect


async def main(in_address, out_address):
    ready = asyncio.Event()
    peer = Peer(in_address, out_address, ["request", "python_probe"], ["response", "python_probe"])
    connect(peer, "python_probe", ready.set)
    connect(peer, "request", lambda *args, **kwargs: peer.publish.response(*args, *([kwargs] if kwargs else [])))
    async with peer:
        # Connected is not ready: ask until the own question comes back.
        while not ready.is_set():
            await peer.publish.python_probe()
            await asyncio.sleep(0.02)
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main(*sys.argv[1:]))
