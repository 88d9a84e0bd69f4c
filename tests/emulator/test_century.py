"""The compiled step over long times and many step lengths; needs no MIN3P. Columns of loam from decalcified to chalk."""

from pathlib import Path

import numpy as np
from calcisol.coupler.library.model import Model

YEAR, LAYERS = 365.0 * 86400.0, 10
MONTH = YEAR / 12.0
CACO3 = np.array([0.0, 0.002, 0.01, 0.03, 0.1, 0.2, 0.4, 0.6])
DZ = np.broadcast_to([0.25, 0.1, 0.1, 0.1, 0.1, 0.1, 0.15, 0.15, 0.15, 0.15], (len(CACO3), LAYERS)).copy()

# change of SIC at other step lengths, of that at a day, and on other layers, of that on 13: the targets of the scorecard
STEP_LENGTHS, LAYERINGS = 0.02, 0.05
EMPTY = 1e-15  # kg m-2: round-off of a layer that ran empty
NOTHING = np.finfo(float).tiny  # mol m-2: below it doubles lose digits; a pool halved a thousand years ended at -6e-319


def soil(dz: np.ndarray = DZ) -> dict[str, np.ndarray]:
    return {"dz": dz, "clay": np.full(dz.shape, 0.2), "caco3": np.broadcast_to(CACO3[:, None], dz.shape).copy()}


# January to December in the loam belt of north-west Europe, in round numbers: water content at the end of the month [kg m-3],
# soil temperature [K], drainage [mm], respiration [gC m-2]; fertiliser in April and June
WATER = (300, 295, 285, 265, 240, 225, 220, 222, 235, 260, 285, 300)
WARMTH = (276, 276, 278, 281, 285, 288, 290, 290, 287, 283, 279, 277)
DRAINED = (38, 32, 26, 14, 6, 2, 0, 0, 4, 14, 28, 36)
RESPIRED = (22, 22, 30, 45, 65, 80, 85, 82, 65, 45, 32, 25)
NITRIC = {3: 0.35, 5: 0.15}  # mol m-2 in the month


def weather(month: int, dz: np.ndarray = DZ) -> dict[str, np.ndarray]:
    """Month of a year that repeats; water at its end."""
    m, n = month % 12, len(CACO3)
    return {
        "w_liq": dz * WATER[m], "t_soil": np.full(dz.shape, float(WARMTH[m])), "q_bot": np.full(n, DRAINED[m] / MONTH),
        "co2_src_total": np.full(n, RESPIRED[m] * 1e-3 / MONTH), "dep_no3": np.full(n, NITRIC.get(m, 0.015) / MONTH),
        "dep_ca": np.full(n, 0.02 / YEAR),
    }  # fmt: skip


def lost(model: Model, years: int, parts: int, dz: np.ndarray = DZ) -> np.ndarray:
    """SIC lost per column [kg m-2] with ``parts`` steps a month, water linear within the month."""
    columns = model.columns(soil(dz))
    columns.step(60.0, weather(-1, dz))
    first = columns.state()["calcite"].sum(1)
    for month in range(12 * years):
        before, now = weather(month - 1, dz), weather(month, dz)
        for part in range(1, parts + 1):
            water = before["w_liq"] + (now["w_liq"] - before["w_liq"]) * part / parts
            columns.step(MONTH / parts, {**now, "w_liq": water})
    return 0.012011 * (first - columns.state()["calcite"].sum(1))


def test_step_lengths_agree(shipped: Path) -> None:
    """An hour, a day, a week and a month: the same loss of inorganic carbon."""
    with Model(shipped) as model:
        day = lost(model, 2, 30)
        for parts in (1, 4, 730):
            error = np.abs(lost(model, 2, parts)[1:] / day[1:] - 1.0)
            assert error.max() < STEP_LENGTHS, f"{parts} steps a month: {error}"


def test_layerings_agree(shipped: Path) -> None:
    """6, 13 and 26 layers over 1.56 m, ten years, soils of 1 % CaCO3 and more.

    Below that the plough layer runs empty, and how fast depends on how deep it is mixed: 10 % at 0.2 % CaCO3.
    """
    enough = CACO3 >= 0.01
    with Model(shipped) as model:
        loss = {n: lost(model, 10, 1, np.full((len(CACO3), n), 1.56 / n))[enough] for n in (6, 13, 26)}
    for n in (6, 26):
        error = np.abs(loss[n] / loss[13] - 1.0)
        assert error.max() < LAYERINGS, f"{n} layers: {error}"


def test_a_thousand_years(shipped: Path) -> None:
    """Steady forcing: no pool below zero, soils with calcite left lose it at a steady rate, those without settle."""
    with Model(shipped) as model:
        columns = model.columns(soil())
        sic, ph = [], []
        for _ in range(1000):
            for month in range(12):
                out = columns.step(MONTH, weather(month))
            sic.append(out["sic"].sum(1))
            ph.append(out["ph"])
        state = columns.state()
    assert (
        min(float(state[name].min()) for name in ("calcite", "ca", "mg", "k", "na", "nh4", "no3", "cl", "so4", "dic")) >= -NOTHING
    )
    history = np.stack(sic)
    left = history[-1] > 0.8 * history[0]
    assert left.any() and (history[-1] < EMPTY).any()
    early, late = history[100] - history[200], history[800] - history[900]
    assert np.abs(late[left] / early[left] - 1.0).max() < 0.02  # the front moves down: 0.8 % measured
    empty = history[500] < EMPTY
    assert np.abs(ph[-1][empty] - ph[-100][empty]).max() < 0.02
