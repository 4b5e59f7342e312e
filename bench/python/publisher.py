"""Publishes as many events as it is told, each awaited, then says `end` until it is told to stop."""

import asyncio
import json
import sys
import time

from mreventloop import Peer, connect


async def main(settings):
    names, size = settings["names"], settings["size"]
    heard = asyncio.Event()
    peer = Peer(*settings["addresses"], ["probe"], [*names, "probe", "end"])
    connect(peer, "probe", heard.set)
    async with peer:
        # Connected is not ready: ask until the own question comes back.
        while not heard.is_set():
            await peer.publish.probe()
            await asyncio.sleep(0.02)
        print(json.dumps({"ready": ""}), flush=True)
        order = await next_order()
        publish = [getattr(peer.publish, name) for name in names]
        print(json.dumps({"started": time.monotonic() * 1000}), flush=True)
        for count in range(order["publish"]):
            await publish[count % len(names)](f"{count} ".ljust(size, "."))
        print(json.dumps({"published": order["publish"]}), flush=True)
        stop = asyncio.ensure_future(next_order())
        while not stop.done():
            await peer.publish.end()
            await asyncio.sleep(0.02)


async def next_order():
    line = await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    return json.loads(line or '{"stop": true}')


asyncio.run(main(json.loads(sys.argv[1])))
