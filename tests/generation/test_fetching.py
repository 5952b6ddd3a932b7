import gzip
import shutil
import time
from pathlib import Path

import pytest

from generation.addresses import is_public
from generation.fetching import NO_ADDRESS, NOTHING, REDIRECTS, Way, fetch
from tests.site import ROOT, free_port
from tests.ways import refusal, way_to
from tests.web import Web, a_png, answer, certificate, to

PNG = a_png()


def test_a_picture_comes_over_http() -> None:
    with Web({"/a.png?x=1": answer(PNG)}) as web:
        assert fetch(web.url("/a.png?x=1#y"), way_to(web)) == PNG


def test_it_asks_by_the_hosts_name_and_tells_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    with Web({"/a.png": answer(PNG, Set_Cookie="a=b")}) as web:
        fetch(web.url(host="pictures.example"), way_to(web))
        fetch(web.url(host="pictures.example"), way_to(web))
    assert web.heads[0] == web.heads[1]
    start, *headers = web.heads[0].strip().split("\r\n")
    assert start == "GET /a.png HTTP/1.1"
    assert f"Host: pictures.example:{web.port}" in headers
    assert "Accept-Encoding: identity" in headers
    assert {line.split(":")[0] for line in headers} == {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"}


def test_a1111_12698_the_name_is_resolved_once_and_the_address_that_was_checked_is_used() -> None:
    """A host whose second answer is private gains nothing: nobody asks a second time."""
    asked: list[str] = []

    def rebinding(host: str) -> list[str]:
        asked.append(host)
        return ["127.0.0.1" if len(asked) == 1 else "10.0.0.1"]

    with Web({"/a.png": answer(PNG)}) as web:
        assert fetch(web.url(host="pictures.example"), way_to(web, resolve=rebinding)) == PNG
    assert asked == ["pictures.example"]


def test_a_redirect_to_the_same_name_is_resolved_and_checked_anew() -> None:
    answers = iter(["127.0.0.1", "10.0.0.1"])
    with Web({"/a.png": answer(PNG)}) as web:
        web.pages["/b"] = to(web.url(host="pictures.example"))
        way = way_to(web, resolve=lambda host: [next(answers)])
        assert refusal(web.url("/b", host="pictures.example"), way) == NOTHING
    assert len(web.heads) == 1


@pytest.mark.parametrize("port", [22, 8080, 65535])
def test_only_the_ports_of_the_web_are_asked(port: int) -> None:
    """The address could be reached by everybody; that nothing is tried is told by the time."""
    started = time.monotonic()
    assert refusal(f"http://1.1.1.1:{port}/a.png", Way()) == NOTHING
    assert refusal(f"http://pictures.example:{port}/a.png", Way(resolve=lambda host: ["1.1.1.1"])) == NOTHING
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    "ips",
    [["127.0.0.1", "10.0.0.1"], ["fd00::1", "127.0.0.1"],
     ["127.0.0.1", "::ffff:127.0.0.1"], [*["127.0.0.1"] * 9, "::1"], []],
)  # fmt: skip
def test_one_private_address_of_several_is_enough_to_refuse(ips: list[str]) -> None:
    with Web({"/a.png": answer(PNG)}) as web:
        assert refusal(web.url(host="pictures.example"), way_to(web, resolve=lambda host: ips)) == NOTHING
    assert web.heads == []


def test_the_next_address_is_tried_when_the_first_does_not_answer() -> None:
    with Web({"/a.png": answer(PNG)}) as web:
        way = Way(5, is_allowed=lambda ip, port: port == web.port, resolve=lambda host: ["127.0.0.9", "127.0.0.1"])
        assert fetch(web.url(host="pictures.example"), way) == PNG


