"""What a year brings to each treatment: nitrogen and its ions, harvest, lime, from the lines of the history.

What:    ``Plans.year`` gives the rates of a year that do not depend on the soil's state (land/nitrogen.py takes the others).
Units:   the contract's; shapes (column, 12), a column a treatment.
Source:  land/nitrogen_forms.py, land/harvest.py, land/deposition.py; harvest of nitrogen without a yield: Lassaletta et al. 2014.
         Potassium that the harvest takes: KCl where potash was given, else from micas, which take up protons for it; the
         exchanger alone would run dry (unfertilised soil of Rothamsted gives 20-60 kg ha-1 year-1, Johnston & Goulding 1990).
Use:     ``plan = plans.year(1962)``
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..land import deposition, exchanger, harvest, nitrogen
from ..land.nitrogen_forms import LIME, LOST_AS_NH3, ORGANIC, mixture, salts
from ..land.parameters import NitrogenParameters
from ..units import CACO3_KG_PER_MOL, HA_M2, N_KG_PER_MOL, S_KG_PER_MOL, SECONDS_PER_YEAR
from .organic_matter import OrganicMatter
from .site import Line, Site

MANURES = ("slurry", "farmyard_manure", "organic")
DENITRIFIED, HEAVY = (0.1, 0.2), 0.35
"""Share of the surplus that is denitrified: 10 % in sand to 30 % from 35 % clay on, within the range of NitrogenParameters."""
MICA = 0.4
"""mol_c m-2 year-1 of potassium per unit of clay that micas give at most: 40 kg ha-1 at 25 % clay, in the middle of 20 to 60."""
IONS = ("nh4", "no3", "dic", "so4", "cl", "ca", "mg", "k", "na")


@dataclass
class Received:
    """Of one treatment in a year: ions of mineral and of organic dressings [mol ha-1], nitrogen [kg ha-1]."""

    mineral: dict[str, float]
    manure: dict[str, float]
    applied: float = 0.0


def lines_of(site: Site, treatment: str, year: int) -> list[Line]:
    """Lines of the history that speak of a treatment and year."""
    return [x for x in site.lines if treatment in x.treatments and x.years[0] <= year <= x.years[1]]


def received(lines: list[Line], p: NitrogenParameters) -> Received:
    """Dressings of a year; what is lost as ammonia leaves with it, its partner in the salt stays."""
    made = Received({}, {})
    for line in lines:
        made.applied += line.nitrogen
        for ion, amount in salts(line.salts).items():
            made.mineral[ion] = made.mineral.get(ion, 0.0) + amount
        for name, share in line.form.items():
            into = made.manure if name in MANURES else made.mineral
            lost = getattr(p, LOST_AS_NH3.get(name, "nh3_loss_other"))
            for ion, per in mixture({name: 1.0}).items():
                left = 1.0 - lost if ion in ("nh4", "dic") else 1.0
                into[ion] = into.get(ion, 0.0) + line.nitrogen / N_KG_PER_MOL * share * per * left
    return made


@dataclass(frozen=True)
class Taken:
    """Harvest of one treatment in a year: kg N ha-1, mol_c m-2 of bases, kg N ha-1 fixed from the air."""

    nitrogen: float
    bases: float
    fixed: float
    potash: bool  # whether what leaves as K was bought
    grown: float  # share of the harvest that its nitrogen lets expect, at most 1; 0: bare soil


def crop_of(lines: list[Line]) -> harvest.Crop:
    """Of the last line that names one."""
    return harvest.CROPS[next(x.crop for x in reversed(lines) if x.crop)]


def taken(lines: list[Line], applied: float, deposited: float, year: int) -> Taken:
    """Harvest by the yields of the history, else by the nitrogen there is."""
    crop = crop_of(lines)

    def last(name: str) -> float:
        return next((v for x in reversed(lines) if not np.isnan(v := getattr(x, name))), np.nan)

    fixed, dry, gone = last("fixed"), last("dry_matter"), last("removed")
    if np.isnan(gone) and not np.isnan(dry):
        gone = dry * crop.nitrogen
    if np.isnan(fixed):
        fixed = gone if crop.legume and not np.isnan(gone) else crop.fixed
    most = max(crop.y_max * harvest.progress(year), 1e-9)
    expected = float(nitrogen.harvest(np.array(applied + deposited + fixed), np.array(most)))
    gone = expected if np.isnan(gone) else gone
    if np.isnan(dry):
        dry = gone / crop.nitrogen
    share = min(gone / expected, 1.0) if expected > 0.0 else 1.0
    grown = share if crop.y_max > 0 else 0.0
    return Taken(gone, dry * 1e3 * crop.bases / HA_M2, fixed, any(x.potash for x in lines), grown)


def _crop_alone(line: Line) -> Line:
    """The same crop without any dressing."""
    return Line(line.treatments, line.years, line.month, crop=line.crop)


class Plans:
    """Plans of all years of a site; ``soil_air`` = topsoil temperature [degC] (12,)."""

    def __init__(self, site: Site, soil_air: np.ndarray, p: NitrogenParameters) -> None:
        self.site, self.parameters, self.organic = site, p, OrganicMatter(site)
        self.most_from_mica = MICA * float(site.soil.clay[0]) / SECONDS_PER_YEAR
        self.denitrified = DENITRIFIED[0] + DENITRIFIED[1] * min(float(site.soil.clay[0]) / HEAVY, 1.0)
        mix = np.clip((nitrogen.SOUTH_LATITUDE[1] - site.place.latitude) / np.diff(nitrogen.SOUTH_LATITUDE)[0], 0, 1)
        season = mix * nitrogen.UPTAKE_SOUTH + (1 - mix) * nitrogen.UPTAKE_NORTH
        self.season = season / season.sum()
        warm = p.nitrification_q10 ** ((soil_air - 10) / 10)
        self.warm = warm / warm.mean()

    def deposition(self, year: int) -> tuple[float, float]:
        """kg S and kg N ha-1 that the air brings in a year."""
        s, n = self.site.sulphur, self.site.nitrogen
        sulphur = deposition.of(s, year) if s else deposition.sulphur(year, self.site.place.country)
        return sulphur * self.site.parameters.sulphur_factor, deposition.of(n, year) if n else deposition.nitrogen(year)

    def lines(self, treatment: str, year: int) -> list[Line]:
        """Lines of a treatment and year, at least one of them with a crop."""
        lines = lines_of(self.site, treatment, year)
        if not any(x.crop for x in lines):  # a gap in the history: what grew last, or first
            known = [x for x in self.site.lines if treatment in x.treatments and x.crop]
            before = [x for x in known if x.years[1] < year]
            last = max(before, key=lambda x: x.years[1]) if before else min(known, key=lambda x: x.years[0])
            lines = [_crop_alone(last), *lines]
        return lines

    def grass(self, year: int) -> np.ndarray:
        """Whether grass grows (column,)."""
        return np.array([crop_of(self.lines(name, year)).grass for name in self.site.treatments])

    def of(self, treatment: str, year: int, bare: bool) -> tuple[Received, Taken]:
        """Dressings and harvest; ``bare``: the same crop without any dressing, as before the experiment."""
        lines = self.lines(treatment, year)
        if bare:
            lines = [_crop_alone(x) for x in lines if x.crop]
        got = received(lines, self.parameters)
        return got, taken(lines, got.applied, self.deposition(year)[1], year)

    def year(self, year: int, bare: bool = False) -> tuple[nitrogen.YearPlan, dict[str, np.ndarray]]:
        """The plan (land/nitrogen.py) and further column forcing, of a year."""
        p = self.parameters
        pairs = [self.of(name, year, bare) for name in self.site.treatments]
        sulphur, deposited = self.deposition(year)
        gone = np.array([t.nitrogen for _, t in pairs])
        bases = np.array([t.bases for _, t in pairs]) * self.site.parameters.bases_factor / SECONDS_PER_YEAR
        organic = np.array([g.manure.get(ORGANIC, 0.0) * N_KG_PER_MOL + t.fixed for g, t in pairs])
        mineral = np.array(
            [sum((g.mineral.get(k, 0.0) + g.manure.get(k, 0.0)) * N_KG_PER_MOL for k in ("nh4", "no3")) for g, _ in pairs]
        )
        supply = mineral + organic + deposited
        humus = self._humus(year, bare, np.array([t.grown for _, t in pairs]))
        organic, supply = organic + humus, supply + humus
        organic = organic + np.maximum(gone / nitrogen.MOST_HARVESTED - supply, 0.0)  # humus gives what the harvest shows
        supply = np.maximum(supply, gone / nitrogen.MOST_HARVESTED)
        column = {f"dep_{ion}": self._monthly(pairs, ion) for ion in IONS}
        flat = np.ones((len(pairs), 12)) / SECONDS_PER_YEAR
        half = 0.5 * deposited / HA_M2 / N_KG_PER_MOL
        column["dep_nh4"] += flat * half
        column["dep_no3"] += flat * half
        column["dep_so4"] += flat * sulphur / HA_M2 / S_KG_PER_MOL
        dust = p.base_deposition + deposition.ASH * 2 * sulphur / HA_M2 / S_KG_PER_MOL  # mol_c m-2 year-1
        for ion, share in nitrogen.BASE_SHARES.items():
            column[f"dep_{ion}"] += flat * dust * share / exchanger.CHARGE[ion]
        column["dep_na"] += flat * p.sea_salt
        potassium = 0.5 * bases  # of the charge that the harvest takes, as the contract has it
        from_mica = np.where([t.potash for _, t in pairs], 0.0, np.minimum(potassium, self.most_from_mica))
        column["dep_k"] += potassium[:, None]
        column["dep_cl"] += flat * p.sea_salt + (potassium - from_mica)[:, None]
        lime = self._monthly(pairs, LIME) * CACO3_KG_PER_MOL
        surplus = np.maximum(supply - gone, 0.0)
        return nitrogen.YearPlan(
            column=column,
            mineralisation=organic[:, None] / HA_M2 / SECONDS_PER_YEAR * self.warm,
            uptake=gone[:, None] / HA_M2 * self.season,
            denitrification=(self.denitrified * surplus)[:, None] / HA_M2 * self.warm / 12,
            bases=bases[:, None] * 12 * self.season,
            harvested=gone,
            supplied=supply,
        ), {"lime": lime}  # fmt: skip

    def _humus(self, year: int, bare: bool, grown: np.ndarray) -> np.ndarray:
        """Nitrogen that organic matter sets free (or, negative, takes up) as its stock changes, kg ha-1 (column,).

        Where the history says nothing of it, residues return what mineralises, but for the part of a crop that did not grow.
        """
        if bare:
            return np.zeros(len(self.site.treatments))
        given = np.array([sum(x.humus for x in lines_of(self.site, name, year)) for name in self.site.treatments])
        own = self.organic.nitrogen(year) if self.organic.changes else self.organic.bare() * (1.0 - grown)
        return np.where(given != 0.0, given, own)

    def _monthly(self, pairs: list[tuple[Received, Taken]], ion: str) -> np.ndarray:
        """mol m-2 s-1 (column, 12) of an ion from all dressings."""
        months = [(nitrogen.MINERAL_MONTHS, "mineral"), (nitrogen.MANURE_MONTHS, "manure")]
        made = np.zeros((len(pairs), 12))
        for calendar, kind in months:
            amount = np.array([getattr(g, kind).get(ion, 0.0) for g, _ in pairs]) / HA_M2
            made += amount[:, None] * (calendar / calendar.sum()) * 12 / SECONDS_PER_YEAR
        return made
