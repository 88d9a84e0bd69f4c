"""A run on the output of a land model: sinks, drainage and faces by hand, the residual of its budget, what is refused."""

import numpy as np
import pytest
import xarray as xr
from calcisol.coupler.cli import main
from calcisol.coupler.forcing.fault import ForcingError
from calcisol.coupler.forcing.forcing_file import ForcingFile
from helpers.forcing_data import save
from helpers.land_model_output import ALMA, DAY, DAYS, DZ, FLUX, SHARES, STOCK, dataset, truth

EXACT = 1e-12


def read(path, *beside):
    """Every step (step, soil_layer, place), and the survey. Raises its problems."""
    with ForcingFile(path, beside) as forcing:
        for problem in forcing.survey.problems:
            raise ForcingError(problem)
        steps = [forcing.step(i) for i in range(len(forcing.axis))]
        found = {n: np.stack([s[n] for s in steps]) for n in steps[0]}
        found = {n: np.moveaxis(a, -1, -2) if a.ndim == 3 else a for n, a in found.items()}
        return {**found, "dz": forcing.static()["dz"]}, forcing.survey


def without(held, *names, **more):
    return {**{k: v for k, v in held.items() if k not in names}, **more}


def test_sinks_drainage_and_a_budget_that_closes(tmp_path):
    """ALMA names; water at the end of each step: sinks by roots, drainage as given, nothing missing."""
    found, seen = read(save(dataset(ALMA), tmp_path / "f.nc"))
    t = truth()
    np.testing.assert_allclose(found["w_sink"], t["sink"] / DAY, rtol=EXACT)
    np.testing.assert_allclose(found["q_bot"], t["drainage"] / DAY, rtol=EXACT)
    np.testing.assert_allclose(found["w_liq"], t["water"], rtol=EXACT)
    assert "q_if" not in found
    water = seen.water
    assert water is not None
    # days 2 to 6: rain 24 and snow 6 mm in the first place
    assert water.sums["precipitation"][0] == pytest.approx(30.0)
    assert water.sums["evaporation"][0] == pytest.approx(10.0 + 2.6 + 0.8)
    assert water.sums["surface_runoff"][0] == pytest.approx(4.0)
    assert water.sums["drainage"][0] == pytest.approx(6.0)
    assert water.sums["gain"][0] == pytest.approx(30.0 - 13.4 - 4.0 - 6.0)
    assert np.abs(water.residual).max() < 1e-10
    assert len(seen.budget) == 3 and "48 N 3 E" in seen.budget[2] and "+0.00 %" in seen.budget[2]


@pytest.mark.parametrize(
    ("held", "note"),
    [
        (without(ALMA, "TVeg", QROOTSINK=("uptake", "mm s-1")), ""),
        (without(ALMA, "ESoil", Evap=("evapotranspiration", FLUX)), ""),
        (without(ALMA, "Qsb", mrro=("runoff", FLUX)), "total minus surface runoff"),
        (without(ALMA, "Qsb"), "what closes the water budget"),
        (without(ALMA, "Rainf", "Snowf", pr=("precipitation", FLUX)), ""),
    ],
)
def test_other_terms_say_the_same(tmp_path, held, note):
    """Uptake by layer, evaporation as a whole, drainage from runoff or from the budget: the same water."""
    found, seen = read(save(dataset(held), tmp_path / "f.nc"))
    t = truth()
    np.testing.assert_allclose(found["w_sink"], t["sink"] / DAY, rtol=1e-11)
    known = slice(1, None) if note.startswith("what closes") else slice(None)  # of the first step no gain is known
    np.testing.assert_allclose(found["q_bot"][known], (t["drainage"] / DAY)[known], rtol=1e-9, atol=1e-15)
    said = next(f for f in seen.findings if f.variable.name == "q_bot")
    assert said.note.endswith(note) and said.status == "derived"
    assert np.abs(seen.water.residual).max() < 1e-9


