"""How gunicorn serves the site: gunicorn -c playground/gunicorn.py"""

import os
import socket
import struct
import sys
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
    for listener in server.LISTENERS:  # its connections inherit all of it
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", PATIENCE, 0))
        if sys.platform == "linux":
            # One comes with its first byte, and goes when nothing was taken (SO_SNDTIMEO would not end sendfile).
            listener.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, PATIENCE)
            listener.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, PATIENCE * 1000)
