"""What a file of a daily column must hold, and what is refused in one sentence."""

from __future__ import annotations

import numpy as np
import pytest
from calcisol.coupler.evaluation.daily_file import DailyFileError, read_column
from helpers.daily_column import made_column, written


@pytest.fixture(scope="module")
def made(shipped):
    return made_column(shipped)


def _without_units_of_drainage(data):
    data["q_bot"].attrs["units"] = "mm day-1"


def _with_a_hole(data):
    data["ph"][5, 2] = np.nan


def _with_sinks_per_day(data):
    data["transpiration"] = data["transpiration"] * 86400.0


def _with(name, values, **attributes):
    """The file with other values of a variable, (day, layer), (day,) or one number."""

    def changed(data):
        data[name] = (data[name].dims if np.ndim(values) else (), values, attributes or dict(data[name].attrs))

    return changed


def _with_a_code(data):
    data["ph"][5, 2] = -9999.0


FAULTS = {
    r"caco3 is 15 at \(0,\), outside 0 to": _with("caco3", 15.0, units="1"),
    r"clay is 22 at \(0,\), outside 0 to": _with("clay", 22.0, long_name="%"),
    r"t_soil is 11.85 at \(0, 0\), outside": _with("t_soil", np.full((12, 4), 11.85)),
    r"ph is -9999 at \(5, 2\), outside 0 to 14; is it .* a code for a missing value": _with_a_code,
    r"rain is -1 at \(0,\)": _with("rain", np.full(12, -1.0)),
    r"pet is -2 at \(0,\)": _with("pet", np.full(12, -2.0)),
    "w_liq fills .* of the pores of layer 1 on day": _with("porosity", 0.15),
    "pet is in 'W m-2', not 'mm'": _with("pet", np.full(12, 57.0), units="W m-2"),
    "no whole number as its attribute start_day;": lambda d: d.assign_attrs(start_day=4.5),
    "no variable 'n_nit'": lambda d: d.drop_vars("n_nit"),
    "q_bot is in 'mm day-1', not 'kg m-2 s-1'": _without_units_of_drainage,
    r"ph has a missing value at \(5, 2\)": _with_a_hole,
    "w_liq changes by .* check their units and signs": _with_sinks_per_day,
    "start_day is 12; it must lie from 1 to 11": lambda d: d.assign_attrs(start_day=12),
    "no whole number as its attribute start_day": lambda d: d.assign_attrs(start_day="soon"),
    "calendar is 'standard'": lambda d: d.assign_attrs(calendar="standard"),
    "attribute vg_n is 0.9": lambda d: d.assign_attrs(vg_n=0.9),
    "attribute bottom is 'seepage'": lambda d: d.assign_attrs(bottom="seepage"),
    "no dimension 'layer'": lambda d: d.rename(layer="depth"),
}


@pytest.mark.parametrize("sentence", FAULTS)
def test_what_is_refused(sentence, made, tmp_path):
    changed = made.copy(deep=True)
    changed = FAULTS[sentence](changed) or changed
    with pytest.raises(DailyFileError, match=sentence):
        read_column(written(changed, tmp_path))


@pytest.mark.parametrize("unit", ["mm", "mm d-1", "mm/day", "kg m-2", "kg m-2 day-1"])
def test_water_of_a_day_may_be_a_depth_a_mass_or_a_rate(unit, made, tmp_path):
    changed = made.copy(deep=True)
    for name in ("rain", "pet"):
        changed[name].attrs["units"] = unit
    column = read_column(written(changed, tmp_path))
    assert (column["rain"] == made["rain"].values).all() and (column["pet"] == made["pet"].values).all()
