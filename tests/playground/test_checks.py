"""What `manage.py check` finds before the site starts."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import checks
from pytest_django import Settings

from playground.checks import check_database_folder, file_system_of
from tests.pages import browser

MOUNTS = r"""
/dev/sda1 / ext4 rw,relatime 0 0
proc /proc proc rw,nosuid 0 0
C:\134 /mnt/c 9p rw,dirsync,aname=drvfs;path=C:\;uid=1000 0 0
D: /mnt/d drvfs rw,noatime 0 0
/dev/sdb1 /mnt/c/linux ext4 rw 0 0
nas:/pictures /srv/nas nfs4 rw 0 0
//nas/share /srv/My\040Share\011x cifs rw 0 0
me@host:/ /srv/ssh fuse.sshfs rw 0 0
/dev/sdc1 /srv/ntfs fuseblk rw 0 0
tmpfs /srv/over tmpfs rw 0 0
nas:/over /srv/over nfs rw 0 0
overlay /srv/docker overlay rw 0 0
""".lstrip()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/home/me/data", "ext4"),
        ("/mnt/c", "9p"),
        ("/mnt/c/Users/me/data", "9p"),
        ("/mnt/c2/data", "ext4"),
        ("/mnt/c/linux/data", "ext4"),
        ("/mnt/c/linux2", "9p"),
        ("/mnt/d/data", "drvfs"),
        ("/srv/nas/data", "nfs4"),
        ("/srv/My Share\tx/data", "cifs"),
        ("/srv/ssh", "fuse.sshfs"),
        ("/srv/ntfs/data", "fuseblk"),
        ("/srv/over/data", "nfs"),  # mounted later over the other
        ("/srv/nas/../docker", "overlay"),
    ],
)
def test_a_folder_lies_on_the_nearest_mount_above_it(path: str, kind: str) -> None:
    assert file_system_of(Path(path), MOUNTS) == kind


@pytest.mark.parametrize("mounts", ["", "\n\n", "nonsense\n", "a b\n"])
def test_a_table_that_tells_nothing_is_no_fault(mounts: str) -> None:
    assert file_system_of(Path("/data"), mounts) == ""


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/mnt/c/data", ["playground.E001"]),
        ("/mnt/d/data", ["playground.E001"]),
        ("/srv/nas", ["playground.E001"]),
        ("/srv/My Share\tx", ["playground.E001"]),
        ("/srv/ssh", ["playground.E001"]),
        ("/srv/ntfs", ["playground.E001"]),
        ("/home/me", []),
        ("/srv/docker", []),
    ],
)
def test_a_database_where_wal_cannot_work_is_an_error(settings: Settings, path: str, found: list[str]) -> None:
    settings.DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": Path(path) / "db.sqlite3"}}
    messages = check_database_folder(mounts=MOUNTS)
    assert [message.id for message in messages] == found
    for message in messages:
        assert f"The database's folder {path} lies on " in message.msg
        assert "Set PLAYGROUND_DATA to a folder on a disk of this machine" in message.msg


def test_a_database_server_may_stand_anywhere(settings: Settings) -> None:
    settings.DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "/mnt/c/pictures"}}
    assert check_database_folder(mounts=MOUNTS) == []


def ids(**options: Any) -> set[str]:
    return {message.id or "" for message in checks.run_checks(**options)}


@pytest.mark.django_db
def test_the_site_as_it_is_has_no_fault() -> None:
    assert ids(databases=["default"]) == set()


@pytest.mark.parametrize("name", ["PLAYGROUND_DATA", "PLAYGROUND_LIBRARY", "PLAYGROUND_CACHE"])
def test_a_folder_that_has_gone_is_named(settings: Settings, tmp_path: Path, name: str) -> None:
    setattr(settings, name, tmp_path / "gone")
    [message] = checks.run_checks()
    assert (message.id, name in message.msg, str(tmp_path / "gone") in message.msg) == ("playground.E002", True, True)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "can make pictures here, see everybody's and delete them, without signing in."),
        ({"PLAYGROUND_DELETE": "owner"}, "can make pictures here and see everybody's, without signing in."),
        ({"PLAYGROUND_LOGIN_REQUIRED": True}, ""),
        ({"PLAYGROUND_PUBLIC_URL": ""}, ""),
    ],
)
def test_a_way_in_for_strangers_is_told_plainly(settings: Settings, fields: dict[str, Any], told: str) -> None:
    for name, value in {"PLAYGROUND_PUBLIC_URL": "https://pictures.example.org", **fields}.items():
        setattr(settings, name, value)
    found = [message for message in checks.run_checks() if message.id == "playground.W002"]
    assert [told in message.msg and not message.is_serious() for message in found] == [True] * bool(told)
    owner = browser()
    owner.force_login(User.objects.create_superuser("owner"))
    html = owner.get("/admin/").content.decode()
    assert ("Strangers can come in: whoever finds https://pictures.example.org" in html) == bool(told)


def test_a_queue_that_would_run_a_long_job_twice_is_an_error(settings: Settings) -> None:
    settings.Q_CLUSTER = {**settings.Q_CLUSTER, "timeout": 100, "retry": 300}
    assert "playground.E003" in ids()


def test_a_catch_without_its_model_is_told_at_the_start(settings: Settings, tmp_path: Path) -> None:
    settings.PLAYGROUND_MODELS = tmp_path
    assert ids() == set()
    settings.PLAYGROUND_SAFETY_CHECKER = True
    [message] = checks.run_checks()
    assert (message.id, message.is_serious(), "models/safety-checker" in message.msg) == (
        "playground.W001",
        False,
        True,
    )
    (tmp_path / "safety-checker").mkdir()
    for name in ("config.json", "preprocessor_config.json", "model.safetensors"):
        (tmp_path / "safety-checker" / name).touch()
    assert ids() == set()
