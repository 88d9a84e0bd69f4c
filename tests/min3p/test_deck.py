"""What the deck says to MIN3P, without running it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from calcisol.emulator.min3p.column import Source
from calcisol.emulator.min3p.deck import CALCITE_FLOOR, EDGE
from calcisol.emulator.min3p.write_run import write_run
from helpers.small_column import small_column

from .test_database import stock  # noqa: F401  (a fixture)


@pytest.fixture
def lines(stock: Path, tmp_path: Path) -> list[str]:  # noqa: F811
    write_run(tmp_path / "run", small_column(), stock)
    return (tmp_path / "run" / "soil.dat").read_text().splitlines()


def after(lines: list[str], title: str, count: int, which: int = 0) -> list[str]:
    at = [i for i, line in enumerate(lines) if line == f"'{title}'"][which]
    return lines[at + 1 : at + 1 + count]


def test_boundaries_hit_cell_centres(lines: list[str]) -> None:
    """A zone at the edge of the domain matches no cell, and MIN3P runs on without any boundary."""
    zones = [line for line in lines if re.fullmatch(r"0\.0 1\.0 0\.0 1\.0 (\S+) \1", line)]
    assert [float(z.split()[-1]) for z in zones] == pytest.approx([0.875, 0.225, 0.875, 0.225])
    assert "'exclude diffusive flux from mixed boundary condition'" in lines
    assert "'free-drainage' 1.0" in lines


def test_cells_from_the_bottom(lines: list[str]) -> None:
    block = after(lines, "spatial discretization", 13)
    assert block[6] == "3"
    assert [float(x) for x in block[8].split()] == pytest.approx([0.0, 0.45])
    assert [float(x) for x in block[12].split()] == pytest.approx([0.75, 1.0])


def test_mean_rate_of_a_source(lines: list[str]) -> None:
    """700 gC m-2 yr-1, of which 1 - exp(-0.25/0.2) over 1 - exp(-1/0.2) in the first 250 L."""
    minerals = after(lines, "minerals", 10)[1:]
    position = minerals.index("'x-resp'")
    entry = after(lines, "mineral input", 2 * (position + 1))[-1]
    share = (1.0 - np.exp(-1.25)) / (1.0 - np.exp(-5.0))
    assert float(entry.split()[1]) == pytest.approx(700.0 / 12.011 * share / 250.0 / (365.0 * 86400.0), rel=1e-6)


def test_calcite(lines: list[str]) -> None:
    phi, rate = after(lines, "mineral input", 2)
    fraction = 0.02 * 1400.0 / 2710.0
    assert float(phi.split()[0]) == pytest.approx(fraction)
    assert float(rate.split()[0]) == CALCITE_FLOOR
    assert float(rate.split()[1]) == pytest.approx(2.0e-8 * (fraction / 0.05) ** (2.0 / 3.0))


def test_factors_start_after_the_month(stock: Path, tmp_path: Path) -> None:  # noqa: F811
    column = small_column()
    pulse = Source(column.surface, np.array([0.0, 3.0, 0.0]))
    write_run(tmp_path / "run", replace(column, sources={"an": pulse, "weath": column.sources["weath"]}), stock)
    text = (tmp_path / "run" / "soil.dat").read_text().splitlines()
    found = after(text, "intermittent reactions", 6)
    assert found[:3] == ["1", "'x-an'", "3"]
    rows = [[float(x) for x in row.split()] for row in found[3:]]
    month = 365.0 / 12.0
    np.testing.assert_allclose(rows, [[0.0, 0.0], [month + EDGE, 3.0], [2 * month + EDGE, 0.0]], atol=1e-6)


def test_companions(stock: Path, tmp_path: Path) -> None:  # noqa: F811
    record = write_run(tmp_path / "run", small_column(), stock)
    infiltration = np.loadtxt(tmp_path / "run" / "soil.bcvs")
    month = 365.0 / 12.0
    assert infiltration[:, 1] * month * 86400.0 == pytest.approx([0.025] * 6)
    ends = month * np.arange(1, 4)
    np.testing.assert_allclose(
        infiltration[:, 0], np.sort([1e-5, *ends[:2], *(ends - EDGE)]), atol=1e-6
    )  # a short step ends months
    temperature = (tmp_path / "run" / "soil.tem").read_text().splitlines()
    assert temperature[0].split()[1] == "3" and len(temperature) == 4
    assert json.loads((tmp_path / "run" / "column.json").read_text()) == json.loads(json.dumps(record))
    assert len(record["database_sha256"]) == 64


def test_old_outputs_are_removed(stock: Path, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "soil_1.gst").write_text("old")
    write_run(tmp_path / "run", small_column(), stock)
    assert not (tmp_path / "run" / "soil_1.gst").exists()


def test_too_long(stock: Path, tmp_path: Path) -> None:  # noqa: F811
    with pytest.raises(ValueError, match="1001 months exceed MIN3P's 1000"):
        write_run(tmp_path / "run", small_column(months=1001), stock)
