"""Weights of a bundle in the step of this version."""

from pathlib import Path

import pytest
import torch
from calcisol.emulator.contract.bundle import BundleError, default_bundle, read_contract, update_contract
from calcisol.emulator.training import carry_over


@pytest.fixture(autouse=True)
def graph(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tracing takes half a minute, and tests/emulator has it elsewhere."""
    monkeypatch.setattr(carry_over, "fingerprint", lambda step: "0" * 64)


def test_a_bundle_of_another_table_gets_the_table_of_this_version(tmp_path: Path) -> None:
    old, new = tmp_path / "old.calcisol", tmp_path / "new.calcisol"
    old.write_bytes(default_bundle().read_bytes())
    update_contract(old, output=read_contract(old)["output"][:-1])
    with pytest.raises(BundleError, match="output variables differ"):
        read_contract(old)
    assert carry_over.carry_over(old, new) == "0" * 64
    contract, shipped = read_contract(new), read_contract(default_bundle())
    assert {k for k in shipped if contract[k] != shipped[k]} <= {"step_graph", "created", "records_sha256", "tensors"}
    theirs, ours = (torch.jit.load(str(p)).state_dict() for p in (default_bundle(), new))
    assert list(theirs) == list(ours) and all(torch.equal(theirs[k], ours[k]) for k in theirs)


def test_tensors_of_another_shape_are_refused(tmp_path: Path) -> None:
    old = tmp_path / "old.calcisol"
    old.write_bytes(default_bundle().read_bytes())
    parameters = read_contract(old)["parameters"]
    update_contract(old, parameters={**parameters, "network": {**parameters["network"], "width": 8}})
    with pytest.raises(BundleError, match=r"other tensors than the step of this version: .*shape.*; train it anew"):
        carry_over.carry_over(old, tmp_path / "new.calcisol")
