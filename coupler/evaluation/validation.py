"""validation.html: the model against independent data and totals, with what agrees and what does not.

What:    liming experiments stepped again, Broadbalk chalk, GEMAS carbonate and SoilGrids pH by class, background leaching, the
         European loss with fixed stoichiometry beside the emulated one.
Units:   in every heading. A verdict compares a number with a stated range; nothing is tuned to any of it.
Source:  field_trials.py, totals.py and the data folder; published ranges: emulator/docs/science.md, section 11.
         Needs the data folder; the parts on Europe also the folder of a run with no_mineral_n.
Use:     ``calcisol validate out/europe --data my_data --out out/validation``.
"""

from __future__ import annotations

import csv
import itertools
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from ...emulator.contract.pages import prose, render, table
from ..config import RunConfig
from ..errors import CalcisolError
from ..europe import embedded
from ..europe.load import load_domain
from ..europe.observed import read_table
from ..offline.folder_lock import whole_file
from ..units import CACO3_KG_PER_MOL
from . import field_trials
from .liming import liming
from .totals import Row, Section, Verdict, judge, leaching, pair, stoichiometry

LIME_PER_N = (1.0, 1.8)  # kg CaCO3 per kg N: CAN to ammonium nitrate and urea (extension tables after Pierre)


def broadbalk(folder: Path, lines: list[Row]) -> Section:
    """Chalk needed against nitrogen, and the lime equivalent of nitrogen in the run."""
    chalk = field_trials.chalk_by_nitrogen(folder)
    few = {n: v for n, v in chalk.items() if n <= 3 * field_trials.NITROGEN_STEP}
    slope = float(np.polyfit(list(few), [v[0] for v in few.values()], 1)[0])
    body = [[f"{n:.0f}", f"{value:.0f}", str(count)] for n, (value, count) in chalk.items()]
    text = table(["kg N ha⁻¹ yr⁻¹", "chalk, kg CaCO₃ ha⁻¹ yr⁻¹, 1955-2019", "plots"], body) + prose(
        f"From N0 to N3 each kilogram of nitrogen asked for {slope:.2f} kg of chalk. The higher rates began in 1968 and "
        "1985 on "
        "plots with another history and are left out of the slope. Broadbalk had ammonium sulphate until 1967."
    )
    verdicts = [
        Verdict(
            "Broadbalk: chalk per kg N",
            "extension tables 1.0 to 1.8",
            f"{slope:.2f} (measured)",
            judge(slope, *LIME_PER_N),
            "data against rule, no model",
        )
    ]
    got = pair(lines)
    if got:
        base, none = got
        acid = float(base["acid_load_Gmol_per_yr"]) - float(none["acid_load_Gmol_per_yr"])
        nitrogen = float(base["mineral_n_TgN_per_yr"]) - float(none["mineral_n_TgN_per_yr"])
        ours = acid * CACO3_KG_PER_MOL / 2 / nitrogen  # 1e9 mol x kg / 1e9 kg
        verdicts.append(
            Verdict(
                "lime equivalent of a kg of mineral N (50 g CaCO₃ per mol of acid)",
                f"Broadbalk {slope:.2f}; tables {LIME_PER_N[0]} to {LIME_PER_N[1]}",
                f"{ours:.2f} (run, Europe)",
                judge(ours, *LIME_PER_N),
                "the run lets plants and denitrifiers take part of the nitrate back, which returns alkalinity; the tables do not",
            )
        )
    return Section("Chalk on Broadbalk", text, verdicts)


