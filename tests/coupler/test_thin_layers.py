"""Columns whose thick layers are cut into thin ones: which they are, and what a run makes of them."""

import dataclasses

import netCDF4
import numpy as np
import pytest
from calcisol.coupler.config import ConfigError, RunConfig
from calcisol.coupler.europe.load import load_domain
from calcisol.coupler.land import thin_layers
from calcisol.coupler.offline import chunks
from calcisol.coupler.offline.layer_fold import LayerFold
from calcisol.coupler.offline.layer_groups import chunks_of, on_thin_layers
from calcisol.coupler.offline.task import Stopped, Task
from helpers.small_runs import run_small, small_config, variables

DZ = np.array([0.1, 0.1, 0.2, 0.4])
PIECES = (1, 1, 2, 3)
RUN = {"scenarios": ("baseline", "no_mineral_n"), "end_year": 2021, "coverage": 0.15}


def test_which_columns_take_thin_layers():
    columns = {
        "as everywhere": ([9.0, 9.0, 9.0, 9.0], False),
        "a front in a thick layer": ([9.0, 9.0, 9.0, 0.8], True),
        "richer below, no front": ([9.0, 9.0, 9.0, 89.0], False),
        "decalcified top": ([0.0, 0.0, 50.0, 50.0], True),
        "soon decalcified": ([7.0, 7.0, 7.0, 7.0], True),  # 1.4 kg C m-2 in 20 cm
        "no carbonate": ([0.0, 0.0, 0.0, 0.0], False),
    }
    carbonate = np.array([values for values, _ in columns.values()])
    thick = thin_layers.thick_from(DZ, PIECES)
    assert thick == pytest.approx(0.2)
    assert thin_layers.needed(carbonate, DZ, thick).tolist() == [wanted for _, wanted in columns.values()]
    assert thin_layers.needed(carbonate, DZ, thick, rising=True).all()
    nothing = thin_layers.thick_from(DZ, (1, 1, 1, 1))  # to cut
    assert not thin_layers.needed(carbonate, DZ, nothing).any()
    assert not thin_layers.needed(carbonate, DZ, nothing, rising=True).any()


def test_which_columns_step_by_the_day():
    assert not thin_layers.days_needed(np.array([2e-5, 1e-5]), rising=False)
    assert thin_layers.days_needed(np.array([2e-5, 9e-6]), rising=False)
    assert thin_layers.days_needed(np.array([2e-5]), rising=True)


def test_thin_layers_as_the_thick_ones_they_make_up():
    fold = LayerFold((1, 2), [0.1, 0.1, 0.3])
    out = {"sic": [[1.0, 2.0, 4.0]], "ph": [[7.0, 6.0, 8.0]], "dic_leach": [3.0], "flag": [[1, 2, 4]]}
    found = fold.outputs({name: np.array(values) for name, values in out.items()})
    assert {name: np.round(values, 12).tolist() for name, values in found.items()} == {
        "sic": [[1.0, 6.0]], "ph": [[7.0, 7.5]], "dic_leach": [3.0], "flag": [[1, 6]],
    }  # fmt: skip


def test_constants_by_layer_go_with_their_pieces():
    water = dataclasses.replace(RunConfig().water, vg_n=(1.1, 1.2), vg_alpha=(2.0,))
    thin = on_thin_layers(RunConfig(layers=(0.1, 0.4), water=water), (1, 2))
    assert thin.layers == (0.1, 0.2, 0.2) and thin.water.vg_n == (1.1, 1.2, 1.2) and thin.water.vg_alpha == (2.0,)


def test_so_many_layers_that_no_column_could_hold_their_pieces_stay_as_they_are(tmp_path):
    config = small_config(tmp_path, layers=(0.05, *[0.1] * 59), layers_split="all", coverage=0.02)
    assert [c.pieces for c in chunks_of(load_domain(config), config)] == [(), ()]


def test_another_word_is_refused():
    with pytest.raises(ConfigError, match=r"layers_split = 'some' is not known; use one of 'where_needed', 'all', 'none'"):
        RunConfig(layers_split="some")


