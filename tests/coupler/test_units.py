"""Conversions: by hand, round trips, and refusals in one sentence."""

import numpy as np
import pytest
from calcisol.coupler import units
from calcisol.coupler.units import UnitError, convert

EXACT = 1e-14  # one multiplication and one addition in float64


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        (10.0, "degC", "K", 283.15),
        (283.15, "K", "degC", 10.0),
        (25.0, "%", "kg kg-1", 0.25),
        (14.0, "g/kg", "kg kg-1", 0.014),
        (150.0, "mmol(c)/kg", "mol kg-1", 0.15),
        (131.0, "cg/cm3", "kg m-3", 1310.0),
        (1.0, "hPa", "Pa", 100.0),
        (86400.0, "mm/day", "kg m-2 s-1", 1.0),
        (20.0, "mm", "kg m-2", 20.0),
        (0.02, "m", "kg m-2", 20.0),
        (100.0, "kg ha-1 yr-1", "kg m-2 s-1", 3.1709791983764586e-10),  # 0.01 kg m-2 in 31,536,000 s
        (420.0, "ppm", "mol mol-1", 4.2e-4),
    ],
)
def test_conversion_by_hand(value, source, target, expected):
    assert convert(np.array(value), source, target) == pytest.approx(expected, rel=EXACT)


def test_same_unit_keeps_bits():
    x = np.array([0.1, 1 / 3])
    assert convert(x, "kg m-2", "kg m-2").tobytes() == x.tobytes()


def test_unknown_and_impossible_units_say_so():
    with pytest.raises(UnitError, match=r"'smoot' is not known, 'm' is wanted; write e\.g\. m, cm, mm$"):
        convert(np.zeros(1), "smoot", "m")
    with pytest.raises(UnitError, match=r"write e\.g\. kg m-2 s-1, g m-2 s-1, mm/day, g m-2 year-1, kg ha-1 year-1$"):
        convert(np.zeros(1), "smoot", "kg m-2 s-1")  # a handful, not all known units
    with pytest.raises(UnitError, match=r"'K' \(temperature\) cannot become 'kg m-2'"):
        convert(np.zeros(1), "K", "kg m-2")


def test_every_input_of_the_contract_has_a_known_unit():
    from calcisol.emulator.contract.variables import load_table

    for v in load_table().variables:
        if v.role in ("static", "forcing"):
            assert convert(np.ones(1), v.units, v.units) == 1.0
            assert units.spellings(v.units)[0] == v.units and len(units.spellings(v.units)) <= units.SHOWN
