"""A European file as the field's own tools read it, and the laboratory pH in it."""

import shutil
import subprocess

import netCDF4
import numpy as np
import pytest
import xarray as xr
from calcisol.coupler.europe.load import load_domain
from calcisol.coupler.europe.monthly import Europe
from calcisol.coupler.europe.scenario import load_scenario
from calcisol.coupler.library.model import Model
from calcisol.coupler.offline import checkpoint, chunks, results
from calcisol.coupler.offline.task import block_file, chunk_file
from helpers.small_runs import run_small, small_config

pytestmark = pytest.mark.usefixtures("shipped")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return run_small(tmp_path_factory.mktemp("cf") / "out", scenarios=("baseline",), end_year=2021) / "baseline.nc"


def names(file):
    """Variables of the file that are data: no axes, no bounds."""
    with netCDF4.Dataset(file) as nc:
        return sorted(n for n in nc.variables if n not in nc.dimensions and not n.endswith("_bnds"))


def tool(*command):
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def test_cdo_reads_every_variable(file):
    out, err = tool("cdo", "sinfon", str(file))
    rows = [line.split(":") for line in out.splitlines() if "calcisol" in line and ":" in line]
    levels = {r[2].strip(): int(r[1].split()[4]) for r in rows}
    assert sorted(levels) == names(file), err
    with netCDF4.Dataset(file) as nc:
        for name, count in levels.items():
            assert count == (12 if "soil_layer" in nc[name].dimensions else 1), name
        assert "0-0.05 to 1.3-1.6 m" in out and "Calendar = 365_day" in out and "Bounds = true" in out
    assert "skip" not in err.lower() and "unsupported" not in err.lower(), err


def test_cdo_computes_what_numpy_does(file, tmp_path):
    tool("cdo", "-s", "-L", "timmean", "-selname,sic,ph_h2o", str(file), str(tmp_path / "mean.nc"))
    with netCDF4.Dataset(file) as nc, netCDF4.Dataset(tmp_path / "mean.nc") as mean:
        for name in ("sic", "ph_h2o"):
            assert np.ma.allclose(nc[name][:].mean(0), mean[name][0], rtol=1e-6)


def test_ncks_and_xarray_read_every_variable(file):
    out, _ = tool("ncks", "-m", str(file))
    assert all(f" {name}(" in out for name in names(file))


def test_every_record_says_how_it_was_made(file):
    with xr.open_dataset(file) as ds:
        assert sorted(n for n in ds.data_vars if not n.endswith("_bnds")) == names(file)
        for name, v in ds.data_vars.items():
            if "time" in v.dims and name not in ("flag", "time_bnds"):
                assert v.attrs["cell_methods"].split(" (")[0] in ("time: mean", "time: point"), name
        assert ds["ph_h2o"].attrs["cell_methods"] == "time: point (comment: at the end of the year)"


def test_laboratory_ph_is_that_of_the_soil_at_the_end_of_the_year(tmp_path):
    config = small_config(tmp_path, scenarios=("baseline",), end_year=2020, coverage=0.02)
    domain = load_domain(config)
    folder = chunks.run(domain, config)
    scenario = load_scenario("baseline")
    r = results.gather(domain, config, folder, scenario)
    tasks = chunks.make_tasks(domain, config, folder)
    with Model() as model:
        for task in tasks:
            saved = checkpoint.load(chunk_file(folder, task.number, scenario.key))
            columns = model.columns(Europe(task.domain, config).static())
            columns.set_state({k.removeprefix("state:"): v for k, v in saved.items() if k.startswith("state:")})
            for name, values in zip(("ph_h2o", "ph_cacl2"), columns.laboratory_ph(), strict=True):
                last = checkpoint.load(block_file(folder, task.number, scenario.key, int(saved["blocks"][-1])))
                assert (last[f"layer:{name}"][-1] == values).all()
    # a suspension of a calcareous soil in water, open to the air: 8.2-8.3 whatever its carbonate; salt lowers it
    water, salt = r.layer["ph_h2o"], r.layer["ph_cacl2"]
    assert (salt < water).all() and 7.9 < water.min() and water.max() < 8.4
