"""examples/06_min3p_to_bundle, followed to the letter: every command of its page in a copy, from the installed package."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.pages import blocks
from helpers.sources import ROOT
from test_examples import assert_alike

FOLDER = ROOT / "examples" / "06_min3p_to_bundle"


@pytest.mark.slow
def test_the_whole_page(tmp_path: Path) -> None:
    for tool in ("make", "pkg-config", "gcc", "tar"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    work = Path(shutil.copytree(FOLDER, tmp_path / "06"))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    printed = []
    for block in blocks((FOLDER / "README.md").read_text(encoding="utf-8"), "sh"):
        done = subprocess.run(
            ["bash", "-e", "-c", block], cwd=work, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, block + done.stdout + done.stderr
        printed.append(done.stdout)
    assert "10 can be learned from" in printed[0]
    assert "10 of 10 runs are in" in printed[1]
    assert "OTHER CONSTANTS THAN THE BUNDLE'S" in printed[2]
    assert "the archive's are the bundle's" in printed[3] and "miss" not in printed[3]
    assert_alike(printed[4][printed[4].index("without nitrogen") :], (FOLDER / "expected_output.txt").read_text())
