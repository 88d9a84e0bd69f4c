"""The reader of the learning file: layerings kept apart, units converted, a wrong file refused."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from calcisol.emulator.contract.variables import load_table
from calcisol.emulator.training.dataset import DataError
from calcisol.emulator.training.learning_set import FORMAT, load_archive, load_learning_file

SORBED = ("na", "ca", "h")


def learning_file(path: Path, fmt: str = FORMAT) -> Path:
    """Three members, two layerings (3 and 2 layers, padded), 3 times; every number made from its place."""
    rng = np.random.default_rng(1)
    members, times, layers = 3, 3, 3
    thickness = np.array([[0.2, 0.2, 0.2], [0.3, 0.4, np.nan], [0.2, 0.2, 0.2]])
    real = np.isfinite(thickness)
    ds = xr.Dataset(attrs={"format": fmt, "stoichiometry": json.dumps({})})
    ds["time"] = ("time", 365.0 / 12.0 * np.arange(1, times + 1))
    ds["thickness"], ds["n_layer"] = (("member", "layer"), thickness), ("member", real.sum(1))

    def cell(name: str, low: float, high: float) -> None:
        values = rng.uniform(low, high, (members, times, layers))
        ds[name] = ("member", "time", "layer"), np.where(real[:, None, :], values, np.nan)

    for name in ("calcite", "ca", "mg", "k", "na", "nh4", "no3", "cl", "so4", "dic", "water"):
        cell(f"pool_{name}", 0.1, 1.0)
    for name in (
        "p_co2(g)",
        "pH",
        "ionic_strength",
        "temperature",
        "tot_na+1",
        "lsrc_calcite",
        "lsrc_x-nitr",
        "lsrc_x-resp",
        "lsrc_x-lime",
    ):
        cell(name, 0.001, 0.1)
    for site in ("x", "ya", "yb"):
        for ion in SORBED:
            cell(f"sorb_{ion}-{site}(na)", 0.1, 1.0)
    for name in ("cec", "cec_variable", "caco3"):
        ds[name] = ("member", "layer"), np.where(real, 12.0, np.nan)
    for name in ("clay", "sand", "soc", "bulk_density", "porosity", "calcite_rate", "dispersivity", "co2_atm", "wall_s"):
        ds[name] = "member", np.full(members, 1.4)
    ds["member_id"] = "member", np.arange(members)
    for ion in ("ca+2", "mg+2", "k+1", "na+1", "nh4+1", "no3-1", "cl-1", "so4-2", "co3-2"):
        ds[f"flux_in_{ion}"] = ("member", "time"), np.full((members, times), 0.01)
        ds[f"flux_out_{ion}"] = ("member", "time"), np.full((members, times), 0.02)
    ds["pco2_air"] = ("member", "time"), np.full((members, times), 4.2e-4)
    ds["flux_gasout_co3-2"], ds["water_out"] = (
        (("member", "time"), np.ones((members, times))),
        (("member", "time"), np.full((members, times), 0.025)),
    )
    ds.to_netcdf(path)
    return path


def test_layerings_are_kept_apart_and_units_converted(tmp_path: Path) -> None:
    ensembles = load_learning_file(learning_file(tmp_path / "set.nc"))
    assert sorted(tuple(e.static.shape[1:]) for e in ensembles) == [(2, 1), (3, 2)]
    with xr.open_dataset(tmp_path / "set.nc") as ds:
        three = next(e for e in ensembles if e.static.shape[1] == 3)
        assert three.members.tolist() == [0, 2]
        assert float(three.static[6, 0, 0]) == pytest.approx(0.12)  # cec: 12 meq per 100 g
        assert float(three.static[4, 0, 0]) == pytest.approx(1400.0)  # bulk density: 1.4 g cm-3
        assert float(three.state[1, 1, 2, 1]) == pytest.approx(float(ds["pool_ca"][2, 1, 2]))
        nitrified = float(ds["lsrc_x-nitr"][2, 2, 1]) * 14.007e-3 / three.dt
        assert float(three.forcing_layer[1, 7, 1, 1]) == pytest.approx(nitrified, rel=1e-12)
        lime = float(ds["lsrc_x-lime"][0, 1].sum())  # dissolved: the rain's 0.01 mol and the lime
        assert float(three.forcing_column[0, 4, 0]) == pytest.approx((0.01 + lime) / three.dt, rel=1e-9)
        assert float(three.forcing_column[0, 0, 0]) == pytest.approx(25.0 / three.dt, rel=1e-12)  # 0.025 m in a month


def test_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="says format 'other', not 'calcisol-ensemble-1'"):
        load_learning_file(learning_file(tmp_path / "set.nc", "other"))
    with pytest.raises(DataError, match="does not exist; make one with `calcisol ensemble`"):
        load_learning_file(tmp_path / "none.nc")
    damaged = tmp_path / "damaged.nc"
    damaged.write_bytes(b"not a file of numbers")
    for load in (load_learning_file, load_archive):
        with pytest.raises(DataError, match=r"damaged.nc is damaged or") as caught:
            load(damaged)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["clay", "cec", "caco3", "dispersivity"])
def test_a_soil_property_that_is_missing_is_named_not_guessed(name: str, tmp_path: Path) -> None:
    with xr.open_dataset(learning_file(tmp_path / "set.nc")) as ds:
        ds.drop_vars(name).to_netcdf(tmp_path / "without.nc")
    with pytest.raises(DataError, match=f"has no '{name}'; make it again"):
        load_learning_file(tmp_path / "without.nc")


def test_files_from_before_pedogenic_carbonate_form_it_at_saturation(tmp_path: Path) -> None:
    names = load_table().names("static")
    for ensemble in load_learning_file(learning_file(tmp_path / "set.nc")):
        assert (ensemble.static[names.index("si_pedogenic")] == 0.0).all()
