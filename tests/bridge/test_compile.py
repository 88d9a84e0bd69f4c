"""Kernels compiled on the user's machine: made for the bundles that need one, loaded only by name, checked before they answer."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from calcisol.coupler import errors
from calcisol.coupler.library import compile as native_compile
from calcisol.coupler.library.capi import build_info
from calcisol.coupler.library.model import Model
from helpers.any_soils import Fields, soil, weather
from helpers.bad_bundles import edit_contract, rewrite, sealed
from helpers.bits import assert_same_bits
from helpers.made_up import generate, made_up

DAY = 86400.0
NETWORK = 1e-4
"""Of the largest value of a variable: float32 sums in another order (1e-7) through root-finding, as in test_native.py."""

pytestmark = pytest.mark.skipif(", native kernel" not in build_info(), reason="this build has no kernel for this processor")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compile")


@pytest.fixture(scope="module")
def wide(shipped: Path, folder: Path) -> Path:
    made = made_up(shipped, folder / "wide.calcisol", 2, width=40)
    generate(made)
    return made


@pytest.fixture(scope="module")
def library(wide: Path, folder: Path) -> Path:
    if not any(shutil.which(name) for name in ("c++", "g++", "clang++")):
        pytest.skip("no C++ compiler")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        call = native_compile._call

        def once(command: list[str], what: str) -> str:
            """The generator has written the source already."""
            if not command[1].endswith("step_to_cpp.py"):
                return call(command, what)
            shutil.copy(wide.with_suffix(".cpp"), command[-1])
            return ""

        patch.setattr(native_compile, "_call", once)
        found = native_compile.compile_bundle(wide)
        assert found is not None and found.is_relative_to(folder / "cache" / "calcisol")
        assert found.name.startswith("engine-") and [found] == list(found.parent.iterdir()), "something else was left there"
        age = found.stat().st_mtime_ns
        assert native_compile.compile_bundle(wide) == found and found.stat().st_mtime_ns == age, "compiled twice"
    return found


def run(model: Model, layers: int = 6) -> tuple[Fields, Fields]:
    """Outputs of the last of three days, and the state."""
    properties = soil(np.random.default_rng(4), 30, layers)
    columns = model.columns(properties)
    rng = np.random.default_rng(5)
    for _ in range(3):
        fields = weather(rng, properties, False)
        fields["w_liq"], fields["t_soil"] = 250.0 * properties["dz"], np.full(properties["dz"].shape, 284.0)
        last = columns.step(DAY, fields)
    return last, columns.state()


def test_a_bundle_of_another_width_steps_natively(wide: Path, library: Path) -> None:
    assert Model(wide).contract["engine"] == "TorchScript"
    model = Model(wide, engine="native", engine_library=library)
    assert model.contract["engine"].startswith("native ") and model.contract["engine"].endswith("engine library")
    mine, theirs = run(model)[0], run(Model(wide, engine="torchscript"))[0]
    kept = theirs["flag"] & 8 == 0  # CALCISOL_FLAG_RESIDUAL: where a search stopped, round-off decides
    assert kept.mean() > 0.5
    for name in ("ph", "pco2", "dic", "sic"):
        assert np.abs(mine[name] - theirs[name])[kept].max() <= NETWORK * np.abs(theirs[name]).max(), name
    assert not np.array_equal(mine["ph"], theirs["ph"]), "the same bits: TorchScript answered"


def test_retrained_weights_need_no_compiling(shipped: Path, folder: Path) -> None:
    """A kernel reads its weights from the bundle: other weights, same kernel."""
    from calcisol.emulator.contract.bundle import read_contract

    other = made_up(shipped, folder / "other.calcisol", 3)
    engine = Model(other).contract["engine"]
    if engine == "TorchScript":
        assert read_contract(shipped).get("step_graph") != read_contract(other)["step_graph"], "the shipped bundle fits, this not"
        pytest.skip("the step has changed since this library was built with the shipped bundle")
    assert native_compile.compile_bundle(other) is None


def test_nothing_is_loaded_that_nobody_named(wide: Path, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither beside the bundle, nor in the folder of the run, nor in the cache."""
    beside = shutil.copy(wide, tmp_path / "wide.calcisol")
    for name in (library.name, "wide.so", "wide.calcisol.so", "engine.so"):
        shutil.copy(library, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(library.parents[1]))
    assert Model(beside).contract["engine"] == "TorchScript"
    with pytest.raises(errors.UnsupportedError, match="name without a folder"):
        Model(beside, engine_library=library.name)


