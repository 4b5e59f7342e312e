"""Sends what it reads, a request or a batch in JSON a line, as jsonrpcclient and Python's json write it.

Before, it sends `heard` until it reads an empty line: sockets that are connected need not be subscribed.
"""

import json
import sys
import threading

import zmq
from jsonrpcclient import request

socket = zmq.Context().socket(zmq.PUB)
socket.setsockopt(zmq.LINGER, 0)
socket.connect(sys.argv[2])
heard = threading.Event()


def probe():
    while not heard.wait(0.02):
        socket.send_string(json.dumps(request("heard")))


def complete(said):
    return {**request(said["method"]), **said}


prober = threading.Thread(target=probe, daemon=True)
prober.start()
for line in sys.stdin:
    heard.set()
    prober.join()
    if line.strip():
        said = json.loads(line)
        frame = [complete(one) for one in said] if isinstance(said, list) else complete(said)
        socket.send_string(json.dumps(frame))
