"""The constants an archive was made with, in the terms of the step; what the step cannot say is refused by its name.

What:    log K and enthalpies of carbonate, pairs, gas, calcite and aluminium, activity parameters, and exchange constants site by
         site, from the database of the runs (or the echo of one) and their decks.
Laws:    Gaines-Thomas exchange against Na on one to three sites that share their constants of bases; H on each site; Al as AlX3,
         which MIN3P 2.6 solves linearly (sorbspc.F90), or as AlOHX2; extended Debye-Hueckel, Davies for ions without a size.
Refused: Gapon, Vanselow and surface complexes; SIT and Pitzer; sites that differ in their constants of bases; more than three.
Use:     ``read = read_constants(setup, database, mapping); read.stated, read.notes``; raises InputError
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ...chemistry.constants import CATIONS, ION_CHARGE, ION_SIZE
from ...chemistry.stated import Stated, absent, combined, log_k_at, van_t_hoff
from ...contract.errors import InputError
from .database import Database, Species
from .exchange import exchange_name, foreign_laws
from .mapping import Mapping
from .setup import Setup

CO2_AQ = ("h2co3aq", "co2(aq)", "co2aq", "h2co3")
PAIRS = {  # reaction of the step -> names of the species, HCO3 taken off where its constant is that of CO3 + H
    "cahco3": (("cahco3+",), True), "caco3_aq": (("caco3aq", "caco3(aq)"), False), "mghco3": (("mghco3+",), True),
    "mgco3_aq": (("mgco3aq", "mgco3(aq)"), False), "caso4_aq": (("caso4aq", "caso4(aq)"), False),
    "mgso4_aq": (("mgso4aq", "mgso4(aq)"), False), "aloh": (("aloh+2",), False), "aloh2": (("al(oh)2+",), False),
}  # fmt: skip
KNOWN = {"oh-", "hco3-", *CO2_AQ, "nh3aq", "nh3(aq)", *(n for names, _ in PAIRS.values() for n in names)}
IONS = {  # ion of the step -> names in a database
    "ca": "ca+2", "mg": "mg+2", "k": "k+1", "na": "na+1", "nh4": "nh4+1", "h": "h+1", "oh": "oh-", "hco3": "hco3-",
    "co3": "co3-2", "so4": "so4-2", "cahco3": "cahco3+", "al": "al+3", "aloh": "aloh+2",
}  # fmt: skip
DAVIES_SIZE, DAVIES_B = 3.05, 0.1228
"""Davies' equation in the form of the extended law: 1 / B(25 degC) angstrom, and 0.5115 x 0.24 per squared charge."""
SAME = 1e-3


@dataclass
class Read:
    """Constants, and what about them a user should know."""

    stated: Stated
    notes: list[str] = field(default_factory=list)


def _row(species: Species) -> list[float]:
    return van_t_hoff(species.log_k, species.enthalpy)


class _Reader:
    """One archive's constants while they are drawn up."""

    def __init__(self, setup: Setup, database: Database, mapping: Mapping) -> None:
        self.setup, self.database, self.mapping = setup, database, mapping
        self.notes: list[str] = []

    def species(self, names: tuple[str, ...]) -> Species | None:
        """The first of these names that the deck uses. Raises InputError where the database lacks it."""
        for name in names:
            if name in self.setup.complexes:
                if name not in self.database.complexes:
                    raise InputError(
                        f"{self.database.source} has no species {name!r} that the decks use; add its database folder"
                    )
                return self.database.complexes[name]
        return None

    def carbonate(self) -> dict[str, list[float]]:
        """Water, carbonic acid, the gas and calcite."""
        water, hco3, co2 = (self.species(n) for n in (("oh-",), ("hco3-",), CO2_AQ))
        gas = self.database.gases.get("co2(g)")
        for name, found in (("oh-", water), ("hco3-", hco3), ("h2co3aq", co2), ("co2(g)", gas)):
            if found is None:
                raise InputError(f"the decks or {self.database.source} have no {name}; the step cannot do without its constant")
        assert water and hco3 and co2 and gas
        return {
            "water": _row(water),
            "co2_solubility": combined((1.0, _row(co2)), (-1.0, _row(gas))),
            "carbonic_1": combined((1.0, _row(hco3)), (-1.0, _row(co2))),
            "carbonic_2": combined((-1.0, _row(hco3))),
            "calcite": self.mineral(self.mapping.calcite[0]),
        }

    def mineral(self, name: str) -> list[float]:
        """log10 K of the dissolution of a mineral."""
        if name not in self.database.minerals:
            raise InputError(f"{self.database.source} has no mineral {name!r} that the decks use; add its database folder")
        entry = self.database.minerals[name]
        if not entry.reversible:
            raise InputError(
                f"mineral {name!r} has the law {entry.laws[0]!r}; the step needs a reversible one with an equilibrium"
            )
        return combined((-1.0, van_t_hoff(entry.log_k, entry.enthalpy)))

    def log_k(self) -> dict[str, list[float]]:
        """All reactions of the step; pairs that the decks leave out are absent."""
        rows = self.carbonate()
        hco3 = self.species(("hco3-",))
        assert hco3
        for reaction, (names, less_hco3) in PAIRS.items():
            found = self.species(names)
            if found is None:
                rows[reaction] = absent()
            else:
                rows[reaction] = combined((1.0, _row(found)), (-1.0 if less_hco3 else 0.0, _row(hco3)))
        rows["gibbsite"] = self.mineral(self.mapping.gibbsite) if self.mapping.gibbsite else absent()
        if not self.mapping.gibbsite and "al+3" in self.setup.components:
            self.notes.append("aluminium without a hydroxide that limits it is left out: its charge below pH 5 is missing")
        extra = [name for name in self.setup.complexes if name not in KNOWN and not name.startswith("al(oh)")]
        if extra:
            self.notes.append(f"complexes that the step does not have: {', '.join(extra)}")
        return rows

    def ion_sizes(self) -> dict[str, list[float]]:
        """Parameters of the activity law; Davies' in the same form where a database states no size."""
        found = {}
        for ion, default in ION_SIZE.items():
            entry = self.database.components.get(IONS[ion]) or self.database.complexes.get(IONS[ion])
            if entry is None:
                found[ion] = list(default)
            elif abs(entry.size) < 1e-10:
                found[ion] = [DAVIES_SIZE, DAVIES_B * ION_CHARGE[ion] ** 2]
            else:
                found[ion] = [entry.size, entry.b]
        return found