def classes(folder: Path) -> Section:
    """GEMAS carbonate and the fields of Tier B by class of SoilGrids pH."""
    soil = read_table(folder / "soil_climate" / "eu_soil_climate_05deg.csv.gz")
    sites = read_table(folder / "gemas" / "gemas_caco3.csv")
    good = np.isfinite(sites["caco3"])
    lat, lon, content = sites["latitude"][good], sites["longitude"][good], sites["caco3"][good]
    cell = (np.abs(lat[:, None] - soil["lat"]) + np.abs(lon[:, None] - soil["lon"])).argmin(1)
    near = np.hypot(lat - soil["lat"][cell], lon - soil["lon"][cell]) < 0.5
    ph = soil["phw_mean_5_15"][cell] / 10
    domain = load_domain(RunConfig(data=str(folder), domain="all"))
    body, gaps = [], []
    edges = (4.0, 5.5, 6.5, 7.0, 7.25, 7.5, 8.5)
    for low, high in itertools.pairwise(edges):
        here, cells = near & (ph >= low) & (ph < high), (domain["ph_survey"] >= low) & (domain["ph_survey"] < high)
        if here.sum() < 10 or not cells.any():
            continue
        share = float((content[here] > embedded.MIN_CALCAREOUS).mean())
        rich = content[here & (content > embedded.MIN_CALCAREOUS)]
        weight = domain["arable_area"][cells]
        ours = float(np.average(domain["calcareous_share"][cells], weights=weight))
        median = float(np.median(domain["caco3"][cells])) * 100
        gaps.append(abs(ours - share))
        body.append(
            [
                f"{low:g}-{high:g}",
                str(int(here.sum())),
                f"{100 * share:.0f}",
                f"{100 * ours:.0f}",
                f"{np.median(rich):.1f}" if len(rich) else "–",
                f"{median:.1f}",
            ]
        )
    head = [
        "SoilGrids pH",
        "GEMAS sites",
        "sites above 2 % CaCO₃, %",
        "share in the run, %",
        "median CaCO₃ of those, %",
        "median in the run, %",
    ]
    worst = max(gaps)
    text = table(head, body) + prose(
        "The fields of Tier B are made from these very sites, so this shows that the interpolation does not distort them, not "
        "that it is right elsewhere. A laboratory pH of calcareous soil is 8.2 in water whatever its carbonate; area means of "
        "SoilGrids "
        "end near 7.9 because they mix soils and shrink the tails: pH cannot be compared directly."
    )
    verdict = Verdict(
        "share of calcareous soils by pH class",
        "GEMAS sites",
        f"largest gap {100 * worst:.0f} points",
        "yes" if worst < 0.1 else "partly" if worst < 0.2 else "no",
        "same data, interpolated; not independent",
    )
    return Section("Carbonate by pH class", text, [verdict])


def write(data: Path, results: Path | None, out: Path, config: RunConfig, version: str) -> Path:
    """Make the page. Raises CalcisolError where data or results are missing."""
    if not (data / "rothamsted").is_dir():
        raise CalcisolError(f"data folder {data} holds no rothamsted; name the folder of real data with --data")
    out.mkdir(parents=True, exist_ok=True)
    lines: list[Row] = []
    if results is not None:
        if not (results / "summary.csv").is_file():
            raise CalcisolError(f"{results} holds no summary.csv; give the folder of a finished run, or none")
        with (results / "summary.csv").open(encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
    sections = [*liming(data, config, out), broadbalk(data, lines), classes(data)]
    if pair(lines) and results is not None:
        sections += [leaching(results), stoichiometry(lines)]
    verdicts = [v for s in sections for v in s.verdicts]
    counts = {k: sum(v.agrees == k for v in verdicts) for k in ("yes", "partly", "no")}
    tags = {"yes": "real", "partly": "estimated", "no": "synthetic"}
    tag = Markup('<span class="tag {}">{}</span>')
    rows = [[v.what, tag.format(tags[v.agrees], v.agrees), v.ours, v.outside, v.why] for v in verdicts]
    missing = "" if len(sections) > 4 else " The parts on Europe need a finished run with no_mineral_n and are left out."
    values: dict[str, Any] = {
        "style": Markup(Path(__file__).parents[1].joinpath("report", "page.css").read_text(encoding="utf-8")),
        "answer": f"Of {len(verdicts)} comparisons with outside data {counts['yes']} agree, {counts['partly']} agree in part and "
        f"{counts['no']} do not; two of them (chalk per kg N, carbonate by pH class) test the data rather than the model. "
        f"No open data measure the loss of carbonate from a calcareous field over decades: that number itself stays "
        f"untested.{missing}",
        "verdicts": table(["what", "agrees", "here", "outside", "note"], rows, text=(0, 2, 3, 4)),
        "sections": sections,
        "version": version,
    }
    path = out / "validation.html"
    with whole_file(path) as temporary:
        temporary.write_text(render(Path(__file__).with_name("validation.html"), **values), encoding="utf-8")
    return path
