import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from generation.slots import Slot, SlotTaken
from tests.site import ROOT, until

HOLD = """
import subprocess, sys, time
from pathlib import Path
from generation.slots import Slot

slot = Slot("cpu", Path(sys.argv[1]))
slot.take()
subprocess.Popen(["sleep", "60"])  # a child that outlives its parent
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the slot."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        os.killpg(process.pid, signal.SIGKILL)


def is_free(folder: Path) -> bool:
    slot = Slot("cpu", folder)
    try:
        slot.take()
    except SlotTaken:
        return False
    slot.release()
    return True


def test_a_second_holder_is_refused_and_told_who_has_it(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    with pytest.raises(SlotTaken, match=rf"Another worker \(process {holder.pid}\) already uses cpu\."):
        Slot("cpu", tmp_path).take()


def test_a_slot_is_free_at_once_when_its_holder_is_killed(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    assert not is_free(tmp_path)
    holder.send_signal(signal.SIGKILL)
    until(lambda: is_free(tmp_path), seconds=2)


def test_a_slot_that_was_released_can_be_taken(tmp_path: Path) -> None:
    slot = Slot("cpu", tmp_path)
    slot.take()
    assert not is_free(tmp_path)
    slot.release()
    assert is_free(tmp_path)


def test_other_devices_are_other_slots(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    Slot("GPU-0b1c/2", tmp_path).take()


@pytest.mark.parametrize("name", ["../../evil", "/etc/evil", "a\nb"])
def test_a_name_never_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    Slot(name, folder).take()
    assert list(tmp_path.iterdir()) == [folder]
    assert len(list(folder.iterdir())) == 1
