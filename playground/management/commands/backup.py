import sqlite3
from argparse import ArgumentParser
from io import BytesIO
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from library.management.progress import Progress, pictures
from library.models import Image, Shelf
from playground.backup import library_files, rows, settings_file
from playground.backup.archive import Writer, room_for


class Command(BaseCommand):
    help = (
        "Write the whole site into one file, while it runs: all rows of the database as they are at one moment, the "
        "pictures, the settings, and a checksum of everything. `manage.py restore` puts it back. Of passwords and "
        "tokens it holds hashes, of sessions nothing; keep it as safe as the site. Models are not in it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the file to write, such as /mnt/disk/playground.zip")
        parser.add_argument(
            "--with-secrets",
            action="store_true",
            help="also the site's key and the passwords of database, Redis and hub, as plain text",
        )
        parser.add_argument("--force", action="store_true", help="write over a file that is there already")

    def handle(self, *args: Any, file: Path, with_secrets: bool, force: bool, **options: Any) -> None:
        if fault := Shelf.objects.fault():
            raise CommandError(fault)
        if file.exists() and not force:
            raise CommandError(f"{file} is there already; --force writes over it.")
        try:
            self._write(file, with_secrets)
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror or error}.") from error
        except (DatabaseError, sqlite3.Error) as error:
            raise CommandError(f"The database cannot be read, or its copy not be written: {error}") from error

    def _write(self, file: Path, with_secrets: bool) -> None:
        writer = Writer(file)
        try:
            rows.save(writer)  # before the pictures: a row always has its file, but not the other way round
            paths = list(library_files.found())
            size = sum(path.lstat().st_size for path in paths if path.exists())
            if lack := room_for(size, file.resolve().parent):
                raise CommandError(lack)
            progress = Progress(self.stderr, len(paths))
            library_files.save(writer, paths, progress.step)
            progress.end()
            writer.add(settings_file.NAME, BytesIO(settings_file.plain().encode()))
            if with_secrets:
                writer.add(settings_file.SECRETS_NAME, BytesIO(settings_file.secrets().encode()))
            writer.finish(made=timezone.now().isoformat(timespec="seconds"), migrations=rows.migrations())
        finally:
            writer.clean_up()
        kept = pictures(Image.objects.count())
        self.stdout.write(f"{file}: {kept}, {file.stat().st_size / 1e6:,.1f} MB. Checked when restored.")
