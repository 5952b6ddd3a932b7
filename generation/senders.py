"""Who sends a job: a visitor's mark, an account, and a hash of the address that it came from."""

import ipaddress
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from library.askers import Asker, asker_of

NETWORK = 64  # bits: whoever has one address of IPv6 usually has all that begin so


@dataclass(frozen=True)
class Sender(Asker):
    address: str = ""
    """Salted and hashed, so that nobody can read from a job where it came from; empty where that is not known."""

    @property
    def fields(self) -> dict[str, Any]:
        """What a job keeps of it."""
        return {"visitor": self.visitor, "person": self.person, "address": self.address}


def sender_of(request: HttpRequest) -> Sender:
    address = address_of(request)
    hashed = salted_hmac("generation.senders", address, algorithm="sha256").hexdigest() if address else ""
    asker = asker_of(request)
    return Sender(asker.visitor, asker.person, hashed)


def address_of(request: HttpRequest) -> str:
    """Where the request came from; of IPv6 the network.

    What a proxy says counts only where PLAYGROUND_PUBLIC_URL tells that one stands before the site, and of that only
    the last address, which the proxy has seen itself: anybody can send the others along.
    """
    forwarded = request.headers.get("X-Forwarded-For", "") if settings.PLAYGROUND_PUBLIC_URL else ""
    return _network(forwarded.rpartition(",")[2]) or _network(request.META.get("REMOTE_ADDR", ""))


def _network(text: str) -> str:
    """The address in its usual form; empty where it is none.

    >>> _network("::ffff:192.0.2.7"), _network("2001:db8::7"), _network("unknown")
    ('192.0.2.7', '2001:db8::', '')
    """
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(address), NETWORK), strict=False).network_address)