@pytest.fixture(scope="module")
def where_needed(tmp_path_factory, shipped):
    return run_small(tmp_path_factory.mktemp("thin") / "out", **RUN)


@pytest.fixture(scope="module")
def thin(where_needed, tmp_path_factory):
    """Cells (lat, lon) that take thin layers."""
    config = small_config(tmp_path_factory.mktemp("which"), **RUN)
    domain = load_domain(config)
    which = np.concatenate([c.columns for c in chunks_of(domain, config) if c.pieces])
    with netCDF4.Dataset(where_needed / "baseline.nc") as file:
        found = np.zeros((file.dimensions["lat"].size, file.dimensions["lon"].size), bool)
        for lat, lon in zip(domain.lat[which], domain.lon[which], strict=True):
            found[np.abs(file["lat"][:] - lat).argmin(), np.abs(file["lon"][:] - lon).argmin()] = True
    assert 1 < len(which) < len(domain) - 1 and found.sum() == len(which)
    return found


def test_each_column_has_the_bits_of_its_own_layers(where_needed, thin, tmp_path):
    """Thick columns those of a run without thin layers, thin ones those of a run of thin layers alone."""
    none = run_small(tmp_path / "none", layers_split="none", **RUN)
    every = run_small(tmp_path / "all", layers_split="all", **RUN)
    for name in ("sic", "ph", "ph_h2o", "dic_leach", "flag"):
        with netCDF4.Dataset(where_needed / "baseline.nc") as a, netCDF4.Dataset(none / "baseline.nc") as b:
            with netCDF4.Dataset(every / "baseline.nc") as c:
                mixed, thick, cut = (np.ma.filled(f[name][:], -99) for f in (a, b, c))
        assert (mixed[..., ~thin] == thick[..., ~thin]).all() and (mixed[..., thin] == cut[..., thin]).all(), name
        assert (thick[..., thin] != cut[..., thin]).any() or name == "flag", name


def test_thin_layers_are_layers(where_needed, thin, tmp_path):
    """The carbonate of a column on thin layers is that of a run whose layers they are."""
    config = small_config(tmp_path, layers_split="all", **RUN)
    pieces = np.array(chunks_of(load_domain(config), config)[0].pieces)
    layers = np.repeat(np.array(RunConfig().layers) / pieces, pieces)
    other = run_small(tmp_path / "out", layers=tuple(layers.tolist()), layers_split="none", **RUN)
    with netCDF4.Dataset(where_needed / "baseline.nc") as a, netCDF4.Dataset(other / "baseline.nc") as b:
        mine, theirs = a["sic"][:][..., thin], b["sic"][:][..., thin]
        assert theirs.shape[1] == len(layers) > mine.shape[1]
        first = np.cumsum([0, *pieces[:-1]])
        np.testing.assert_allclose(mine, np.add.reduceat(theirs, first, axis=1), rtol=1e-6)  # written as float32
        assert (a["co2_adj"][:][..., thin] == b["co2_adj"][:][..., thin]).all()


def test_a_run_says_how_many_columns_take_thin_layers(thin, tmp_path, capsys):
    run_small(tmp_path, **{**RUN, "scenarios": ("baseline",), "end_year": 2020})
    assert f"layers ({thin.sum()} of them stepped on 19: layers_split), 1 scenarios" in capsys.readouterr().err


def test_chunks_workers_and_a_stop_change_no_bit(where_needed, tmp_path):
    config = small_config(tmp_path, workers=2, chunk=7, **RUN)
    domain = load_domain(config)
    task = next(t for t in chunks.make_tasks(domain, config, chunks.work_folder(domain, config)) if t.pieces)
    with pytest.raises(Stopped):
        chunks.run_task(Task(**{**vars(task), "stop_after": 1}))
    run_small(tmp_path, resume=True, workers=2, chunk=7, **RUN)
    for name in RUN["scenarios"]:
        assert variables(tmp_path / f"{name}.nc") == variables(where_needed / f"{name}.nc")
