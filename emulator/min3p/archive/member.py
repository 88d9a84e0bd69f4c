"""One run of somebody else's as a learning member: states, forcing, fluxes and extents under the names of the learning file.

What:    sources go through the map; what enters layer 1 counts as deposition; budgets are closed before anything is kept.
Units:   of the learning file (min3p/README.md): pools mol m-2, water kg m-2, amounts mol m-2 or m per interval; cec meq/100 g.
Shapes:  [time, layer] from the surface down, or [time]; time 0 is the first output after the start.
Source:  as ``learning``; the start is left out: MIN3P prints it before the temperature field acts.
Use:     ``member = build(run, mapping, database); member.variables, member.closure``; raises InputError with the reason
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...contract.constants import MOLAR_MASS_CACO3
from ...contract.errors import InputError
from ...training.learning_set import RAIN as ION
from .closure import Closure, Terms, close, face_differences
from .database import Database
from .exchange import sites_of
from .inventory import Run
from .mapping import LEFT_OUT, Mapping
from .setup import Setup
from .snapshot_fluxes import SNAPSHOT_LIMIT
from .sources import by_pool, forcing_of, misfit
from .state import RunState

UNEVEN = 0.05
"""Of their sum, by how much two sites may differ before it is told."""
FORCING = ("x-resp", "x-nitr", "x-min", "x-unh4", "x-uno3", "x-den", "x-ubc", "x-weath")
REFERENCE_PHI = 0.05
CLAY, SAND, SOC = 0.2, 0.4, 0.012
"""kg kg-1; decks do not state them, and with capacity and porosity given the step does not use them: the contract's defaults."""
LAYERED = ("time", "layer")
Variables = dict[str, tuple[tuple[str, ...], np.ndarray]]


@dataclass
class Member:
    """What one run brings to the learning file."""

    variables: Variables
    times: np.ndarray  # days, from the first output after the start on
    closure: Closure
    how: dict[str, str] = field(default_factory=dict)  # reaction -> how its extents were found
    notes: list[str] = field(default_factory=list)


def _calcite_rate(setup: Setup, names: list[str]) -> np.ndarray:
    """Rate constant of calcite at the reference volume fraction [layer], mol m-3 s-1, from the deck's effective one."""
    primary = [layer[names[0]] for layer in setup.initial]
    fraction = np.array([m.fraction for m in primary])
    rate = np.array([m.rate for m in primary]) * 1e3
    scaled = np.where(fraction > 1e-5, rate * (REFERENCE_PHI / np.maximum(fraction, 1e-5)) ** (2.0 / 3.0), np.nan)
    usual = np.nanmedian(scaled) if np.isfinite(scaled).any() else 2.0e-5
    return np.clip(np.where(np.isfinite(scaled), scaled, usual), 1e-9, 1e-2)


def _tell_uneven(b: RunState, ranks: list[str]) -> None:
    """Say so where the two sites of variable charge differ in size: the step gives each half of their sum."""
    sizes = {rank: float(b.setup.fractions[:, i].mean()) for i, rank in enumerate(ranks)}
    first, second = (sizes.get(rank) for rank in ("variable", "second variable"))
    if first is not None and second is not None and abs(first - second) > UNEVEN * (first + second):
        b.notes.append(
            f"the sites of variable charge hold {first:.2g} and {second:.2g} of the capacity; the step halves their sum"
        )


