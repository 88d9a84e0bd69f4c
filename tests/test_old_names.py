"""Names that modules had before they moved into rooms: each still gives what it gave, and says where it is now."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec

import pytest
from calcisol.emulator.contract.old_names import RENAMED, SPLIT

HOMES = sorted({f"calcisol.{old.partition('.')[0]}.{new}" for old, new in RENAMED.items()})


@pytest.mark.parametrize("home", HOMES)
def test_every_old_name_leads_to_a_module(home: str) -> None:
    assert find_spec(home) is not None, home


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("import calcisol.coupler.accessor", "calcisol.coupler.report.accessor"),
        ("from calcisol.coupler.capi import Model, build_info, library", "calcisol.coupler.library.model"),
        ("from calcisol.coupler.domain import Domain, load_domain, read_cells", "calcisol.coupler.europe.domain"),
        ("from calcisol.coupler.bench_columns import Call, soil, weather", "calcisol.coupler.bench.call"),
        ("from calcisol.coupler.forcing import ForcingError", "calcisol.coupler.forcing."),
        ("from calcisol.coupler.report import table", "calcisol.coupler.report.html.table"),
    ],
)
def test_an_old_import_works_and_warns_where_it_stands(statement: str, says: str) -> None:
    """In a process of its own: a module is imported once."""
    done = subprocess.run([sys.executable, "-W", "always", "-c", statement], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "DeprecationWarning" in done.stderr and f"is now {says}" in done.stderr and "<string>:1" in done.stderr


def test_an_unknown_name_is_an_import_error() -> None:
    with pytest.raises(ModuleNotFoundError):
        import_module("calcisol.coupler.no_such_module")
    assert set(SPLIT) <= set(RENAMED)
