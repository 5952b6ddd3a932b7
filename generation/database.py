"""Whether the database can be worked with, and waiting until it can: a server may start later than the site."""

import time
from collections.abc import Callable

from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

LOOK_EVERY = 0.5  # s


def silence() -> str:
    """Why the database does not answer, in a sentence; empty when it does."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        connection.close()
        return f"The database does not answer: {str(error).strip().partition(chr(10))[0]}."
    return ""


def in_words(error: BaseException | None) -> str:
    """For people: what is the matter with the database; empty for an error of another kind."""
    if not isinstance(error, (OperationalError, InterfaceError)):
        return ""
    text = str(error)
    if "disk is full" in text or "No space left" in text:
        what = "The disk that the database lies on is full, so nothing can be written down."
    elif "readonly" in text or "read-only" in text:
        what = "The database can only be read just now."
    else:
        what = "The database does not answer just now."
    return f"{what} Nothing that was sent before is lost. Try again in a moment; if it stays so, tell the owner."


def missing_migrations() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def unfitness() -> str:
    """Why no work can be done with the database yet, in a sentence; empty when it can."""
    try:
        unprepared = not (reason := silence()) and missing_migrations()
    except DatabaseError as error:  # it has just gone
        return f"The database does not answer: {error}"
    return "The database is not prepared yet; the web server does that when it starts." if unprepared else reason


def wait_while(reason: Callable[[], str], say: Callable[[str], object], *, seconds: float | None = None) -> str:
    """Wait until `reason` is empty, saying each new one once.

    Returns:
        The reason that is left after `seconds` (None: it is waited for without end).
    """
    said, began = "", time.monotonic()
    while left := reason():
        if seconds is not None and time.monotonic() - began >= seconds:
            return left
        if left != said:
            say(f"{left} Waiting for it.")
            said = left
        time.sleep(LOOK_EVERY)
    return ""
