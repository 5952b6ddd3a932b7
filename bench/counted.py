"""The site's settings, with every SQL statement of every process noted: the settings module of `bench.idle`."""

import os
from typing import Any

from django.db.backends.signals import connection_created

from playground.settings import *  # noqa: F403

_NOTES = os.open(os.environ["BENCH_STATEMENTS"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def _note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    os.write(_NOTES, f"{sql[:60]!r}\n".encode())  # one short write is never torn
    return execute(sql, params, many, context)


def _watch(connection: Any, **_: Any) -> None:
    if _note not in connection.execute_wrappers:
        connection.execute_wrappers.append(_note)


connection_created.connect(_watch, weak=False)
