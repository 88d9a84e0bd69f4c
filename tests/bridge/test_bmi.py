"""The BMI 2.0 component: the checks of CSDMS's bmi-tester, and the numbers of the C ABI behind it.

Note:    where bmi-tester itself is installed beside Python (`bmi-test`), it is run too; `pip install bmi-tester`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from bmi_host import TABLE, BmiFailure, Component, build
from calcisol.coupler.library.model import Model
from helpers.sample_columns import mild_weather

NCOL, DZ, DAY, STEPS = 3, (0.1, 0.2, 0.3), 86400.0, 4
CELLS = NCOL * len(DZ)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, shipped: Path) -> Path:
    path = tmp_path_factory.mktemp("bmi")
    Component.library = build(path)
    (path / "soil.cfg").write_text(
        f"# a soil\nbundle = {shipped}\ncolumns = {NCOL}\ndt = {DAY}\nsteps = {STEPS}\ndz = {' '.join(map(str, DZ))}\n"
        "caco3 = 0.05 0.05 0.1\n"
    )
    return path


@pytest.fixture
def component(folder: Path) -> Iterator[Component]:
    made = Component()
    made.initialize(str(folder / "soil.cfg"))
    yield made
    made.finalize()


def forcing() -> dict[str, np.ndarray]:
    """Per column, then layer, as the C ABI's Python face takes it."""
    return mild_weather(np.random.default_rng(7), np.broadcast_to(DZ, (NCOL, 3)))


def test_every_function_of_the_table_is_there(component: Component) -> None:
    assert len(TABLE) == 41
    for name in TABLE:
        assert getattr(component.table, name), name


def test_what_it_says_of_itself_is_consistent(component: Component) -> None:
    assert component.get_component_name() == "calcisol"
    inputs, outputs = component.get_input_var_names(), component.get_output_var_names()
    names = (*inputs, *outputs)
    assert len(set(names)) == len(names) == component.get_input_item_count() + component.get_output_item_count()
    for name in names:
        grid = component.get_var_grid(name)
        size = component.get_grid_size(grid)
        assert size == np.prod(component.get_grid_shape(grid, np.empty(component.get_grid_rank(grid), int)))
        assert component.get_var_nbytes(name) == size * component.get_var_itemsize(name)
        assert component.get_var_type(name) == "double"
        assert component.get_var_location(name) == "node"
        assert component.get_var_units(name)
    assert component.get_grid_type(0) == "uniform_rectilinear"
    assert component.get_grid_type(1) == "rectilinear"
    assert np.allclose(component.get_grid_y(1, np.empty(3)), [0.05, 0.2, 0.45])
    assert component.get_time_units() == "s"
    assert (component.get_start_time(), component.get_time_step(), component.get_end_time()) == (0.0, DAY, STEPS * DAY)


def test_values_can_be_set_and_got_in_every_way(component: Component) -> None:
    values = np.arange(CELLS, dtype=float)
    component.set_value("w_liq", values)
    assert np.array_equal(component.get_value("w_liq", np.empty(CELLS)), values)
    component.set_value_at_indices("w_liq", np.array([2, 5]), np.array([20.0, 50.0]))
    assert component.get_value_at_indices("w_liq", np.empty(2), np.array([5, 2])).tolist() == [50.0, 20.0]
    pointer = component.get_value_ptr("w_liq")
    pointer[0] = 7.0
    assert component.get_value("w_liq", np.empty(CELLS))[0] == 7.0


def test_update_gives_the_bits_of_the_c_abi(component: Component, shipped: Path) -> None:
    given = forcing()
    for name, values in given.items():
        component.set_value(name, values.T.ravel() if values.ndim == 2 else values)
    with Model(shipped) as model:
        columns = model.columns({"dz": np.array(DZ), "caco3": np.array([0.05, 0.05, 0.1])}, ncol=NCOL)
        for _ in range(STEPS):
            out = columns.step(DAY, given)
    component.update()
    assert component.get_current_time() == DAY
    component.update_until(STEPS * DAY)
    assert component.get_current_time() == component.get_end_time()
    assert np.array_equal(component.get_value("ph", np.empty(CELLS)), out["ph"].T.ravel())
    assert np.array_equal(component.get_value("co2_adj", np.empty(NCOL)), out["co2_adj"])


def test_mistakes_are_one_sentence(component: Component, folder: Path) -> None:
    with pytest.raises(BmiFailure, match="w_lqi is no variable"):
        component.get_value("w_lqi", np.empty(CELLS))
    with pytest.raises(BmiFailure, match="ph is an output"):
        component.set_value("ph", np.empty(CELLS))
    with pytest.raises(BmiFailure, match="outside the grid"):
        component.get_value_at_indices("ph", np.empty(1), np.array([CELLS]))
    with pytest.raises(BmiFailure, match="w_liq"):
        component.update()  # a required input was not set
    with pytest.raises(BmiFailure, match="back in time"):
        component.update_until(-DAY)
    other = Component()
    with pytest.raises(BmiFailure, match="cannot be opened"):
        other.initialize(str(folder / "none.cfg"))
    (folder / "wrong.cfg").write_text("colums = 3\n")
    with pytest.raises(BmiFailure, match="colums is no setting"):
        other.initialize(str(folder / "wrong.cfg"))
    other.finalize()


def test_bmi_tester_of_csdms(folder: Path) -> None:
    tester = shutil.which("bmi-test")
    if tester is None:
        pytest.skip("bmi-test is not on the path (pip install bmi-tester)")
    here = Path(__file__).parent
    (folder / "bmi_calcisol.py").write_text(
        f"from pathlib import Path\nfrom bmi_host import Component\n\n\nclass Calcisol(Component):\n"
        f"    library = Path({str(Component.library)!r})\n"
    )
    root = folder / "root"
    root.mkdir()
    shutil.copy(folder / "soil.cfg", root)
    command = [tester, "bmi_calcisol:Calcisol", "--config-file", "soil.cfg", "--root-dir", str(root), "--bmi-version", "2.0"]
    environment = {**os.environ, "PYTHONPATH": f"{folder}:{here}"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