def test_what_is_added_up_since_the_start(tmp_path):
    """HRLDAS: runoff and WRF-Hydro's evaporation grow from file to file; the first step has the rate of the second."""
    t = truth()
    grown = {
        f"sum of {k}": 100.0 + np.cumsum(t[k], axis=0)
        for k in ("transpiration", "soil evaporation", "surface runoff", "drainage")
    }
    held = {
        "SOIL_M": ("water", STOCK), "ACCETRAN": ("sum of transpiration", "mm"), "ACCEDIR": ("sum of soil evaporation", "mm"),
        "SFCRNOFF": ("sum of surface runoff", "mm"), "UGDRNOFF": ("sum of drainage", "mm"), "ECAN": ("interception", "mm/s"),
        "RAINRATE": ("precipitation", "mm/timestep"), "SNEQV": ("snow", "mm"),
    }  # fmt: skip
    data = dataset(held, **grown)
    data["ECAN"] = data["ECAN"] / DAY
    data["ECAN"].attrs["units"] = "mm/s"
    data["SOIL_M"] = data["SOIL_M"] / (1000.0 * data["dz"])
    data["SOIL_M"].attrs["units"] = "m{3} m{-3}"
    found, seen = read(save(data, tmp_path / "f.nc"))
    sink, drainage = t["sink"] / DAY, t["drainage"] / DAY
    sink[0], drainage[0] = sink[1], drainage[1]
    np.testing.assert_allclose(found["w_sink"], sink, rtol=1e-10)
    np.testing.assert_allclose(found["q_bot"], drainage, rtol=1e-10)
    np.testing.assert_allclose(found["w_liq"], t["water"], rtol=EXACT)
    assert np.abs(seen.water.residual).max() < 1e-9


def test_a_run_that_was_begun_anew_is_refused(tmp_path):
    grown = 100.0 + np.cumsum(truth()["drainage"], axis=0)
    grown[3:] -= grown[3]
    held = without(ALMA, "Qsb", UGDRNOFF=("sums", "mm"))
    with pytest.raises(
        ForcingError, match=r"UGDRNOFF, added up since the start of the run, falls from 101\.3 to 0 kg m-2 in step 4"
    ):
        read(save(dataset(held, sums=grown), tmp_path / "f.nc"))


def test_means_of_the_steps(tmp_path):
    """ISIMIP: water is a mean of each step. It is taken as it is, faces from the gain between the middles of the steps."""
    t = truth()
    held = {
        "soilmoist": ("water", STOCK), "qs": ("surface runoff", FLUX), "qsb": ("drainage", FLUX),
        "trans": ("transpiration", FLUX), "evap": ("evapotranspiration", FLUX), "intercep": ("interception", FLUX),
        "rainf": ("rain", FLUX),
    }  # fmt: skip
    found, seen = read(save(dataset(held), tmp_path / "f.nc"))
    np.testing.assert_allclose(found["w_liq"], t["water"], rtol=EXACT)
    held = t["water"]
    ends = (held[:-1] + held[1:]) / 2
    first, last = 1.5 * held[0] - 0.5 * held[1], 1.5 * held[-1] - 0.5 * held[-2]
    gain = np.diff(np.concatenate([[first], ends, [last]]), axis=0)
    faces = np.empty_like(gain)
    faces[:, 2] = t["drainage"]
    faces[:, 1] = faces[:, 2] + gain[:, 2] + t["sink"][:, 2]
    faces[:, 0] = faces[:, 1] + gain[:, 1] + t["sink"][:, 1]
    np.testing.assert_allclose(found["q_if"] * DAY, faces, rtol=1e-9, atol=1e-9)
    assert seen.water.years == pytest.approx(4 / 365)  # neither the first nor the last step


