"""The device path without a GPU: on an emulated device it must answer as the host path does; the driver is a mock.

What:    CALCISOL_EMULATED runs the same tensor operations as CUDA would, on the CPU. Streams, graphs and speed are not
         tested here: nothing of them can be without a device (`calcisol bench --device cuda` measures them where there is one).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from calcisol.coupler import errors
from calcisol.coupler.library.model import Model
from helpers import sample_columns
from helpers.bits import assert_same_bits
from helpers.hosts import compile_files, compile_host, run
from helpers.sample_columns import STEP, Fields, take

HERE = Path(__file__).parent
NCOL = 37  # not a multiple of 8: there is padding
STEPS = 5
# The host steps by its kernel, the emulated device by TorchScript: network and searches for pH are in float32 (6e-8), whose sums
# each makes in its own order (test_native.py). Of the largest value of a variable: 19 in 20, and any, in five steps.
SAME, ANY = 1e-5, 1e-3


def soil() -> Fields:
    return take(sample_columns.soil(), slice(NCOL))


def forcing(step: int) -> Fields:
    return take(sample_columns.forcing(step), slice(NCOL))


def troubled(step: int) -> Fields:
    """Weather with missing values, values out of range, and columns that are not active."""
    fields = {name: values.copy() for name, values in forcing(step).items()}
    fields["t_soil"][step, 2] = [np.nan, -9999.0, 1e20, np.inf, 999999.0][step]
    fields["w_liq"][10, 1] = -3.0
    fields["q_bot"][20] = np.nan
    fields["active"] = np.where(np.arange(NCOL) % 5 == step % 5, 0.0, 1.0)
    return fields


@pytest.fixture(scope="module", params=["toy", "shipped"])
def pair(request: pytest.FixtureRequest) -> tuple[Model, Model]:
    path = request.getfixturevalue(request.param)
    return Model(path), Model(path, device="emulated")


def assert_alike(a: Fields, b: Fields) -> None:
    assert a.keys() == b.keys()
    off = []
    for name in a:
        assert np.array_equal(np.isnan(a[name]), np.isnan(b[name])), name
        there = ~np.isnan(a[name])
        off.append((np.abs(b[name] - a[name]) / max(np.nanmax(np.abs(a[name]), initial=0.0), 1e-300))[there])
    assert np.quantile(np.concatenate(off), 0.95) < SAME
    assert np.concatenate(off).max() < ANY


@pytest.mark.parametrize("weather", [forcing, troubled])
def test_device_answers_as_the_host(pair: tuple[Model, Model], weather: Callable[[int], Fields]) -> None:
    host, device = (model.columns(soil()) for model in pair)
    for step in range(STEPS):
        expected, found = host.step(STEP, weather(step)), device.step(STEP, weather(step))
        assert_alike(expected, found)
        assert np.array_equal(expected["flag"], found["flag"])
        assert device.report == host.report
        assert (device.note == "") == (host.note == "")
    assert_alike(host.state(), device.state())
    for a, b in zip(host.laboratory_ph(), device.laboratory_ph(), strict=True):
        np.testing.assert_allclose(b, a, rtol=ANY)


def test_bad_soil_and_restart_on_the_device(pair: tuple[Model, Model]) -> None:
    properties = {name: values.copy() for name, values in soil().items()}
    properties["clay"][3, 1] = -9999.0
    columns = [model.columns(properties) for model in pair]
    assert columns[0].report == columns[1].report
    device = columns[1]
    out = device.step(STEP, forcing(0))
    assert np.isnan(out["ph"][3]).all()
    assert (out["flag"][3] == 16).all()
    after = pair[1].columns(properties)
    after.set_state(device.state())
    through, again = device.step(STEP, forcing(1)), after.step(STEP, forcing(1))
    assert_same_bits(again, through)
    fresh = pair[1].columns(soil())
    fresh.set_state({"calcite": 1.0})
    with pytest.raises(errors.StateError, match="column 1 was given part of a state, but no ca"):
        fresh.step(STEP, forcing(0))
    assert pair[1].columns({"dz": [0.1, 0.2]}, ncol=0).step(
        STEP, {"w_liq": np.empty((0, 2)), "t_soil": np.empty((0, 2)), "q_bot": np.empty(0)}
    )["ph"].shape == (0, 2)


def test_layouts_on_the_device(pair: tuple[Model, Model]) -> None:
    """Fortran order, slices, negative strides, float32: the same bits."""
    single = {name: values.astype(np.float32) for name, values in forcing(0).items()}
    double = {name: values.astype(np.float64) for name, values in single.items()}
    variants: list[dict] = [single, {n: np.asfortranarray(v) for n, v in double.items()}]
    variants.append({n: np.repeat(v, 2, axis=-1)[..., ::2] for n, v in double.items()})
    variants.append({n: np.ascontiguousarray(v[::-1])[::-1] for n, v in double.items()})
    expected = pair[1].columns(soil()).step(STEP, double)
    for variant in variants:
        assert_same_bits(pair[1].columns(soil()).step(STEP, variant), expected)


def test_module_makes_no_tensor_elsewhere(shipped: Path) -> None:
    """On torch's "meta" device, every tensor the step makes must be on the device of its inputs: so it will on CUDA."""
    torch = pytest.importorskip("torch")
    from calcisol.emulator.contract.variables import load_table

    table = load_table()
    empty = {"dtype": torch.float64, "device": "meta"}
    with torch.jit.optimized_execution(False), torch.inference_mode():
        module = torch.jit.load(str(shipped), map_location="meta")
        for loop in ("first", "last", "cold"):  # Newton steps: one round makes every kind of tensor there is
            if hasattr(module, loop):
                setattr(module, loop, 1)
        static = module.prepare(torch.empty(len(table.names("static")), 2, 8, **empty))
        layer = torch.empty(len(table.select("forcing", "layer")), 2, 8, **empty)
        column = torch.empty(len(table.select("forcing", "column")), 8, **empty)
        state = module.initial_state(static, layer, column)
        answers = [*module(state, static, layer, column, torch.empty((), **empty)), module.laboratory_ph(static, state)]
    assert [a.device.type for a in answers] == ["meta"] * 5


