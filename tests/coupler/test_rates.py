"""Amounts, rates and the water of each phase: what the values of a file mean, or a refusal that names the doubt."""

import numpy as np
import pytest
from calcisol.coupler.forcing.fault import ForcingError
from calcisol.coupler.forcing.forcing_file import ForcingFile
from helpers.forcing_data import DAYS, dataset, read_all, same, save, truth

STEP = DAYS * 86400.0


def changed(name, factor, units, **attributes):
    data = dataset()
    data[name] = (data[name].dims, data[name].values * factor, {"units": units, **attributes})
    return data


@pytest.mark.parametrize(
    ("factor", "units", "attributes"),
    [
        (STEP, "mm", {"cell_methods": "time: sum"}),
        (STEP, "kg m-2", {"cell_methods": "area: mean time: sum"}),
        (STEP / 1000, "m", {"cell_methods": "time: sum (interval: 1 hour)"}),
        (1.0, "kg m-2 s-1", {"cell_methods": "area: time: mean"}),
        (1.0, "kg m-2 s-1", {"cell_methods": "time: point"}),
        (STEP, "mm/month", {"cell_methods": "time: sum"}),
        (86.4, "m day**-1", {}),
        (3600.0, "mm/hr", {}),
        (1e-3, "m s-1", {}),
    ],
)
def test_amounts_of_a_step_and_rates(tmp_path, factor, units, attributes):
    same(read_all(save(changed("q_bot", factor, units, **attributes), tmp_path / "f.nc")), truth())


@pytest.mark.parametrize(
    ("name", "units", "attributes", "words"),
    [
        (
            "q_bot",
            "mm",
            {},
            "q_bot: q_bot is in 'mm', an amount, where a rate is wanted, and the file does not say over which time",
        ),
        ("q_bot", "m", {"GRIB_stepType": "accum"}, "sums since midnight must be differenced first"),
        ("q_bot", "kg m-2", {"cell_methods": "time: mean"}, "an amount, where a rate is wanted"),
        ("q_bot", "kg m-2 s-1", {"cell_methods": "time: sum"}, "is a rate (kg m-2 s-1) and summed over time"),
        ("q_bot", "kg m-2 s-1", {"cell_methods": "time: maximum"}, "is the maximum of each step; give the mean"),
        ("w_liq", "kg m-2", {"cell_methods": "time: sum"}, "w_liq is summed over time"),
        ("t_soil", "K", {"cell_methods": "time: minimum"}, "is the minimum of each step"),
        ("co2_src_total", "mm/day", {}, "unit 'mm/day' (speed) cannot become 'kg m-2 s-1' (mass flux)"),  # a depth of carbon
        ("co2_src_total", "g N m-2 d-1", {}, "counts N, but 'kg m-2 s-1' as C is wanted"),
        ("w_liq", "m3 m-3", {}, "multiply a volume fraction by 1000 kg m-3 and the thickness of the layer"),
        ("w_liq", "%", {}, "cannot become 'kg m-2'"),
    ],
)
def test_what_cannot_be_told_is_refused(tmp_path, name, units, attributes, words):
    with pytest.raises(ForcingError) as caught:
        read_all(save(changed(name, 1.0, units, **attributes), tmp_path / "f.nc"))
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_sums_that_were_averaged_are_refused(tmp_path):
    """cdo monmean of daily sums goes on saying time: sum (findings/cdo_mean_keeps_sum.sh)."""
    data = changed("q_bot", STEP, "mm", cell_methods="time: sum")
    data.attrs["history"] = "Mon Nov 30 08:00:00 2026: cdo -s monmean day.nc month.nc"
    with pytest.raises(ForcingError, match="q_bot says time: sum, but the file's history says monmean"):
        read_all(save(data, tmp_path / "f.nc"))
    data.attrs["history"] = "cdo monsum day.nc month.nc"
    same(read_all(save(data, tmp_path / "g.nc")), truth())


