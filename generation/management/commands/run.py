import socket
import sys
import threading
import time
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand

from generation import preparing, status
from generation.models import Worker
from generation.processes import Supervisor, worker_command

LONGEST_START = 15 * 60  # s: a big model on a slow disk


class Command(BaseCommand):
    help = (
        "Run the whole site: prepares database and static files, starts web server and worker, restarts what dies, "
        "and says when both are ready. Ctrl-C stops everything."
    )
    requires_system_checks = []  # prepare() does them, in plain sentences

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        preparing.prepare(self.stderr.write)
        web = [sys.executable, "-m", "gunicorn", "--config", "python:playground.gunicorn"]
        supervisor = Supervisor({"web": web, "worker": worker_command()})
        supervisor.start("worker")  # which takes longest, and needs no static files
        preparing.prepare_static_files()
        threading.Thread(target=self._tell_when_ready, args=(began,), daemon=True).start()
        supervisor.run()
        self.stderr.write("Stopped.")

    def _tell_when_ready(self, began: float) -> None:
        told = ""
        while time.monotonic() - began < LONGEST_START:
            health = preparing.health()
            if health.get("status") == "ok":
                self._tell(time.monotonic() - began)
                return
            reason = status.current().words if health.get("worker") == Worker.State.FAILED else told
            if reason != told:
                told = reason
                self.stderr.write(reason)
            time.sleep(0.1)

    def _tell(self, seconds: float) -> None:
        picture = status.current().seconds_per_image
        self.stderr.write(f"ready in {seconds:.0f} s; a picture takes about {picture:.2g} s here\n")
        self.stderr.write(f"    {preparing.address()}\n")
        if settings.PLAYGROUND_LISTEN in preparing.LOOPBACK:
            self.stderr.write(f"    http://{_own_address()}:{settings.PORT}/ for the others in the house\n")
        if settings.PLAYGROUND_PUBLIC_URL:
            who = "with an account" if settings.PLAYGROUND_LOGIN_REQUIRED else "who knows it, without sign-in"
            self.stderr.write(f"    {settings.PLAYGROUND_PUBLIC_URL}/ for everybody {who}\n")
        if settings.PLAYGROUND_LOGIN_REQUIRED and not get_user_model().objects.exists():
            self.stderr.write("    Nobody has an account yet, so nobody can come in: make admin\n")


def _own_address() -> str:
    """This machine's address in its network. Connecting a datagram socket sends nothing; it only picks a route."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return socket.gethostname()
        return str(probe.getsockname()[0])
