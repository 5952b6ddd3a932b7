from typing import Any

from django.core.management.base import BaseCommand, CommandError

from library.checking import check
from library.management.progress import Progress, pictures
from library.models import Image


class Command(BaseCommand):
    help = (
        "Hold every file of the library against its row, pixel by pixel, and mend what disagrees: files without rows "
        "are taken in; rows without files, or with damaged ones, are not shown until those are back; what is half "
        "written, stale or not in the search index is put right. No picture is deleted. It reads every file, so it "
        "takes its time; the site may run meanwhile."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        progress = Progress(self.stderr, Image.objects.filter(missing=None).count())
        count = 0
        try:
            for sentence in check(progress.step):
                progress.end()
                self.stdout.write(sentence)
                count += 1
        except OSError as fault:
            raise CommandError(str(fault)) from fault
        progress.end()
        missing = Image.objects.filter(missing__isnull=False).count()
        agreed = "Files and rows agree." if not count else "All else agrees."
        self.stdout.write(f"{pictures(progress.done)} looked at. {agreed} {pictures(missing)} missing in all.")
