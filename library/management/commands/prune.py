from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from library.keeping import KEPT_FOR
from library.management.progress import Progress, pictures
from library.models import Image, Unreachable
from library.pruning import bytes_of, prune

MIB = 1024 * 1024  # bytes


def days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise ArgumentTypeError(f"{text!r} is no number of days, such as 30")
    return int(text)


class Command(BaseCommand):
    help = (
        "Empty the trash of what has been in it for long: rows, files and thumbnails go for good. The worker does it "
        "by itself once a day."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        age = parser.add_mutually_exclusive_group()
        age.add_argument("--older-than", type=days, default=KEPT_FOR.days, metavar="DAYS", help="default: %(default)s")
        age.add_argument("--all", action="store_true", help="all of the trash, whatever its age")
        parser.add_argument("--dry-run", action="store_true", help="only tell what would go")

    def handle(self, *args: Any, **options: Any) -> None:
        trash = Image.objects.trashed()
        chosen = trash if options["all"] else Image.objects.expired(timedelta(days=options["older_than"]))
        images = list(chosen.select_related("batch"))
        size = sum(map(bytes_of, images)) / MIB
        if options["dry_run"]:
            for image in images:
                self.stdout.write(str(image.path))
            self.stdout.write(f"{pictures(len(images))} ({size:.1f} MiB) would be deleted for good.")
            return
        progress = Progress(self.stderr, len(images))
        try:
            count = prune(chosen, progress.step)
        except Unreachable as fault:
            raise CommandError(str(fault)) from fault
        progress.end()
        self.stdout.write(f"{pictures(count)} deleted for good ({size:.1f} MiB).")
