"""One run at a time in a folder, and files that are whole or not there."""

import errno
import subprocess
import sys

import pytest
from calcisol.coupler.offline.folder_lock import FolderBusy, OutputError, folder_lock, whole_file

HOLD = (
    "import sys; from pathlib import Path; from calcisol.coupler.offline.folder_lock import folder_lock\n"
    "with folder_lock(Path(sys.argv[1])):\n    print('held', flush=True); sys.stdin.read()"
)


def test_a_second_process_is_refused_and_the_lock_ends_with_its_holder(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    with (
        pytest.raises(FolderBusy, match=rf"another run \(process {holder.pid} on .* since 2") as caught,
        folder_lock(tmp_path),
    ):
        pass
    assert "\n" not in str(caught.value)
    holder.kill()  # as a batch system does: no code of ours runs any more
    holder.wait()
    with folder_lock(tmp_path):
        pass


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    target = tmp_path / "result.nc"
    target.write_text("last week", encoding="utf-8")
    with pytest.raises(KeyboardInterrupt), whole_file(target) as path:
        path.write_text("half", encoding="utf-8")
        raise KeyboardInterrupt
    assert target.read_text(encoding="utf-8") == "last week" and [p.name for p in tmp_path.iterdir()] == ["result.nc"]
    with whole_file(target) as path:
        path.write_text("whole", encoding="utf-8")
    assert target.read_text(encoding="utf-8") == "whole" and [p.name for p in tmp_path.iterdir()] == ["result.nc"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full or over its quota; free some space and more"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "the disk is full or over its quota"),
        (RuntimeError("NetCDF: HDF error"), "cannot be written (NetCDF: HDF error)"),
    ],
)
def test_a_write_that_fails_is_one_sentence(tmp_path, error, words):
    with pytest.raises(OutputError) as caught, whole_file(tmp_path / "x.nc", " and more"):
        raise error
    assert words in str(caught.value) and "x.nc" in str(caught.value) and not list(tmp_path.iterdir())


def test_a_defect_stays_a_defect(tmp_path):
    with pytest.raises(RuntimeError, match="shapes do not fit"), whole_file(tmp_path / "x.nc"):
        raise RuntimeError("shapes do not fit")
