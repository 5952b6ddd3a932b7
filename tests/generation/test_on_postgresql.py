"""Queue and library make the same promises on PostgreSQL: their own tests once more, on a server of ours."""

import os
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from tests.site import ROOT

PROMISES = (
    "tests/library",
    *(f"tests/generation/test_{name}.py" for name in ("queue", "models", "tasks", "paces", "promises", "status")),
    "tests/generation/api/test_idempotency.py",
)
WITHOUT_DATABASE = ("png", "infotext", "settings_of")


@pytest.mark.timeout(600)
def test_the_tests_of_queue_and_library_pass_on_postgresql_too(postgresql: str) -> None:
    url = urlsplit(postgresql)._replace(path="/promises").geturl()  # a name that no other tests use
    left_out = [f"--ignore=tests/library/test_{name}.py" for name in WITHOUT_DATABASE]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *left_out, *PROMISES],
        cwd=ROOT, env={**os.environ, "TEST_DATABASE_URL": url}, capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-2000:]
    assert int(run.stdout.rpartition(" passed")[0].split()[-1]) > 300, run.stdout
