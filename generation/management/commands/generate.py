import sys
import threading
import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from generation import queue, registry, tasks
from generation.batch_lines import SETTINGS, BadLine, Line, form_of, lines
from generation.forms import RecipeForm
from generation.management.bar import StatusLine, bar
from generation.models import Job
from generation.slots import SlotTaken
from generation.templatetags.times import duration
from generation.worker import WorkerProcess
from library.models import Image

POLL = 0.25  # s
FORETELL = 2.0  # s between two looks at the whole queue, which may be long
MANY = 500  # values in one query

HELP = """\
Make pictures for one prompt or for many, through the queue like everybody else's.
Progress goes to stderr and paths to stdout, so that the paths can be piped on.

  manage.py generate "a red apple" --num-images 3 --seed 7
  manage.py generate --from-file prompts.txt --steps 30
  manage.py generate --from-file prompts.txt --steps 30 --resume

A line of the file is a prompt, or JSON with any of the settings below and its own values for them:

  a fox in the snow
  {"prompt": "an owl", "width": 768, "sampler": "DDIM", "num_images": 9}
  {"prompt": "as an oil painting", "source_file": "cat.jpg", "strength": 0.6}

Where it was broken off (Ctrl-C, a failure, a power cut), the same command with --resume makes what is missing
and nothing twice, and prints the paths of all. Without --resume everything is made once more.
"""

KINDS = {
    **dict.fromkeys(("num_images", "seed", "width", "height", "steps", "downsampling_factor"), int),
    **dict.fromkeys(("guidance_scale", "eta", "strength"), float),
}
NOTES = {
    "num_images": "how many of each prompt, 1 to 30",
    "seed": "of the first picture; the others count on. Else a random one",
    "model": "one of the names on the page of models; else the default one",
    "source_image": "uuid of a picture of the library to paint over",
    "source_url": "web address of a picture to paint over",
    "source_file": "a picture to paint over; in a file of prompts relative to that file",
    "strength": "how much of the source is painted over, up to 1",
}


