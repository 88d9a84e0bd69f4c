"""One run from configuration to report: Europe, or a forcing file of the user's.

What:    domain -> time loop -> budgets checked -> NetCDF, summary.csv, uncertainty.csv, maps, report.html.
Units:   see each part. Long work shows progress on stderr; the budget and the answer go to stdout.
Use:     ``run_europe(config, resume=False)`` -> folder of results.
"""

from __future__ import annotations

import dataclasses
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from ..emulator.contract.bundle import default_bundle, read_contract
from ..emulator.contract.extras import need
from .config import RunConfig
from .errors import CalcisolError
from .europe.domain import Domain
from .europe.load import load_domain
from .europe.scenario import Scenario, load_scenarios, shipped
from .land import history
from .offline import budget, chunks, results
from .offline.clock import Clock
from .offline.folder_lock import folder_lock
from .offline.layer_groups import chunks_of
from .offline.on_disk import forget
from .report import headline, summary, uncertainty


def version() -> str:
    """Version of the installed package."""
    try:
        return metadata.version("calcisol")
    except metadata.PackageNotFoundError:
        return "0+unknown"


def check_state(domain: Domain, gathered: list[results.Result]) -> None:
    """Raise CalcisolError where a yearly output is NaN or a stock negative: such a run must not be published."""
    for r in gathered:
        for name, values in [*r.layer.items(), *r.column.items()]:
            for year in range(len(r.years)):
                bad = ~np.isfinite(values[year])
                if name in ("sic", "dic"):
                    bad |= values[year] < 0
                if bad.any():
                    cell = int(np.argwhere(bad)[0][0])
                    place = f"{domain.lat[cell]:g} N {domain.lon[cell]:g} E"
                    raise CalcisolError(
                        f"scenario {r.scenario.name}: {name} is NaN or negative at {place}; "
                        "please report this with your configuration"
                    )
            forget([values])


def remarks(config: RunConfig, scenarios: list[Scenario]) -> list[str]:
    """What is no error and would still surprise in the results, one sentence each."""
    held = history.held(config.start_year, config.history)
    found = [held] if held else []
    for s in [s for s in scenarios if s.name != summary.BASELINE]:
        if not s.acts_by(config.end_year):
            found.append(f"Scenario {s.name} changes nothing by {config.end_year}: its ramp begins later, or it holds no change.")
        if s.against not in [other.name for other in scenarios]:
            found.append(
                f"Scenario {s.name} is compared with nothing: {s.against} is not in this run, add it with --scenario {s.against}."
            )
    return found


def out_of_reach(domain: Domain, scenarios: list[Scenario]) -> list[str]:
    """Countries of scenarios that no column of the run lies in, one sentence each."""
    beyond = {s.name: s.beyond(domain) for s in scenarios}
    return [f"Scenario {n} names {', '.join(c)}, where no column of this run lies." for n, c in beyond.items() if c]


def run_europe(config: RunConfig, resume: bool = False) -> Path:
    """Run all scenarios and write everything. Raises CalcisolError (one sentence); a killed run continues with ``resume``."""
    if config.scenarios == ("all",):
        names = shipped()
        config = dataclasses.replace(config, scenarios=("baseline", *(n for n in names if n != "baseline")))
    if config.plots:
        need("the report of calcisol run (--no-plots leaves it out)", "plots")
    contract = read_contract(config.bundle or default_bundle())
    for member in config.ensemble:
        read_contract(member)  # a damaged member would else end the run when all is computed
    scenarios = load_scenarios(config.scenarios)
    domain = load_domain(config)
    if not len(domain):
        raise CalcisolError('the domain is empty; use domain = "all" or another data folder')
    for scenario in scenarios:
        scenario.check_reach(domain)
    with folder_lock(Path(config.out)):
        return _run(config, domain, scenarios, contract, resume)


def _run(config: RunConfig, domain: Domain, scenarios: list[Scenario], contract: dict[str, Any], resume: bool) -> Path:
    """The run itself, in a folder that no other run writes into."""
    where = f"Dask at {config.dask}" if config.dask else f"{config.workers} workers"
    cut = [chunk for chunk in chunks_of(domain, config) if chunk.pieces]
    thin = f" ({sum(len(c.columns) for c in cut)} of them stepped on {sum(cut[0].pieces)}: layers_split)" if cut else ""
    sys.stderr.write(
        f"calcisol: Tier {domain.tier}, {len(domain)} columns x {len(config.layers)} layers{thin}, {len(scenarios)} scenarios, "
        f"{config.start_year}-{config.end_year} after {config.spinup_years} years of spin-up, {where}\n"
    )
    sys.stderr.writelines(f"calcisol: {remark}\n" for remark in [*remarks(config, scenarios), *out_of_reach(domain, scenarios)])
    clock = Clock()
    folder = chunks.run(domain, config, resume, clock)
    sys.stderr.write(f"calcisol: {clock.line()}\n")
    gathered = [results.gather(domain, config, folder, s) for s in scenarios]
    check_state(domain, gathered)
    from .report import netcdf  # late: the years are over, what writes them need not be in memory beside them

    out = Path(config.out)
    budgets: list[str] = []
    for r in gathered:
        budget.check(r.budget, f"scenario {r.scenario.name}")
        budgets += [f"{r.scenario.name}:", *budget.table(r.budget, domain["area"], len(r.years))]
        netcdf.write(out / f"{r.scenario.name}.nc", domain, config, r, contract, version())
    print("\n".join(budgets))
    lines = summary.rows(domain, config, gathered)
    summary.write_csv(out / "summary.csv", lines)
    intervals = uncertainty.assess(domain, config, gathered, contract)
    if intervals:
        uncertainty.write_csv(out / "uncertainty.csv", intervals)
    if config.plots:
        from .report import figures, html

        drawn = figures.draw(out, domain, config, gathered)
        origin = f"calcisol {version()}, emulator bundle {str(contract.get('records_sha256', ''))[:16]}"
        html.write(out / "report.html", domain, config, gathered, lines, intervals, drawn, origin)
        print(headline.answer(domain, gathered, intervals))
        print(f"report: {out / 'report.html'}")
    chunks.tidy(folder)
    sys.stderr.write("\n".join(flag_lines(gathered)) + "\n")
    return out


def flag_lines(gathered: list[results.Result]) -> list[str]:
    """What the library reported of each scenario: the last words of a run."""
    made = []
    for r in gathered:
        found = r.reports.lines()
        made += [f"calcisol: flags of {r.scenario.name}: {'none' if not found else ''}".rstrip(), *found]
    return made
