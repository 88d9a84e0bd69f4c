"""The step of an archive with linear aluminium: a graph of its own, compiled here; then one kernel serves all its bundles."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from calcisol.coupler.library.capi import build_info
from calcisol.coupler.library.compile import compile_bundle
from calcisol.coupler.library.model import Model
from calcisol.emulator.chemistry.stated import Stated, of_set
from calcisol.emulator.contract.bundle import read_contract, write_bundle
from calcisol.emulator.step.chosen import parameters_of
from calcisol.emulator.training.graph import fingerprint, step_of_contract

DAY, COLUMNS, LAYERS, DAYS = 86400.0, 24, 5, 20
AGREEMENT = 1e-6
"""Of pH, against TorchScript without a network: round-off (1e-13) through twenty days of root-finding."""
FELT = 0.01
"""pH by which columns of other exchange constants differ after twenty days, at least."""

pytestmark = pytest.mark.skipif(", native kernel" not in build_info(), reason="this build has no kernel for this processor")


def bundle_of(shipped: Path, target: Path, stated: Stated, graph: str = "") -> Path:
    """The shipped bundle's size with the constants of an archive and an untrained network, as `calcisol export` writes it."""
    contract = read_contract(shipped, verify=False)
    contract.pop("records_sha256")
    network = contract["parameters"]["network"]
    contract["parameters"] = {**parameters_of("phreeqc", "AlOHX2", stated), "network": network}
    step = step_of_contract(contract)
    contract["step_graph"] = graph or fingerprint(step)  # log K are numbers of the bundle: its graph need not be traced again
    for parameter in step.parameters():
        parameter.requires_grad_(False)
    write_bundle(target, torch.jit.script(step), contract)
    return target


def ph_after(model: Model) -> np.ndarray:
    """pH (column, soil_layer) of acid to neutral soils, after DAYS of an acid rain."""
    shape = (COLUMNS, LAYERS)
    ph0 = np.linspace(4.2, 7.0, COLUMNS)[:, None] * np.ones(shape)
    with model.columns({"dz": np.full(shape, 0.2), "ph0": ph0}) as columns:
        weather = {"w_liq": np.full(shape, 50.0), "t_soil": np.full(shape, 284.0), "q_bot": np.full(COLUMNS, 1e-5)}
        for _ in range(DAYS):
            columns.step(DAY, weather | {"dep_no3": np.full(COLUMNS, 1e-7)}, outputs=())
        return columns.state()["ph"]


@pytest.mark.slow
def test_one_compiled_kernel_serves_every_archive_with_that_law(shipped: Path, tmp_path: Path) -> None:
    """Linear Al is another graph: TorchScript answers until `calcisol compile`; then log K are numbers of the bundle."""
    if not any(shutil.which(name) for name in ("c++", "g++", "clang++")):
        pytest.skip("no C++ compiler")
    stated = of_set("min3p", "AlX3-linear")
    first = bundle_of(shipped, tmp_path / "first.calcisol", stated)
    assert read_contract(first)["step_graph"] != read_contract(shipped)["step_graph"]
    assert Model(first).contract["engine"] == "TorchScript"
    library = compile_bundle(first, tmp_path / "linear.so")
    other = replace(stated, protons=[1.0, 4.0, 5.2], source="a colleague's database")
    second = bundle_of(shipped, tmp_path / "second.calcisol", other, str(read_contract(first)["step_graph"]))
    found = []
    for bundle in (first, second):
        model = Model(bundle, engine="native", engine_library=library)
        assert model.contract["engine"].startswith("native ")
        found.append(ph_after(model))
        assert np.abs(found[-1] - ph_after(Model(bundle, engine="torchscript"))).max() < AGREEMENT
    assert np.abs(found[0] - found[1]).max() > FELT
