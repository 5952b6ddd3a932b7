"""Every address of the table, through the site's own form, with the real ports, the real check and real names."""

import json
import shutil
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

from generation import fetching, sources
from library import decoding
from tests.pictures import BLUE, RED, is_near
from tests.site import ROOT
from tests.url_table import PRIVATE, PUBLIC, PUBLIC_6, ROWS, TAKEN

pytestmark = pytest.mark.timeout(300)

WAYS_IN = (["unshare", "--net", "--mount"], ["unshare", "--map-root-user", "--net", "--mount"])
"""For root, and for others where the system lets them."""
NO_WAY_IN = "needs a network of its own, which this user of this machine cannot make (unshare, ip, mount)"


SENTENCES = {**vars(fetching), **vars(decoding), **vars(sources)}


@cache
def way_in() -> list[str]:
    """Empty: there is none."""
    if not all(map(shutil.which, ("unshare", "ip", "mount", "openssl"))):
        return []
    tried = "ip link set lo up && mount --bind /etc/hosts /etc/hosts"
    ways = (way for way in WAYS_IN if not subprocess.run([*way, "sh", "-c", tried], capture_output=True).returncode)
    return next(ways, [])


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    if not way_in():
        pytest.skip(NO_WAY_IN)
    command = [*way_in(), sys.executable, "-m", "tests.own_network"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_a_picture_lies_at_every_address_for_whoever_asks_without_care(report: dict[str, Any]) -> None:
    assert report["careless"] == report["here"]
    assert {PUBLIC, *PRIVATE} <= set(report["here"])


@pytest.mark.parametrize("name", ROWS)
def test_in_a_network_of_its_own_the_form_says(report: dict[str, Any], name: str) -> None:
    row, told = ROWS[name], report["rows"][name]
    is_here = row.reaches in report["here"]  # a machine without IPv6 has no such address
    assert told["reached"] == [row.reaches] * is_here
    assert told["seconds"] < fetching.SECONDS + 5
    if row.outcome == TAKEN and is_here:
        assert (told["status"], told["words"]) == (302, "")
        assert is_near(told["shows"][0], RED, by=24)
        assert is_near(told["shows"][1], BLUE, by=24)
    else:
        sentence = SENTENCES["NOTHING" if row.outcome == TAKEN else row.outcome]
        assert (told["status"], told["words"]) == (422, sentence)


def test_no_private_address_was_connected_to_by_any_of_them(report: dict[str, Any]) -> None:
    assert report["reached"] == sorted({PUBLIC, PUBLIC_6} & set(report["here"]))


def test_each_name_was_resolved_once(report: dict[str, Any]) -> None:
    asked = {name: told["asked"] for name, told in report["rows"].items()}
    assert asked["DNS rebinding"] == ["rebinding.example"]
    assert asked["DNS rebinding by a redirect"] == ["rebinding.example"] * 2
    assert asked["AAAA private and A public"] == ["six.example"]
    assert asked["loopback"] == asked["2130706433"] == asked["IDN dots"] == []


def test_open_and_closed_have_the_same_words(report: dict[str, Any]) -> None:
    places = [name for name in ROWS if name.startswith(("private", "public,", "another port"))]
    assert len(places) == 9
    assert {report["rows"][name]["words"] for name in places} == {fetching.NOTHING}


def test_no_file_was_written_under_the_name_in_the_address(report: dict[str, Any]) -> None:
    assert report["written"] == []
