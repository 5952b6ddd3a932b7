import os
from argparse import ArgumentParser
from collections.abc import Callable, Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, DjangoHelpFormatter

from playground.doctor import folders, models, servers, variables, workers
from playground.doctor.findings import Finding

CHECKS: dict[str, tuple[Callable[[], Iterable[Finding]], str]] = {
    "settings": (variables.look, "values that cannot be understood, names that are no settings (typing errors)"),
    "folders": (folders.look, "can they be written to, on which file system they lie, is there room"),
    "database": (servers.look_at_database, "does it answer, is it prepared and whole, may it lie where it lies"),
    "redis": (servers.look_at_redis, "does it answer, where one is used"),
    "worker": (workers.look_at_workers, "does one live, and what it says"),
    "port": (workers.look_at_port, "does the site answer there, or does another program hold it"),
    "model": (models.look_at_model, "which one is taken, and what in the models' folder cannot be"),
    "device": (models.look_at_device, "which one makes the pictures; loads PyTorch, so it takes some seconds"),
}
EXAMPLES = """examples:
  manage.py doctor
  manage.py doctor database worker
  docker compose exec worker python manage.py doctor"""


class Command(BaseCommand):
    help = (
        "Say what is wrong with this installation, and how to mend it: a line for each thing looked at, which begins "
        "with ok, warn (it works, but you may want to know) or wrong. Ends with 1 when something is wrong, else "
        "with 0. Nothing is changed, no secret is shown; it can be run while the site runs and when nothing does."
    )
    requires_system_checks = []  # `settings` tells what they find

    def create_parser(self, *args: Any, **options: Any) -> Any:
        width = max(map(len, CHECKS))
        listed = "\n".join(f"  {name:{width}}  {what}" for name, (_, what) in CHECKS.items())
        return super().create_parser(
            *args, epilog=f"checks:\n{listed}\n\n{EXAMPLES}", formatter_class=_Formatter, **options
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("check", nargs="*", metavar="CHECK", help="only these of the checks below")

    def handle(self, *args: Any, check: list[str], **options: Any) -> None:
        if unknown := [name for name in check if name not in CHECKS]:
            raise CommandError(f"There is no check {unknown[0]}. There are: {', '.join(CHECKS)}.")
        os.environ.setdefault("PGCONNECT_TIMEOUT", str(servers.PATIENCE))
        levels = [self._tell(name, finding) for name in check or CHECKS for finding in CHECKS[name][0]()]
        if wrongs := levels.count("wrong"):
            self.stderr.write(f"{wrongs} of {len(levels)} findings are wrong.")
            raise SystemExit(1)

    def _tell(self, name: str, finding: Finding) -> str:
        style = {"ok": self.style.SUCCESS, "warn": self.style.WARNING, "wrong": self.style.ERROR}[finding.level]
        self.stdout.write(f"{style(f'{finding.level:5}')}  {name:8}  {finding.sentence}")
        self.stdout.flush()
        return finding.level


class _Formatter(DjangoHelpFormatter):
    """Keeps the lines of the list of checks."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if text.startswith("checks:") else super()._fill_text(text, width, indent)
