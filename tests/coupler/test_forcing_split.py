"""A forcing file whose thick layers are split inside: the file's layers in and out, budgets, nitrification, what is refused."""

import numpy as np
import pytest
import xarray as xr
from calcisol.coupler import errors
from calcisol.coupler.cli import main
from calcisol.coupler.config import load_config
from helpers.forcing_data import dataset


def config_of(folder, data, **settings):
    """A configuration for these data, and the output of its run."""
    data.to_netcdf(folder / "f.nc")
    lines = [f'forcing = "f.nc"\nout = "{folder / "out"}"\n', *(f"{k} = {v}\n" for k, v in settings.items())]
    (folder / "run.toml").write_text("".join(lines), encoding="utf-8")
    return folder / "run.toml", folder / "out" / "f_calcisol.nc"


def test_layers_of_the_file_come_back(tmp_path, shipped, capsys):
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    plain, split = (config_of(tmp_path / n, dataset(), **s) for n, s in (("a", {}), ("b", {"thickest_layer": 0.05})))
    assert main(["run", str(plain[0])]) == 0 and main(["run", str(split[0])]) == 0  # a budget that misses is an error
    with xr.open_dataset(plain[1]) as a, xr.open_dataset(split[1]) as b:
        assert a["ph"].shape == b["ph"].shape and a["soil_layer_bnds"].equals(b["soil_layer_bnds"])
        assert np.isfinite(b["ph_h2o"].values[-1]).all()
        assert np.abs(a["ph"].values - b["ph"].values).max() > 1e-3
        assert b.attrs["comment"].endswith("layers split inside into [2, 4, 4, 4] pieces")  # 5, 6, 8 and 11 cm at most


def test_the_library_nitrifies_from_all_pieces(tmp_path, shipped):
    """What reaches the surface stays in the uppermost piece; the layer is nitrified as one without pieces is."""
    acid = []
    for name, thickest in (("a", 0.0), ("b", 0.05)):
        (tmp_path / name).mkdir()
        data = dataset(12)
        data["t_soil"][:] = 283.15
        data["dep_nh4"] = (("time", "lat", "lon"), np.full((12, 2, 3), 1e-7), {"units": "mol m-2 s-1"})
        config, out = config_of(tmp_path / name, data, nitrify="true", thickest_layer=thickest)
        assert main(["run", str(config)]) == 0
        with xr.open_dataset(out) as file:
            acid.append(file["acid_load"].values[6:])
    assert acid[1] == pytest.approx(acid[0], rel=0.02)  # what is leached as ammonium differs


def test_a_thickness_that_cannot_be(tmp_path, shipped, capsys):
    with pytest.raises(errors.CalcisolError, match=r"thickest_layer = -1\.0 must lie from 0"):
        load_config(config_of(tmp_path, dataset(), thickest_layer=-1.0)[0])
    (tmp_path / "run.toml").write_text("thickest_layer = 0.05\n", encoding="utf-8")
    with pytest.raises(
        errors.CalcisolError, match=r"thickest_layer splits the layers of a forcing file, and run\.toml names none"
    ):
        load_config(tmp_path / "run.toml")
    config, _ = config_of(tmp_path, dataset(), thickest_layer=0.001)
    assert main(["run", str(config)]) == 2
    assert "more than the 60 a column may have; give" in capsys.readouterr().err
