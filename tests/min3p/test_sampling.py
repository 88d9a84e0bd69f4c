"""The design: nested, repeatable, inside its ranges; and the columns made of it."""

from __future__ import annotations

import numpy as np
import pytest
from calcisol.emulator.min3p.column import Source, VanGenuchten, soil_temperature
from calcisol.emulator.min3p.database import REACTIONS
from calcisol.emulator.min3p.design import KG_N_PER_HA, build_column
from calcisol.emulator.min3p.sampling import PARAMETERS, TIERS, draw

SEED = 7


@pytest.fixture(scope="module")
def points() -> list:
    return draw(256, SEED)


def test_tiers_are_nested_and_members_stand_alone(points: list) -> None:
    assert [p.values for p in draw(TIERS["smoke"], SEED)] == [p.values for p in points[:16]]
    assert draw(1, SEED, start=41)[0] == points[41]
    assert draw(4, SEED + 1)[0].values != points[0].values


def values(points: list, name: str) -> np.ndarray:
    return np.array([p.values[name] for p in points])


def test_shares_of_the_table(points: list) -> None:
    caco3 = values(points, "caco3")
    within = 0.02  # Sobol points of 256 fill intervals to better than that
    assert (caco3 == 0.0).mean() == pytest.approx(0.05, abs=within)
    assert ((caco3 > 0.0) & (caco3 <= 2.0)).mean() == pytest.approx(0.35, abs=within)
    assert caco3[caco3 > 0.0].min() >= 0.05 and caco3.max() <= 60.0
    for name, share in (("lime", 0.20), ("irrigation", 0.30), ("nitrogen", 0.90)):
        assert (values(points, name) > 0.0).mean() == pytest.approx(share, abs=within)
    assert np.median(values(points, "drainage")) == pytest.approx(220.0, rel=0.1)
    assert np.corrcoef(values(points, "drainage"), values(points, "temperature"))[0, 1] < -0.15


def test_low_discrepancy(points: list) -> None:
    """Every sixteenth of a linear parameter holds its 16 of 256 points, give or take one."""
    clay = values(points, "clay")
    counts = np.histogram(clay, bins=16, range=(5.0, 60.0))[0]
    assert counts.min() >= 15 and counts.max() <= 17


@pytest.mark.parametrize("index", range(0, 64, 5))
def test_columns_are_sound(points: list, index: int) -> None:
    column = build_column(points[index], years=12)
    p = points[index].values
    assert column.months == 144 and 2 <= column.layers <= 15
    assert 0.9 < column.bottom[-1] < 2.6
    assert (column.caco3 >= 0.0).all() and column.caco3.max() <= 0.8
    assert (column.drainage > 0.0).all() and (column.temperature >= 0.2).all()
    assert set(column.sources) <= set(REACTIONS)
    for source in column.sources.values():
        assert source.profile.shape == (column.layers,) and source.monthly.shape == (144,)
    rain = column.rain
    positive = rain["nh4+1"] + rain["na+1"] + rain["k+1"] + 2.0 * (rain["ca+2"] + rain["mg+2"])
    assert positive > rain["no3-1"] + 2.0 * rain["so4-2"]  # chloride closes the charge and must be positive
    shares = [v for k, v in column.labels.items() if k.startswith("form_")]
    assert sum(shares) == pytest.approx(1.0)
    assert column.retention.k_sat > column.drainage.max() / (365.0 / 12.0 * 86400.0)  # the wettest month must enter
    if p["lime"] > 0.0:
        assert column.calcite_rate >= 2.0e-5


def test_nitrogen_arrives(points: list) -> None:
    """Fertiliser N is the drawn rate times its yearly factors: the same column at twice the rate gets twice the N."""
    point = next(p for p in points if p.values["nitrogen"] > 100.0 and p.values["nh3_loss"] < 0.02)
    moles = {"an": 2.0, "urea": 2.0, "as": 2.0, "cn": 2.0, "man": 1.0}

    def fertiliser(scale: float) -> float:
        changed = type(point)(
            point.index, point.seed, {**point.values, "nitrogen": scale * point.values["nitrogen"], "nh3_loss": 0.0}
        )
        column = build_column(changed, years=20)
        return sum(moles[k] * s.monthly.sum() for k, s in column.sources.items() if k in moles)

    once = fertiliser(1.0)
    assert fertiliser(2.0) == pytest.approx(2.0 * once)
    # yearly factors have a mean near one, step changes reach from none to twice
    assert 0.0 < once < 20 * 2.0 * 2.0 * point.values["nitrogen"] * KG_N_PER_HA


def test_weather_is_repeatable(points: list) -> None:
    first, second = build_column(points[3], 10), build_column(points[3], 10)
    np.testing.assert_array_equal(first.drainage, second.drainage)
    assert not np.allclose(first.drainage, build_column(points[4], 10).drainage)


def test_hydraulics_by_hand() -> None:
    vg = VanGenuchten(residual=0.1, alpha=2.0, n=2.0, k_sat=1.0e-5)
    # Mualem at S = 0.5, m = 0.5: sqrt(0.5) (1 - sqrt(1 - 0.25))^2
    assert vg.conductivity(0.5) == pytest.approx(1.0e-5 * 0.5**0.5 * (1.0 - 0.75**0.5) ** 2)
    # head where S = 0.5: (S^(-1/m) - 1)^(1/n) / alpha = sqrt(3) / 2
    assert vg.head_at_flux(vg.conductivity(0.5)) == pytest.approx(-(3.0**0.5) / 2.0, rel=1e-6)


def test_temperature_wave() -> None:
    t = soil_temperature(np.full(12, 10.0), np.full(12, 8.0), np.array([0.0, 2.0]))
    assert t[0, 0] == pytest.approx(2.0) and t[6, 0] == pytest.approx(18.0)
    assert np.ptp(t[:, 1]) == pytest.approx(
        np.ptp(t[:, 0]) / np.e, rel=0.05
    )  # one damping depth down; 12 samples of a shifted wave


def test_source_errors() -> None:
    with pytest.raises(ValueError, match=r"profile sums to 0\.9; it must sum to 1"):
        Source(np.array([0.5, 0.4]), np.ones(3))
    with pytest.raises(ValueError, match="is negative; sinks have their own reactions"):
        Source(np.array([1.0]), np.array([1.0, -0.1]))


def test_names_are_unique() -> None:
    names = [p.name for p in PARAMETERS]
    assert len(names) == len(set(names))