def test_a_month_is_longer_than_the_next(tmp_path):
    """Between the middles of January and February water at the end of January lies 31/59 of the way."""
    data = dataset({"soilmoist": ("water", STOCK), "qsb": ("drainage", FLUX), "evap": ("evapotranspiration", FLUX)})
    data = data.isel(time=slice(0, 3)).drop_vars("time_bnds")
    edges = np.array([0.0, 31.0, 59.0, 90.0])
    data["time"] = ("time", edges[1:], {"units": "days since 2001-01-01", "calendar": "noleap", "bounds": "time_bnds"})
    data["time_bnds"] = (("time", "bnds"), np.stack([edges[:-1], edges[1:]], 1))
    found, _ = read(save(data, tmp_path / "f.nc"))
    w = truth()["water"][:3]
    january, february = w[0] + (w[1] - w[0]) * 31 / 59, w[1] + (w[2] - w[1]) * 28 / 59
    gained = (february - january) / (28 * DAY)
    out = found["q_if"][1]
    np.testing.assert_allclose(out[0] - out[1], gained[1] + found["w_sink"][1, 1], rtol=1e-9)


def test_a_budget_that_does_not_close_is_refused(tmp_path, capsys):
    """Interception left out: 0.8 of 30 mm pass, and are told; drainage of another unit does not."""
    path = save(dataset(without(ALMA, "ECanop")), tmp_path / "f.nc")
    _, seen = read(path)
    assert seen.water.residual[0] == pytest.approx(0.8)
    assert seen.water.share[0] == pytest.approx(0.8 / 30.0)
    assert main(["check", str(path)]) == 0
    said = capsys.readouterr().out
    assert "water budget of the land model over 0.0137 years" in said and "(+2.67 %)" in said
    data = dataset(ALMA)
    data["Qsb"] = data["Qsb"] * 1.5  # 3 of 30 mm, 3.6 of 36
    data["Qsb"].attrs["units"] = FLUX
    with pytest.raises(ForcingError) as caught:
        read(save(data, tmp_path / "g.nc"))
    told = str(caught.value)
    assert "does not close" in told and "(-10.00 %), more than 5 %" in told and "\n" not in told
    for name in ALMA:
        assert name in told


def test_what_cannot_be_checked_is_told(tmp_path):
    held = without(ALMA, "Rainf", "Snowf", "ECanop", "Qs", "SWE")
    _, seen = read(save(dataset(held), tmp_path / "f.nc"))
    assert seen.budget == (
        "water budget of the land model: not checked, for the file has no rain (pr, Rainf, rainf, rain, RAINRATE)",
    )
    assert np.isnan(seen.water.residual).all()


def test_total_runoff_alone_is_refused(tmp_path):
    held = without(ALMA, "Qs", "Qsb", qtot=("runoff", FLUX))
    with pytest.raises(ForcingError, match="q_bot is missing: qtot holds surface and subsurface runoff; add one of them"):
        read(save(dataset(held), tmp_path / "f.nc"))


def test_evaporation_of_the_soil_alone_is_refused(tmp_path):
    with pytest.raises(ForcingError, match="w_sink is missing: ESoil leaves out what roots take; add transpiration"):
        read(save(dataset(without(ALMA, "TVeg", "ECanop")), tmp_path / "f.nc"))


def test_evaporation_as_a_whole_goes_by_roots(tmp_path):
    """ISIMIP's water models give no parts of evap: all of it is taken up."""
    held = without(ALMA, "TVeg", "ESoil", "ECanop", evap=("evapotranspiration", FLUX))
    found, seen = read(save(dataset(held), tmp_path / "f.nc"))
    t = truth()
    np.testing.assert_allclose(found["w_sink"], t["evapotranspiration"][:, None] * SHARES[:, None] / DAY, rtol=EXACT)
    assert np.abs(seen.water.residual).max() < 1e-10


def test_a_file_with_our_own_sink_is_taken_as_it_is(tmp_path):
    held = without(ALMA, w_sink=("uptake", FLUX))
    found, seen = read(save(dataset(held), tmp_path / "f.nc"))
    np.testing.assert_allclose(found["w_sink"], truth()["uptake"] / DAY, rtol=EXACT)
    assert seen.water is None