@pytest.mark.parametrize(
    ("units", "factor"),
    [("g C m-2 d-1", 1e3 * 86400), ("umol m-2 s-1", 1e6 / 0.012011), ("g CO2 m-2 s-1", 1e3 * 44.009 / 12.011)],
)
def test_carbon_in_the_units_of_the_field(tmp_path, units, factor):
    same(read_all(save(changed("co2_src_total", factor, units), tmp_path / "f.nc")), truth())


# ------------------------------------------------------------------------------------------------ phases of water
SHARE = 0.75  # of the water that is liquid


def phases(**held):
    """The file with water under other names: name -> (part of all water, units)."""
    data = dataset()
    total = data["w_liq"] / SHARE
    data["t_soil"] = data["t_soil"] - 30.0  # it freezes
    data = data.drop_vars("w_liq")
    for name, (part, units) in held.items():
        values = total * part if units != "1" else total * 0 + part
        data[name] = (total.dims, (values / (1000.0 if units == "m" else 1.0)).values, {"units": units})
    return data


@pytest.mark.parametrize(
    "held",
    [
        {"mrsol": (1.0, "kg m-2"), "mrsfl": (1 - SHARE, "kg m-2")},
        {"mrlsl": (1.0, "kg m-2"), "mrfsol": (1 - SHARE, "kg m-2")},
        {"mrsol": (1.0, "m"), "mrsfl": (1 - SHARE, "mm")},
        {"mrsol": (1.0, "kg m-2"), "mrsll": (SHARE, "kg m-2")},
        {"mrsll": (SHARE, "kg m-2"), "mrsfl": (1 - SHARE, "kg m-2"), "mrsol": (1.0, "kg m-2")},
        {"SoilMoist": (1.0, "kg m-2"), "SMLiqFrac": (SHARE, "1")},
        {"SoilMoist": (1.0, "kg m-2"), "SMFrozFrac": (1 - SHARE, "1")},
        {"soilmoist": (1.0, "kg m-2"), "soilmoistfroz": (1 - SHARE, "kg m-2")},
        {"SOILLIQ": (SHARE, "kg m-2"), "SOILICE": (1 - SHARE, "kg m-2")},
        {"w_liq": (SHARE, "kg m-2"), "mrsol": (1.0, "kg m-2")},
        {"w_ice": (1 - SHARE, "kg m-2"), "mrsol": (1.0, "kg m-2")},
    ],
)
def test_liquid_and_ice_out_of_what_a_file_holds(tmp_path, held):
    liquid = truth()["w_liq"]
    found = read_all(save(phases(**held), tmp_path / "f.nc"))
    same(found, {"w_liq": liquid, "w_ice": liquid / SHARE * (1 - SHARE)}, 1e-9)


def test_water_of_all_phases_alone(tmp_path):
    """It is liquid where nothing freezes, said so; else refused."""
    data = dataset().rename(w_liq="mrsol")
    path = save(data, tmp_path / "f.nc")
    same(read_all(path), truth())
    with ForcingFile(path) as forcing:
        (finding,) = [f for f in forcing.survey.findings if f.variable.name == "w_liq"]
        assert "water of all phases, taken as liquid" in finding.line()
    with pytest.raises(ForcingError, match=r"mrsol is water of all phases, and the soil freezes \(t_soil down to 245 K\)"):
        read_all(save(phases(mrsol=(1.0, "kg m-2")), tmp_path / "g.nc"))


@pytest.mark.parametrize(
    ("held", "words"),
    [
        ({"mrsol": (0.2, "kg m-2"), "mrsfl": (0.5, "kg m-2")}, "w_liq is negative"),
        ({"mrsol": (1.0, "kg m-2"), "SoilMoist": (1.0, "kg m-2")}, "both hold the total water of the layers"),
        ({"mrsfl": (0.2, "kg m-2"), "SOILICE": (0.2, "kg m-2"), "w_liq": (0.8, "kg m-2")}, "both hold the ice water"),
        ({"mrsfl": (0.2, "kg m-2")}, "w_liq [kg m-2] is missing"),
        ({"w_liq": (0.8, "kg m-2"), "SMFrozFrac": (0.2, "1")}, "SMFrozFrac is a share of the water of all phases"),
    ],
)
def test_pairs_that_do_not_fit(tmp_path, held, words):
    with pytest.raises(ForcingError) as caught:
        read_all(save(phases(**held), tmp_path / "f.nc"))
    assert words in str(caught.value)


