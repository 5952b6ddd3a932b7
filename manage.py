#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "playground.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from playground import environment

    environment.is_examining = sys.argv[1:2] == ["doctor"]
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:  # a wrong variable deserves a sentence, not a traceback
        sys.exit(str(error))


if __name__ == "__main__":
    main()
