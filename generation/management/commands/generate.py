import sys
import threading
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from generation import queue, registry, tasks
from generation.forms import RecipeForm
from generation.models import Job
from generation.slots import SlotTaken
from generation.worker import WorkerProcess
from library.models import Image

POLL = 0.25  # s
BAR = 24  # characters

OPTIONS = {
    "num_images": int,
    "seed": int,
    "negative_prompt": str,
    "width": int,
    "height": int,
    "steps": int,
    "guidance_scale": float,
    "eta": float,
    "sampler": str,
    "downsampling_factor": int,
    "model": str,
}

HELP = {"model": "one of the names on the page of models; else the default one"}


class Command(BaseCommand):
    help = (
        "Make pictures for one prompt or for many, through the queue like everybody else's, and print their paths. "
        "Progress goes to stderr, so that the paths can be piped on."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("prompt", nargs="*", help="what to see; several prompts make several jobs")
        parser.add_argument("--from-file", type=Path, help="a file with one prompt per line; - for standard input")
        parser.add_argument(
            "--now",
            action="store_true",
            help="make them in this process, without queue and site; needs the device for itself",
        )
        for name, kind in OPTIONS.items():
            parser.add_argument(f"--{name.replace('_', '-')}", type=kind, help=HELP.get(name))

    def handle(self, *args: Any, **options: Any) -> None:
        prompts = self._prompts(options["prompt"], options["from_file"])
        if options["now"] and options["model"]:  # perhaps no worker has ever looked for one
            registry.write(registry.choice())
        forms = [RecipeForm({"prompt": prompt, **{name: options[name] for name in OPTIONS}}) for prompt in prompts]
        for prompt, form in zip(prompts, forms, strict=True):
            if not form.is_valid():
                raise CommandError(f"{prompt!r}: {_sentence(form)}")
        process = self._open_worker() if options["now"] else None
        try:
            jobs = [queue.submit(form.recipe()) for form in forms]
            failed = [job for job in jobs if not self._see_through(job, process)]
        finally:
            if process:
                process.close()
        if failed:
            raise CommandError(f"{len(failed)} of {len(jobs)} jobs made no or not all pictures.")

    def _prompts(self, given: list[str], file: Path | None) -> list[str]:
        prompts = list(given)
        if file:
            try:
                lines = sys.stdin.read() if str(file) == "-" else file.read_text()
            except (OSError, UnicodeDecodeError) as error:
                raise CommandError(f"{file} cannot be read: {error}") from error
            prompts += [line.strip() for line in lines.splitlines() if line.strip()]
        if not prompts:
            raise CommandError('Say what to see: manage.py generate "a red apple", or --from-file FILE.')
        return prompts

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

    def _see_through(self, job: Job, process: WorkerProcess | None) -> bool:
        """Wait for one job, or make it here, showing its progress; then print its pictures' paths."""
        maker = threading.Thread(target=self._make, args=(job, process)) if process else None
        try:
            if maker:
                maker.start()
            self._wait(job)
        except KeyboardInterrupt:
            job.cancel()
            raise CommandError("Cancelled; finished pictures are kept.") from None
        finally:
            if maker:
                maker.join()
        images = Image.objects.kept().filter(batch__uuid=job.uuid).select_related("batch").order_by("position")
        for image in images:
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

    def _wait(self, job: Job) -> None:
        shown = ""
        job.refresh_from_db()
        while job.is_active:
            shown = self._show(job, shown)
            time.sleep(POLL)
            job.refresh_from_db()
        self._show(job, shown)
        if self.stderr.isatty():
            self.stderr.write("")

    def _show(self, job: Job, shown: str) -> str:
        """Write the progress unless it is what is `shown` already: over the old line on a terminal, else below."""
        filled = round(BAR * (1.0 if job.state == Job.State.DONE else job.fraction))
        where = f"images {job.first} to {job.last} of {job.recipe.num_images}, " if job.is_active and job.first else ""
        line = f"[{'#' * filled}{'.' * (BAR - filled)}] {job.state}: {where}{job.recipe.prompt[:40]}"
        if line != shown:
            start, end = ("\r\x1b[K", "") if self.stderr.isatty() else ("", "\n")
            self.stderr.write(start + line, ending=end)
        return line


def _sentence(form: RecipeForm) -> str:
    return " ".join(
        f"{name.replace('_', ' ')}: {error}" if name != "__all__" else str(error)
        for name, errors in form.errors.items()
        for error in errors
    )