# ------------------------------------------------------------------------------------------------ names
def test_relative_humidity_is_no_respiration(tmp_path):
    data = dataset()
    data["rh"] = (data["q_bot"].dims, np.full((6, 2, 3), 80.0), {"units": "%", "standard_name": "relative_humidity"})
    path = save(data.drop_vars("co2_src_total"), tmp_path / "f.nc")
    assert "co2_src_total" not in read_all(path)
    carbon = dataset().rename(co2_src_total="rh")  # CMIP's heterotrophic respiration
    same(read_all(save(carbon, tmp_path / "g.nc")), truth())


def test_respiration_in_a_unit_nobody_knows_is_not_left_out(tmp_path):
    """gC/m^2/tstep is neither humidity nor readable: without it the soil would get no CO2 at all."""
    data = dataset().rename(co2_src_total="rh")
    data["rh"].attrs["units"] = "gC/m^2/tstep"
    with pytest.raises(ForcingError, match=r"co2_src_total could be rh, but its unit 'gC/m\^2/tstep' is not known"):
        read_all(save(data, tmp_path / "f.nc"))


def test_what_looks_like_an_input_and_is_not_read_is_told(tmp_path):
    data = dataset().rename(caco3="CaCO3")
    data["co2"] = ("time", np.full(6, 42.0), {"units": "Pa"})
    data["Qsb"] = data["q_bot"] * 5
    data["albedo"] = data["q_bot"] * 0
    with ForcingFile(save(data, tmp_path / "f.nc")) as forcing:
        assert [remark.split(";")[0] for remark in forcing.survey.remarks] == [
            "CaCO3 [kg kg-1] is not read: caco3 is absent",
            "co2 [Pa] is not read: co2_atm is absent",
            "Qsb [kg m-2 s-1] is not read: q_bot comes from q_bot",
        ]


def test_two_candidates_are_refused_and_one_with_layers_is_taken(tmp_path):
    data = dataset().rename(q_bot="drainage")
    data["Qsb"] = data["drainage"] * 5
    data["Qsb"].attrs["units"] = "kg m-2 s-1"
    with pytest.raises(ForcingError, match="q_bot could be drainage and Qsb"):
        read_all(save(data, tmp_path / "f.nc"))
    data = dataset().rename(t_soil="soilT")
    data["soilT"].attrs["standard_name"] = "soil_temperature"
    data["ts10"] = (("time", "lat", "lon"), np.full((6, 2, 3), 283.0), {"units": "K", "standard_name": "soil_temperature"})
    same(read_all(save(data, tmp_path / "g.nc")), truth())


# ------------------------------------------------------------------------------------------------ nitrogen
def test_ammonium_that_nobody_nitrifies_is_refused_by_name(tmp_path):
    data = dataset()
    data["dep_nh4"] = (("time", "lat", "lon"), np.full((6, 2, 3), 100.0), {"units": "kg N ha-1 yr-1"})
    path = save(data, tmp_path / "f.nc")
    with pytest.raises(ForcingError, match="dep_nh4 brings ammonium, but n_nit, its nitrification, is missing"):
        read_all(path)
    data["n_nit"] = data["w_liq"] * 0
    data["n_nit"].attrs["units"] = "kg m-2 s-1"
    found = read_all(save(data, tmp_path / "g.nc"))
    assert found["dep_nh4"] == pytest.approx(np.full((6, 6), 100 / 1e4 / 0.014007 / (365 * 86400)))
    data["dep_nh4"].attrs["units"] = "kg ha-1 yr-1"  # of ammonium, or of its nitrogen?
    with pytest.raises(ForcingError, match=r"does not say what is weighed; write e\.g\. kg N ha-1 year-1"):
        read_all(save(data, tmp_path / "h.nc"))
