from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from generation.models import Pause


class Command(BaseCommand):
    help = (
        "Let the workers stop before the next group of pictures; jobs wait until `manage.py resume`, also over a "
        "restart. Every page says so, with the reason if one is given."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("reason", nargs="?", default="", help="why, for everybody to read")

    def handle(self, *args: Any, **options: Any) -> None:
        Pause.objects.begin(options["reason"])
        self.stdout.write("Paused: no worker begins another group of pictures until `manage.py resume`.")
