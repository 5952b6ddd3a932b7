"""The database's part of a backup: SQLite as a file, any other as lines of JSON."""

import sqlite3
import tempfile
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core import serializers
from django.core.management import call_command
from django.core.management.color import no_style
from django.core.serializers.base import DeserializedObject
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.models import Model

from generation.models import Job, Worker
from library.models import Batch, Image
from playground.backup.archive import Backup, Writer

FILE, LINES = "database.sqlite3", "database.jsonl"
LEFT_OUT = ("sessions.session", "django_q.ormq", "django_q.task")
"""Keys to open doors; and what django-q2 keeps as pickles, which could execute anything when they are read."""
PART = 500  # rows


def migrations() -> list[str]:
    """Those that this database has, as app.name."""
    return sorted(".".join(key) for key in MigrationLoader(connection).applied_migrations)


# Out of the database


def save(writer: Writer) -> None:
    """Put all rows as they are at one moment into the backup, while the site goes on."""
    if connection.vendor == "sqlite":
        _save_file(writer)
    else:
        _save_lines(writer)


def _save_file(writer: Writer) -> None:
    with tempfile.TemporaryDirectory(dir=settings.PLAYGROUND_DATA, prefix=".backup-") as folder:
        path = Path(folder, FILE)
        copy = sqlite3.connect(path)
        try:
            connection.ensure_connection()
            connection.connection.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
            for label in LEFT_OUT:
                copy.execute(f"DELETE FROM {apps.get_model(label)._meta.db_table}")  # noqa: S608  our own names
            copy.commit()
            copy.execute("VACUUM")  # what was deleted would still stand in the file
        finally:
            copy.close()
        with path.open("rb") as source:
            writer.add(FILE, source)


def _save_lines(writer: Writer) -> None:
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=settings.PLAYGROUND_DATA, prefix=".backup-") as file:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            for model in _models():
                serializers.serialize("jsonl", model._base_manager.order_by("pk").iterator(PART), stream=file)
        file.flush()
        with Path(file.name).open("rb") as source:
            writer.add(LINES, source)


def _models() -> list[type[Model]]:
    """Those that have rows of their own. Their order does not matter: references are looked at when all are there."""
    return [
        model
        for model in apps.get_models()
        if model._meta.managed and not model._meta.proxy and model._meta.label_lower not in LEFT_OUT
    ]


# Into the database


def is_empty() -> bool:
    """Whether nobody has made anything here yet. SQLite's file is not made by asking."""
    if connection.vendor == "sqlite" and not _sqlite_path().exists():
        return True
    tables = connection.introspection.table_names()
    people = apps.get_model(settings.AUTH_USER_MODEL)
    told = (model for model in (Job, Batch, Image, people) if model._meta.db_table in tables)
    return not any(model._base_manager.exists() for model in told)


def fault(backup: Backup) -> str:
    """Why these rows cannot come into this database; "" where they can."""
    had = set(map(str, backup.manifest.get("migrations") or []))
    ours = {".".join(key) for key in MigrationLoader(None).disk_migrations}
    if unknown := sorted(had - ours):
        return f"The backup is of a later version of the playground ({unknown[-1]}): upgrade this one first."
    if FILE in backup:
        return "" if connection.vendor == "sqlite" else "The backup is of a site on SQLite: leave DATABASE_URL out."
    if LINES not in backup:
        return "The backup has no database in it."
    lacks = sorted(ours - had)
    return lacks[0] and f"The backup is of an earlier version, without {lacks[0]}: restore it there." if lacks else ""


def load(backup: Backup) -> None:
    """Put the rows of the backup in the place of what there is, which is_empty() said was nothing."""
    if FILE in backup:
        connection.close()
        for suffix in ("-wal", "-shm"):
            _sqlite_path().with_name(_sqlite_path().name + suffix).unlink(missing_ok=True)
        backup.extract(FILE, _sqlite_path())
    call_command("migrate", verbosity=0)
    for label in LEFT_OUT:
        apps.get_model(label)._base_manager.all()._raw_delete(connection.alias)
    if LINES in backup:
        _load_lines(backup)
    Worker.objects.all().delete()  # what they held waits again as soon as one starts


def _load_lines(backup: Backup) -> None:
    with transaction.atomic(), backup.read(LINES) as lines:
        for model in _models():
            model._base_manager.all()._raw_delete(connection.alias)
        part: list[DeserializedObject] = []
        for row in serializers.deserialize("jsonl", (line.decode() for line in lines)):
            if part and (type(row.object) is not type(part[0].object) or len(part) == PART):
                _insert(part)
                part = []
            part.append(row)
        _insert(part)
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), _models()):
                cursor.execute(statement)
    ContentType.objects.clear_cache()


def _insert(rows: list[DeserializedObject]) -> None:
    if rows:
        type(rows[0].object)._base_manager.bulk_create([row.object for row in rows])
    for row in rows:
        for name, keys in (row.m2m_data or {}).items():
            getattr(row.object, name).set(keys)


def _sqlite_path() -> Path:
    return Path(settings.DATABASES["default"]["NAME"])