HERE = ["127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "2130706433", "0x7f.1"]
HERE += [
    "127.1",
    "0177.0.0.1",
    "[::]",
    "[::127.0.0.1]",
    "127。0。0。1",
    "①②⑦.0.0.1",
    "good@127.0.0.1",
    "good\\@127.0.0.1",
]
HERE += [
    "169.254.169.254",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "good\\@127.0.0.1",
    "100.64.0.1",
    "[fc00::1]",
    "[fe80::1]",
]
HERE += ["[64:ff9b::7f00:1]", "[2002:7f00:1::]", "localhost.", "LOCALHOST"]


@pytest.mark.parametrize("host", HERE)
def test_cve_2026_45400_seed_4_no_spelling_of_an_address_that_is_not_public_leads_anywhere(host: str) -> None:
    """All ports are open here, and a picture lies at this one: only the address keeps the fetch from it."""
    with Web({"/a.png": answer(PNG), "/": answer(PNG)}) as web:
        way = Way(is_allowed=lambda ip, port: is_public(ip))
        assert refusal(f"http://{host}:{web.port}/a.png", way) in (NOTHING, NO_ADDRESS)
        assert refusal(f"http://{host}:{web.port}#@good.example/a.png", way) in (NOTHING, NO_ADDRESS)
        assert web.heads == []


@pytest.mark.parametrize("address", ["file:///etc/passwd", "gopher://127.0.0.1/", "http://a:b@example.org/", ""])
def test_cve_2024_6095_what_is_no_address_is_said_to_be_none(address: str) -> None:
    assert refusal(address, Way()) == NO_ADDRESS


def test_redirects_are_followed() -> None:
    with Web({"/a": to("/b"), "/b": to("c?d#e", "301 Moved Permanently"), "/c?d": answer(PNG)}) as web:
        assert fetch(web.url("/a"), way_to(web)) == PNG


@pytest.mark.parametrize("status", ["301 A", "302 B", "303 C", "307 D", "308 E"])
def test_cve_2026_45401_a_redirect_to_a_private_address_is_not_followed(status: str) -> None:
    with Web({"/secret.png": answer(PNG)}) as inside, Web({"/a.png": to(inside.url("/secret.png"), status)}) as web:
        assert refusal(web.url(), way_to(web)) == NOTHING
    assert inside.heads == []
    assert len(web.heads) == 1


PLACES = [
    "file:///etc/passwd",
    "gopher://127.0.0.1:{0}/",
    "//10.0.0.1/",
    "http://169.254.169.254/latest/",
    "http://[::1]:{0}/",
]
PLACES += [
    "http://a@127.0.0.1:{0}/b.png",
    "http://127.0.0.1\\@b:{0}/",
    "http://2130706433:{0}/b.png",
    "ftp://b/",
    "",
    " ",
]


@pytest.mark.parametrize("place", PLACES)
def test_a_redirect_elsewhere_is_not_followed_and_has_the_same_words(place: str) -> None:
    with Web({"/b.png": answer(PNG)}) as web:
        web.pages["/a.png"] = to(place.format(web.port))
        assert refusal(web.url(), way_to(web)) == NOTHING
    assert not any("/b.png" in head for head in web.heads)


def test_a_chain_that_ends_in_a_private_place_is_followed_up_to_there() -> None:
    with Web({"/a": to("/b"), "/b": to("http://intranet.example/")}) as web:
        private = way_to(web, resolve=lambda host: ["192.168.0.1"])
        assert refusal(web.url("/a"), private) == NOTHING
    assert len(web.heads) == 2


def test_a_circle_of_redirects_comes_to_an_end() -> None:
    with Web({"/a": to("/b"), "/b": to("/a")}) as web:
        assert refusal(web.url("/a"), way_to(web)) == NOTHING
    assert len(web.heads) == REDIRECTS + 1


NO_PICTURES = {
    "HTML that says it is a PNG": answer(b"<html><script>alert(1)</script>", Content_Type="image/png"),
    "SVG": answer(b'<svg xmlns="http://www.w3.org/2000/svg"/>', Content_Type="image/svg+xml"),
    "no words": answer(b""),
    "not there": answer(PNG, "404 Not Found"),
    "forbidden": answer(PNG, "403 Forbidden"),
    "a part": answer(PNG, "206 Partial Content"),
    "packed": answer(PNG, Content_Encoding="gzip"),
    "a bomb": answer(gzip.compress(bytes(2**24)), Content_Encoding="gzip", Content_Type="image/png"),
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
    "the first HTTP": PNG,
    "silence": b"",
    "lost": answer(b"14\r\nxx", Content_Length=None, Transfer_Encoding="chunked"),
    "no length": answer(b"x", Content_Length="many"),
}


@pytest.mark.parametrize("what", NO_PICTURES)
def test_cve_2024_12882_what_is_no_picture_has_the_words_of_a_closed_port_and_of_a_private_address(what: str) -> None:
    with Web({"/server.py": NO_PICTURES[what]}) as web:
        open_port = refusal(web.url("/server.py"), way_to(web))
    closed_port = refusal(web.url("/server.py"), way_to(web))
    private = refusal("http://10.0.0.1/server.py", Way())
    assert open_port == closed_port == private == NOTHING


def test_seed_5_what_a_picture_is_called_and_said_to_be_does_not_matter() -> None:
    with Web({"/server.py": answer(PNG, Content_Type="text/x-python")}) as web:
        assert fetch(web.url("/server.py"), way_to(web)) == PNG
    assert not (ROOT / "server.py").exists()


@pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl to make a certificate with")
def test_https_is_for_the_name_and_believes_nobody_unknown(tmp_path: Path) -> None:
    server, believer = certificate(tmp_path, "pictures.example")
    with Web({"/a.png": answer(PNG)}, tls=server) as web:
        way = way_to(web)
        knowing = Way(way.seconds, way.size, way.is_allowed, way.resolve, lambda: believer)
        assert fetch(web.url(host="pictures.example"), knowing) == PNG
        assert refusal(web.url(host="other.example"), knowing) == NOTHING
        assert refusal(web.url(), knowing) == NOTHING
        assert refusal(web.url(host="pictures.example"), way) == NOTHING
