"""`manage.py backup` of a running site, and `restore` where nothing is."""

import json
import secrets
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import psycopg
import pytest

from tests.site import Site, until

MakeSite = Callable[..., Site]
KEY = secrets.token_urlsafe(50)

PEOPLE = """
from django.contrib.auth.models import Permission, User
from django.contrib.sessions.backends.db import SessionStore
from people.models import Token
ada = User.objects.create_user("ada", password="a long pass phrase")
ada.user_permissions.set(Permission.objects.filter(codename__in=["view_image", "change_image"]))
Token.objects.make(ada, name="phone", scopes=["read"])
session = SessionStore()
session["_auth_user_id"] = str(ada.pk)
session.save()
print(session.session_key)
"""
ROWS = """
import json
from django.contrib.auth.models import User
from generation.models import Job
from library.models import Batch, Image
from people.models import Token
print(json.dumps({
    "jobs": list(Job.objects.values_list("state", "prompt__words").order_by("pk")),
    "images": [[str(one.uuid), one.position, one.favourite, one.deleted is None, str(one.batch)]
               for one in Image.objects.select_related("batch").order_by("pk")],
    "people": [[one.username, one.check_password("a long pass phrase"), sorted(one.get_user_permissions())]
               for one in User.objects.all()],
    "tokens": list(Token.objects.values_list("name", "person__username", "digest")),
    "found": Batch.objects.matching(__import__("library.search").search.Search.parse("fox")).count(),
}))
"""


def shell(site: Site, code: str) -> str:
    done = site.command("shell", "--verbosity", "0", "--command", code)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def rows(site: Site) -> dict[str, Any]:
    return dict(json.loads(shell(site, ROWS)))


def files(site: Site) -> dict[str, bytes]:
    library = site.data / "library"
    whole = (path for path in library.rglob("*") if path.is_file() and path.suffix != ".part")
    return {str(path.relative_to(library)): path.read_bytes() for path in whole}


def done(site: Site, *arguments: str) -> str:
    made = site.command(*arguments)
    assert made.returncode == 0, made.stderr
    return made.stdout


def refused(site: Site, *arguments: str) -> str:
    made = site.command(*arguments)
    assert made.returncode == 1, made.stdout
    assert "Traceback" not in made.stderr
    return made.stderr


def with_pictures(site: Site) -> str:
    """The site, with pictures, people and a star. Gives the key of somebody's session."""
    site.start().wait_ready()
    for prompt in ("a fox", "an owl"):
        site.wait_for(site.submit(prompt)) if site.environment.get("DATABASE_URL") is None else site.submit(prompt)
    until(lambda: len(rows(site)["images"]) == 6 or None)
    shell(site, "from library.models import Image; Image.objects.filter(position=1).star(True)")
    shell(site, "from library.models import Image; Image.objects.filter(position=2).move_to_trash()")
    return shell(site, PEOPLE)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> tuple[Site, Path]:
    """A small site that does not run, and its backup."""
    folder = tmp_path_factory.mktemp("small")
    site = Site(folder / "data", PLAYGROUND_MODEL=str(tiny_model))
    done(site, "migrate")
    done(site, "generate", "a fox", "--num-images", "2", "--now")
    done(site, "backup", str(folder / "backup.zip"))
    return site, folder / "backup.zip"


@pytest.fixture
def backup(small: tuple[Site, Path], tmp_path: Path) -> tuple[Site, Path]:
    """The same, with a copy of the backup to do harm to."""
    return small[0], Path(shutil.copy(small[1], tmp_path))


def changed(path: Path, name: str, change: Callable[[bytes], bytes], *, called: str = "") -> None:
    """Write the backup anew with one of its files changed, as somebody might who wants to do harm."""
    with ZipFile(path) as archive:
        contents = {entry: archive.read(entry) for entry in archive.namelist()}
    contents[called or name] = change(contents.pop(name))
    with ZipFile(path, "w") as archive:
        for entry, data in contents.items():
            archive.writestr(entry, data)


@pytest.mark.timeout(300)  # the job that is broken off has to be a long one
def test_a_running_site_comes_back_whole_elsewhere(new_site: MakeSite, tmp_path: Path) -> None:
    site, path = new_site(), tmp_path / "backup.zip"
    session = with_pictures(site)
    slow = site.submit("a slow fox", num_images=30, steps=250)
    until(lambda: site.job(slow)["state"] == "running" or None)
    before, pictures = rows(site), files(site)
    assert "pictures" in done(site, "backup", str(path))
    site.stop()

    other = new_site()
    assert "pictures back" in done(other, "restore", str(path))
    after = rows(other)
    assert after["images"][:6] == before["images"][:6]  # the slow job has gone on since we looked
    assert {**after, "images": 0, "jobs": 0} == {**before, "images": 0, "jobs": 0}
    assert (len(after["people"]), after["people"][0][1], len(after["people"][0][2])) == (1, True, 2)
    assert after["found"] == 2
    assert [state for state, _ in after["jobs"]] == ["done", "done", "running"]
    assert {name: data for name, data in files(other).items() if name in pictures} == pictures
    other.start().wait_ready()
    other.wait_for(slow, seconds=120)  # it goes on by itself
    assert other.rows("SELECT count(*) AS n FROM library_image")[0]["n"] == 36
    assert "Files and rows agree" in done(other, "check_library")
    with ZipFile(path) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert session.encode() not in everything
    assert (site.data / "secret_key").read_bytes() not in everything
    assert path.stat().st_mode & 0o077 == 0


