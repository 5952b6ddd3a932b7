"""Reading the environment: a wrong variable is named together with what is wrong about it."""

import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from playground import environment
from tests.site import ROOT


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Reads a variable that holds the given text."""

    def read(text: str, cast: Callable[[str], Any], default: Any = None) -> Any:
        monkeypatch.setenv("PLAYGROUND_THING", text)
        return environment.read("PLAYGROUND_THING", cast, default)

    return read


Read = Callable[..., Any]
whole, number, one_of = environment.whole(1, 250), environment.number(1, 20), environment.one_of(2, 4, 8, 16)


@pytest.mark.parametrize(
    ("cast", "text", "value"),
    [
        (whole, "1", 1),
        (whole, " 250 ", 250),
        (number, "1", 1.0),
        (number, "7.5", 7.5),
        (one_of, "16", 16),
        *((environment.switch, text, True) for text in ("True", "true", "YES", "on", "1")),
        *((environment.switch, text, False) for text in ("False", "false", "no", "Off", "0")),
        (environment.word_of("everyone", "own"), "Own", "own"),
        (environment.size, "512", (512, 512)),
        (environment.size, "512x768", (512, 768)),
        (environment.size, "512 X 64", (512, 64)),
        (environment.size, "2048×64", (2048, 64)),
        (environment.folder, "/nowhere/../data", Path("/data")),
        (environment.folder, "~/data", Path.home() / "data"),
        (environment.public_url, "http://pictures.example.org:8080", "http://pictures.example.org:8080"),
        (environment.public_url, "HTTPS://Pictures.Example.org:443/", "https://pictures.example.org"),
        (environment.public_url, "http://[2001:DB8::1]:80", "http://[2001:db8::1]"),
    ],
)
def test_a_right_value_is_taken(read: Read, cast: Callable[[str], Any], text: str, value: object) -> None:
    assert read(text, cast) == value


WRONG: list[tuple[Callable[[str], Any], str, str]] = [
    (whole, "0 251 -1 1.5 1e2 many 0x10 " + "9" * 5000, "it must be a whole number from 1 to 250"),
    (number, "0.9 20.1 -7 nan inf 1e1 7,5 7. " + "9" * 5000, "it must be a number from 1 to 20"),
    (one_of, "3 08 8.0 eight", "it must be one of 2, 4, 8, 16"),
    (environment.word_of("everyone", "own"), "nobody 1 True", "it must be everyone or own"),
    (environment.switch, "maybe 2 truth -1 None", "it must be True or False"),
    (environment.size, "big 512x x512 512x512x512 -512", "it must look like 512x512"),
    (environment.size, "56 100 512x2056 99999", "each side must be a multiple of 8 from 64 to 2048 px"),
    (environment.folder, "~nobody-here/data", "there is no such user"),
    (
        environment.public_url,
        "example.org //example.org ftp://example.org https:// javascript:alert(1)",
        "it must look like",
    ),
    (environment.public_url, "https://example.org/path https://example.org/?a", "it must look like"),
    (environment.public_url, "http://[ http://[::1", "Invalid IPv6 URL"),
    (environment.public_url, "http://example.org:x http://example.org:99999", "Port "),
]


@pytest.mark.parametrize(("cast", "texts", "reason"), WRONG)
def test_a_wrong_value_is_named_with_the_reason(
    read: Read, cast: Callable[[str], Any], texts: str, reason: str
) -> None:
    for text in texts.split():
        with pytest.raises(ImproperlyConfigured) as caught:
            read(text, cast)
        assert str(caught.value).startswith(f"PLAYGROUND_THING={text} is not right: {reason}")
        assert str(caught.value).endswith(".")


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_variable_means_the_default(read: Read, text: str) -> None:
    assert read(text, whole, 50) == 50


def test_an_absent_variable_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PLAYGROUND_THING", raising=False)
    assert environment.read("PLAYGROUND_THING", whole, None) is None


def test_a_password_is_not_told(read: Read) -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        read("http://me:hunter2@example.org", environment.public_url)
    assert "hunter2" not in str(caught.value)


# Folders


def test_a_folder_is_made_with_all_above_it(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    assert environment.make_folder("PLAYGROUND_DATA", path) == path
    assert path.is_dir()
    assert environment.make_folder("PLAYGROUND_DATA", path) == path


def test_a_private_folder_is_for_its_owner_only(tmp_path: Path) -> None:
    path = environment.make_folder("PLAYGROUND_DATA", tmp_path / "run", private=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o700


@pytest.mark.parametrize("below", ["", "library"])
def test_a_folder_that_cannot_be_written_to_is_one_sentence_that_says_what_to_do(tmp_path: Path, below: str) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(ImproperlyConfigured) as caught:
        environment.make_folder("PLAYGROUND_LIBRARY", file / below)
    assert str(caught.value) == (
        f"The folder {file / below} cannot be written to. Give it to the user who starts the site "
        f"(sudo chown -R $USER {file / below}), or name another folder in PLAYGROUND_LIBRARY."
    )


# The secret key


def test_a_secret_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    key = environment.secret_key(path)
    assert len(key) >= 50
    assert environment.secret_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secret_key"]


def test_no_two_sites_have_the_same_key(tmp_path: Path) -> None:
    assert environment.secret_key(tmp_path / "a") != environment.secret_key(tmp_path / "b")


START_AT_ONCE = """
import sys
from multiprocessing import get_context
from pathlib import Path
from playground.environment import secret_key

