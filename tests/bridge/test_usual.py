"""The native kernel's program for usual inputs gives the bits of the general one, column by column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from calcisol.coupler.library.capi import build_info
from calcisol.coupler.library.model import Model
from helpers.any_soils import soil, weather
from helpers.bits import same_bits
from helpers.made_up import made_up

DAY = 86400.0

pytestmark = pytest.mark.skipif(", native kernel" not in build_info(), reason="this build has no kernel for this processor")


@pytest.mark.parametrize("layers", [1, 8, 11])
def test_usual_columns_have_the_same_bits_beside_others(shipped: Path, tmp_path: Path, layers: int) -> None:
    native = Model(made_up(shipped, tmp_path / "on.calcisol", 1, high=1e30), engine="native")
    n = 90
    usual = soil(np.random.default_rng(7), n, layers)
    others = np.random.default_rng(8).random(n) < 0.1  # most tiles of the kernel have some
    mixed = dict(usual)
    for name, low, high in (("si_pedogenic", 0.2, 1.0), ("si_gibbsite", -1.0, 0.5)):
        mixed[name] = np.random.default_rng(9).uniform(low, high, (n, layers)) * others[:, None]
    fields = [weather(np.random.default_rng(step), usual, True) for step in range(4)]
    answers = []
    for properties in (usual, mixed):
        columns = native.columns(properties)
        answers.append({**[columns.step(DAY, f) for f in fields][-1], **columns.state()})
    assert all(same_bits(answers[0][k][~others], answers[1][k][~others]) for k in answers[0])
    assert not same_bits(answers[0]["ph"][others], answers[1]["ph"][others])
