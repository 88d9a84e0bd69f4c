"""How the step is built: parts that are named, rows that have names, features that are fields. (Sizes: test_sizes.py.)"""

import ast
from pathlib import Path

import pytest
import torch
from calcisol.emulator.chemistry import constants, ions
from calcisol.emulator.contract import bundle, rows
from calcisol.emulator.contract.variables import load_table
from calcisol.emulator.step import correction, outputs, records
from calcisol.emulator.step.features import FEATURES, Features

EMULATOR = Path(__file__).parents[2] / "emulator"


def test_the_step_can_be_read_at_a_glance() -> None:
    """``forward`` names its parts and computes next to nothing itself: no branch, no loop, no index."""
    tree = ast.parse((EMULATOR / "step" / "step.py").read_text(encoding="utf-8"))
    forward = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "forward")
    assert not [n for n in ast.walk(forward) if isinstance(n, ast.For | ast.While | ast.If | ast.IfExp)]
    assert not [n for statement in forward.body for n in ast.walk(statement) if isinstance(n, ast.Subscript)]


@pytest.mark.parametrize("room", ["processes", "step"])
def test_rows_have_names_and_no_numbers(room: str) -> None:
    """A row is reached through ions.py, rows.py or records.py; 0 may be the first layer, -1 the last."""
    for file in (EMULATOR / room).glob("*.py"):
        if file.name == "records.py":
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
                assert node.slice.value == 0 or not isinstance(node.slice.value, int), f"{file.name}:{node.lineno}"


def test_features_are_the_fields_and_those_of_the_shipped_bundle() -> None:
    assert tuple(name.replace("_", " ") for name in Features._fields) == FEATURES
    network = bundle.read_contract(EMULATOR / "bundles" / "default.calcisol")["parameters"]["network"]
    assert tuple(network["features"]) == FEATURES
    assert tuple(network["factors"]) == correction.FACTORS


def test_ions_are_the_rows_of_their_name() -> None:
    named = {
        "ca": ions.calcium, "mg": ions.magnesium, "k": ions.potassium, "na": ions.sodium, "nh4": ions.ammonium,
        "no3": ions.nitrate, "cl": ions.chloride, "so4": ions.sulphate,
    }  # fmt: skip
    assert tuple(named) == constants.POOLS
    first = load_table().index("state", "ca")
    assert tuple(load_table().names("state")[first : first + len(named)]) == constants.POOLS
    pools = torch.arange(8.0)
    assert [float(row(pools)) for row in named.values()] == list(range(8))
    assert float(ions.monovalent_anions(pools)) == 5.0 + 6.0
    of_cations = {ions.divalent: (0, 1), ions.monovalent: (2, 3, 4), ions.calcium_alone: (0,), ions.all_but_calcium: (1, 2, 3, 4)}
    for part, members in of_cations.items():
        assert tuple(part(ions.cations(pools)).tolist()) == members
    assert ions.anions(pools).tolist() == [5.0, 6.0, 7.0]


def test_factors_are_the_rows_of_their_name() -> None:
    factors = torch.arange(float(len(correction.FACTORS)))
    row = {name: float(i) for i, name in enumerate(correction.FACTORS)}
    assert float(records.calcite_factor(factors)) == row["calcite rate"]
    assert float(records.conductance_factor(factors)) == row["gas conductance"]
    charges = [*("divalent" if z == 2.0 else "monovalent" for z in constants.CHARGE), "anions", "anions", "anions"]
    assert records.mobilities(factors).tolist() == [row[f"mobility {charge}"] for charge in charges]


def test_outputs_flags_and_state_follow_the_table() -> None:
    table = load_table()
    assert list(rows.LayerOutputs._fields) == table.names("output", "layer")
    assert list(rows.ColumnOutputs._fields) == table.names("output", "column")
    state = torch.arange(float(len(table.state)))
    assert float(records.state_ph(state)) == table.index("state", "ph")
    sites = state[table.index("state", "ph") :]  # unknowns of the solver: pH in its logarithm, then the sites
    assert [float(records.site(sites, n)) for n in (1, 2, 3)] == [table.index("state", f"site_{n}") for n in (1, 2, 3)]
    bit = {flag.name: 1 << flag.bit for flag in table.flags}
    yes, no = torch.tensor([True]), torch.tensor([False])
    small, large = torch.tensor([0.0]), torch.tensor([1.0])
    assert int(outputs.flags(yes, yes, small)) == bit["clipped"]
    assert int(outputs.flags(no, no, small)) == bit["outside_envelope"] | bit["fallback"]
    assert int(outputs.flags(no, yes, large)) == bit["residual"]