def read(number):
    start.wait()
    return secret_key(Path(sys.argv[1]) / str(number))

context = get_context("fork")
start = context.Barrier(8)
with context.Pool(8) as pool:
    for number in range(20):
        print(len(set(pool.map(read, [number] * 8, chunksize=1))))
"""


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    command = [sys.executable, "-c", START_AT_ONCE, str(tmp_path)]
    keys = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=30).stdout
    assert keys.split() == ["1"] * 20
    assert len(list(tmp_path.iterdir())) == 20


# The machine


@pytest.mark.parametrize("node", ["lamp", "Lamp", "lamp.local", "LAMP.LOCAL"])
def test_a_machine_goes_by_its_name_with_and_without_local(node: str) -> None:
    assert environment.own_names(node) == {"localhost", "lamp", "lamp.local"}


def test_a_machine_without_a_name_is_localhost_only() -> None:
    assert environment.own_names("") == {"localhost"}


@pytest.mark.parametrize(
    ("text", "zone"),
    [("Europe/Berlin", "Europe/Berlin"), (":Asia/Tokyo", "Asia/Tokyo"), ("UTC", "UTC")],
)
def test_the_zone_of_the_environment_is_taken(monkeypatch: pytest.MonkeyPatch, text: str, zone: str) -> None:
    monkeypatch.setenv("TZ", text)
    assert environment.time_zone() == zone


@pytest.mark.parametrize("text", ["", ":/etc/localtime", "EST5EDT4,M3.2.0", "../../etc/passwd", "Nowhere/At"])
def test_a_zone_without_a_name_is_the_machines(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.delenv("TZ", raising=False)
    machines = environment.time_zone()
    monkeypatch.setenv("TZ", text)
    assert environment.time_zone() == machines != ""


def test_a_variable_may_lie_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As container engines hand out secrets."""
    (tmp_path / "secret").write_text(" 250\n")
    monkeypatch.setenv("PLAYGROUND_THING_FILE", str(tmp_path / "secret"))
    assert environment.read("PLAYGROUND_THING", whole, 1) == 250
    monkeypatch.setenv("PLAYGROUND_THING", "7")
    assert environment.read("PLAYGROUND_THING", whole, 1) == 7, "the variable itself comes first"


def test_a_file_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "noise").write_bytes(b"\xff\xfe")
    for path, reason in [("/nowhere", "No such file or directory"), (str(tmp_path / "noise"), "it is no text")]:
        monkeypatch.setenv("PLAYGROUND_THING_FILE", path)
        with pytest.raises(ImproperlyConfigured, match=f"^PLAYGROUND_THING_FILE={path} cannot be read: {reason}"):
            environment.read("PLAYGROUND_THING", whole, 1)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgres://me:secret@host/name", "postgres://…@host/name"),
        ("postgres://me:se/cr@et@host/name", "postgres://…@host/name"),
        ("me:secret@host", "…@host"),
        ("nonsense", "nonsense"),
    ],
)
def test_a_password_is_not_shown(text: str, shown: str) -> None:
    assert environment.without_password(text) == shown
