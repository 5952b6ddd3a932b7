import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from library.archive import stream
from library.management.progress import Progress, pictures
from library.models import Batch, Image
from library.search import Search


class Command(BaseCommand):
    help = (
        "Write the library, or what a search finds of it, into a zip file: the pictures as they are, and recipes.jsonl "
        "with a line for each (its file, its batch and all settings). What lies in the trash is left out. "
        "import_library takes an unpacked one over."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the zip file to write")
        parser.add_argument("--search", default="", metavar="TEXT", help="as in the library's box")
        parser.add_argument("--force", action="store_true", help="write over a file that is there already")

    def handle(self, *args: Any, **options: Any) -> None:
        target, search = options["file"], Search.parse(options["search"])
        if search.problems:
            raise CommandError(" ".join(search.problems))
        if target.exists() and not options["force"]:
            raise CommandError(f"{target} is there already; --force writes over it.")
        images = _found(search)
        progress = Progress(self.stderr, images.count())
        part = target.with_name(f".{target.name}.part")
        try:
            with part.open("wb") as file:
                for chunk in stream(images.iterator(500), with_recipes=True, tell=progress.step):
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise CommandError(f"{target} could not be written: {error.strerror or error}") from error
        progress.end()
        size = target.stat().st_size / 2**20
        self.stdout.write(f"{pictures(progress.done)} in {target} ({size:.1f} MiB).")


def _found(search: Search) -> Any:
    batches = Batch.objects.matching(search)
    shown = Image.objects.shown_by(search).filter(batch__in=batches)
    return shown.select_related("batch").order_by("-batch__created", "-batch", "position")
