"""The site's settings over a data folder of the tests' own."""

import os
import tempfile
from pathlib import Path

from tests.site import NOTHING_SET

DATA = Path(tempfile.mkdtemp(prefix="playground-tests-"))
NOTHING_SET["PLAYGROUND_MOST_TOGETHER"] = "3"  # else a job's groups would be of what pays on this machine today
os.environ.update(NOTHING_SET)
os.environ["PLAYGROUND_DATA"] = str(DATA)
os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL", "")
os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(DATA / "hypothesis")  # nothing of it in the project's folder
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the engine does; some tests import torch before it can

from playground.settings import *  # noqa: E402, F403

# A file, as in real life: threads of one process do not share a database in memory.
if "sqlite3" in DATABASES["default"]["ENGINE"]:  # noqa: F405
    DATABASES["default"]["TEST"] = {"NAME": DATA / "test.sqlite3"}  # noqa: F405
# No manifest: collectstatic belongs to `manage.py run`, whose tests have their own data folder.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # noqa: F405
