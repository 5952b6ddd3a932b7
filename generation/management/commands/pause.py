from typing import Any

from django.core.management.base import BaseCommand

from generation.models import Worker


class Command(BaseCommand):
    help = "Let the workers stop before the next group of pictures; jobs wait until `manage.py resume`."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{Worker.objects.update(paused=True)} workers pause.")
