"""The site's settings over a data folder of the tests' own."""

import os
import tempfile
from pathlib import Path

DATA = Path(tempfile.mkdtemp(prefix="playground-tests-"))
for name in [name for name in os.environ if name.startswith("PLAYGROUND_")]:
    del os.environ[name]  # whoever runs the tests may have a site of their own
os.environ["PLAYGROUND_DATA"] = str(DATA)

from playground.settings import *  # noqa: E402, F403

# A file, as in real life: threads of one process do not share a database in memory.
if "sqlite3" in DATABASES["default"]["ENGINE"]:  # noqa: F405
    DATABASES["default"]["TEST"] = {"NAME": DATA / "test.sqlite3"}  # noqa: F405
# No manifest: collectstatic belongs to `manage.py run`, whose tests have their own data folder.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # noqa: F405