def test_secrets_are_in_it_only_if_asked_for(new_site: MakeSite, tmp_path: Path) -> None:
    site = new_site(SECRET_KEY=KEY, HF_TOKEN="hf_hidden", PLAYGROUND_STEPS="7")
    done(site, "migrate")
    for name, arguments in (("plain", ()), ("secret", ("--with-secrets",))):
        path = tmp_path / f"{name}.zip"
        done(site, "backup", str(path), *arguments)
        other = new_site()
        done(other, "restore", str(path))
        assert "PLAYGROUND_STEPS=7" in (other.data / "settings.env").read_text()
        found = b"".join(path.read_bytes() for path in other.data.rglob("*.env"))
        assert (KEY.encode() in found, b"hf_hidden" in found) == (name == "secret",) * 2
        assert "HF_TOKEN" not in (other.data / "settings.env").read_text()


def test_it_is_not_written_over_another_file(backup: tuple[Site, Path]) -> None:
    site, path = backup
    assert "is there already; --force" in refused(site, "backup", str(path))
    assert "2 pictures" in done(site, "backup", str(path), "--force")
    assert "cannot be written" in refused(site, "backup", "/nowhere/backup.zip")


def test_it_is_only_put_back_where_nothing_is_and_nothing_runs(backup: tuple[Site, Path], new_site: MakeSite) -> None:
    site, path = backup
    assert "only put back where nothing is" in refused(site, "restore", str(path))
    running = new_site().start().wait_ready()
    assert "Stop the site before" in refused(running, "restore", str(path))
    running.stop()
    (running.data / "library" / "cat.jpg").write_bytes(b"")
    assert "cat.jpg is not the backup's" in refused(running, "restore", str(path))
    (running.data / "library" / "cat.jpg").unlink()
    assert "2 pictures back" in done(running, "restore", str(path))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda path: path.write_bytes(b"nothing"), "is no backup of a playground"),
        (lambda path: path.write_bytes(path.read_bytes()[:-2000]), "is no backup of a playground"),
        (lambda path: path.unlink(), "cannot be read: No such file"),
        (lambda path: changed(path, picture(path), lambda data: data[:-1] + b"x"), "is not what was put into it"),
        (lambda path: changed(path, picture(path), bytes, called="library/x"), "does not hold what its manifest says"),
        (lambda path: changed(path, "manifest.json", later), "a later version of the playground"),
        (lambda path: changed(path, "manifest.json", unknown), "of a later version of the playground (library.9999_x)"),
        (lambda path: outside(path, "library/../../outside.png"), "which no backup has"),
        (lambda path: outside(path, "/outside.png"), "which no backup has"),
    ],
)
def test_what_is_damaged_or_made_to_hurt_is_refused_before_anything_is_written(
    backup: tuple[Site, Path], new_site: MakeSite, change: Callable[[Path], object], sentence: str
) -> None:
    _, path = backup
    change(path)
    other = new_site()
    assert sentence in refused(other, "restore", str(path))
    assert not (other.data / "db.sqlite3").exists()
    assert list(other.data.rglob("*.png")) == []
    assert not (other.data.parent / "outside.png").exists()


def picture(path: Path) -> str:
    return next(name for name in ZipFile(path).namelist() if name.endswith(".png"))


def later(data: bytes) -> bytes:
    return json.dumps({**json.loads(data), "version": 2}).encode()


def unknown(data: bytes) -> bytes:
    said = json.loads(data)
    return json.dumps({**said, "migrations": [*said["migrations"], "library.9999_x"]}).encode()


def outside(path: Path, name: str) -> None:
    """A backup that would write beside the site's folders."""
    own = picture(path)
    changed(path, own, bytes, called=name)
    changed(path, "manifest.json", lambda data: data.replace(own.encode(), name.encode()))


def test_what_was_broken_off_is_put_back_by_the_same_command(backup: tuple[Site, Path], new_site: MakeSite) -> None:
    site, path = backup
    other = new_site()
    done(other, "restore", str(path))
    (other.data / "db.sqlite3").unlink()  # as if the power had gone before the rows
    next((other.data / "library").rglob("*.png")).write_bytes(b"half")
    done(other, "restore", str(path))
    assert files(other) == files(site)
    assert rows(other) == rows(site)


def test_a_site_on_postgresql_comes_back_whole(new_site: MakeSite, tmp_path: Path, postgresql: str) -> None:
    with psycopg.connect(postgresql, autocommit=True) as connection:
        for name in ("one", "two"):
            connection.execute(f"CREATE DATABASE {name}")
    one, two = (postgresql.replace("/postgres?", f"/{name}?") for name in ("one", "two"))
    site, path = new_site(DATABASE_URL=one), tmp_path / "backup.zip"
    with_pictures(site)
    before, pictures = rows(site), files(site)
    done(site, "backup", str(path))
    site.stop()

    assert "restore it there" not in refused(site, "restore", str(path))
    other = new_site(DATABASE_URL=two)
    assert "6 pictures back" in done(other, "restore", str(path))
    assert rows(other) == before
    assert files(other) == pictures
    other.start().wait_ready()
    other.submit("a new fox")  # the keys count on from where they were
    until(lambda: len(rows(other)["images"]) == 9 or None)

    small = new_site()
    done(small, "restore", str(path))  # what is written in lines comes into any database
    assert rows(small) == before


def test_a_backup_of_sqlite_needs_sqlite(backup: tuple[Site, Path], new_site: MakeSite, postgresql: str) -> None:
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute("CREATE DATABASE three")
    other = new_site(DATABASE_URL=postgresql.replace("/postgres?", "/three?"))
    assert "leave DATABASE_URL out" in refused(other, "restore", str(backup[1]))


def test_the_backup_of_sqlite_is_a_sound_database(backup: tuple[Site, Path], tmp_path: Path) -> None:
    ZipFile(backup[1]).extract("database.sqlite3", tmp_path)
    with sqlite3.connect(tmp_path / "database.sqlite3") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
