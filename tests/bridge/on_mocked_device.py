"""What test_device_native.py starts: ``python on_mocked_device.py CHECK ENGINE_LIBRARY``, with the mock as the CUDA driver."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

import numpy as np
from calcisol.coupler import errors
from calcisol.coupler.library import capi
from calcisol.coupler.library.model import Model
from helpers.any_soils import Fields, soil, weather
from helpers.bits import assert_same_bits
from helpers.mocked_device import MOCK, DeviceArray, Views, calls

DAY = 86400.0
NCOL = 37
LIBRARY = Path(sys.argv[2]) if len(sys.argv) > 2 else None
# function of the driver, which of its calls, code of cuda.h; class of the error, words of its sentence
FAILURES = [
    ("cuInit", 1, 100, "UnsupportedError", "CUDA_VISIBLE_DEVICES"),
    ("cuInit", 1, 803, "UnsupportedError", "restart after its update"),
    ("cuDevicePrimaryCtxRetain", 1, 2, "OutOfMemoryError", "out of memory"),
    ("cuDeviceGet", 1, 101, "UnsupportedError", "CUDA device 0"),
    ("cuCtxPushCurrent_v2", 1, 201, "UnsupportedError", "context"),
    ("cuModuleLoadData", 1, 209, "UnsupportedError", "no device code for this GPU"),
    ("cuModuleLoadData", 1, 222, "UnsupportedError", "newer driver"),
    ("cuModuleLoadData", 1, 2, "OutOfMemoryError", "fewer columns"),
    ("cuModuleGetFunction", 3, 500, "UnsupportedError", "calcisol_step"),
    ("cuModuleGetGlobal_v2", 1, 500, "UnsupportedError", "calcisol_doubles"),
    ("cuMemAlloc_v2", 1, 2, "OutOfMemoryError", "allocating 1 MiB on CUDA device 0 (mock)"),
    ("cuMemAlloc_v2", 9, 2, "OutOfMemoryError", "fewer columns"),
    ("cuMemcpyHtoDAsync_v2", 1, 1, "InternalError", "copying weights"),
    ("cuMemsetD8Async", 1, 1, "InternalError", "please report"),
    ("cuStreamSynchronize", 2, 719, "UnsupportedError", "the device is lost"),
    # of the second step: nothing of it may be seen afterwards
    ("cuLaunchKernel", 7, 1, "InternalError", "launching calcisol_gather"),
    ("cuLaunchKernel", 8, 1, "InternalError", "launching calcisol_step"),
    ("cuLaunchKernel", 9, 1, "InternalError", "launching calcisol_deliver"),
    ("cuLaunchKernel", 9, 700, "ArgumentError", "too short or is not there"),
    ("cuLaunchKernel", 8, 214, "UnsupportedError", "start again from the last state"),
]
CODES = [np.nan, -9999.0, 1e20, np.inf, 999999.0]  # for missing


def on_device(**options: object) -> Model:
    return Model(device="cuda", engine_library=LIBRARY, **options)  # type: ignore[arg-type]


def troubled(rng: np.random.Generator, properties: Fields, step: int) -> Fields:
    """Weather with missing values, values out of range, and columns that are not active."""
    fields = weather(rng, properties, step % 2 == 1)
    layers = properties["dz"].shape[1]
    fields["t_soil"][step, layers - 1] = CODES[step]
    fields["w_liq"][10, 0] = -3.0
    fields["q_bot"][20] = np.nan
    fields["p_surf"] = np.full(NCOL, 1e5)
    fields["p_surf"][12] = 3.0  # far out of range, and told in all layers
    fields["active"] = np.where(np.arange(NCOL) % 5 == step % 5, 0.0, 1.0)
    fields["active"][3] = np.nan
    return fields


def check_bits() -> None:
    """Whatever a host asks: outputs, flags, counts, states and laboratory pH are those of the native engine on the host."""
    for layers, pieces in ((1, None), (3, None), (11, None), (60, None), (3, [2, 1, 4])):
        properties = soil(np.random.default_rng(layers), NCOL, layers)
        properties["clay"][7, 0] = -9999.0
        properties["dz"][8, 0] = 9.0  # clipped
        mine, theirs = (m.columns(properties, pieces=pieces) for m in (on_device(), Model(engine="native")))
        assert mine.report == theirs.report and mine.note == theirs.note, (mine.note, theirs.note)
        for step in range(len(CODES)):
            fields = troubled(np.random.default_rng(step), properties, step)
            if step == 2:
                del fields["active"]
            a, b = theirs.step(DAY, fields), mine.step(DAY, fields)
            assert_same_bits(a, b)
            assert mine.report == theirs.report
            assert (mine.note == "") == (theirs.note == "")
            assert_same_bits(theirs.state(), mine.state())
        for a, b in zip(theirs.laboratory_ph(), mine.laboratory_ph(), strict=True):
            assert_same_bits({"ph": a}, {"ph": b})
        again = on_device().columns(properties, pieces=pieces)
        again.set_state(mine.state())
        assert_same_bits(again.step(DAY, fields), mine.step(DAY, fields))
        del mine, again


def check_arrays() -> None:
    """Device arrays in place, whatever their strides and type; host arrays beside them; nothing else is written."""
    layers = 4
    properties = soil(np.random.default_rng(1), NCOL, layers)
    fields = weather(np.random.default_rng(2), properties, False)
    names = ("ph", "pco2", "co2_adj", "dic_leach")
    single = {name: values.astype(np.float32) for name, values in fields.items()}
    expected = Model(engine="native").columns(properties).step(DAY, {n: v.astype(np.float64) for n, v in single.items()})

    def strided(values: np.ndarray, how: int) -> np.ndarray:
        if how == 1:
            return np.asfortranarray(values)
        if how == 2:
            return np.repeat(values, 3, axis=0)[::3]
        return np.ascontiguousarray(values[::-1])[::-1] if how == 3 else values

    for how in range(4):
        for place in ("device", "host", "mixed"):
            columns = on_device().columns(properties)
            into = {n: strided(np.full(expected[n].shape, -5.0, np.float32 if n == "pco2" else np.float64), how) for n in names}
            flag = strided(np.full((NCOL, layers), -5, np.int32), how)
            given = {n: strided(v if n != "q_bot" else v.astype(np.float64), how) for n, v in single.items()}
            there = [n for i, n in enumerate([*given, *into, "flag"]) if place == "device" or (place == "mixed" and i % 2)]
            moved = {n: DeviceArray(v) for n, v in {**given, **into, "flag": flag}.items() if n in there}
            views = Views(
                columns,
                {n: moved.get(n, v) for n, v in given.items()},
                {n: moved.get(n, v) for n, v in into.items()},
                moved.get("flag", flag),
            )
            assert views.step(DAY) == 0, capi.library()[1].string(capi.library()[0].calcisol_last_error())
            for n, own in {**into, "flag": flag}.items():
                base = own if own.base is None else own.base
                if n in moved:
                    base[...] = moved[n].fetched()
                found = own if n != "pco2" else own.astype(np.float64)
                wanted = expected[n] if n != "pco2" else expected[n].astype(np.float32).astype(np.float64)
                assert np.array_equal(found, wanted), (how, place, n)
                if how == 2:
                    assert (base.reshape(NCOL, 3, -1)[:, 1:] == -5).all(), f"{n}: written between its elements"


def check_launches() -> None:
    """With everything on the device: three launches a step, and nobody waits."""
    properties = soil(np.random.default_rng(1), NCOL, 5)
    fields = weather(np.random.default_rng(2), properties, False)
    columns = on_device().columns(properties)
    columns.warmup()
    views = Views(columns, {n: DeviceArray(v) for n, v in fields.items()}, {"ph": DeviceArray(np.full((NCOL, 5), np.nan))})
    assert views.step(DAY) == 0
    names = ("cuLaunchKernel", "cuStreamSynchronize", "cuEventSynchronize", "cuMemcpyHtoDAsync_v2", "cuMemcpyDtoHAsync_v2")
    before = [calls(n) for n in names]
    for _ in range(10):
        assert views.step(DAY) == 0
    assert [calls(n) - b for n, b in zip(names, before, strict=True)] == [30, 0, 0, 0, 0]


def check_pinned() -> None:
    """The host may change what it gave once the step has come back, also in memory the device reads late."""
    properties = soil(np.random.default_rng(1), NCOL, 5)
    fields = weather(np.random.default_rng(2), properties, False)
    expected = Model(engine="native").columns(properties)
    columns, out = on_device().columns(properties), DeviceArray(np.full((NCOL, 5), np.nan))
    given = {n: np.array(v, order="F") for n, v in fields.items()}
    for values in given.values():
        MOCK.mock_pin(ctypes.c_void_p(values.ctypes.data))
    views = Views(columns, given, {"ph": out})
    for _ in range(3):
        for n, v in fields.items():
            given[n][...] = v
        assert views.step(DAY) == 0
        for values in given.values():
            values[...] = -1.0
        ph = expected.step(DAY, fields)["ph"]
    assert np.array_equal(out.fetched(), ph)


def check_streams_and_contexts() -> None:
    """Steps go to the stream of the columns; the host's context is used where it has one, and is current afterwards."""
    lib, _ = capi.library()
    properties = soil(np.random.default_rng(1), NCOL, 5)
    fields = weather(np.random.default_rng(2), properties, False)
    model = on_device()
    assert calls("retained") == 1 and MOCK.mock_device_here() == -1
    columns = model.columns(properties)
    first = columns.step(DAY, fields)
    MOCK.mock_stream(ctypes.c_void_p(77))
    ffi = capi.library()[1]
    assert lib.calcisol_set_stream(columns.handle, ffi.cast("void *", 77)) == 0
    state = columns.state()
    second = columns.step(DAY, fields)
    assert lib.calcisol_set_stream(columns.handle, ffi.cast("void *", 78)) == 0  # no such stream: told at the next call
    try:
        columns.step(DAY, fields)
    except errors.ArgumentError as error:
        assert "give a stream" in str(error), error
    else:
        raise AssertionError("an unknown stream was taken")
    MOCK.mock_stream(ctypes.c_void_p(78))
    again = on_device().columns(properties)
    again.set_state(state)
    assert_same_bits(again.step(DAY, fields), second)
    del again, columns
    model.close()
    MOCK.mock_enter(1)
    own = on_device()
    assert calls("retained") == 0 or calls("cuDevicePrimaryCtxRetain") == 2, "the host's context was there"
    assert "CUDA device 1" in said(lambda log: on_device(log=log))[0]
    assert_same_bits(own.columns(properties).step(DAY, fields), first)
    assert MOCK.mock_device_here() == 1
    zero = on_device(device_index=0)
    assert_same_bits(zero.columns(properties).step(DAY, fields), first)
    assert MOCK.mock_device_here() == 1
    zero.close(), own.close()
    MOCK.mock_leave()


