"""Addresses that a source picture may be asked for from, what lies there, and what has to come of each.

The network is that of tests/own_network.py: a picture lies at every address in it, public and private.
"""

import gzip
from collections.abc import Mapping
from typing import NamedTuple

from PIL import Image

from tests.pictures import GREEN, left_red, png_of, saved
from tests.web import Page, answer, dripping, endless, to

PUBLIC, PUBLIC_6 = "93.184.216.34", "2606:2800:220:1::34"
PRIVATE = ("10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "169.254.169.254", "168.63.129.16", "198.18.0.1")
PRIVATE_6 = ("fc00::1", "fd00:ec2::254", "64:ff9b::7f00:1", "2002:7f00:1::1", "2001::1")
OPEN_PORTS = (80, 8080)  # everywhere; 443 at the public address alone

NAMES = {
    "public.example": [[PUBLIC]],
    "both.example": [[PUBLIC, "10.0.0.1"]],
    "six.example": [["fd00:ec2::254", PUBLIC]],
    "private.example": [["169.254.169.254"]],
    "rebinding.example": [[PUBLIC], ["127.0.0.1"]],
}
"""The addresses of each, those for the first question, for the second and so on."""

PNG = saved(left_red())


def lying() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    return saved(left_red().transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif, quality=95)


MOVING = saved(left_red(), "GIF", save_all=True, append_images=[Image.new("RGB", (40, 20), GREEN)])
BOMB = gzip.compress(bytes(2**26))

PAGES: Mapping[str, Page] = {
    "/": answer(PNG),
    "/a.png": answer(PNG),
    "/server.py": answer(PNG, Content_Type="text/x-python"),
    "/to-itself": to("http://public.example/a.png"),
    "/to-tls": to("https://public.example/a.png"),
    "/to-private": to("http://10.0.0.1/a.png"),
    "/to-localhost": to("http://localhost/a.png", "307 Temporary Redirect"),
    "/to-metadata": to("//169.254.169.254/latest/", "308 Permanent Redirect"),
    "/to-private-name": to("http://private.example/"),
    "/to-rebinding": to("http://rebinding.example/a.png"),
    "/to-port": to("http://public.example:8080/a.png"),
    "/to-file": to("file:///etc/passwd"),
    "/to-gopher": to("gopher://127.0.0.1:80/_GET"),
    "/chain": to("/chain/2"),
    "/chain/2": to("http://public.example/chain/3", "301 Moved Permanently"),
    "/chain/3": to("http://192.168.0.1/a.png"),
    "/circle": to("/circle"),
    "/lie.png": answer(b"<html><script>alert(1)</script>", Content_Type="image/png"),
    "/lie.html": answer(PNG, Content_Type="text/html"),
    "/10-gb.png": endless(answer(PNG, Content_Length=10**10)),
    "/endless.png": endless(answer(PNG, Content_Length=None)),
    "/drip": dripping(b"HTTP/1.1 200 OK\r\nX: "),
    "/drip.png": dripping(answer(PNG, Content_Length=5000)),
    "/gzip.png": answer(BOMB, Content_Encoding="gzip", Content_Type="image/png"),
    "/gzip": answer(BOMB),
    "/bomb.png": answer(png_of(50_000, 50_000)),
    "/moving.gif": answer(MOVING),
    "/cmyk.jpg": answer(saved(left_red().convert("CMYK"), "JPEG", quality=95)),
    "/lying.jpg": answer(lying()),
    "/torn.png": answer(PNG[: len(PNG) // 2]),
    "/a.svg": answer(b'<svg xmlns="http://www.w3.org/2000/svg"/>', Content_Type="image/svg+xml"),
    "/a.html": answer(b"<!doctype html><title>x</title>", Content_Type="text/html"),
    "/ssh": b"SSH-2.0-OpenSSH_9.6\r\n",
    "/silence": b"",
}


class Row(NamedTuple):
    address: str
    outcome: str = "NOTHING"
    """The sentence's name in generation.fetching or generation.sources; TAKEN."""
    reaches: str = ""
    """The public address that is asked, here or on the way."""


TAKEN = "TAKEN"


def public(path: str, outcome: str = "NOTHING") -> Row:
    return Row(f"http://public.example{path}", outcome, PUBLIC)


ROWS = {
    # This machine and its networks
    "loopback": Row("http://127.0.0.1"),
    "loopback with a path": Row("http://127.0.0.1/a.png"),
    "localhost": Row("http://localhost/a.png"),
    "LOCALHOST.": Row("http://LOCALHOST./a.png"),
    "0.0.0.0": Row("http://0.0.0.0/a.png"),
    "[::]": Row("http://[::]/a.png"),
    "[::1]": Row("http://[::1]/a.png"),
    "[::ffff:127.0.0.1]": Row("http://[::ffff:127.0.0.1]/a.png"),
    "[::127.0.0.1]": Row("http://[::127.0.0.1]/a.png"),
    "2130706433": Row("http://2130706433/a.png", "NO_ADDRESS"),
    "0x7f.1": Row("http://0x7f.1/a.png", "NO_ADDRESS"),
    "127.1": Row("http://127.1/a.png", "NO_ADDRESS"),
    "octal": Row("http://0177.0.0.1/a.png", "NO_ADDRESS"),
    **{ip: Row(f"http://{ip}/a.png") for ip in PRIVATE},
    **{f"[{ip}]": Row(f"http://[{ip}]/a.png") for ip in (*PRIVATE_6, "fe80::1")},
    "a public address mapped": Row(f"http://[::ffff:{PUBLIC}]/a.png"),
    "a public address in the old form": Row(f"http://[::{PUBLIC}]/a.png"),
    # What can be read in two ways
    "good@": Row("http://good@127.0.0.1/a.png", "NO_ADDRESS"),
    "good@ before a public one": Row(f"http://good@{PUBLIC}/a.png", "NO_ADDRESS"),
    "#@good": Row("http://127.0.0.1#@good"),
    "#@good after a public one": public("/a.png#@10.0.0.1", TAKEN),
    "good\\@": Row("http://good\\@127.0.0.1/a.png", "NO_ADDRESS"),
    "IDN dots": Row("http://127。0。0。1/a.png"),
    "IDN digits": Row("http://①②⑦．0｡0.1/a.png"),
    # Names and redirects
    "a private name": Row("http://private.example/a.png"),
    "A public and A private": Row("http://both.example/a.png"),
    "AAAA private and A public": Row("http://six.example/a.png"),
    "DNS rebinding": Row("http://rebinding.example/a.png", TAKEN, PUBLIC),
    "DNS rebinding by a redirect": Row("http://rebinding.example/to-rebinding", reaches=PUBLIC),
    "redirect to private": public("/to-private"),
    "redirect to localhost": public("/to-localhost"),
    "redirect to metadata": public("/to-metadata"),
    "redirect to a private name": public("/to-private-name"),
    "redirect to another port": public("/to-port"),
    "redirect chain to private": public("/chain"),
    "redirect circle": public("/circle"),
    "redirect to file:": public("/to-file"),
    "redirect to gopher:": public("/to-gopher"),
    "file:": Row("file:///etc/passwd", "NO_ADDRESS"),
    "gopher:": Row("gopher://127.0.0.1/", "NO_ADDRESS"),
    "another port": Row("http://public.example:8080/a.png"),
    "another port that is closed": Row("http://public.example:8081/a.png"),
    # What comes
    "a picture": public("/a.png", TAKEN),
    "a picture at an IPv4 address": Row(f"http://{PUBLIC}/a.png", TAKEN, PUBLIC),
    "a picture at an IPv6 address": Row(f"http://[{PUBLIC_6}]/a.png", TAKEN, PUBLIC_6),
    "a picture over TLS": Row("https://public.example/a.png", TAKEN, PUBLIC),
    "TLS for another name": Row(f"https://{PUBLIC}/a.png", reaches=PUBLIC),
    "a picture behind a redirect": public("/to-itself", TAKEN),
    "a picture behind a redirect to TLS": public("/to-tls", TAKEN),
    "HTML that says it is a PNG": public("/lie.png"),
    "a PNG that says it is HTML": public("/lie.html", TAKEN),
    "10 GB": public("/10-gb.png", "TOO_LARGE"),
    "no end": public("/endless.png", "TOO_LARGE"),
    "slow drip": public("/drip"),
    "slow drip of a picture": public("/drip.png", "TOO_SLOW"),
    "gzip bomb": public("/gzip.png"),
    "gzip bomb that says nothing": public("/gzip"),
    "50,000 x 50,000": public("/bomb.png", "TOO_MANY_PIXELS"),
    "animated": public("/moving.gif", TAKEN),
    "CMYK": public("/cmyk.jpg", TAKEN),
    "EXIF-rotated": public("/lying.jpg", TAKEN),
    "truncated": public("/torn.png", "UNREADABLE"),
    "SVG": public("/a.svg"),
    "HTML": public("/a.html"),
    "server.py": public("/server.py", TAKEN),
    # Open and closed ports
    "private and open": Row("http://10.0.0.1/a.png"),
    "private and closed": Row("https://10.0.0.1/a.png"),
    "private, another port, open": Row("http://10.0.0.1:8080/a.png"),
    "private, another port, closed": Row("http://10.0.0.1:8081/a.png"),
    "public, not there": public("/nothing"),
    "public, no HTTP": public("/ssh"),
    "public, silent": public("/silence"),
}