def test_a_name_with_another_meaning_is_none_of_water(tmp_path):
    """qs is also specific humidity: drainage closes no budget with it."""
    data = dataset(without(ALMA, "Qs", mrros=("surface runoff", FLUX)))
    data["qs"] = data["Qsb"] * 0 + 0.008
    data["qs"].attrs["units"] = "kg kg-1"
    _, seen = read(save(data, tmp_path / "f.nc"))
    assert np.abs(seen.water.residual).max() < 1e-10


def test_thin_layers_are_joined(tmp_path):
    """ORCHIDEE: layers of 1 mm to 1 cm by where they end, temperature on nodes of its own, transpiration by type of plant."""
    t = truth()
    ends = np.array([0.001, 0.004, 0.010, 0.022, 0.1, 0.4, 1.0])
    part = np.diff(ends, prepend=0.0)
    data = dataset(without(ALMA, "SoilMoist", "TVeg")).drop_vars(["dz", "t_soil"])
    fine = np.concatenate([t["water"][:, :1] * part[:5, None] / 0.1, t["water"][:, 1:]], axis=1)
    data.coords["solay"] = ("solay", ends, {"units": "m", "axis": "Z", "standard_name": "model_level_number"})
    data.coords["solth"] = ("solth", np.array([0.0, 2.0]), {"units": "m", "axis": "Z", "standard_name": "model_level_number"})
    data.coords["veget"] = ("veget", np.array([1.0, 2.0]), {"units": "1", "axis": "Z", "standard_name": "model_level_number"})
    data["SoilMoist"] = (("time", "solay", "lat", "lon"), fine.reshape(DAYS, 7, 1, 2), {"units": "kg/m^2"})
    warm = np.broadcast_to(np.array([280.0, 290.0])[None, :, None, None], (DAYS, 2, 1, 2))
    data["SoilTemp"] = (("time", "solth", "lat", "lon"), warm, {"units": "K"})
    plants = np.stack([0.25 * t["transpiration"], 0.75 * t["transpiration"]], axis=1).reshape(DAYS, 2, 1, 2)
    data["transpir"] = (("time", "veget", "lat", "lon"), plants, {"units": "mm/d"})
    found, seen = read(save(data, tmp_path / "f.nc"))
    np.testing.assert_allclose(found["dz"][0], [0.022, 0.078, 0.3, 0.6], rtol=1e-12)
    np.testing.assert_allclose(found["w_liq"][:, :2].sum(1), t["water"][:, 0], rtol=EXACT)
    np.testing.assert_allclose(found["w_sink"].sum(1), (t["transpiration"] + t["soil evaporation"]) / DAY, rtol=EXACT)
    # 5 K a metre: the middles of the joined layers
    np.testing.assert_allclose(found["t_soil"][0, :, 0], 280.0 + 5.0 * np.array([0.011, 0.061, 0.25, 0.7]), rtol=1e-12)
    assert np.abs(seen.water.residual).max() < 1e-9
    halves = {"dtype": "f8", "scale_factor": 0.5}
    packed, _ = read(save(data, tmp_path / "packed.nc", transpir=halves, SoilTemp=halves))
    for name in ("w_sink", "t_soil"):  # unpacked once, before types of plants or depths are taken together
        np.testing.assert_array_equal(packed[name], found[name])