def said(opened: object) -> list[str]:
    """What was told while something was opened."""
    heard: list[str] = []
    opened(lambda level, text: heard.append(text))  # type: ignore[operator]
    return heard


def check_no_torch() -> None:
    """A process that opens, steps and closes on the device has loaded no torch."""
    properties = soil(np.random.default_rng(1), NCOL, 5)
    with on_device() as model:
        assert model.contract["engine"] == "native a mock, engine library"
        model.columns(properties).step(DAY, weather(np.random.default_rng(2), properties, False))
    assert "torch" not in sys.modules
    maps = Path("/proc/self/maps").read_text(encoding="utf-8")
    assert "libcuda.so.1" in maps and "torch" not in maps.replace("calcisol_torch", "torch")


def check_everything_is_freed() -> None:
    """Columns may outlive their model; at the end nothing is left on the device."""
    properties = soil(np.random.default_rng(1), NCOL, 5)
    fields = weather(np.random.default_rng(2), properties, False)
    before = MOCK.mock_alive()
    model = on_device()
    columns = model.columns(properties)
    model.close()
    columns.step(DAY, fields)
    assert MOCK.mock_alive() > before
    del columns, model
    assert MOCK.mock_alive() == before, MOCK.mock_alive()


def check_warmup() -> None:
    """It leaves no trace, before the first step or between two."""
    properties = soil(np.random.default_rng(1), NCOL, 5)
    cold, warm = (on_device().columns(properties) for _ in range(2))
    for step in range(3):
        warm.warmup()
        fields = weather(np.random.default_rng(step), properties, step == 1)
        assert_same_bits(cold.step(DAY, fields), warm.step(DAY, fields))
        assert_same_bits(cold.state(), warm.state())


