"""Fetches in a network without a way out, where a picture lies at every address. Run by test_fetching in `unshare -n`.

Prints what was fetched that should not have been, and ends with 1 if that was anything.
"""

import contextlib
import subprocess
import sys
from collections.abc import Iterator

from generation.fetching import NoPicture, Way, fetch
from tests.web import Web, a_png, answer, to

PUBLIC, PUBLIC_6 = "93.184.216.34", "2606:2800:220:1::34"
NAMES = {
    "public.example": [PUBLIC],
    "both.example": [PUBLIC, "10.0.0.1"],
    "six.example": ["fd00::1", PUBLIC],
    "private.example": ["169.254.169.254"],
}
PRIVATE = ("10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "169.254.169.254", "168.63.129.16", "198.18.0.1")
PRIVATE_6 = ("fc00::1", "fd00:ec2::254", "fe80::1", "64:ff9b::7f00:1", "2002:7f00:1::1", "2001::1")
REFUSED = (
    *(
        "127.0.0.1",
        "localhost",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "2130706433",
        "0x7f.1",
        "127.1",
        "127。0。0。1",
    ),
    *(f"[::ffff:{PUBLIC}]", f"[::{PUBLIC}]", f"good@{PUBLIC}", "good\\@127.0.0.1", "both.example", "six.example"),
    *(
        "private.example",
        "127。0。0。1",
        f"{PUBLIC}:8080",
        f"{PUBLIC}/to-private",
        f"{PUBLIC}/to-loopback",
        f"{PUBLIC}/to-port",
    ),
    *(*PRIVATE, *(f"[{ip}]" for ip in PRIVATE_6)),
)
ALLOWED = (PUBLIC, "public.example", f"public.example/to-itself#@{PRIVATE[0]}")


@contextlib.contextmanager
def network() -> Iterator[list[Web]]:
    for command in ("link set lo up", *(f"addr add {ip}/32 dev lo" for ip in (PUBLIC, *PRIVATE))):
        subprocess.run(["ip", *command.split()], check=True)
    has_6 = all(
        subprocess.run(["ip", "addr", "add", f"{ip}/128", "dev", "lo"], capture_output=True).returncode == 0
        for ip in (PUBLIC_6, *PRIVATE_6)
    )
    pages = {
        "/": answer(a_png()),
        "/to-private": to("http://10.0.0.1/"),
        "/to-loopback": to("http://localhost/"),
        "/to-port": to("http://public.example:8080/"),
        "/to-itself": to("http://public.example/"),
    }
    with contextlib.ExitStack() as stack:
        places = [("0.0.0.0", 80), ("0.0.0.0", 8080)]
        yield [stack.enter_context(Web(pages, *place)) for place in [*places, *[("::", 80)] * has_6]]


def fetched(place: str) -> bool:
    try:
        return bool(fetch(f"http://{place}", Way(seconds=3, resolve=lambda host: NAMES.get(host) or ["127.0.0.1"])))
    except NoPicture:
        return False


def main() -> int:
    with network() as webs:
        wrong = [f"{place} was fetched" for place in REFUSED if fetched(place)]
        asked = [head.split("\r\n")[0] for web in webs for head in web.heads]
        wrong += [f"asked for: {line}" for line in asked if not line.startswith("GET /to-")]
        allowed = (*ALLOWED, *[f"[{PUBLIC_6}]"] * (len(webs) > 2))
        wrong += [f"{place} was not fetched" for place in allowed if not fetched(place)]
    print(*wrong, sep="\n")
    return len(wrong) > 0


if __name__ == "__main__":
    sys.exit(main())
