"""Conversions: by hand, round trips, and refusals in one sentence."""

from pathlib import Path

import cf_units
import numpy as np
import pytest
from calcisol.coupler import units
from calcisol.coupler.units import UnitError, convert

PAGE = Path(__file__).parents[2] / "coupler" / "docs" / "units.md"
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


@pytest.mark.parametrize(
    ("source", "factor"),
    [
        ("mm/Month", 12 / (365 * 86400)),
        ("mm MONTH-1", 12 / (365 * 86400)),
        ("kg m-2 Year-1", 1 / (365 * 86400)),
        ("mm/YEAR", 1 / (365 * 86400)),
        ("mm/Day", 1 / 86400),
        ("mm/Hr", 1 / 3600),
        ("Kg m-2 Yr-1", 1 / (365 * 86400)),
    ],
)
def test_periods_in_capitals_are_those_in_small_letters(source, factor):
    """UDUNITS reads names of units in any case: its Month is 30.437 days and its Year 365.2422."""
    assert convert(np.ones(1), source, "kg m-2 s-1") == pytest.approx(factor, rel=EXACT)


def test_tons_and_ares_in_capitals_are_refused():
    for unit in ("Ton ha-1 year-1", "kg Are-1 year-1"):
        with pytest.raises(UnitError, match="is not known"):
            convert(np.ones(1), unit, "kg m-2 s-1")


@pytest.mark.parametrize(
    ("source", "target"), [("kg kg-1", "mol mol-1"), ("mg/kg", "mol mol-1"), ("m3 m-3", "kg kg-1"), ("umol mol-1", "kg kg-1")]
)
def test_a_share_of_mass_is_no_share_of_moles_or_volume(source, target):
    with pytest.raises(UnitError, match=r"\(share of \w+\) cannot become .* \(share of \w+\)"):
        convert(np.ones(1), source, target)
    assert convert(np.ones(1), "%", target) == convert(np.ones(1), target, "1") / 100


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


def rows_of_the_page(columns):
    """Rows of the table with so many columns."""
    rows = [[x.strip().strip("`") for x in line.strip("|").split("|")] for line in PAGE.read_text(encoding="utf-8").splitlines()]
    return [r for r in rows if len(r) == columns and r[0] not in ("unit in the file", "---")]


def udunits_alone(unit, target):
    """What the page says of UDUNITS: a number, its definition, or nothing."""
    try:
        read = cf_units.Unit(unit)
        if read.is_no_unit():
            return "no unit"
        try:
            return f"{read.convert(1.0, cf_units.Unit(target)):.10g}"
        except ValueError:
            return read.definition
    except ValueError:
        return "fails"


@pytest.mark.parametrize(("unit", "target", "substance", "value", "alone"), rows_of_the_page(5))
def test_rows_of_the_page(unit, target, substance, value, alone):
    assert float(convert(np.array(1.0), unit, target, substance)) == pytest.approx(float(value), rel=1e-9)
    assert udunits_alone(unit, target) == alone


@pytest.mark.parametrize(("unit", "target", "substance", "alone"), rows_of_the_page(4))
def test_refusals_of_the_page(unit, target, substance, alone):
    with pytest.raises(UnitError) as caught:
        convert(np.array(1.0), unit, target, substance)
    assert repr(unit) in str(caught.value) and "\n" not in str(caught.value)
    assert udunits_alone(unit, target) == alone


def test_the_page_is_whole():
    assert len(rows_of_the_page(5)) > 40 and len(rows_of_the_page(4)) >= 10


@pytest.mark.parametrize(
    ("value", "source", "target", "substance", "expected"),
    [  # by hand: m2 of a hectare, g of a mole, seconds of a day
        (1.0, "kg N ha-1 yr-1", "mol m-2 s-1", "N", 1.0 / 1e4 / 0.014007 / (365 * 86400)),
        (44.009, "g CO2 m-2 d-1", "kg m-2 s-1", "C", 12.011e-3 / 86400),
        (1.0, "umol m-2 s-1", "kg m-2 s-1", "C", 12.011e-9),
        (1.0, "eq ha-1 yr-1", "mol m-2 s-1", "Ca", 0.5 / 1e4 / (365 * 86400)),
        (10.0, "meq/100g", "mol kg-1", "", 0.1),
        (1.0, "mm/hr", "kg m-2 s-1", "water", 1.0 / 3600),
        (1.0, "m s-1", "kg m-2 s-1", "water", 1000.0),
        (62.004, "kg NO3 ha-1 yr-1", "kg m-2 s-1", "N", 14.007 / 1e4 / (365 * 86400)),
        (50.0, "degF", "K", "", 283.15),
    ],
)
def test_substances_by_hand(value, source, target, substance, expected):
    assert float(convert(np.array(value), source, target, substance)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("unit", ["0", "0.0", "-1", "-1.0 kg m-2", "0 m"])
def test_a_scale_of_zero_or_below_is_no_unit(unit, capfd):
    with pytest.raises(UnitError, match="is not known"):
        convert(np.ones(1), unit, "kg m-2", "water")
    assert capfd.readouterr().err == ""  # UDUNITS writes there
