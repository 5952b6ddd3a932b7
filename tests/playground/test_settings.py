"""settings.py as a whole, run with one environment after the other."""

import os
import runpy
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.site import ROOT

Load = Callable[..., dict[str, Any]]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Load:
    """Runs settings.py with nothing in the environment but what is given."""

    def load(**environment: str) -> dict[str, Any]:
        for name in [name for name in os.environ if name.startswith("PLAYGROUND_")]:
            monkeypatch.delenv(name)
        for name in ("PORT", "SECRET_KEY", "DATABASE_URL", "REDIS_URL"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {"PLAYGROUND_DATA": str(tmp_path / "data"), **environment}.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(ROOT / "playground" / "settings.py"))

    return load


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "http"),
        ("PLAYGROUND_PUBLIC_URL", "pictures.example.org"),
        ("PLAYGROUND_LOGIN_REQUIRED", "maybe"),
        ("PLAYGROUND_QUEUE_WORDS", "nobody"),
        ("PLAYGROUND_DELETE", "own"),
        ("PLAYGROUND_MOST_TOGETHER", "0"),
        ("PLAYGROUND_STEPS", "0"),
        ("PLAYGROUND_STEPS", "251"),
        ("PLAYGROUND_GUIDANCE_SCALE", "0.5"),
        ("PLAYGROUND_SIZE", "100x100"),
        ("PLAYGROUND_DOWNSAMPLING_FACTOR", "3"),
        ("PLAYGROUND_MAX_PIXELS", "1"),
        ("PLAYGROUND_SAFETY_CHECKER", "maybe"),
        ("PLAYGROUND_MAX_WAITING", "-1"),
        ("PLAYGROUND_MAX_WAITING_PER_ADDRESS", "many"),
        ("PLAYGROUND_MAX_WAITING_IN_ALL", "1e9"),
        ("PLAYGROUND_DATA", "~nobody-here/data"),
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "mysql://host/name"),
        ("DATABASE_URL", "postgres://host:port/name"),
    ],
)
def test_a_wrong_variable_is_named(load: Load, name: str, value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"^{name}={value} is not right: "):
        load(**{name: value})


@pytest.mark.parametrize("name", ["DATA", "LIBRARY", "MODELS", "CACHE"])
def test_a_folder_that_cannot_be_written_to_is_named(load: Load, tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ImproperlyConfigured, match=f"name another folder in PLAYGROUND_{name}.$"):
        load(**{f"PLAYGROUND_{name}": str(tmp_path / "file" / "folder")})


def test_everything_that_is_kept_lies_in_one_folder(load: Load, tmp_path: Path) -> None:
    load()
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert {path.name for path in (tmp_path / "data").iterdir()} == {"library", "models", "cache", "run", "secret_key"}
    assert stat.S_IMODE((tmp_path / "data" / "run").stat().st_mode) == 0o700


def test_one_folder_can_be_moved(load: Load, tmp_path: Path) -> None:
    assert load(PLAYGROUND_LIBRARY=str(tmp_path / "pictures"))["PLAYGROUND_LIBRARY"] == tmp_path / "pictures"
    assert not (tmp_path / "data" / "library").exists()


def test_the_secret_key_is_kept_and_the_environments_goes_over_it(load: Load, tmp_path: Path) -> None:
    kept = load()["SECRET_KEY"]
    assert load()["SECRET_KEY"] == kept == (tmp_path / "data" / "secret_key").read_text()
    key = "of the environment, and of chance"
    assert load(SECRET_KEY=key)["SECRET_KEY"] == key


