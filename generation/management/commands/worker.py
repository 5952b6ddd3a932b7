from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from generation import cluster, database
from generation.processes import Supervisor, tether, worker_command


class Command(BaseCommand):
    help = (
        "Run the worker: a django-q cluster with one process that keeps the model loaded and makes the pictures. "
        "A watchdog starts it again when it dies. "
        "Where the database does not answer or is not prepared yet, it waits."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--unwatched",
            action="store_true",
            help="without the watchdog, for whoever has one (manage.py run, systemd, Docker)",
        )

    def handle(self, *args: Any, unwatched: bool, **options: Any) -> None:
        if unwatched:
            tether()
            database.wait_while(database.unfitness, self.stderr.write)
            cluster.run()
        else:
            Supervisor({"worker": worker_command()}).run()
