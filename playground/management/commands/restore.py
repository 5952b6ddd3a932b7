import stat
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from generation.preparing import port_fault
from library.management.progress import Progress, pictures
from library.models import Image
from playground.backup import library_files, rows, settings_file
from playground.backup.archive import Backup, Tell, Unusable, room_for


class Command(BaseCommand):
    help = (
        "Put a backup back where nothing is yet: no jobs, no accounts, no pictures. The site has to be stopped. All of "
        "the file is held against its checksums before anything is written. Broken off, the same command goes on. "
        "The settings are written beside the database as settings.env, to be put into .env by hand."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="what `manage.py backup` wrote")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            backup = Backup(file)
            self._refuse(backup)
            self._go_through(backup, backup.verify)
            self._go_through(backup, lambda tell: library_files.load(backup, tell))
            rows.load(backup)
            self._put_settings(backup)
        except Unusable as unusable:
            raise CommandError(str(unusable)) from unusable
        except (OSError, DatabaseError) as error:
            raise CommandError(f"It could not be put back: {error}. The same command tries again.") from error
        self.stdout.write(f"{pictures(Image.objects.count())} back, from {backup.manifest.get('made')}.")

    def _refuse(self, backup: Backup) -> None:
        if fault := port_fault():
            raise CommandError(f"{fault} Stop the site before a backup is put back.")
        if not rows.is_empty():
            raise CommandError(
                "There are jobs, pictures or accounts here already, and a backup is only put back where nothing is. "
                "Name an empty folder in PLAYGROUND_DATA, or an empty database in DATABASE_URL."
            )
        if strangers := library_files.strangers(backup):
            raise CommandError(f"{settings.PLAYGROUND_LIBRARY} is not empty: {strangers[0]} is not the backup's.")
        if fault := rows.fault(backup) or room_for(backup.size, settings.PLAYGROUND_LIBRARY):
            raise CommandError(fault)

    def _go_through(self, backup: Backup, do: Callable[[Tell], None]) -> None:
        progress = Progress(self.stderr, len(backup))
        do(progress.step)
        progress.end()

    def _put_settings(self, backup: Backup) -> None:
        for name in (settings_file.NAME, settings_file.SECRETS_NAME):
            if name in backup:
                path = settings.PLAYGROUND_DATA / name
                backup.extract(name, path)
                path.chmod(stat.S_IRUSR | stat.S_IWUSR)
                self.stdout.write(f"{path}: put what you need of it into .env")
