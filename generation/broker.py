"""django-q's broker on SQLite: it hears of a wake-up at once, and asks for one only where there may be one."""

import time
from typing import Any

from django.db import connections
from django_q.brokers.orm import ORM
from django_q.conf import Conf


class SQLiteBroker(ORM):  # type: ignore[misc]
    """Asks the table for wake-ups only when something was committed since it was last found empty.

    SQLite counts commits in memory that all connections share, so that looking at the count twenty times a second costs
    less than asking the table five times (https://sqlite.org/pragma.html#pragma_data_version).
    """

    _empty_at: int | None = None
    """The count before the table was found empty."""

    def dequeue(self) -> Any:
        """Wake-ups, or None after a moment. Other commits make it ask, too: the workers' beats do every 2 s."""
        count = _commits()
        if count == self._empty_at:
            time.sleep(Conf.POLL)
            return None
        found = super().dequeue()
        if not found:
            self._empty_at = count
        return found


def _commits() -> int:
    """Changes with each commit of another connection than ours."""
    connection = connections[Conf.ORM]
    connection.ensure_connection()
    [(count,)] = connection.connection.execute("PRAGMA data_version")
    return int(count)
