"""Maps and time series as PNG, with coastlines and borders from the package.

What:    pH, SIC change, scenario difference, carbonate at the start; one panel per file, readable at phone width.
Units:   on each colour bar. Cells are drawn where they lie; white = no calcareous arable soil in the domain.
Source:  borders: Natural Earth 1:50m (public domain), data/borders.csv.
Use:     ``files = draw(folder, domain, config, results)`` -> {name: path}.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.ticker import MaxNLocator, MultipleLocator

from ..config import RunConfig
from ..data import data_file
from ..europe.domain import Domain
from ..offline.checkpoint import KEPT
from ..offline.folder_lock import whole_file
from ..offline.results import Result, depth_sum
from .netcdf import grid
from .summary import BASELINE, kept_carbon, reference

ASPECT = 1.55  # 1 / cos(50 degrees): distances look right in the middle of Europe
TICK_DEGREES = 5.0
INK, GREY = "#222222", "#8a8a8a"
LOSS_MAP, PH_MAP, STOCK_MAP = "RdBu", "viridis", "YlOrBr"


def borders() -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Coastlines and land borders, each a list of (point, lon/lat) arrays in degrees."""
    coast: list[np.ndarray] = []
    inner: list[np.ndarray] = []
    for line in data_file("borders.csv").read_text(encoding="utf-8").splitlines():
        kind, *steps = line.split(" ")
        points = np.cumsum(np.array([s.split(",") for s in steps], float), axis=0) / 100.0
        (coast if kind == "c" else inner).append(points)
    return coast, inner


def map_axes(axes: Axes, domain: Domain) -> None:
    """Coast, borders and limits."""
    coast, inner = borders()
    axes.add_collection(LineCollection(coast, colors=INK, linewidths=0.6, zorder=3))
    axes.add_collection(LineCollection(inner, colors=GREY, linewidths=0.45, zorder=3))
    axes.set_xlim(max(domain.lon.min() - 1.2, -11), domain.lon.max() + 1.2)
    axes.set_ylim(domain.lat.min() - 1.0, min(domain.lat.max() + 1.0, 71.5))
    axes.set_aspect(ASPECT)
    axes.set_facecolor("white")
    axes.tick_params(labelsize=8, colors=GREY)
    axes.xaxis.set_major_locator(MultipleLocator(TICK_DEGREES))
    axes.yaxis.set_major_locator(MultipleLocator(TICK_DEGREES))
    axes.xaxis.set_major_formatter(lambda x, _: f"{abs(x):.0f}°{'W' if x < 0 else 'E' if x > 0 else ''}")
    axes.yaxis.set_major_formatter(lambda y, _: f"{y:.0f}°N")
    for side in axes.spines.values():
        side.set_color("#cccccc")


def _save(figure: plt.Figure, path: Path) -> Path:
    with whole_file(path, KEPT) as temporary:
        figure.savefig(temporary, dpi=150, format=path.suffix[1:], metadata={"Software": "calcisol"})
    plt.close(figure)
    return path


def one_map(
    path: Path, domain: Domain, values: np.ndarray, title: str, label: str, colours: str, low: float, high: float
) -> Path:
    """One map of a value per cell (column,) between two colour limits; values beyond them get the end colour."""
    lat, lon, row, column = grid(domain)
    field = np.full((len(lat), len(lon)), np.nan)
    field[row, column] = values
    spans = np.ptp(domain.lat) + 2.0, np.ptp(domain.lon) + 2.4  # as map_axes draws them
    height = float(np.clip(0.9 * 6.6 * ASPECT * spans[0] / spans[1] + 1.1, 2.8, 6.4))  # a wide region leaves no white bands
    figure, axes = plt.subplots(figsize=(6.6, height), layout="constrained")
    half = domain.degrees / 2
    extend = {(True, True): "both", (True, False): "min", (False, True): "max"}.get(
        (bool(np.nanmin(values) < low), bool(np.nanmax(values) > high)), "neither"
    )
    mesh = axes.pcolormesh(
        np.append(lon - half, lon[-1] + half),
        np.append(lat - half, lat[-1] + half),
        field,
        cmap=colours,
        vmin=low,
        vmax=high,
        zorder=2,
    )
    map_axes(axes, domain)
    axes.set_title(title, fontsize=11, color=INK, loc="left", wrap=True)
    bar = figure.colorbar(mesh, ax=axes, orientation="horizontal", fraction=0.05, pad=0.02, extend=extend)
    bar.set_label(label, fontsize=9, color=INK)
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_visible(False)
    return _save(figure, path)


