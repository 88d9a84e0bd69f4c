"""Several instances and restarts: 1, 2 and 5 models in one process agree, and a restart through NetCDF gives the same bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from calcisol.coupler.library.model import Model
from helpers.bits import assert_same_bits
from helpers.sample_columns import Fields, mild_weather

SOIL = {"dz": np.broadcast_to([0.1, 0.2, 0.3], (5, 3)), "caco3": np.broadcast_to([[0.0], [0.01], [0.05], [0.1], [0.3]], (5, 3))}
STEP = 21600.0  # s


def weather(step: int) -> Fields:
    return mild_weather(np.random.default_rng(step), SOIL["dz"])


@pytest.mark.parametrize("bundle", ["toy", "shipped"])
@pytest.mark.parametrize("count", [2, 5])
def test_instances_agree(bundle: str, count: int, request: pytest.FixtureRequest) -> None:
    """Opened one after the other, stepped in turn, closed in the order of opening."""
    path = request.getfixturevalue(bundle)
    with Model(path, tile_columns=8) as model:
        alone = model.columns(SOIL)
        expected = [alone.step(STEP, weather(step)) for step in range(3)]
    models = [Model(path, tile_columns=8) for _ in range(count)]
    columns = [model.columns(SOIL) for model in models]
    for step in range(3):
        for i, soil in enumerate(columns):
            assert_same_bits(soil.step(STEP, weather(step)), expected[step])
            if step == 0:
                models[i].close()


@pytest.mark.parametrize("bundle", ["toy", "shipped"])
def test_restart_through_netcdf_gives_the_same_bits(bundle: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    netcdf = pytest.importorskip("netCDF4")
    with Model(request.getfixturevalue(bundle), tile_columns=8) as model:
        through, before = model.columns(SOIL), model.columns(SOIL)
        for step in range(4):
            expected = through.step(STEP, weather(step))
        for step in range(2):
            before.step(STEP, weather(step))
        with netcdf.Dataset(tmp_path / "restart.nc", "w") as file:
            file.createDimension("column", 5), file.createDimension("soil_layer", 3)
            for name, values in before.state().items():
                file.createVariable(name, "f8", ("column", "soil_layer"), zlib=True, fill_value=-9999.0)[:] = values
        after = model.columns(SOIL)
        with netcdf.Dataset(tmp_path / "restart.nc") as file:
            after.set_state({name: file[name][:] for name in before.state()})
        for step in range(2, 4):
            found = after.step(STEP, weather(step))
        assert_same_bits(found, expected)
        assert_same_bits(after.state(), through.state())
