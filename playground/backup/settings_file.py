"""The settings of a site as lines for an .env, with or without what must stay secret."""

import os

from django.conf import settings

from playground import environment

NAME, SECRETS_NAME = "settings.env", "secrets.env"
SECRETS = ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "HF_TOKEN")
PLACES = ("PLAYGROUND_DATA", "PLAYGROUND_LIBRARY", "PLAYGROUND_MODELS", "PLAYGROUND_CACHE")
"""Folders: another machine has others."""


def plain() -> str:
    """What was set, without secrets; folders as remarks."""
    names = sorted(environment.names - {*SECRETS, *(f"{name}_FILE" for name in SECRETS)})
    said = {name: os.environ.get(name, "").strip() for name in names}
    return "".join(f"{'# ' if name in PLACES else ''}{name}={value}\n" for name, value in said.items() if value)


def secrets() -> str:
    """The key that signs cookies and hashes, and what opens database, Redis and hub."""
    values = {name: environment.read(name, str, "") for name in SECRETS} | {"SECRET_KEY": settings.SECRET_KEY}
    return "".join(f"{name}={value}\n" for name, value in values.items() if value)