def test_the_environment_names_it_for_bundles_it_fits(
    wide: Path, library: Path, toy: Path, shipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Model(shipped).contract["engine"]
    monkeypatch.setenv("CALCISOL_ENGINE_LIBRARY", str(library))
    assert Model(wide).contract["engine"].endswith("engine library")
    assert Model(wide, engine="torchscript").contract["engine"] == "TorchScript"
    heard: list[tuple[int, str]] = []
    assert Model(shipped, log=lambda level, text: heard.append((level, text))).contract["engine"] == before
    assert [text for level, text in heard if level == 2 and str(library) in text], "no warning"
    assert Model(toy).contract["engine"] == "TorchScript"
    monkeypatch.setenv("CALCISOL_ENGINE_LIBRARY", "/nowhere/engine.so")
    with pytest.raises(errors.UnsupportedError, match=r"/nowhere/engine\.so does not exist"):
        Model(wide)
    monkeypatch.setenv("CALCISOL_ENGINE_LIBRARY", "")
    assert Model(wide).contract["engine"] == "TorchScript"


def test_what_does_not_fit_is_refused(wide: Path, library: Path, toy: Path, tmp_path: Path) -> None:
    from calcisol.coupler.library.install import library_dir

    with pytest.raises(errors.UnsupportedError, match="was compiled for step"):
        Model(toy, engine_library=library)
    with pytest.raises(errors.UnsupportedError, match="holds no kernel"):
        Model(wide, engine_library=library_dir() / "libcalcisol_stub.so")
    whole, cut = library.read_bytes(), tmp_path / "cut.so"
    for size in (0, 10, 1000, len(whole) // 2, len(whole) - 1):  # the loader itself would end the process on some of these
        cut.write_bytes(whole[:size])
        with pytest.raises(errors.UnsupportedError, match="no whole shared library"):
            Model(wide, engine_library=cut)
    with pytest.raises(errors.UnsupportedError, match="no whole shared library"):
        Model(wide, engine_library=wide)
    with pytest.raises(errors.UnsupportedError, match="device"):
        Model(wide, device="emulated", engine_library=library)


def test_compile_refuses_in_words(wide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = sealed(rewrite(wide, tmp_path / "bare.calcisol", edit_contract(lambda c: c.pop("step_graph"))))
    with pytest.raises(errors.CalcisolError, match="stamp"):
        native_compile.compile_bundle(bare)
    other = sealed(rewrite(wide, tmp_path / "other.calcisol", edit_contract(lambda c: c.update(step_graph="0" * 64))))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with monkeypatch.context() as patch:  # the generator takes half a minute to write the graph of its own version
        patch.setattr(native_compile, "_call", lambda command, what: Path(command[-1]).write_text('graph = "of this version"'))
        with pytest.raises(errors.CalcisolError, match="another version"):
            native_compile.build(other, tmp_path / "other.so", graph="0" * 64)
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(errors.CalcisolError, match="CXX=no-such-compiler"):
        native_compile.compile_bundle(wide)
    assert not list(tmp_path.rglob("*.so*")), "something half-made was left"


@pytest.mark.slow
def test_compiled_here_or_with_the_library_gives_the_same_bits(shipped: Path, folder: Path) -> None:
    """Generator, flags and explicit fused products decide the bits, not who compiles."""
    own = made_up(shipped, folder / "own.calcisol", 6)
    if not Model(own).contract["engine"].startswith("native"):
        pytest.skip("the step has changed since this library was built")
    library = native_compile.compile_bundle(own, folder / "own.so")
    assert library is not None
    a, b = run(Model(own)), run(Model(own, engine_library=library))
    for x, y in zip(a, b, strict=True):
        assert_same_bits(x, y)
