from typing import Any

from django.core.management.base import BaseCommand

from generation.models import Worker


class Command(BaseCommand):
    help = "Let paused workers go on."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{Worker.objects.update(paused=False)} workers go on.")