class Command(BaseCommand):
    help = HELP

    def create_parser(self, *args: Any, **options: Any) -> Any:
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **options)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("prompt", nargs="*", help="what to see; several prompts make several jobs")
        parser.add_argument("--from-file", type=Path, metavar="FILE", help="a file with many; - for standard input")
        parser.add_argument("--resume", action="store_true", help="make only what the last time left missing")
        parser.add_argument(
            "--now",
            action="store_true",
            help="make them in this process, without queue and site; needs the device for itself",
        )
        group = parser.add_argument_group("settings", "of all lines that say nothing else; by default the model's own")
        for name in SETTINGS:
            if name != "prompt":
                option = f"--{name.replace('_', '-')}"
                group.add_argument(option, type=KINDS.get(name, str), help=NOTES.get(name), metavar="…")

    def handle(self, *args: Any, **options: Any) -> None:
        asked = self._asked(options)
        if options["now"] and any("model" in line.settings for line in asked):  # perhaps no worker has ever looked
            registry.write(registry.choice())
        forms = list(_checked(asked, _folder(options["from_file"])))
        process = self._open_worker() if options["now"] else None
        jobs: list[Job] = []
        try:
            self._send(asked, forms, jobs, resume=options["resume"])
            done = [self._see_through(number, jobs, process) for number in range(len(jobs))]
        except KeyboardInterrupt:
            for job in jobs:
                job.cancel()
            raise CommandError("Cancelled. Finished pictures are kept; --resume makes the others.") from None
        finally:
            if process:
                process.close()
        if not all(done):
            raise CommandError(f"{done.count(False)} of {len(jobs)} jobs made no or not all pictures.")

    def _asked(self, options: dict[str, Any]) -> list[Line]:
        file = options["from_file"]
        usual = {name: options[name] for name in SETTINGS if name != "prompt" and options[name] is not None}
        try:
            text = "" if file is None else sys.stdin.read() if str(file) == "-" else file.read_text()
            found = lines(options["prompt"], text, usual)
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file} cannot be read: {error}") from error
        except BadLine as bad:
            raise CommandError(str(bad)) from bad
        if not found:
            raise CommandError('Say what to see: manage.py generate "a red apple", or --from-file FILE.')
        return found

    def _send(self, asked: list[Line], forms: list[RecipeForm], jobs: list[Job], *, resume: bool) -> None:
        """Add a job for each line: a new one, or the one of the last time, which goes on if it has not ended well."""
        known = _known([line.digest for line in asked])
        if not resume:
            for part in _parts([job.pk for job in known.values()]):
                Job.objects.filter(pk__in=part).update(line="")  # what is resumed from now on is this time's
            known = {}
        for line, form in zip(asked, forms, strict=True):
            job = known.get(line.digest)
            if job is None:
                if not form.take_source("generate"):
                    raise CommandError(_sentence(line, form))
                job = queue.submit(form.recipe(), source=form.source, line=line.digest)
                form.source = None  # there may be many
            else:
                queue.retry(job)
            jobs.append(job)

    def _open_worker(self) -> WorkerProcess:
        process = WorkerProcess()
        try:
            process.open(wait=False)
        except (SlotTaken, ValueError) as error:
            process.close()
            raise CommandError(f"{error} Leave --now out to send the job through its queue.") from error
        if process.engine is None:
            process.close()
            raise CommandError(process.row.notice)
        return process

    def _see_through(self, number: int, jobs: list[Job], process: WorkerProcess | None) -> bool:
        """Wait for one job, or make it here, showing its progress; then print its pictures' paths."""
        job = jobs[number]
        maker = threading.Thread(target=self._make, args=(job, process)) if process else None
        try:
            if maker:
                maker.start()
            self._wait(number, jobs)
        except KeyboardInterrupt:
            job.cancel()
            raise
        finally:
            if maker:
                maker.join()
        images = Image.objects.kept().filter(batch__uuid=job.uuid, position__gt=0).select_related("batch")
        for image in images.order_by("position"):
            self.stdout.write(str(image.path))
        if job.error:
            self.stderr.write(job.error)
        return job.state == Job.State.DONE

    def _make(self, job: Job, process: WorkerProcess) -> None:
        """Runs beside the progress bar, in a thread with a database connection of its own."""
        try:
            with process.working:
                if claimed := Job.objects.filter(pk=job.pk).claim_next(process.row):
                    tasks.generate(claimed, process)
        finally:
            connection.close()

    def _wait(self, number: int, jobs: list[Job]) -> None:
        job, line, left, due = jobs[number], StatusLine(self.stderr), "", 0.0
        job.refresh_from_db()
        while job.is_active:
            if line.is_terminal and time.monotonic() >= due:
                left, due = _left(jobs[-1]), time.monotonic() + FORETELL
            line.show(_progress(number, jobs), left)
            time.sleep(POLL)
            job.refresh_from_db()
        line.show(_progress(number, jobs))
        line.end()


def _folder(file: Path | None) -> Path:
    return Path() if file is None else file.parent


def _checked(asked: list[Line], folder: Path) -> Iterator[RecipeForm]:
    """A form for each line. All are looked at before anything is sent."""
    for line in asked:
        try:
            form = form_of(line, folder)
        except BadLine as bad:
            raise CommandError(str(bad)) from bad
        if not form.is_valid():
            raise CommandError(_sentence(line, form))
        yield form


def _known(digests: list[str]) -> dict[str, Job]:
    """The last job of each line that has one."""
    jobs = (job for part in _parts(digests) for job in Job.objects.filter(line__in=part).order_by("pk"))
    return {job.line: job for job in jobs}


def _parts(values: list[Any]) -> Iterator[list[Any]]:
    return (values[start : start + MANY] for start in range(0, len(values), MANY))


def _progress(number: int, jobs: list[Job]) -> str:
    job = jobs[number]
    which = f"{number + 1} of {len(jobs)}, " if len(jobs) > 1 else ""
    where = f"images {job.first} to {job.last} of {job.recipe.num_images}, " if job.is_active and job.first else ""
    done = 1.0 if job.state == Job.State.DONE else job.fraction
    return f"{bar(done)} {which}{job.state}: {where}{job.recipe.prompt[:40]}"


def _left(last: Job) -> str:
    """How long all of it will take yet, as far as known."""
    seconds = next((place.seconds for place in queue.places() if place.job.pk == last.pk), None)
    return "" if seconds is None else f", about {duration(seconds)} left in all"


def _sentence(line: Line, form: RecipeForm) -> str:
    errors = [
        f"{name.replace('_', ' ')}: {error}" if name != "__all__" else str(error)
        for name, errors in form.errors.items()
        for error in errors
    ]
    return f"{line.name}: {' '.join(errors)}"