def _soil(b: RunState, calcite: np.ndarray) -> Variables:
    """What does not change."""
    setup = b.setup
    ranks = [b.mapping.sites.get(site, "") for site in sites_of(setup)]
    variable = sum((setup.fractions[:, i] for i, rank in enumerate(ranks) if rank != "permanent"), np.zeros(setup.layers))
    _tell_uneven(b, ranks)
    top = np.concatenate([[0.0], np.cumsum(setup.thickness)[:-1]])
    layered = {
        "thickness": setup.thickness, "depth": top + 0.5 * setup.thickness, "cec": setup.cec,
        "cec_variable": np.clip(variable, 0.0, 0.95),
        "caco3": calcite[0] * MOLAR_MASS_CACO3 / (setup.bulk_density * 1e3 * setup.thickness), "bulk_density": setup.bulk_density,
        "porosity": setup.porosity, "calcite_rate": _calcite_rate(setup, b.mapping.calcite), "dispersivity": setup.dispersivity,
        "clay": np.full(setup.layers, CLAY), "sand": np.full(setup.layers, SAND), "soc": np.full(setup.layers, SOC),
    }  # fmt: skip
    return {name: (("layer",), values) for name, values in layered.items()}


def _forcing(b: RunState, extents: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """(canonical reaction -> [time, layer], pool -> [time] that enters layer 1) of all mapped sources."""
    layered = {name: np.zeros_like(b.theta) for name in FORCING}
    surface = {pool: np.zeros(len(b.theta)) for pool in ION}
    for name, word in b.mapping.sources.items():
        if name not in extents or word == LEFT_OUT:
            continue
        moved = by_pool(b.reactions.entry(name).releases, b.mapping.pools)
        wrong = misfit(name, word, moved)
        if wrong:
            raise InputError(wrong)
        if word == "surface":
            for pool, amount in moved.items():
                surface[pool] += amount * extents[name].sum(1)
            below = extents[name][:, 1:].sum() / max(extents[name].sum(), 1e-30)
            if below > 0.05:
                b.notes.append(f"{name} enters layer 1 here; {below:.0%} of it lies deeper in the run")
        for reaction, share in forcing_of(word, moved).items():
            layered[reaction] += share * extents[name]
    return layered, surface


def _terms(b: RunState, extents: dict[str, np.ndarray], flows: dict[str, tuple[np.ndarray, np.ndarray]]) -> dict[str, Terms]:
    """Budget terms of every pool the archive has, from the first output after the start on."""
    found = {}

    def later(x: np.ndarray) -> np.ndarray:
        amounts = x[1:].copy()
        amounts[0] = 0.0
        return amounts

    for pool, (entering, leaving) in flows.items():
        component = b.mapping.component(pool)
        if not component:
            continue
        sources = []
        for name, extent in extents.items():
            share = b.reactions.entry(name).releases.get(component, 0.0)
            if share:
                sources.append((name, later(extent) * share))
        found[pool] = Terms(b.pool(pool)[1:], later(entering), later(leaving), sources)
    return found


def _carbon_left(b: RunState, extents: dict[str, np.ndarray], flows: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Carbon that neither stays nor leaves with water [time]: what a run without budgets lost to the air."""
    component = b.mapping.component("dic")
    released = sum(
        (x.sum(1) * b.reactions.entry(n).releases.get(component, 0.0) for n, x in extents.items()), np.zeros(len(b.theta))
    )
    held = b.pool("dic").sum(1)
    return released + flows[0] - flows[1] - np.diff(held, prepend=held[:1])


def _water_open(b: RunState, entering: np.ndarray, leaving: np.ndarray, taken: np.ndarray) -> float:
    stored = float(((b.theta[-1] - b.theta[1]) * b.thickness).sum())
    gain = float((entering - leaving - np.abs(taken))[2:].sum())
    return (stored - gain) / max(float(entering[2:].sum()), 1e-6)


def build(run: Run, mapping: Mapping, database: Database) -> Member:
    """The member of one run. Raises InputError with the reason where an output is missing or says something else."""
    b = RunState(run, mapping, database)
    words = {**mapping.minerals, **mapping.sources}
    extents = b.extents()
    flows = {pool: b.flows(pool) for pool in ION}
    gas_in, gas_out = b.gas(_carbon_left(b, extents, flows["dic"]))
    entering, leaving, taken = b.water()
    terms = _terms(b, extents, {**flows, "dic": (flows["dic"][0] + gas_in, flows["dic"][1] + gas_out)})
    limit = mapping.largest_residual if b.has_budgets else max(mapping.largest_residual, SNAPSHOT_LIMIT)
    closure = close(terms, words, _water_open(b, entering, leaving, taken), limit)
    if not b.has_budgets:
        b.notes.append(
            "no budgets (.mac): fluxes and extents are as good as the spacing of the outputs; the open shares say how good"
        )
    faces = _faces(b, leaving, taken)
    for pool in ("no3", "cl", "ca"):
        if pool in terms:
            closure.faces[pool] = face_differences(terms[pool], faces[1:], b.out.profile("gst", mapping.component(pool))[1:])
    layered, surface = _forcing(b, extents)
    calcite = b.calcite()
    made: Variables = {f"pool_{p}": (LAYERED, b.pool(p)) for p in ION}
    made |= {"pool_calcite": (LAYERED, calcite), "pool_water": (LAYERED, b.litres)}
    made |= {"pH": (LAYERED, b.out.profile("gsm", "pH")), "p_co2(g)": (LAYERED, b.pressure), "theta": (LAYERED, b.theta)}
    made |= {"temperature": (LAYERED, b.mean_celsius), "ionic_strength": (LAYERED, _ionic_strength(b))}
    made |= {slot: (LAYERED, values) for slot, values in b.potentials().items()}
    made |= {f"lsrc_{name}": (LAYERED, values) for name, values in layered.items()}
    dissolved = sum((extents[m] for m in mapping.calcite), np.zeros_like(b.theta))
    made |= {"lsrc_calcite": (LAYERED, dissolved), "q_face": (LAYERED, faces), "pco2_air": (("time",), b.air_pressure())}
    made |= {"water_in": (("time",), entering), "water_out": (("time",), leaving)}
    made |= {f"flux_in_{ION[p]}": (("time",), flows[p][0] + surface[p]) for p in ION}
    made |= {f"flux_out_{ION[p]}": (("time",), flows[p][1]) for p in ION}
    made |= {"flux_gasout_co3-2": (("time",), gas_out - gas_in)}
    if np.any(taken):
        made["water_sink"] = (LAYERED, _sink(b, taken))
    made |= _soil(b, calcite)
    return Member(_without_start(made), b.out.times[1:], closure, b.reactions.how, b.notes)


def _without_start(made: Variables) -> Variables:
    """From the first output after the start on; what is an amount of an interval is zero there."""
    found = {}
    for name, (dims, values) in made.items():
        if dims[0] == "time":
            values = values[1:].copy()
            if name.startswith(("lsrc_", "flux_", "water_", "q_face")):
                values[0] = 0.0
        found[name] = (dims, values)
    return found


def _ionic_strength(b: RunState) -> np.ndarray:
    return b.out.profile("gsm", "ionic strength") if b.out.has("gsm", "ionic strength") else np.full_like(b.theta, 0.006)


def _sink(b: RunState, taken: np.ndarray) -> np.ndarray:
    """Water taken by roots and evaporation by layer, m per interval: the column's amount by the rates at the outputs."""
    names = [n for n in ("rootwat", "evapo") if b.out.has("gsp", n)]
    rate = sum((np.abs(b.out.profile("gsp", n)) for n in names), np.zeros_like(b.theta))
    mean = 0.5 * (rate + np.concatenate([rate[:1], rate[:-1]]))
    total = mean.sum(1, keepdims=True)
    shares = np.where(total > 0.0, mean / np.maximum(total, 1e-300), b.thickness / b.thickness.sum())
    return np.abs(taken)[:, None] * shares


def _faces(b: RunState, leaving: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """Water through the lower face of every layer [time, layer], m per interval, down > 0, from the bottom up."""
    storage = np.diff(b.theta, axis=0, prepend=b.theta[:1]) * b.thickness
    if np.any(taken):
        storage = storage + _sink(b, taken)
    upward = np.cumsum(storage[:, ::-1], axis=1)[:, ::-1]
    return leaving[:, None] + np.concatenate([upward[:, 1:], np.zeros((len(leaving), 1))], axis=1)
