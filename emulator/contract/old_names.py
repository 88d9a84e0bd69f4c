"""Names that modules had up to version 0.1: importing one still works, with a DeprecationWarning, until the next release.

What:    ``install`` adds a finder behind all others; ``from_module`` serves the few old modules whose name is now a folder's.
Use:     ``import calcisol.coupler.accessor`` warns and gives ``calcisol.coupler.report.accessor``
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

RENAMED = {
    "coupler.accessor": "report.accessor",
    "coupler.answer": "report.headline",
    "coupler.bench_columns": "bench.call",
    "coupler.bench_device": "bench.device",
    "coupler.bench_inference": "bench.inference",
    "coupler.bench_peers": "bench.peers",
    "coupler.bench_phreeqc": "bench.phreeqc",
    "coupler.budget": "offline.budget",
    "coupler.capi": "library.model",
    "coupler.carbon": "land.respiration",
    "coupler.check": "forcing.check",
    "coupler.climate": "land.climate",
    "coupler.clock": "offline.clock",
    "coupler.columns": "library.columns",
    "coupler.columns_run": "run_forcing",
    "coupler.compile": "library.compile",
    "coupler.domain": "europe.domain",
    "coupler.field_files": "input_maps.readers",
    "coupler.fields": "europe.own_maps",
    "coupler.geotiff": "input_maps.raster",
    "coupler.history": "land.history",
    "coupler.host_maps": "hosts.maps",
    "coupler.install": "library.install",
    "coupler.joined": "forcing.joined",
    "coupler.layout": "forcing.layout",
    "coupler.liming": "evaluation.liming",
    "coupler.maps": "report.figures",
    "coupler.march": "explain_engine.march",
    "coupler.masks": "input_maps.masks",
    "coupler.nitrogen": "land.nitrogen",
    "coupler.output": "report.netcdf",
    "coupler.products": "input_maps.products",
    "coupler.replay": "explain_engine.replay",
    "coupler.restart": "offline.checkpoint",
    "coupler.results": "offline.results",
    "coupler.scenario": "europe.scenario",
    "coupler.segments": "offline.time_loop",
    "coupler.spinup": "hosts.spinup",
    "coupler.summary": "report.summary",
    "coupler.tables": "input_maps.tables",
    "coupler.tier_a": "europe.embedded",
    "coupler.tier_b": "europe.observed",
    "coupler.torch_library": "library.torch_library",
    "coupler.totals": "evaluation.totals",
    "coupler.trials": "evaluation.field_trials",
    "coupler.uncertainty": "report.uncertainty",
    "coupler.validation": "evaluation.validation",
    "coupler.virtual": "explain_engine.virtual",
    "coupler.water": "land.water",
    "emulator.baselines": "training.baselines",
    "emulator.bundle": "contract.bundle",
    "emulator.checks": "evaluation.checks",
    "emulator.core": "step.correction",
    "emulator.core_alone": "training.core_alone",
    "emulator.datacard": "min3p.datacard",
    "emulator.dataset": "training.dataset",
    "emulator.ensemble": "min3p.ensemble",
    "emulator.evaluate": "evaluation.evaluate",
    "emulator.explain.teacher": "explain.reference_model",
    "emulator.export": "training.export",
    "emulator.first_state": "step.initial_state",
    "emulator.graph": "training.graph",
    "emulator.laboratory": "step.laboratory",
    "emulator.learning_set": "training.learning_set",
    "emulator.metrics": "training.metrics",
    "emulator.ordered": "contract.ordered",
    "emulator.outside": "evaluation.outside",
    "emulator.pore_water": "step.pore_water",
    "emulator.processes.past": "processes.recent_climate",
    "emulator.rollout": "training.rollout",
    "emulator.rows": "contract.rows",
    "emulator.sampling": "min3p.sampling",
    "emulator.scripted": "training.scripted",
    "emulator.soil": "processes.soil",
    "emulator.spread": "evaluation.spread",
    "emulator.stamp": "training.stamp",
    "emulator.turns": "contract.turns",
    "emulator.variables": "contract.variables",
}
"""Old name -> new name inside the same package."""
SPLIT = {
    "coupler.bench_columns": ("library.sample",),
    "coupler.capi": ("library.open_bundle", "library.capi"),
    "coupler.domain": ("europe.load", "europe.cells"),
}
"""Where the rest of an old module went that is now several."""


def _warn(old: str, new: str) -> None:
    """Warn at the statement that imports, past this file and the import system."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back:
        code = frame.f_code
        if "importlib" in code.co_filename and "_bootstrap" in code.co_filename:
            level -= 1  # ``warn`` does not count these
        elif code.co_filename != __file__ and "importlib" not in code.co_filename and code.co_name != "__getattr__":
            break
        level, frame = level + 1, frame.f_back
    warnings.warn(f"{old} is now {new}; the old name ends with the next release", DeprecationWarning, stacklevel=level)


class _OldNames(MetaPathFinder, Loader):
    """Finds an old name and puts the new module in its place."""

    def __init__(self, root: str) -> None:
        self.root = root

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """A spec for an old name; None for any other."""
        return ModuleSpec(name, self) if name.removeprefix(self.root + ".") in RENAMED else None

    def exec_module(self, module: ModuleType) -> None:
        """Import the new module; ``sys.modules`` then holds it under both names, or a stand-in for several."""
        old = module.__name__
        inside = old.removeprefix(self.root + ".")
        package = f"{self.root}.{inside.partition('.')[0]}"
        new = f"{package}.{RENAMED[inside]}"
        _warn(old, new)
        if inside not in SPLIT:
            sys.modules[old] = import_module(new)
            return
        homes = [import_module(f"{package}.{home}") for home in (RENAMED[inside], *SPLIT[inside])]

        def attribute(name: str) -> Any:
            for home in homes:
                if hasattr(home, name):
                    return getattr(home, name)
            raise AttributeError(f"module {old!r} has no attribute {name!r}")

        module.__getattr__ = attribute  # type: ignore[method-assign]


def install(root: str) -> None:
    """Serve the old names of the package ``root`` ("calcisol")."""
    sys.meta_path.append(_OldNames(root))


def from_module(package: str, module: str) -> Callable[[str], Any]:
    """``__getattr__`` of a folder that took the name of an old module: its names are those of ``module`` in it."""

    def attribute(name: str) -> Any:
        if not name.startswith("__") and find_spec(f"{package}.{name}") is None:  # `from package import submodule` asks here, too
            found = import_module(f"{package}.{module}")
            if hasattr(found, name):
                _warn(f"{package}.{name}", f"{package}.{module}.{name}")
                return getattr(found, name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return attribute