def test_no_silent_fall_back(toy: Path) -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device: nothing to refuse")
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode():  # as any tracing before in the process: CUDA builds of torch then count a device that is not there
        torch.ones(1)
    with pytest.raises(errors.UnsupportedError, match="CUDA"):
        Model(toy, device="cuda")
    with pytest.raises(errors.ArgumentError, match="'gpu'"):
        Model(toy, device="gpu")


def test_a_guard_that_stands_for_no_gpu_is_seen_through(toy: Path, tmp_path: Path) -> None:
    """A bundle without tensors (toy) would open on a device that is not there, once something in the process has traced."""
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available() or torch.version.cuda:
        pytest.skip("this torch has guards of its own: test_no_silent_fall_back holds")
    library = tmp_path / "guard.so"
    folder = Path(torch.__file__).parent
    found = (f"-isystem{folder / 'include'}", str(HERE / "guard_without_gpu.cpp"), f"-L{folder / 'lib'}", "-lc10")
    compile_files("g++", tmp_path, "-std=c++20", "-shared", "-fPIC", *found, "-o", str(library))
    program = f"""
import ctypes, torch
from calcisol.coupler import errors
from calcisol.coupler.library.model import Model
ctypes.CDLL({str(library)!r})
try:
    Model({str(toy)!r}, device="cuda")
except errors.UnsupportedError as error:
    print(error)
"""
    assert "torch sees no CUDA device" in run(sys.executable, "-c", program)


def test_driver_mock(toy: Path, tmp_path: Path) -> None:
    """Counting devices, a device for each rank, where pointers lie: against a libcuda.so.1 of our own."""
    mock = tmp_path / "libcuda.so.1"
    subprocess.run(["gcc", "-shared", "-fPIC", str(HERE / "mock_cuda.c"), "-o", str(mock)], check=True)
    host = compile_host("gcc", [HERE / "device.c"], tmp_path / "device", "-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic")
    clean = {k: v for k, v in os.environ.items() if "LOCAL" not in k}
    for devices in (0, 1, 4):
        settings = {**clean, "LD_LIBRARY_PATH": str(tmp_path), "MOCK_DEVICES": str(devices), "SLURM_LOCALID": "6"}
        done = subprocess.run([str(host), str(toy), str(devices)], env=settings, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
    if not Path("/dev/nvidiactl").exists():
        done = subprocess.run([str(host), str(toy), "none"], env=clean, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_log_and_warmup(toy: Path) -> None:
    """What is logged when; a warm-up changes nothing. In a fresh process, so that the first call is the first."""
    script = f"""
import numpy as np
import calcisol
said = []
for device in ("host", "emulated"):
    said.clear()
    model = calcisol.Model({str(toy)!r}, device=device, log=lambda level, text: said.append((level, text)))
    assert [level for level, _ in said] == [1] and "is open on" in said[0][1], said
    soils = {{"dz": np.full((3, 2), 0.1)}}
    weather = {{"w_liq": np.full((3, 2), 20.0), "t_soil": 280.0, "q_bot": 0.0}}
    cold, warm = model.columns(soils), model.columns(soils)
    warm.warmup()
    assert (warm.state()["ph"] == -9999.0).all()
    a, b = cold.step(3600.0, weather), warm.step(3600.0, weather)
    assert all(a[k].tobytes() == b[k].tobytes() for k in a)
    warm.warmup()
    a, b = cold.step(3600.0, weather), warm.step(3600.0, weather)
    assert all(a[k].tobytes() == b[k].tobytes() for k in a)
    weather["w_liq"] = weather["w_liq"].copy()
    weather["w_liq"][0, 0] = -5.0
    for _ in range(3):
        cold.step(3600.0, weather)  # one warning for three steps
    assert [level for level, _ in said] == [1, 2] and "clipped" in said[1][1], said
    weather["w_liq"][0, 0] = np.nan
    cold.step(3600.0, weather)
    try:
        cold.step(-1.0, weather)
    except calcisol.CalcisolError:
        pass
    assert [level for level, _ in said] == [1, 2, 2, 3] and "dt" in said[3][1], said
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), done.stderr


def test_bench_of_a_device_runs_emulated(toy: Path) -> None:
    """The script that waits for a GPU must not have rotted when one comes."""
    pytest.importorskip("torch")
    command = [sys.executable, "-m", "calcisol.coupler.cli", "bench", "--device", "emulated", "--sizes", "16", "--repeat", "3"]
    done = subprocess.run([*command, "--bundle", str(toy)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [row] = [line for line in done.stdout.splitlines() if line.startswith("| 16 |")]
    assert float(row.strip("| ").split("|")[-1]) < SAME  # pH against the host


def test_bench_of_a_device_steps_no_longer_than_the_shipped_bundle_allows(shipped: Path) -> None:
    """The toy bundle has no longest step, the shipped one has 8 days: a month a call was refused."""
    pytest.importorskip("torch")
    command = [sys.executable, "-m", "calcisol.coupler.cli", "bench", "--device", "emulated", "--sizes", "2", "--repeat", "1"]
    done = subprocess.run([*command, "--layers", "2"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