def test_a_variable_a_file(tmp_path):
    """As ISIMIP keeps them, places the other way round in one, soil in a file without time; another set of steps is refused."""
    whole = dataset(ALMA)
    want, _ = read(save(whole, tmp_path / "whole.nc"))
    first = save(whole[["SoilMoist", "dz", "t_soil", "time_bnds"]], tmp_path / "soilmoist.nc")
    rest = whole.drop_vars(["SoilMoist", "dz", "t_soil"]).isel(lon=[1, 0])
    second = save(rest, tmp_path / "rest.nc")
    soil = xr.Dataset(
        {"caco3": (("lat", "lon"), np.array([[0.02, 0.04]]), {"units": "kg kg-1"})}, {"lat": whole["lat"], "lon": whole["lon"]}
    )
    soil.to_netcdf(tmp_path / "soil.nc")
    found, _ = read(first, second, tmp_path / "soil.nc")
    for name, values in want.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
    assert main(["check", str(first), str(second), str(tmp_path / "soil.nc")]) == 0
    for i, days in enumerate((slice(0, 2), slice(2, None))):  # both cut along time, alike
        save(whole[["SoilMoist", "dz", "t_soil", "time_bnds"]].isel(time=days), tmp_path / f"w_{i}.nc")
        save(rest.isel(time=days), tmp_path / f"r_{i}.nc")
    found, _ = read(tmp_path / "w_*.nc", tmp_path / "r_*.nc")
    for name, values in want.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
    later = save(rest.isel(time=slice(1, None)), tmp_path / "later.nc")
    with pytest.raises(
        ForcingError, match=r"later.nc cannot be put beside soilmoist.nc \(soilmoist.nc has 6 steps, but later.nc 5\)"
    ):
        read(first, later)


def test_a_day_a_file(tmp_path):
    """Both cut into single days: those of another year are refused, as is one such file alone; a budget needs two steps."""
    whole, water = dataset(ALMA), ["SoilMoist", "dz", "t_soil", "time_bnds"]
    later = whole.assign_coords(time=whole["time"] + 365.0).assign(time_bnds=whole["time_bnds"] + 365.0)
    later["time"].attrs = whole["time"].attrs
    for i in range(DAYS):
        for letter, data in (("w", whole[water]), ("r", whole.drop_vars(water)), ("l", later.drop_vars(water))):
            save(data.isel(time=[i]), tmp_path / f"{letter}_{i}.nc")
    found, _ = read(tmp_path / "w_*.nc", tmp_path / "r_*.nc")
    np.testing.assert_array_equal(found["w_liq"], truth()["water"])
    for name in ("*", "0"):
        with pytest.raises(ForcingError, match=r"time of l_.\.nc is not that of w_.\.nc \(2002-03-02"):
            read(tmp_path / f"w_{name}.nc", tmp_path / f"l_{name}.nc")
    _, seen = read(tmp_path / "w_0.nc", tmp_path / "r_0.nc")
    assert seen.budget == (
        "water budget of the land model: not checked, for the gain of water in a file's only step is not known",
    )


@pytest.mark.parametrize("beside", [False, True])
def test_a_run_writes_the_residual(tmp_path, capsys, beside):
    data = dataset(without(ALMA, "ECanop"))
    data["caco3"] = ("soil_layer", np.array([0.0, 0.02, 0.05]), {"units": "kg kg-1"})
    parts = [data.drop_vars("caco3"), data[["caco3"]].drop_vars(["time", "lat", "lon"], errors="ignore")] if beside else [data]
    save(parts[0], tmp_path / "f.nc")
    also = ""
    if beside:
        parts[1].to_netcdf(tmp_path / "soil.nc")
        also = '\nforcing_beside = ["soil.nc"]'
    (tmp_path / "run.toml").write_text(f'forcing = "f.nc"{also}\n')
    assert main(["run", str(tmp_path / "run.toml"), "--out", str(tmp_path / "out")]) == 0
    assert "residual" in capsys.readouterr().out
    with xr.open_dataset(tmp_path / "out" / "f_calcisol.nc") as made:
        np.testing.assert_allclose(made["water_residual_share"], [0.8 / 30.0, 0.8 / 30.0], rtol=1e-9)
        assert np.isfinite(made["ph"]).all() and made.sizes["soil_layer"] == len(DZ)
