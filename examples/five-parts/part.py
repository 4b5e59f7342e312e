"""A part in Python, with the published package. It does what `part.ts` does."""

import asyncio
import sys

from mreventloop import Peer, connect

NAME = "python"


async def main(in_address, out_address):
    numbers = {}
    heard = {}
    last = {}
    begun = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    def on_said(part, n):
        if part == NAME:
            return
        seen = numbers.setdefault(part, set())
        of = heard.setdefault(part, {"received": 0, "twice": 0, "late": 0})
        if n in seen:
            of["twice"] += 1
        elif n < last.get(part, 0):
            of["late"] += 1
        seen.add(n)
        of["received"] = len(seen)
        last[part] = max(n, last.get(part, 0))

    def on_begin(count):
        if not begun.done():
            begun.set_result(count)

    peer = Peer(in_address, out_address, ["begin", "said", "goodbye"], ["present", "said", "heard"])
    connect(peer, "begin", on_begin)
    connect(peer, "said", on_said)
    connect(peer, "goodbye", over.set)
    async with peer:
        # Connected does not mean subscribed, and anything may be lost on the way: it says so until it is answered.
        while not begun.done():
            await peer.publish.present(NAME)
            await asyncio.sleep(0.05)
        for n in range(1, begun.result() + 1):
            await peer.publish.said(NAME, n)
        while not over.is_set():
            await peer.publish.heard(NAME, heard)
            await asyncio.sleep(0.1)


asyncio.run(main(*sys.argv[1:]))
