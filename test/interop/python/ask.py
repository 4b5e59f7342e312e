"""A peer of the published package that sends `request`s and prints whether the `response`s were the same."""

import asyncio
import json
import sys

from mreventloop import Peer, connect


async def main(in_address, out_address):
    ready = asyncio.Event()
    responses = asyncio.Queue()
    peer = Peer(in_address, out_address, ["response", "python_probe"], ["request", "python_probe"])
    connect(peer, "python_probe", ready.set)
    connect(peer, "response", lambda *args: responses.put_nowait(list(args)))
    async with peer:
        while not ready.is_set():
            await peer.publish.python_probe()
            await asyncio.sleep(0.02)
        print("ready", flush=True)
        for line in iter(sys.stdin.readline, ""):
            requests = json.loads(line)
            for args in requests:
                await peer.publish.request(*args)
            answers = [await responses.get() for _ in requests]
            print(json.dumps("the same" if answers == requests else answers), flush=True)
            await asyncio.sleep(0)


asyncio.run(main(*sys.argv[1:]))
