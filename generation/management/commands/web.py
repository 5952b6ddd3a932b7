import os
import sys
from typing import Any

from django.core.management.base import BaseCommand

from generation.preparing import address, prepare, prepare_static_files


class Command(BaseCommand):
    help = (
        "Run the web server alone, for whoever runs `manage.py worker` elsewhere: waits for the database, prepares it "
        "and the static files, then becomes gunicorn. Whoever started it restarts it (systemd, Docker)."
    )
    requires_system_checks = []  # prepare() does them, in plain sentences

    def handle(self, *args: Any, **options: Any) -> None:
        prepare(self.stderr.write)
        prepare_static_files()
        self.stderr.write(f"Serving {address()}")
        os.execv(sys.executable, [sys.executable, "-m", "gunicorn", "--config", "python:playground.gunicorn"])  # noqa: S606
