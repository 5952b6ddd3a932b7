"""Secrets that are given out once and of which only a hash is kept."""

import hashlib
import secrets

BYTES = 32
"""Of chance: so many that nobody guesses one, and that a plain SHA-256 keeps it as well as any slow hash."""


def new() -> str:
    """43 characters that stand in an address or a header as they are."""
    return secrets.token_urlsafe(BYTES)


def is_same(one: str, other: str) -> bool:
    """In the same time wherever they differ."""
    return secrets.compare_digest(one.encode(), other.encode())


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
