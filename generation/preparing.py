"""What is done before the web server starts: is the port free, does the database answer, is everything in place?"""

import http.client
import json
import socket
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from generation import database

LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  what listens everywhere answers here
PATIENCE = 60.0  # s for a database server that starts with the site


def prepare(say: Callable[[str], object]) -> None:
    """Whatever web server and worker both need. Raises CommandError with a sentence that says what to do."""
    if fault := port_fault():
        raise CommandError(fault)
    if connection.vendor != "sqlite" and (reason := database.wait_while(database.silence, say, seconds=PATIENCE)):
        raise CommandError(f"{reason} Start its server, or correct DATABASE_URL.")
    found = run_checks(databases=["default"])
    faults = [str(fault.msg) for fault in found if fault.is_serious()]
    if faults:
        raise CommandError("\n".join(faults))
    for warning in found:
        say(str(warning.msg))
    call_command("migrate", verbosity=0, interactive=False)


def prepare_static_files() -> None:
    """What the web server needs beside that."""
    call_command("collectstatic", verbosity=0, interactive=False)


def port_fault() -> str:
    """Why the site cannot listen at its port, in a sentence; empty when it can."""
    family = socket.AF_INET6 if ":" in settings.PLAYGROUND_LISTEN else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.PLAYGROUND_LISTEN, settings.PORT))
        except PermissionError:
            return f"Port {settings.PORT} is for administrators only. Choose one above 1023: PORT=8080 make run"
        except OSError as error:
            return (
                f"Port {settings.PORT} of {settings.PLAYGROUND_LISTEN} cannot be used ({error.strerror}). "
                f"Is the site running already? Another port: PORT={settings.PORT + 1} make run"
            )
    return ""


def health() -> dict[str, Any]:
    """What /healthz of the site at our port says; empty when no site answers there."""
    asking = http.client.HTTPConnection(host(), settings.PORT, timeout=5)
    try:
        asking.request("GET", "/healthz", headers={"Host": "localhost"})
        return dict(json.load(asking.getresponse()))
    except (OSError, ValueError, http.client.HTTPException):
        return {}
    finally:
        asking.close()


def host() -> str:
    return LOOPBACK.get(settings.PLAYGROUND_LISTEN) or settings.PLAYGROUND_LISTEN


def address() -> str:
    return f"http://{f'[{host()}]' if ':' in host() else host()}:{settings.PORT}/"
