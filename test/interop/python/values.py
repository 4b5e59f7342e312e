"""A peer of the published package that prints what it sees of each `request` and sends it back as `response`.

A request of "python" is answered with values of Python's own, in the form that TypeScript peers with the codec
`extendedValues` read.
"""

import asyncio
import base64
import json
import sys
from datetime import datetime, timedelta, timezone

from mreventloop import Peer, connect

MOMENT = datetime(2030, 1, 1, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
OWN = [
    {"$date": MOMENT.isoformat()},
    {"$bigint": str(2**70)},
    {"$bytes": base64.b64encode(bytes([0, 255, 16])).decode()},
    {"$set": sorted({2, 1})},
    {"$number": "NaN"},
    {"$$date": "no date"},
]


async def main(in_address, out_address):
    ready = asyncio.Event()
    peer = Peer(in_address, out_address, ["request", "python_probe"], ["response", "python_probe"])

    def answer(*args):
        print(json.dumps(args), flush=True)
        peer.publish.response(*(OWN if args == ("python",) else args))

    connect(peer, "python_probe", ready.set)
    connect(peer, "request", answer)
    async with peer:
        while not ready.is_set():
            await peer.publish.python_probe()
            await asyncio.sleep(0.02)
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main(*sys.argv[1:]))
