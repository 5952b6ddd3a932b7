"""Which addresses a picture may be fetched from, and a real server that answers badly in every way."""

import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
from PIL import Image

from generation import fetching, sources
from generation.addresses import is_public, parse
from generation.fetching import NO_ADDRESS, NOTHING, TOO_LARGE, TOO_SLOW, Busy, NoPicture, Turns, Way

PRIVATE = [
    "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "100.127.255.254", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1",
    "255.255.255.255", "168.63.129.16", "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "fc00::1",
    "fd12::1", "fe80::1", "fe80::1%eth0", "ff02::1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::1", "2001::1",
    "2001:db8::1", "2001:10::1", "2606:4700::5efe:7f00:1", "nonsense", "",
]  # fmt: skip

REFUSED = [
    "ftp://example.org/fox.png", "file:///etc/passwd", "gopher://example.org/", "data:image/png;base64,aaaa",
    "//example.org/fox.png", "example.org/fox.png", "", "http://", "http:///fox.png", "http://good@127.0.0.1/",
    "http://user:word@example.org/", "http://good\\@127.0.0.1/", "http://exa mple.org/", "http://[::1", "http://[fe80::1%25eth0]/",
    "http://example.org:port/", "http://example.org:99999/", "http://" + "a" * 2100, "http://a..b/", "http://-/\x00",
]  # fmt: skip

HIDDEN = [
    "http://127.0.0.1/", "http://localhost/", "http://0.0.0.0/", "http://[::1]/", "http://[::ffff:127.0.0.1]/",
    "http://2130706433/", "http://0x7f.1/", "http://127.1/", "http://169.254.169.254/latest/meta-data/",
    "http://10.0.0.1/", "http://100.64.0.1/", "http://[fc00::1]/", "http://127.0.0.1/#@good", "http://127。0。0。1/",
    "http://１２７.0.0.1/", "http://127.0.0.1:22/", "http://127.0.0.1:9/", "https://127.0.0.1/", "http://127.0.0.1:80/",
]  # fmt: skip


@pytest.mark.parametrize("ip", PRIVATE)
def test_what_is_not_public_is_known(ip: str) -> None:
    assert not is_public(ip)


@pytest.mark.parametrize("ip", ["8.8.8.8", "93.184.215.14", "2606:4700:4700::1111"])
def test_what_is_public_is_known(ip: str) -> None:
    assert is_public(ip)


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_web_address_is_told_so(text: str) -> None:
    with pytest.raises(NoPicture, match="no address that a picture"):
        fetching.fetch(text, Way())


@pytest.mark.parametrize("text", HIDDEN)
def test_open_closed_and_private_addresses_have_the_same_words(text: str) -> None:
    with pytest.raises(NoPicture) as refused:
        fetching.fetch(text, Way(seconds=2))
    assert str(refused.value) in (NOTHING, NO_ADDRESS)


def test_an_address_is_taken_apart_once() -> None:
    address = parse("http://Example.ORG:80/a fox?q=ü#x")
    assert (address.host, address.port, address.target) == ("example.org", 80, "/a%20fox?q=%C3%BC")


# Against a real server: the only widening is that one port of this machine may be reached.


def a_png(size: tuple[int, int] = (40, 20)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "red").save(file, "PNG")
    return file.getvalue()


class Handler(BaseHTTPRequestHandler):
    answer: ClassVar[Callable[["Handler"], None]]

    def do_GET(self) -> None:
        type(self).answer(self)

    def log_message(self, *_: Any) -> None:
        """Nothing."""

    def send(self, body: bytes = b"", code: int = 200, **headers: str) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def server(answer: Callable[[Handler], None]) -> Iterator[int]:
    kind = type("Answering", (Handler,), {"answer": staticmethod(answer)})
    running = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
    yield running.server_address[1]
    running.shutdown()
    running.server_close()


def way(port: int, **changes: Any) -> Way:
    return Way(**{"is_allowed": lambda ip, asked: (ip, asked) == ("127.0.0.1", port), "seconds": 3, **changes})


