"""Sends a `request` with keyword arguments, as jsonrpcclient writes them, until its input ends."""

import json
import sys
import threading

import zmq
from jsonrpcclient import request

socket = zmq.Context().socket(zmq.PUB)
socket.connect(sys.argv[2])
ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
while not ended.wait(0.02):
    socket.send_string(json.dumps(request("request", params={"product": "tea", "price": 3})))
