"""Run a forcing file of the user's own: every column, every step, outputs to NetCDF, budgets checked.

What:    the same time loop as Europe without Europe: forcing in, contract outputs and laboratory pH out. A run that is stopped,
         killed or out of disk keeps what it has done; ``--resume`` goes on from there with the same bits.
Shapes:  output dims time, soil_layer, column; on a grid only its land columns, gathered as CF has it. Units: the contract's.
Source:  offline/budget.py for the identities that are checked.
Use:     ``run_forcing(config)`` with ``forcing = "file.nc"`` in the configuration -> path of the output.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from ..emulator.contract.bundle import default_bundle, read_contract
from .config import RunConfig
from .forcing.fault import ForcingError
from .forcing.file_names import files_of
from .forcing.forcing_file import ForcingFile
from .forcing.step_through import step_through
from .library.columns import Columns
from .library.pieces import of_layers, pieces_of
from .offline import budget, checkpoint
from .offline.budget import within
from .offline.checkpoint import KEPT
from .offline.chunks import open_model
from .offline.flags import Reports
from .offline.folder_lock import folder_lock, whole_file
from .offline.lost_columns import Lost
from .offline.parts import Parts, work_folder
from .offline.progress import progress_line
from .offline.stop_between import stop_between
from .report import forcing_netcdf
from .units import SECONDS_PER_YEAR


def _say(text: str) -> None:
    sys.stderr.write(f"calcisol: {text}\n")


def _key(config: RunConfig, version: str) -> str:
    """Changes with all that changes the numbers: files, bundle, version, settings."""
    files = []
    for name in [n for given in (config.forcing, *config.forcing_beside) for n in files_of(Path(given))]:
        stat = Path(name).resolve().stat()
        files.append((str(Path(name).resolve()), stat.st_size, stat.st_mtime_ns))
    bundle = read_contract(config.bundle or default_bundle()).get("records_sha256", "")
    settings = {"files": files, "nitrify": config.nitrify, "thickest": config.thickest_layer, "version": version}
    return "forcing_" + checkpoint.fingerprint(settings, {}, bundle)


class _Loop:
    """The columns of one run between two steps: state, budgets and what was active all along."""

    def __init__(self, columns: Columns, ncol: int, new_day: np.ndarray) -> None:
        self.columns = columns
        self.new_day = new_day  # steps at whose end a day is over: a suspension in the laboratory costs five hourly steps
        self.budget = budget.Budget()
        self.always = np.ones(ncol, bool)  # stepped in every step: a budget over a gap cannot be drawn up
        self.reports = Reports()
        self.reports.quote(columns)  # soil that was clipped
        self.lost = Lost(ncol)

    def ammonium(self) -> np.ndarray:
        """The pool of each layer now, mol m-2."""
        return of_layers(self.columns.state(["nh4"])["nh4"], self.columns.pieces)

    def restore(self, saved: dict[str, np.ndarray]) -> None:
        """Go on from a checkpoint."""
        self.columns.set_state({k.removeprefix("state:"): v for k, v in saved.items() if k.startswith("state:")})
        self.budget, self.always, self.reports = budget.Budget.restore(saved), saved["always"], Reports.restore(saved)
        self.lost.since = saved["lost"]

    def keep(self) -> dict[str, np.ndarray]:
        """All that a checkpoint needs beside the outputs."""
        state = {f"state:{k}": v for k, v in self.columns.state().items()}
        return {**state, **self.budget.arrays(), **self.reports.arrays(), "always": self.always, "lost": self.lost.since}

    def step(self, i: int, dt: float, values: dict[str, np.ndarray], last: bool) -> dict[str, np.ndarray]:
        """One step; outputs with laboratory pH."""
        self.always &= np.asarray(values.get("active", 1.0)) != 0
        result = self.columns.step(dt, values)
        self.reports.add(self.columns)
        self.lost.add(i, result["flag"])
        self.always &= self.lost.since < 0
        if i:
            self.budget.add(dt, within(values), result)
        else:
            self.budget.open(budget.stocks(result, self.columns.state()))
        if last:
            self.budget.close(budget.stocks(result, self.columns.state()))
        if not self.new_day[i]:
            nothing = np.full_like(result["ph"], np.nan)
            return {**result, "ph_h2o": nothing, "ph_cacl2": nothing}
        water, salt = self.columns.laboratory_ph()
        gone = np.isnan(result["ph"])
        return {**result, "ph_h2o": np.where(gone, np.nan, water), "ph_cacl2": np.where(gone, np.nan, salt)}


def _through(forcing: ForcingFile, loop: _Loop, parts: Parts) -> None:
    """All steps that are left; on Ctrl-C or SIGTERM what is done is written first."""
    count = len(forcing.axis)
    progress_line(parts.done, count, "steps")
    with stop_between() as stop:
        for i, dt, values in step_through(forcing, loop.ammonium, parts.done):
            parts.add(loop.step(i, dt, values, i + 1 == count), loop.keep, i + 1 == count or stop.stopped)
            if stop.stopped:
                stop.go()
            progress_line(i + 1, count, "steps")


def _report(forcing: ForcingFile, loop: _Loop) -> None:
    """Budgets on stdout; flags and what was clipped as the last words of the run. Raises BudgetError."""
    dts = forcing.axis.dt
    if len(dts) > 1:
        where = loop.always & np.isfinite(loop.budget.last["carbon"])
        if not where.all():
            print(f"budgets of {where.sum()} of {len(where)} columns; the others were not stepped all along (active, flag)")
        if where.any():
            live = budget.restrict(loop.budget, where)
            print("\n".join(budget.table(live, None, float(dts[1:].sum()) / SECONDS_PER_YEAR)))
            budget.check(live, forcing.path.name)


def _flags(forcing: ForcingFile, loop: _Loop) -> list[str]:
    """The last words of a run: what the library reported, and which inputs were clipped how often."""
    lines = loop.reports.lines()
    lines += [f"  {f.variable.name}: {f.note}" for f in forcing.survey.findings if "will be clipped" in f.note]
    state = {name: of_layers(slot, loop.columns.pieces, np.maximum) for name, slot in loop.columns.state().items()}
    lines += [f"  {line}" for line in loop.lost.lines(state, len(forcing.axis))]
    return [f"calcisol: flags of {forcing.path.name}:" + ("" if lines else " none"), *lines]


def run_forcing(config: RunConfig, resume: bool = False) -> Path:
    """Run ``config.forcing``. Raises ForcingError with the first problem of ``calcisol check``, FolderBusy, OutputError."""
    from .run import version

    path, out = Path(config.forcing), Path(config.out)
    with ForcingFile(path, [Path(name) for name in config.forcing_beside]) as forcing:
        forcing.nitrify = config.nitrify
        seen = forcing.survey
        for problem in seen.problems:
            raise ForcingError(problem)
        for finding in seen.findings:
            if "will be clipped" in finding.note:
                _say(f"{finding.variable.name}: {finding.note}")
        for remark in seen.remarks:
            _say(remark)
        for line in seen.budget:
            print(line)
        with folder_lock(out), open_model(config) as model:
            parts = Parts(work_folder(out, _key(config, version()), resume))
            saved = parts.restore() if resume else {}
            if resume:
                _say(f"goes on after step {parts.done}" if saved else "nothing of this run is there to go on from: it begins")
            static = forcing.static()
            pieces = pieces_of(static["dz"], config.thickest_layer)
            loop = _Loop(model.columns(static, pieces=pieces), forcing.ncol, forcing.axis.new_day)
            if saved:
                loop.restore(saved)
            _through(forcing, loop, parts)
            _report(forcing, loop)
            target = out / f"{path.stem.replace('*', '')}_calcisol.nc"
            notes = ["nitrification by the library (first order)"] if config.nitrify else []
            notes += [f"layers split inside into {pieces} pieces"] if max(pieces) > 1 else []
            with whole_file(target, KEPT) as temporary:
                forcing_netcdf.write(temporary, forcing, static["dz"], parts, version(), "; ".join(notes))
            parts.remove()
            print(f"output: {target}")
            sys.stderr.write("\n".join(_flags(forcing, loop)) + "\n")
    return target
