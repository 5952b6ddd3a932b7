from typing import Any

from django.core.management.base import BaseCommand

from generation import queue
from generation.models import Pause


class Command(BaseCommand):
    help = "Let paused workers go on."

    def handle(self, *args: Any, **options: Any) -> None:
        was_paused = Pause.objects.end()
        queue.ring()
        self.stdout.write("The workers go on." if was_paused else "Nothing was paused.")