def fetch(answer: Callable[[Handler], None], **changes: Any) -> bytes:
    with server(answer) as port:
        return fetching.fetch(f"http://127.0.0.1:{port}/fox.png", way(port, **changes))


def drip(handler: Handler) -> None:
    handler.send(a_png()[:20], Content_Length="100000")
    for _ in range(40):
        handler.wfile.write(b"x")
        time.sleep(0.05)


def test_a_picture_is_fetched_whatever_its_type_says() -> None:
    assert fetch(lambda handler: handler.send(a_png(), Content_Type="text/html")) == a_png()


def test_no_proxy_cookie_or_password_goes_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    seen: list[dict[str, str]] = []

    def note(handler: Handler) -> None:
        seen.append(dict(handler.headers))
        handler.send(a_png())

    assert fetch(note)
    assert set(seen[0]) == {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"}


@pytest.mark.parametrize(
    "answer",
    [
        lambda handler: handler.send(a_png(), 404),
        lambda handler: handler.send(b"<html>", Content_Type="image/png"),
        lambda handler: handler.send(b"<svg xmlns='http://www.w3.org/2000/svg'/>", Content_Type="image/png"),
        lambda handler: handler.send(a_png(), Content_Encoding="gzip"),
        lambda handler: handler.send(code=302, Location="file:///etc/passwd"),
        lambda handler: handler.send(code=302, Location="gopher://127.0.0.1/"),
        lambda handler: handler.send(code=302, Location="http://169.254.169.254/"),
        lambda handler: handler.send(code=302, Location="/again"),
        lambda handler: handler.send(code=302),
        lambda handler: handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n"),
    ],
)
def test_what_is_no_picture_has_the_words_of_what_is_not_there(answer: Callable[[Handler], None]) -> None:
    with pytest.raises(NoPicture) as refused:
        fetch(answer)
    assert str(refused.value) == NOTHING


@pytest.mark.parametrize("told", [True, False])
def test_a_file_beyond_the_limit_is_not_read(told: bool) -> None:
    headers = {"Content_Length": str(10**10)} if told else {}
    with pytest.raises(NoPicture) as refused:
        fetch(lambda handler: handler.send(a_png() + b"x" * 200_000, **headers), size=100_000)
    assert str(refused.value) == TOO_LARGE


def test_a_slow_drip_ends_with_its_time() -> None:
    began = time.monotonic()
    with pytest.raises(NoPicture) as refused:
        fetch(drip, seconds=0.4)
    assert str(refused.value) == TOO_SLOW
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("answers", [["127.0.0.1", "10.0.0.1"], ["10.0.0.1", "127.0.0.1"], []])
def test_every_address_of_a_name_has_to_be_public(answers: list[str]) -> None:
    with server(lambda handler: handler.send(a_png())) as port, pytest.raises(NoPicture):
        fetching.fetch(f"http://example.org:{port}/", way(port, resolve=lambda _: answers))


def test_a_name_is_resolved_once_and_the_checked_address_is_the_one_connected_to() -> None:
    asked: list[str] = []

    def rebinding(host: str) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    with server(lambda handler: handler.send(a_png())) as port:
        assert fetching.fetch(f"http://example.org:{port}/", way(port, resolve=rebinding)) == a_png()
    assert asked == ["example.org"]


def test_few_are_fetched_at_once_and_one_for_each_visitor() -> None:
    turns = Turns(at_once=2)
    with turns.turn("ada"), pytest.raises(Busy, match="for you"), turns.turn("ada"):
        pass
    with turns.turn("ada"), turns.turn("bob"), pytest.raises(Busy, match="Other people"), turns.turn("eve"):
        pass
    with turns.turn("eve"):
        pass


def test_a_fetch_gives_its_turn_back_when_it_fails() -> None:
    for _ in range(3):
        with pytest.raises(NoPicture):
            sources.from_url("http://127.0.0.1/", visitor="ada")


def test_a_closed_port_is_no_other_than_an_open_one() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(NoPicture) as refused:
        fetching.fetch(f"http://127.0.0.1:{port}/", way(port))
    assert str(refused.value) == NOTHING
