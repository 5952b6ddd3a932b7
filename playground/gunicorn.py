"""How gunicorn serves the site: gunicorn -c playground/gunicorn.py"""

import os
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


def on_starting(server: Any) -> None:
    if PARENT in os.environ:  # started by `manage.py run`
        tether()
