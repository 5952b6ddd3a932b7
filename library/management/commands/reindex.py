from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from library.management.progress import Progress
from library.models import Image, Shelf
from library.pruning import forget_missing
from library.scanning import Scan


class Command(BaseCommand):
    help = (
        "Look through the library's folder now: pictures that were put there are taken in, those whose files were "
        "taken away are not shown until they are back. The worker does the same by itself, every few seconds."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--forget", action="store_true", help="let go of pictures whose files are gone: they will not come back"
        )
        parser.add_argument(
            "--adopt", action="store_true", help="the library's pictures are in this folder, whatever disk it is on"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        progress = Progress(self.stderr)
        try:
            if options["adopt"]:
                Shelf.objects.adopt()
            changes = Scan(settled=0, tell=lambda path: progress.step()).look()
        except OSError as fault:
            raise CommandError(str(fault)) from fault
        progress.end()
        for path in changes.unreadable:
            self.stderr.write(f"No picture that can be read: {path}")
        missing = Image.objects.filter(missing__isnull=False).count()
        self.stdout.write(f"{changes.new:,} found, {changes.gone:,} gone; {missing:,} missing in all.")
        if options["forget"]:
            self.stdout.write(f"{forget_missing():,} forgotten.")
