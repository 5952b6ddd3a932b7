"""How gunicorn serves the site: gunicorn -c playground/gunicorn.py"""

import os
import socket
import struct
from typing import Any

from generation.processes import PARENT, tether

wsgi_app = "playground.wsgi"
bind = [f"{os.environ.get('PLAYGROUND_LISTEN') or '127.0.0.1'}:{os.environ.get('PORT') or 8000}"]
worker_class = "gthread"
workers = 1  # what polls share is made once, and the model keeps a core
threads = 8
preload_app = True  # a worker that died is back at once
graceful_timeout = 5
keepalive = 15
limit_request_line = 8190
loglevel = "warning"

PATIENCE = 10  # s in which nothing at all comes from whoever has begun a request, or is taken by whoever gets an answer


def on_starting(server: Any) -> None:
    if PARENT in os.environ:  # started by `manage.py run`
        tether()


def when_ready(server: Any) -> None:
    """Nobody who says nothing holds one of the few threads: not a browser's connection in reserve, nor a phone that
    went out of reach in the middle of a request."""
    for listener in server.LISTENERS:
        if hasattr(socket, "TCP_DEFER_ACCEPT"):  # Linux: a connection comes with its first byte
            listener.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, PATIENCE)
        for direction in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):  # its connections inherit both
            listener.sock.setsockopt(socket.SOL_SOCKET, direction, struct.pack("@ll", PATIENCE, 0))
