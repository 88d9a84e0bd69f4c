"""Several bundles of one run: their spread enters the interval beside carbonate, and nothing else of the run changes."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from calcisol.coupler.cli import main
from calcisol.emulator.contract.bundle import default_bundle, read_contract, write_bundle
from helpers.small_runs import FAST

LOUDER = 3.0  # last layer of the core times this: another member, with factors as far apart as seeds are
SCORES = {"bundle": {"dsic_p95": 1e-6}}  # a bundle that states next to no error, so that the spread shows


def member(path: Path, factor: float) -> Path:
    """The shipped bundle with its core's output weights scaled."""
    import torch

    module = torch.jit.load(str(default_bundle()))
    weights = [p for name, p in module.named_parameters() if name.startswith("core")]
    with torch.no_grad():
        for weight in weights[-2:]:
            weight.mul_(factor)
    contract = {k: v for k, v in read_contract(default_bundle()).items() if k != "records_sha256"}
    write_bundle(path, module, {**contract, "scores": SCORES})
    return path


def numbers(out: Path) -> dict[str, dict[str, float]]:
    with (out / "uncertainty.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["scenario"] == "no_mineral_n"]
    return {row["number"]: {k: float(v) for k, v in row.items() if k not in ("scenario", "number", "unit")} for row in rows}


def run(out: Path, *bundles: Path) -> dict[str, dict[str, float]]:
    config = out.with_suffix(".toml")
    keys = {k: v for k, v in FAST.items() if k not in ("data", "workers", "plots")} | {"uncertainty": 3}
    config.write_text("\n".join(f"{k} = {v}" for k, v in keys.items()), encoding="utf-8")
    names = [x for s in ("baseline", "no_mineral_n") for x in ("--scenario", s)]
    given = [x for b in bundles for x in ("--bundle", str(b))]
    assert main(["run", str(config), "--out", str(out), "--data", "none", "--workers", "1", "--no-plots", *names, *given]) == 0
    return numbers(out)


def test_bundles_of_a_run_widen_its_interval(tmp_path):
    one, two = member(tmp_path / "one.calcisol", 1.0), member(tmp_path / "two.calcisol", LOUDER)
    alone, both = run(tmp_path / "alone", one), run(tmp_path / "both", one, two)
    for name, before in alone.items():
        after = both[name]
        assert after["value"] == before["value"]  # the first bundle makes the number, the others its interval
        assert (after["caco3_down"], after["caco3_up"]) == (before["caco3_down"], before["caco3_up"])
        assert after["emulator_up"] == pytest.approx(-after["emulator_down"])
        assert after["low_90"] <= before["low_90"] and after["high_90"] >= before["high_90"]
    assert both["loss"]["emulator_up"] > 10 * alone["loss"]["emulator_up"] > 0.0