def check_failures() -> None:
    """One call of the driver fails: a status and a sentence, the state as before, the host unharmed."""
    properties = soil(np.random.default_rng(1), NCOL, 2)
    fields = weather(np.random.default_rng(2), properties, False)
    reference = Model(engine="native").columns(properties)
    first, second = reference.step(DAY, fields), reference.step(DAY, fields)
    for function, call, code, kind, words in FAILURES:
        MOCK.mock_forget()
        os.environ.update(MOCK_FAIL=f"{function}:{call}:{code}")
        done = []
        try:
            model = on_device()
            columns = model.columns(properties)
            for _ in range(2):
                done.append(columns.step(DAY, fields))
        except errors.CalcisolError as error:
            case = f"{function}:{call}:{code}: {type(error).__name__} {error}"
            assert type(error).__name__ == kind and words in str(error), case
            assert len(done) == (call > 6 and function == "cuLaunchKernel"), f"{case}, after {len(done)} steps"
        else:
            raise AssertionError(f"{function}:{call}:{code} did not fail")
        assert MOCK.mock_device_here() == -1, f"{case}: a context was left behind"
        if done:
            assert_same_bits(done[0], first)
            if not (code >= 700 or code == 214):
                assert_same_bits(columns.step(DAY, fields), second)
        os.environ.update(MOCK_FAIL="")
        model = columns = None  # type: ignore[assignment]
        assert_same_bits(Model(engine="native").columns(properties).step(DAY, fields), first)  # the process goes on
        if not (code >= 700 or code == 214):
            assert MOCK.mock_alive() == 0, f"{case}: something is left on the device"


def check_refusals() -> None:
    """What cannot be is told at open: settings of the mock decide what."""
    for options in ({"engine": "native"}, {"engine": "auto"}):
        try:
            on_device(**options).columns({"dz": [0.1]}, ncol=1, nlay=1)
        except errors.CalcisolError as error:
            print(type(error).__name__, error)
        else:
            raise AssertionError("nothing was refused")


if __name__ == "__main__":
    globals()[f"check_{sys.argv[1]}"]()
