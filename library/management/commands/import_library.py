from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from library.importing import CannotImport, look_through, take_over
from library.management.progress import Progress, pictures
from library.models import Unreachable


class Command(BaseCommand):
    help = (
        "Take over pictures that were made elsewhere: the original playground's library, or any folder of PNG, JPEG "
        "and WebP files from A1111, Forge, InvokeAI, ComfyUI, SwarmUI, Fooocus and others. They are copied into the "
        "library's folder, with the settings found in them; the originals stay as they are. Doing it again takes over "
        "only what is new."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="the folder, with all folders in it")
        parser.add_argument("--dry-run", action="store_true", help="only tell how much would be copied")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._import(options["folder"], dry_run=options["dry_run"])
        except (CannotImport, Unreachable) as fault:
            raise CommandError(str(fault)) from fault
        except OSError as error:
            raise CommandError(f"The pictures could not be copied: {error}") from error

    def _import(self, source: Path, *, dry_run: bool) -> None:
        folders = look_through(source)
        total = sum(len(folder.pictures) for folder in folders)
        if dry_run:
            size = sum(folder.bytes for folder in folders) / 2**20
            self.stdout.write(f"{pictures(total)} ({size:.1f} MiB) would be looked at, in {len(folders):,} folders.")
            return
        progress = Progress(self.stderr, total)
        outcome = take_over(source, folders, progress.step)
        progress.end()
        for path in outcome.unreadable:
            self.stderr.write(f"No picture that can be read: {path}")
        self.stdout.write(f"{pictures(outcome.tools.total())} taken over, {outcome.known:,} were here already.")
        for tool, count in outcome.tools.most_common():
            self.stdout.write(f"{count:7,} {tool}")