def _exchange(reader: _Reader) -> tuple[dict[str, float], list[float], tuple[str, float]]:
    """Selectivity of the bases, log K of H by site, and the law of aluminium with its constant."""
    setup, database = reader.setup, reader.database
    for sentence in foreign_laws(setup):
        raise InputError(sentence)
    bases: dict[str, dict[str, float]] = {}
    protons: dict[str, float] = {}
    aluminium: tuple[str, float] = ("AlOHX2", 2.7)
    for name in setup.sorbed:
        parts = exchange_name(name)
        assert parts is not None  # foreign_laws
        if name not in database.sorbed:
            raise InputError(f"{database.source} has no exchange species {name!r} that the decks use; add its database folder")
        entry = database.sorbed[name]
        log_k = log_k_at(_row(entry), setup.temperature + 273.15) if entry.enthalpy and parts.ion != "aloh" else entry.log_k
        if parts.ion == "h":
            protons[parts.site] = log_k
        elif parts.ion == "al":
            aluminium = ("AlX3-linear", log_k)
        elif parts.ion == "aloh":
            hydrolysis = reader.species(("aloh+2",))
            aluminium = ("AlOHX2", entry.log_k - (hydrolysis.log_k if hydrolysis else 0.0))
        elif parts.ion in CATIONS:
            bases.setdefault(parts.ion, {})[parts.site] = log_k
        else:
            reader.notes.append(f"{parts.ion} on the exchanger is left out; its share of the capacity counts as Ca")
    return _shared(reader, bases), _by_rank(reader, protons), aluminium


def _shared(reader: _Reader, bases: dict[str, dict[str, float]]) -> dict[str, float]:
    """One constant a cation; refuses sites that differ in it."""
    found = {}
    for ion in CATIONS:
        by_site = bases.get(ion, {})
        values = list(by_site.values())
        if values and max(values) - min(values) > SAME:
            text = ", ".join(f"{site} {k:g}" for site, k in by_site.items())
            raise InputError(f"exchange sites differ in their constant of {ion} ({text}); the step's sites share it")
        found[ion] = values[0] if values else (0.0 if ion == "na" else -10.0)
        if ion in ("k", "nh4"):
            others = [s for s in by_site if reader.mapping.sites.get(s) != "permanent"]
            if others:
                reader.notes.append(f"{ion} sits on site {', '.join(others)} too; the step has it on the permanent charge alone")
    return found


def _by_rank(reader: _Reader, protons: dict[str, float]) -> list[float]:
    """log K of H on the permanent and the two variable sites; a site that is not there repeats the one before it."""
    ranked = {rank: site for site, rank in reader.mapping.sites.items()}
    values: list[float] = []
    for rank in ("permanent", "variable", "second variable"):
        site = ranked.get(rank)
        if site is None:
            values.append(values[-1])
        else:
            values.append(protons.get(site, -10.0))
    return values


def read_constants(setup: Setup, database: Database, mapping: Mapping) -> Read:
    """Constants of an archive. Raises InputError naming the law, the species or the mineral that the step cannot have."""
    reader = _Reader(setup, database, mapping)
    log_k = reader.log_k()
    selectivity, protons, (law, al_log_k) = _exchange(reader)
    stated = Stated(
        f"{database.source}, SHA-256 {database.sha256[:12]}", log_k, selectivity, protons, reader.ion_sizes(), law, al_log_k
    )
    return Read(stated, reader.notes)
