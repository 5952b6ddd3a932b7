"""The database, and Redis where there is one."""

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from redis import Redis, RedisError

from generation import database
from playground import environment
from playground.checks import check_database_folder, file_system_of
from playground.doctor.findings import Finding, ok, warn, wrong

PATIENCE = 5  # s


def look_at_database() -> Iterator[Finding]:
    if any(fault.startswith("DATABASE_URL") for fault in environment.faults):
        yield wrong("Which one is meant cannot be told while DATABASE_URL is not right.")
    elif faults := check_database_folder():
        yield from (wrong(str(fault.msg)) for fault in faults)
    elif is_yet_to_be_made():
        yield warn(f"{_name()} is yet to be made; the first start does it (make run).")
    else:
        yield _examine()


def is_yet_to_be_made() -> bool:
    """SQLite would make the file as soon as it is asked anything."""
    return connection.vendor == "sqlite" and not Path(settings.DATABASES["default"]["NAME"]).exists()


def _examine() -> Finding:
    if silence := database.silence():
        return wrong(f"{_name()}: {silence} {_mend()}")
    try:
        if damage := _damage():
            return wrong(
                f"{_name()} is damaged ({damage}). Stop the site and put a copy of it back; without one, move the file "
                "away and begin anew: the pictures stay in the library's folder."
            )
        if missing := database.missing_migrations():
            return wrong(f"{_name()} lacks {missing} steps of its preparation: `make run` or `manage.py migrate`.")
    except DatabaseError as error:
        return wrong(f"{_name()}: {_first_line(error)}. {_mend()}")
    return ok(f"{_name()} answers and is prepared.")


def _name() -> str:
    """Which database, without its password."""
    if connection.vendor == "sqlite":
        path = Path(settings.DATABASES["default"]["NAME"])
        return f"SQLite's {path}" + (f" ({kind})" if (kind := file_system_of(path.parent)) else "")
    parts = settings.DATABASES["default"]
    return f"PostgreSQL's database {parts['NAME']} at {parts['HOST'] or 'this machine'}:{parts['PORT'] or 5432}"


def _mend() -> str:
    if connection.vendor == "sqlite":
        return "If the file is no database, or another user's, move it away or give it to the user who starts the site."
    return "Start that server, or correct DATABASE_URL."


def _damage() -> str:
    if connection.vendor != "sqlite":
        return ""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA quick_check(1)")
        said = str(cursor.fetchone()[0])
    return "" if said == "ok" else _first_line(said)


def _first_line(text: object) -> str:
    return str(text).strip().partition("\n")[0].rstrip(".")


def look_at_redis() -> Iterator[Finding]:
    if not settings.REDIS_URL:
        yield ok("No Redis is used: the database wakes the worker.")
        return
    try:
        Redis.from_url(settings.REDIS_URL, socket_connect_timeout=PATIENCE, socket_timeout=PATIENCE).ping()
    except ValueError:  # it may quote a part of the password
        yield wrong("REDIS_URL is not right: it must look like redis://:password@host:6379/0.")
    except (RedisError, OSError) as error:
        yield wrong(
            f"Redis does not answer: {_first_line(error)}. Start it, or correct REDIS_URL; until then jobs are "
            "kept, but nobody is woken to make them."
        )
    else:
        yield ok("Redis answers.")
