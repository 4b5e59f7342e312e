"""A consumer in Python, with the published package, on the same broker. It only listens."""

import asyncio
import json
import signal
import sys

from mreventloop import Peer, connect


async def main(in_address, out_address):
    received = 0
    ready = asyncio.Event()
    done = asyncio.Event()

    def on_produced(product, number):
        nonlocal received
        received += 1
        if number <= 3:
            print(f"received product {number}: {product}")

    def on_sold_out(made):
        nonlocal received
        received += 1

    # Connected does not mean subscribed: ask until the own question comes back.
    peer = Peer(in_address, out_address, ["produced", "sold_out", "goodbye", "python_probe"], ["python_probe"])
    connect(peer, "produced", on_produced)
    connect(peer, "sold_out", on_sold_out)
    connect(peer, "goodbye", done.set)
    connect(peer, "python_probe", ready.set)
    # The last event may be lost on the way, as any may for Python: then the shop says it so.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, done.set)
    async with peer:
        while not ready.is_set():
            await peer.publish.python_probe()
            await asyncio.sleep(0.02)
        print("ready")
        await done.wait()
    print("report " + json.dumps({"sent": 0, "received": received}))


asyncio.run(main(*sys.argv[1:]))
