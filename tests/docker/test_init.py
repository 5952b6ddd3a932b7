"""The first container: what docker/init.py really does to folders."""

import os
import re
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.mounts import needs_mounts, on_a_small_disk
from tests.site import NOTHING_SET, ROOT

COMPOSE = (ROOT / "docker-compose.yml").read_text()
SERVICES = yaml.safe_load(COMPOSE)["services"]
USER = 1234 if os.geteuid() == 0 else os.geteuid()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user can look into; pytest's own is for one alone."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


def init(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    folders = [folder / name for name in ("secrets", "library")]
    for path in folders:
        path.mkdir(exist_ok=True)
    ids = {"PUID": str(USER), "PGID": str(USER if os.geteuid() == 0 else os.getegid())}
    command = [sys.executable, ROOT / "docker" / "init.py", *folders]
    return subprocess.run(command, env={**os.environ, **ids, **environment}, capture_output=True, text=True)


def secrets(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (folder / "secrets").iterdir()}


def test_the_first_start_writes_secrets_and_later_ones_keep_them(folder: Path) -> None:
    assert init(folder).returncode == 0
    first = secrets(folder)
    assert init(folder).returncode == 0
    assert secrets(folder) == first
    assert len({first[name] for name in ("secret_key", "database_password", "redis_password")}) == 3
    assert all(len(first[name]) > 40 for name in ("secret_key", "database_password", "redis_password"))
    (folder / "other").mkdir()
    init(folder / "other")
    assert not set(secrets(folder / "other").values()) & set(first.values()), "each installation has its own"


def test_only_the_applications_user_can_read_them(folder: Path) -> None:
    init(folder)
    for path in (folder / "secrets").iterdir():
        assert (stat.S_IMODE(path.stat().st_mode), path.stat().st_uid) == (0o400, USER), path.name
    assert stat.S_IMODE((folder / "secrets").stat().st_mode) == 0o500


def test_every_file_that_compose_reads_is_written_and_the_settings_take_them(folder: Path) -> None:
    init(folder)
    written = secrets(folder)
    assert set(re.findall(r"/secrets/(\w+(?:\.\w+)?)", COMPOSE)) == set(written)

    files = files_of_the_web(folder)
    script = "from playground.settings import *; print(SECRET_KEY, DATABASES['default']['PASSWORD'], REDIS_URL)"
    environment = {**os.environ, **NOTHING_SET, "PLAYGROUND_DATA": str(folder / "data"), **files}
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == [written["secret_key"], written["database_password"], written["redis_url"]]
    assert written["redis_password"] in written["redis_url"]
    assert f"requirepass {written['redis_password']}\n" in written["redis.conf"]
    assert SERVICES["postgres"]["environment"]["POSTGRES_USER"] in written["database_url"]


def files_of_the_web(folder: Path) -> dict[str, str]:
    """The variables of the web's container that name secrets, here."""
    seen = SERVICES["web"]["environment"]
    return {name: value.replace("/secrets", str(folder / "secrets")) for name, value in seen.items() if "_FILE" in name}


@pytest.mark.parametrize(
    "told", [{}, {"PLAYGROUND_PUBLIC_URL": "https://pictures.example.org", "PLAYGROUND_LOGIN_REQUIRED": "True"}]
)
def test_with_what_compose_says_nothing_is_to_be_said_against_the_settings(folder: Path, told: dict[str, str]) -> None:
    """What is silenced stands in settings.py with its reason."""
    init(folder)
    paths = {
        name: str(folder / name.lower()) for name in SERVICES["web"]["environment"] if name.startswith("PLAYGROUND_")
    }
    environment = {
        **os.environ,
        **NOTHING_SET,
        **paths,
        **files_of_the_web(folder),
        "PLAYGROUND_LISTEN": "0.0.0.0",
        **told,
    }
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    checked = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    assert "no issues" in checked.stdout


def test_a_folder_becomes_writable_with_all_that_lies_in_it_and_stays_as_it_is_when_it_already_was(
    folder: Path,
) -> None:
    kept = folder / "library" / "batch"
    kept.mkdir(parents=True)
    (kept / "01.png").touch()
    (folder / "library").chmod(0o755)
    assert init(folder).returncode == 0
    assert {path.stat().st_uid for path in (folder / "library", kept, kept / "01.png")} == {USER}
    os.chown(kept / "01.png", os.geteuid(), os.getegid())
    assert init(folder).returncode == 0
    assert (kept / "01.png").stat().st_uid == os.geteuid(), "whoever can write is not meddled with"
    assert [path.name for path in (folder / "library").iterdir()] == ["batch"]


@needs_mounts
def test_a_folder_that_cannot_become_writable_is_one_sentence(folder: Path) -> None:
    library = folder / "library"
    command = [sys.executable, ROOT / "docker" / "init.py", folder / "secrets", library]
    refused = on_a_small_disk(library, "ro", command, env={**os.environ, "PUID": "1234", "PGID": "1234"})
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"The folder {library} of the container cannot be written to by user 1234")
    assert "set PUID and PGID in .env" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("name", ["etc", ".ssh"])
def test_a_system_or_a_home_named_by_mistake_is_not_given_away(folder: Path, name: str) -> None:
    home = folder / "library"
    (home / name).mkdir(parents=True)
    home.chmod(0o555)
    owner = home.stat().st_uid
    refused = init(folder)
    assert refused.returncode == 1
    assert f"holds {name}, so it is not given away" in refused.stderr
    assert (home.stat().st_uid, (home / name).stat().st_uid) == (owner, owner)


@pytest.mark.parametrize("value", ["me", "-1", "10.5"])
def test_a_user_must_be_a_number(folder: Path, value: str) -> None:
    refused = init(folder, PUID=value)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert f"PUID={value} is not right: it must be a number" in refused.stderr
