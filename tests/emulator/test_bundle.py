"""A bundle is data from outside: it is checked before it is used, and what is wrong is said in one sentence."""

import json
import zipfile
from pathlib import Path

import pytest
import torch
from calcisol.emulator.contract.bundle import (
    CONTRACT_RECORD,
    BundleError,
    default_bundle,
    read_contract,
    records_sha256,
    write_bundle,
)
from calcisol.emulator.step.step import Step
from calcisol.emulator.training.export import ExportError, check_agreement, script
from torch import Tensor


class Tiny(torch.nn.Module):
    """Smallest scriptable module."""

    def forward(self, x: Tensor) -> Tensor:
        return x + 1.0


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.calcisol"
    write_bundle(path, script(Tiny()), {"name": "tiny"})
    return path


def rewrite(source: Path, target: Path, change: dict[str, bytes]) -> Path:
    """A copy of a bundle with some records replaced, as an editor of zip files would make it."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            short = name.split("/", 1)[1]
            new.writestr(name, change.get(short, old.read(name)))
    return target


def test_the_contract_is_read_without_loading_the_graph(bundle: Path) -> None:
    contract = read_contract(bundle)
    assert contract["name"] == "tiny" and contract["records_sha256"] == records_sha256(bundle, contract["records_sha256"])
    assert [v["name"] for v in contract["static"]][:2] == ["dz", "clay"]
    assert not any(n.endswith(".debug_pkl") for n in zipfile.ZipFile(bundle).namelist())


def test_the_same_module_gives_the_same_records(bundle: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.calcisol"
    write_bundle(again, script(Tiny()), {"name": "tiny"})
    assert read_contract(bundle)["records_sha256"] == read_contract(again)["records_sha256"]


def test_the_written_file_loads_in_torch(bundle: Path) -> None:
    assert float(torch.jit.load(str(bundle))(torch.zeros(1))) == 1.0


def test_a_cut_file_is_refused(bundle: Path) -> None:
    raw = bundle.read_bytes()
    for keep in (0, 10, len(raw) // 2, len(raw) - 30):
        bundle.write_bytes(raw[:keep])
        with pytest.raises(BundleError, match=r"damaged or cut short|holds no contract"):
            read_contract(bundle)


def test_a_changed_weight_is_refused(bundle: Path, tmp_path: Path) -> None:
    changed = rewrite(bundle, tmp_path / "changed.calcisol", {"constants.pkl": b"something else"})
    with pytest.raises(BundleError, match="was changed after export"):
        read_contract(changed)


def test_another_schema_or_table_is_refused(bundle: Path, tmp_path: Path) -> None:
    contract = json.loads(zipfile.ZipFile(bundle).read(f"tiny.calcisol/extra/{CONTRACT_RECORD}"))
    for change, words in (
        ({"schema_version": 99}, "schema version 99, this calcisol reads 1"),
        ({"format": "zip"}, "says format 'zip'"),
        ({"state": contract["state"][1:]}, "its state variables differ"),
        ({"static": [{**contract["static"][0], "units": "cm"}, *contract["static"][1:]]}, "its static variables differ.*'cm'"),
    ):
        raw = json.dumps({**contract, **change}).encode()
        path = rewrite(bundle, tmp_path / "other.calcisol", {f"extra/{CONTRACT_RECORD}": raw})
        with pytest.raises(BundleError, match=words):
            read_contract(path)


@pytest.mark.parametrize("damage", [None, "abc", [1, 2], [{}]])
def test_a_table_that_is_none_is_refused(bundle: Path, tmp_path: Path, damage: object) -> None:
    contract = json.loads(json.dumps(read_contract(bundle)))
    contract["forcing"] = damage
    changed = rewrite(bundle, tmp_path / "x.calcisol", {f"extra/{CONTRACT_RECORD}": json.dumps(contract).encode()})
    with pytest.raises(BundleError, match="its forcing variables differ"):
        read_contract(changed)


def test_a_record_outside_the_archive_and_a_bomb_are_refused(bundle: Path, tmp_path: Path, monkeypatch) -> None:
    stray = tmp_path / "stray.calcisol"
    stray.write_bytes(bundle.read_bytes())
    with zipfile.ZipFile(stray, "a") as archive:
        archive.writestr("evil.py", "import os")
    with pytest.raises(BundleError, match=r"holds 'evil\.py' outside its archive folder"):
        read_contract(stray)
    monkeypatch.setattr("calcisol.emulator.contract.bundle.MAX_BYTES", bundle.stat().st_size + 1000)
    bomb = tmp_path / "bomb.calcisol"
    with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
        new.writestr(old.namelist()[0].split("/")[0] + "/bomb", bytes(10 * bundle.stat().st_size))
    with pytest.raises(BundleError, match="unpacks to more than"):
        read_contract(bomb)


def test_no_file_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="does not exist"):
        read_contract(tmp_path / "none.calcisol")
    (tmp_path / "text.calcisol").write_text("hello", encoding="utf-8")
    with pytest.raises(BundleError, match="damaged"):
        read_contract(tmp_path / "text.calcisol")


def test_the_default_bundle_says_what_it_is() -> None:
    contract = read_contract(default_bundle())
    for key in ("licence", "citation", "data", "scores", "envelope", "parameters", "torch_version", "training"):
        assert contract[key], key
    assert set(contract["scores"]) >= {"bundle", "B0", "B1", "B2"}
    assert len(contract["data"]["archive_sha256"]) == 64


def test_export_refuses_a_module_that_disagrees_with_itself() -> None:
    from helpers.ensembles import tiny_ensemble

    data = tiny_ensemble(4, 24)
    step = Step().eval()
    check_agreement(step, script(step), data)
    with pytest.raises(ExportError, match="scripted output 0 differs"):
        check_agreement(step, script(Step(None, "phreeqc")), data)
