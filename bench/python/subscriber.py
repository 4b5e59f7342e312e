"""Counts the events that arrive until `end` does, which nothing can overtake, and says how many there were."""

import asyncio
import json
import sys
import time

from mreventloop import Peer, connect


async def main(settings):
    heard, ended = asyncio.Event(), asyncio.Event()
    peer = Peer(*settings["addresses"], [*settings["names"], "probe", "end"], ["probe"])
    arrived = {"count": 0, "number": -1, "last": 0}

    def take(payload):
        number = int(payload.split(" ", 1)[0])
        if len(payload) != settings["size"] or number <= arrived["number"]:
            raise ValueError(f"{payload} arrived after {arrived['number']}")
        arrived["number"] = number
        arrived["count"] += 1
        arrived["last"] = time.monotonic() * 1000

    for name in settings["names"]:
        connect(peer, name, take)
    connect(peer, "probe", heard.set)
    connect(peer, "end", ended.set)
    async with peer:
        while not heard.is_set():
            await peer.publish.probe()
            await asyncio.sleep(0.02)
        print(json.dumps({"ready": ""}), flush=True)
        await ended.wait()
        print(json.dumps({"ended": {"arrived": arrived["count"], "last": arrived["last"]}}), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main(json.loads(sys.argv[1])))
