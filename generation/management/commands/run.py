import http.client
import json
import socket
import sys
import threading
import time
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from generation import status
from generation.models import Worker
from generation.processes import Supervisor

LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  what listens everywhere answers here
LONGEST_START = 15 * 60  # s: a big model on a slow disk


class Command(BaseCommand):
    help = (
        "Run the whole site: prepares database and static files, starts web server and worker, restarts what dies, "
        "and says when both are ready. Ctrl-C stops everything."
    )
    requires_system_checks = []  # done below, in plain sentences

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        self._check_port()
        self._check_machine()
        call_command("migrate", verbosity=0, interactive=False)
        call_command("collectstatic", verbosity=0, interactive=False)
        threading.Thread(target=self._tell_when_ready, args=(began,), daemon=True).start()
        Supervisor(
            {
                "web": [sys.executable, "-m", "gunicorn", "--config", "python:playground.gunicorn"],
                "worker": [sys.executable, sys.argv[0], "worker", "--unwatched"],
            }
        ).run()
        self.stderr.write("Stopped.")

    def _check_machine(self) -> None:
        found = run_checks(databases=["default"])
        faults = [str(fault.msg) for fault in found if fault.is_serious()]
        if faults:
            raise CommandError("\n".join(faults))
        for warning in found:
            self.stderr.write(str(warning.msg))

    def _check_port(self) -> None:
        family = socket.AF_INET6 if ":" in settings.PLAYGROUND_LISTEN else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.PLAYGROUND_LISTEN, settings.PORT))
            except PermissionError as error:
                raise CommandError(
                    f"Port {settings.PORT} is for administrators only. Choose one above 1023: PORT=8080 make run"
                ) from error
            except OSError as error:
                raise CommandError(
                    f"Port {settings.PORT} of {settings.PLAYGROUND_LISTEN} cannot be used ({error.strerror}). "
                    f"Is the site running already? Another port: PORT={settings.PORT + 1} make run"
                ) from error

    def _tell_when_ready(self, began: float) -> None:
        told = ""
        while time.monotonic() - began < LONGEST_START:
            health = self._health()
            if health.get("status") == "ok":
                self._tell(time.monotonic() - began)
                return
            reason = status.current().words if health.get("worker") == Worker.State.FAILED else told
            if reason != told:
                told = reason
                self.stderr.write(reason)
            time.sleep(0.1)

    def _health(self) -> dict[str, Any]:
        connection = http.client.HTTPConnection(_host(), settings.PORT, timeout=5)
        try:
            connection.request("GET", "/healthz", headers={"Host": "localhost"})
            return dict(json.load(connection.getresponse()))
        except (OSError, ValueError, http.client.HTTPException):
            return {}
        finally:
            connection.close()

    def _tell(self, seconds: float) -> None:
        picture = status.current().seconds_per_image
        self.stderr.write(f"ready in {seconds:.0f} s; a picture takes about {picture:.2g} s here\n\n    {_address()}\n")
        if settings.PLAYGROUND_LISTEN in LOOPBACK:
            self.stderr.write(f"    http://{_own_address()}:{settings.PORT}/ for the others in the house\n")
        if settings.PLAYGROUND_PUBLIC_URL:
            who = "with an account" if settings.PLAYGROUND_LOGIN_REQUIRED else "who knows it, without sign-in"
            self.stderr.write(f"    {settings.PLAYGROUND_PUBLIC_URL}/ for everybody {who}\n")
        if settings.PLAYGROUND_LOGIN_REQUIRED and not get_user_model().objects.exists():
            self.stderr.write("    Nobody has an account yet, so nobody can come in: make admin\n")


def _host() -> str:
    return LOOPBACK.get(settings.PLAYGROUND_LISTEN) or settings.PLAYGROUND_LISTEN


def _address() -> str:
    host = _host()
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.PORT}/"


def _own_address() -> str:
    """This machine's address in its network. Connecting a datagram socket sends nothing; it only picks a route."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return socket.gethostname()
        return str(probe.getsockname()[0])