def nice_limit(values: np.ndarray, share: float = 97.0) -> float:
    """A round limit that holds most absolute values: 1, 2 or 5 times a power of ten."""
    if not np.nanmax(np.abs(values), initial=0.0) > 1e-9:
        return 1.0  # only round-off: a colour bar of 1e-12 would look like a result
    value = max(float(np.nanpercentile(np.abs(values), share)), 1e-12)
    power = 10.0 ** np.floor(np.log10(value))
    return float(power * next(x for x in (1, 2, 3, 5, 10) if x * power >= value * 0.999))


def series(path: Path, domain: Domain, results: list[Result]) -> Path:
    """Area mean of the cumulated SIC change (0-1.35 m or the profile given), one line per scenario."""
    figure, axes = plt.subplots(figsize=(6.6, 3.9), layout="constrained")
    area = domain["area"]
    colours = plt.get_cmap("cividis")(np.linspace(0.05, 0.85, len(results)))
    for colour, r in zip(colours, results, strict=True):
        begin = r.start_sic.sum(1) @ area
        change = (r.yearly("sic", lambda x: float(x.sum(1) @ area)) - begin) / area.sum() * 1e3
        years, values = np.append(r.years[0], r.years + 1), np.append(0.0, change)
        axes.plot(years, values, color=colour, lw=2, label=r.scenario.title)
    axes.axhline(0, color=GREY, lw=0.8)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel("SIC change since the start, g C m$^{-2}$", fontsize=9)
    axes.set_title("Soil inorganic carbon of calcareous arable soils, area mean of the profile", fontsize=11, loc="left")
    axes.legend(frameon=False, fontsize=9, loc="lower left")
    axes.tick_params(labelsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return _save(figure, path)


def draw(folder: Path, domain: Domain, config: RunConfig, results: list[Result]) -> dict[str, Path]:
    """All figures of a run: {caption: path}."""
    dz = np.array(config.layers)
    base = next((r for r in results if r.scenario.name == BASELINE), results[0])
    first, last = int(base.years[0]), int(base.years[-1])
    note = " Synthetic soils." if domain.tier == "A" else ""
    files = {}

    def add(name: str, title: str, caption: str, label: str, values: np.ndarray, colours: str, low: float, high: float) -> None:
        files[caption + note] = one_map(folder / f"{name}.png", domain, values, title, label, colours, low, high)

    rate = lambda r: (r.layer["sic"][-1] - r.start_sic).sum(1) / len(r.years) * 1e3  # noqa: E731
    limit = nice_limit(rate(base))
    per_year = "g C m$^{-2}$ yr$^{-1}$, whole profile (red = loss)"
    add(
        f"sic_change_{base.scenario.name}", f"SIC change {first}-{last}: {base.scenario.title}",
        f"Change of soil inorganic carbon per year, {first} to {last}, {base.scenario.title.lower()}.",
        per_year, rate(base), LOSS_MAP, -limit, limit,
    )  # fmt: skip
    files["Change of soil inorganic carbon since the start, area mean of the whole profile." + note] = series(
        folder / "sic_series.png", domain, results
    )
    for r in results:
        name, title, other = r.scenario.name, r.scenario.title, reference(results, r)
        if other is None:
            continue
        kept = kept_carbon(r, other) * 1e3
        add(
            f"sic_difference_{name}", f"SIC in {last} against {other.scenario.name}: {title}",
            f"Soil inorganic carbon in {last}: {title} minus {other.scenario.title.lower()}.",
            "g C m$^{-2}$, whole profile (blue = more carbonate kept)", kept, LOSS_MAP, -nice_limit(kept), nice_limit(kept),
        )  # fmt: skip
    ph = base.column["ph_top"][-1]
    low, high = (float(np.round(np.percentile(ph, q), 1)) for q in (2, 98))
    add(
        "ph", f"Pore-water pH, 0-30 cm, {last}: {base.scenario.title}",
        f"pH of pore water in the upper 30 cm, mean of {last}, {base.scenario.title.lower()}.",
        "pH in the field, at the soil's own CO$_2$", ph, PH_MAP, low, max(high, low + 0.1),
    )  # fmt: skip
    stock = depth_sum(base.start_sic, dz, 0, 0.3)
    add(
        "sic_start", f"Soil inorganic carbon, 0-30 cm, {first}",
        f"Soil inorganic carbon of the upper 30 cm at the start of {first}.",
        "kg C m$^{-2}$ of calcareous arable soil", stock, STOCK_MAP, 0.0, nice_limit(stock),
    )  # fmt: skip
    return files
