import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from generation import defaults, downloads
from generation.engine import hub, repository
from generation.engine.resuming import Broken, Refused
from generation.management.bar import StatusLine, bar
from generation.templatetags.times import duration


class Command(BaseCommand):
    help = (
        "Download a model in diffusers' layout from the Hugging Face hub into the cache: weights as safetensors only, "
        "no code. Whether it fits on the disk is looked at first; after a break the same command goes on where it was. "
        "HF_TOKEN is the token for models that ask for one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", help="as the hub has it, such as stable-diffusion-v1-5/stable-diffusion-v1-5")
        parser.add_argument("--revision", default="", help="a branch, a tag or a commit of it; by default main")

    def handle(self, *args: Any, id: str, revision: str, **options: Any) -> None:
        name = f"{id}@{revision}" if revision and revision != repository.MAIN else id
        began, self._line = time.monotonic(), StatusLine(self.stderr)
        try:
            plan = repository.plan(name)
            self.stderr.write(f"{name}: {len(plan.parts)} files, {hub.in_words(plan.size)} in all.")
            hub.download(name, downloads.cache(), self._show, plan)
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        except Broken as broken:
            self._line.end()
            raise CommandError(f"{broken} What has come is kept: the same command goes on there.") from broken
        except KeyboardInterrupt:
            self._line.end()
            raise CommandError("Stopped. What has come is kept: the same command goes on there.") from None
        self._line.end()
        self.stderr.write(f"Downloaded in {duration(time.monotonic() - began)}.")
        self.stdout.write(_what_next(name))

    def _show(self, progress: hub.Progress) -> None:
        if not self._line.is_terminal:  # nobody looks on
            return
        left = "" if progress.seconds_left is None else f", about {duration(progress.seconds_left)} left"
        self._line.show(f"{bar(progress.percent / 100)} {progress.percent} % of {hub.in_words(progress.total)}", left)


def _what_next(name: str) -> str:
    first = next(iter(defaults.choice().checkpoints), None)
    if first and first.name == name:
        return f"{name} is the site's model now. A running site takes it up within seconds, once nothing is being made."
    wanted = settings.PLAYGROUND_MODEL
    other = f"PLAYGROUND_MODEL names {wanted}" if wanted else f"{first.name} comes first" if first else "It comes last"
    return f"{other}. To use this one, set PLAYGROUND_MODEL={name} in .env and start the site anew."
