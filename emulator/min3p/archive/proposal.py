"""A first map of an archive, in the words of the field, with what has no counterpart and what follows from leaving it out.

What:    components, sites, minerals and sources of the archive with the word that fits; shares of the carbon, calcium and charge
         budgets from the cumulated budgets of one whole run.
Use:     ``Path("MAP.toml").write_text(propose(examples, "runs"))``; the user edits it; ``mapping.read_mapping`` reads it
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from ...contract.errors import InputError
from .budget_ends import Ends, read_ends
from .database import Database, Mineral
from .exchange import exchange_name, sites_of
from .inventory import Run, constants_of
from .mapping import FORMAT, LARGEST_RESIDUAL, LEFT_OUT, SITES, SOURCES, UNITS_AS_WRITTEN
from .setup import Setup
from .sources import POOL_OF, classify

CONSEQUENCES = (
    (("oxalate", "c2o4"), "oxalate: carbon that turns into carbonate by microbes and raises pH is missing"),
    (("acet", "citr", "ch2o", "doc", "humic", "fulvic", "lactate"), "organic acids: their charge, and the Ca and Al they carry"),
    (("dolomite",), "dolomite: its Mg, Ca and alkalinity appear as an open budget; columns where it reacts are refused"),
    (("gypsum", "anhydrite"), "gypsum: Ca and SO4 it gives or takes are missing; columns where it reacts are refused"),
    (("fe+", "fe(", "fe_", "pyrit", "goethite", "ferrihydrite", "jarosite", "siderite", "mackinawite"),
     "iron: acid of its oxidation and hydrolysis is missing"),
    (("mn+", "pyrolusite", "manganite", "rhodochrosite"), "manganese: its share of the charge is missing"),
    (("o2(", ), "oxygen: respiration and nitrification come as given rates, whatever limits them"),
    (("sio2", "h4sio4", "quartz", "chalcedony", "silica"), "silica: neutral at the pH of soils, nothing follows for carbonate"),
    (("po4", "apatite"), "phosphate: its share of the charge is missing"),
    (("n2(", "ch4", "h2(", "h2s", "hs-"), "redox gases: what they take of nitrogen, carbon and sulphur must come as a source"),
    (("al+",), "aluminium without a hydroxide that limits it: its charge below pH 5 is missing"),
)  # fmt: skip
"""(beginnings or parts of names, what follows from leaving it out), the first that fits."""


HELP = (
    "respiration: CO2 of roots and decomposers | organic matter: its CO2 and mineralised N | surface: what enters layer 1",
    "with the rain (fertiliser, lime, irrigation) | "
    + " | ".join(s for s in SOURCES if s not in ("respiration", "organic matter", "surface")),
)
"""What may stand under [sources]."""


@dataclass(frozen=True)
class Entry:
    """A line of the map: name, word, comment."""

    name: str
    word: str
    comment: str = ""


def consequence(name: str, releases: Mapping[str, float] | None = None) -> str:
    """What follows from leaving something out: by its name, else by the pools that a mole of it gives or takes."""
    low = name.lower()
    for parts, text in CONSEQUENCES:
        if any(low.startswith(p) or (len(p) > 3 and p in low) for p in parts):
            return text
    words = [("aluminium" if c == "al+3" else POOL_OF[c]) for c in releases or () if c in POOL_OF and c != "h+1"]
    return f"what it gives or takes of {' and '.join(words)} is missing" if words else "nothing of it enters the step"


def _pools(setup: Setup, ends: Ends | None, gibbsite: bool) -> list[Entry]:
    found = []
    for component in setup.components:
        word = POOL_OF.get(component, LEFT_OUT)
        if word == "gibbsite" and not gibbsite:
            word = LEFT_OUT
        comment = ""
        if word == LEFT_OUT:
            share = ends.charge_share(component) if ends else None
            told = "" if not share else f"{share:.1%} of the charge moved; "
            comment = told + consequence(component)
        found.append(Entry(component, word, comment))
    return found


def _sites(setup: Setup, database: Database | None) -> list[Entry]:
    """The site that holds K is the permanent charge, else the one that holds protons least; the others by their log K of H."""
    names = sites_of(setup)
    protons: dict[str, float] = {}
    with_k = []
    for species in setup.sorbed:
        parts = exchange_name(species)
        if parts is None:
            continue
        if parts.ion == "h" and database and species in database.sorbed:
            protons[parts.site] = database.sorbed[species].log_k
        if parts.ion == "k":
            with_k.append(parts.site)
    order = sorted(names, key=lambda s: (not (len(with_k) == 1 and s in with_k), protons.get(s, -10.0), names.index(s)))
    found = []
    for rank, site in enumerate(order):
        comment = f"log K of H against Na {protons[site]:g}" if site in protons else "no protons on it"
        word = SITES[rank] if rank < len(SITES) else SITES[-1]
        found.append(
            Entry(site, word, comment + ("" if rank < len(SITES) else "; the step has three sites: this archive is refused"))
        )
    return found


def _is_calcite(entry: Mineral) -> bool:
    return {c: round(v, 6) for c, v in entry.releases.items()} == {"ca+2": 1.0, "co3-2": 1.0}


def _is_hydroxide(entry: Mineral) -> bool:
    return entry.releases.get("al+3", 0.0) == 1.0 and set(entry.releases) <= {"al+3", "h+1", "h2o"}


def _minerals(setup: Setup, database: Database, ends: Ends | None) -> tuple[list[Entry], list[Entry]]:
    """(minerals, sources): a mineral with an equilibrium is one, what only runs one way is a source."""
    minerals: list[Entry] = []
    sources: list[Entry] = []
    taken: set[str] = set()
    for name in setup.minerals:
        entry = database.minerals.get(name)
        if entry is None:
            minerals.append(Entry(name, LEFT_OUT, f"not in {database.source}"))
            continue
        shares = ends.shares(name, entry.releases) if ends else ""
        if entry.reversible or _is_calcite(entry):
            word = LEFT_OUT
            if _is_calcite(entry) and "aragonite" not in name:
                word = "secondary calcite" if "calcite" in taken else "calcite"
            elif _is_hydroxide(entry) and "gibbsite" not in taken:
                word = "gibbsite"
            taken.add(word)
            follows = consequence(name, entry.releases) if word == LEFT_OUT else ""
            hint = 'or "weathering", under [sources]' if follows and classify(name, entry.releases) == "weathering" else ""
            minerals.append(Entry(name, word, "; ".join(filter(None, (shares, follows, hint)))))
        else:
            sources.append(_source(name, entry, shares))
    for name in setup.reactions:
        reaction = database.reactions.get(name)
        sources.append(_source(name, reaction, ends.shares(name, reaction.releases) if ends and reaction else ""))
    return minerals, sources


def _source(name: str, entry: Mineral | None, shares: str) -> Entry:
    if entry is None:
        return Entry(name, LEFT_OUT, "its stoichiometry is not in the database")
    word = classify(name, entry.releases)
    moved = " ".join(f"{v:+g} {c}" for c, v in entry.releases.items() if c != "h2o")
    return Entry(
        name, word, "; ".join(filter(None, (moved, shares, consequence(name, entry.releases) if word == LEFT_OUT else "")))
    )


def _part(title: str, note: str, entries: list[Entry]) -> list[str]:
    lines = ["", f"[{title}]  # {note}"]
    width = max((len(json.dumps(e.name)) for e in entries), default=0)
    for e in entries:
        line = f"{json.dumps(e.name):{width}s} = {json.dumps(e.word)}"
        lines.append(f"{line}  # {e.comment}" if e.comment else line)
    return lines


@dataclass
class _Parts:
    """The parts of a map; the first kind of runs that has a name says what it is."""

    pools: dict[str, Entry] = field(default_factory=dict)
    sites: dict[str, Entry] = field(default_factory=dict)
    minerals: dict[str, Entry] = field(default_factory=dict)
    sources: dict[str, Entry] = field(default_factory=dict)

    def add(self, run: Run) -> bool:
        """Add the names of one kind; False where its constants cannot be read."""
        setup, database = run.setup, constants_of(run)
        if setup is None or database is None:
            return False
        ends = read_ends(run, database)
        minerals, sources = _minerals(setup, database, ends)
        gibbsite = any(e.word == "gibbsite" for e in minerals)
        for part, entries in (
            (self.pools, _pools(setup, ends, gibbsite)), (self.sites, _sites(setup, database)),
            (self.minerals, minerals), (self.sources, sources),
        ):  # fmt: skip
            for entry in entries:
                part.setdefault(entry.name, entry)
        return True


def _not_learnable(used: list[Run]) -> list[str]:
    """Comments that say why none of the runs can be learned from; none where one can."""
    if any(run.learnable for run in used):
        return []
    return [
        "# `calcisol learn` takes none of these runs as it is:",
        *(f"#   {run.name}: {'; '.join(run.reasons)}" for run in used),
    ]


def propose(examples: list[Run], root: str) -> str:
    """The text of a map from one run of each kind. Raises InputError where none has a deck and constants."""
    parts = _Parts()
    used = [run for run in examples if parts.add(run)]
    if not used:
        raise InputError(
            f"no run below {root} has a deck and its constants (database folder, or echo _o.dbs); nothing can be mapped"
        )
    first = used[0]
    more = f" and {len(used) - 1} other kinds of runs" if len(used) > 1 else ""
    lines = [
        f"# Map of {root}, proposed from {first.name}{more}. Edit the words on the right; `calcisol learn` reads them.",
        "# Shares are of what moved over the run (entered, left and reacted), from its cumulated budgets.",
        *_not_learnable(used),
        f'format = "{FORMAT}"',
    ]
    lines += _part("pools", "component -> pool; H+ follows from the charge of the others", list(parts.pools.values()))
    lines += _part("sites", "exchange site -> permanent | variable | second variable", list(parts.sites.values()))
    lines += _part("minerals", "calcite | secondary calcite | gibbsite | left out", list(parts.minerals.values()))
    lines += _part("sources", "what each stands for in the forcing; see below", list(parts.sources.values()))
    lines += ["# " + text for text in HELP]
    lines += ["", "[learn]", f"largest_residual = {LARGEST_RESIDUAL}  # share of its throughput by which a budget may stay open"]
    if first.version:
        lines.append(f"version = {json.dumps(first.version)}  # runs of other versions of MIN3P are left out")
    if first.files.companion("_o.fls") is None:
        lines.append(f'# units = "{UNITS_AS_WRITTEN}"  # no file list (_o.fls) states them: take this line in if they are')
    return "\n".join(lines) + "\n"