@pytest.mark.parametrize(
    "key", ["changeme", "secret" * 20, "x" * 100, "django-insecure-" + "0123456789" * 9, "hellothere"]
)
def test_seed_secret_a_key_that_somebody_else_can_know_is_refused_and_not_quoted(load: Load, key: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^SECRET_KEY is not right: it must be 32 characters") as caught:
        load(SECRET_KEY=key)
    assert key not in str(caught.value)


@pytest.mark.parametrize("name", ["DEBUG", "DJANGO_DEBUG", "PLAYGROUND_DEBUG"])
def test_nothing_in_the_environment_makes_faults_tell_how_the_site_is_built(load: Load, name: str) -> None:
    assert load(**{name: "True"})["DEBUG"] is False


def test_the_safety_catch_is_off_unless_it_is_told(load: Load) -> None:
    assert load()["PLAYGROUND_SAFETY_CHECKER"] is False
    assert load(PLAYGROUND_SAFETY_CHECKER="True")["PLAYGROUND_SAFETY_CHECKER"] is True


def test_it_listens_to_this_machine_only_unless_it_is_told(load: Load) -> None:
    settings = load()
    assert (settings["PLAYGROUND_LISTEN"], settings["PORT"], settings["DEBUG"]) == ("127.0.0.1", 8000, False)
    assert load(PLAYGROUND_LISTEN="0.0.0.0", PORT="80")["PORT"] == 80


def test_a_public_url_is_a_host_and_its_cookies_go_over_https_only(load: Load) -> None:
    settings = load(PLAYGROUND_PUBLIC_URL="https://Pictures.example.org/")
    assert "pictures.example.org" in settings["PLAYGROUND_HOSTS"]
    assert settings["CSRF_TRUSTED_ORIGINS"] == ["https://pictures.example.org"]
    assert (settings["SESSION_COOKIE_SECURE"], settings["CSRF_COOKIE_SECURE"]) == (True, True)
    assert settings["SECURE_PROXY_SSL_HEADER"] == ("HTTP_X_FORWARDED_PROTO", "https")
    assert settings["SECURE_HSTS_SECONDS"] >= 90 * 24 * 3600
    plain = load(PLAYGROUND_PUBLIC_URL="http://pictures.example.org")
    assert not {"SECURE_PROXY_SSL_HEADER", "SECURE_HSTS_SECONDS", "SESSION_COOKIE_SECURE"} & plain.keys()


@pytest.mark.parametrize("url", ["", "sqlite:///{}/elsewhere.sqlite3"])
def test_sqlite_is_used_the_same_way_wherever_it_lies(load: Load, tmp_path: Path, url: str) -> None:
    database = load(DATABASE_URL=url.format(tmp_path))["DATABASES"]["default"]
    assert database["NAME"] == (tmp_path / "elsewhere.sqlite3" if url else tmp_path / "data" / "db.sqlite3")
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in database["OPTIONS"]["init_command"]


def test_postgresql_and_redis_are_taken_from_their_urls(load: Load) -> None:
    settings = load(DATABASE_URL="postgres://me:secret@db:5433/pictures", REDIS_URL="redis://r:6379/0")
    database = settings["DATABASES"]["default"]
    assert [database[key] for key in ("USER", "PASSWORD", "HOST", "PORT", "NAME")] == [
        "me", "secret", "db", 5433, "pictures",
    ]  # fmt: skip
    assert settings["Q_CLUSTER"]["redis"] == "redis://r:6379/0"
    assert "orm" not in settings["Q_CLUSTER"]
    assert "broker_class" not in settings["Q_CLUSTER"]
    assert load(DATABASE_URL="postgres://me:secret@db/pictures")["Q_CLUSTER"].get("broker_class") is None


def test_the_queue_never_takes_a_long_job_for_a_lost_one(load: Load) -> None:
    cluster = load()["Q_CLUSTER"]
    assert cluster["retry"] > 3 * cluster["timeout"]
    assert (cluster["workers"], cluster["recycle"], cluster["ack_failures"]) == (1, 0, True)


def test_no_part_of_a_password_is_quoted(load: Load) -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        load(DATABASE_URL="postgres://me:top/secret@host/name")
    assert "its port is no number; in a password / is written as %2F" in str(caught.value)
    assert not {"top", "secret"} & set(str(caught.value).replace("/", " ").replace(":", " ").split())
