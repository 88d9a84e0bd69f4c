"""What `calcisol bench --peers` sets beside the kernel: PhreeqcRM, when it is there, and a plain word when it is not."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from calcisol.coupler.bench import phreeqc
from calcisol.coupler.bench.peers import PHREEQC, with_timed
from calcisol.coupler.bench.table import Timing, lines
from calcisol.coupler.errors import UnsupportedError


def test_a_timed_peer_takes_the_place_of_the_quoted_one() -> None:
    timing = Timing(100, 10, {"torchscript": 1e-3, "native": 5e-4}, {PHREEQC: 4e-4})
    peers = with_timed(timing.peers)
    assert {p.name: p.seconds for p in peers}[PHREEQC] == 4e-4
    text = "\n".join(lines([timing], peers, 86400.0))
    assert f"{PHREEQC}: 800 x per cell-step (400 us, timed" in text  # 4e-4 over 5e-4 / 1000
    assert "MIN3P, daily steps" in text and "quoted" in text
    assert with_timed({}) != peers


def test_without_phreeqcrm_the_mend_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UnsupportedError, match="pip install phreeqcrm"):
        phreeqc.PhreeqcCells(1)
    monkeypatch.delenv(phreeqc.DATABASE, raising=False)
    with pytest.raises(UnsupportedError, match=phreeqc.DATABASE):
        phreeqc.database()


def test_a_day_of_phreeqcrm_dissolves_calcite_and_keeps_its_charge() -> None:
    pytest.importorskip("phreeqcrm", reason="needs PhreeqcRM (pip install phreeqcrm)")
    try:
        cells = phreeqc.PhreeqcCells(3)
    except UnsupportedError as error:
        pytest.skip(str(error))
    assert all(cells.time() > 0.0 for _ in range(3))
    after = np.array(cells.model.GetConcentrations()).reshape(cells.first.shape)
    names = list(cells.model.GetComponents())
    assert (after[names.index("C")] > cells.first[names.index("C")]).all()  # from calcite and the gas
    assert np.abs(after[names.index("Charge")]).max() < 1e-6 * after[names.index("Ca")].max()
