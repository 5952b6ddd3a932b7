"""Which web addresses a picture may be fetched from: those of the public internet, and nothing that leads elsewhere."""

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import quote, urlsplit

PORTS = {"http": 80, "https": 443}
LONGEST = 2000  # characters

UNICAST = ip_network("2000::/3")
"""All of IPv6 that is given out to anybody. Mapped and compatible IPv4 and NAT64 lie outside."""

NOT_PUBLIC = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",  # Azure's own, which every machine there can reach
        "2001::/23",  # Teredo and other protocols
        "2001:db8::/32", "3fff::/20",  # documentation
        "2002::/16",  # 6to4
    )
)  # fmt: skip

UNSOUND = re.compile(r"[\x00-\x1f\x7f-\x9f\\]")
"""What parsers disagree on."""
BRACKETS = re.compile(r"\[[^\[\]]*\](:\d*)?")
"""Around an IPv6 address; nothing but a port may follow."""
HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
"""As the last part of a host it makes the whole an IPv4 address in somebody's eyes: 127.1, 0x7f.1, 2130706433."""


def is_public(ip: str) -> bool:
    """Whether anybody on the internet can reach the address, and it stands for no other one.

    The lists are our own besides `is_global`, whose answers differ between versions of Python.
    """
    try:
        address = ip_address(ip)
    except ValueError:
        return False
    if "%" in ip or not address.is_global or address.is_multicast:
        return False
    if isinstance(address, IPv6Address) and (address not in UNICAST or _is_isatap(address)):
        return False
    return not any(address in network for network in NOT_PUBLIC)


def _is_isatap(address: IPv6Address) -> bool:
    """It carries an IPv4 address, to which a router may hand what is sent there."""
    return int(address) >> 32 & 0xFDFFFFFF == 0x5EFE


def is_allowed(ip: str, port: int) -> bool:
    """Whether a fetch may connect there."""
    return port in PORTS.values() and is_public(ip)


def resolve(host: str) -> list[str]:
    """All addresses of the host, as the system's resolver has them. Raises OSError."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


@dataclass(frozen=True)
class Address:
    """A web address, taken apart once; nothing looks at its text again."""

    scheme: str
    host: str
    """In ASCII, in small letters; an IPv6 address without its brackets."""
    port: int
    target: str
    """Path and query, in ASCII."""

    @property
    def authority(self) -> str:
        """As the Host header has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"

    @property
    def is_literal(self) -> bool:
        """The host is an address already."""
        return ":" in self.host or NUMBER.fullmatch(self.host.rpartition(".")[2]) is not None


def parse(text: str) -> Address:
    """The address that `text` is, if there are no two ways to read it.

    Raises:
        ValueError: it is none, is not http or https, or has a name and password in it.
    """
    text = text.strip()
    if len(text) > LONGEST or UNSOUND.search(text):
        raise ValueError("no sound address")
    parts = urlsplit(text)
    if parts.scheme not in PORTS or "@" in parts.netloc:
        raise ValueError("not http or https, or with a password")
    host = _host(parts.hostname or "", in_brackets=BRACKETS.fullmatch(parts.netloc) is not None)
    port = PORTS[parts.scheme] if parts.port is None else parts.port
    query = f"?{_quoted(parts.query)}" if parts.query else ""
    return Address(parts.scheme, host, port, (_quoted(parts.path) or "/") + query)


def _host(name: str, *, in_brackets: bool) -> str:
    if in_brackets:
        if "%" in name:
            raise ValueError("an address of one machine's interface")
        return str(IPv6Address(name))
    host = name.encode("idna").decode().lower().removesuffix(".")  # other scripts' dots and digits become plain ones
    if len(host) > 253 or not HOST.fullmatch(host):
        raise ValueError("no host")
    return str(IPv4Address(host)) if NUMBER.fullmatch(host.rpartition(".")[2]) else host


def _quoted(text: str) -> str:
    """What people paste (spaces, letters of all scripts) as a request may have it; what is quoted stays so."""
    return quote(text, safe="/%:=&?~+!$,;'@()*[]|")
