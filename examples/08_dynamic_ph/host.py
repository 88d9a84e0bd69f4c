"""A land model small enough to read: weather, a crop, mineral nitrogen of the topsoil, with the pH formulas of formulas.py.

What:    one day of many columns; each column has the formulas of one model, a fertiliser and a pH, that of a map or ours.
Units:   pools and fluxes g N m-2 (d-1) of the topsoil, 0-0.3 m; water kg m-2; GPP g C m-2 d-1; temperature degC.
Note:    what does not read pH is the same in all columns, simple on purpose: the difference between columns is that of pH.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from formulas import MODELS, Floats

SHARES = np.array([1.0, 2.0, 0.0, 0.0]) / 3.0  # of the topsoil's nitrogen in layers of 0.1, 0.2, 0.3, 0.4 m
LAYERS = np.array([0.1, 0.2, 0.3, 0.4])  # m
TOPSOIL_WATER = 75.0  # kg m-2
FERTILISER_DAYS = (105, 140)
DEPOSITION = 1.0  # g N m-2 a-1, half ammonium
MINERALISED = 8.0  # g N m-2 a-1
DEMAND = 18.0  # g N m-2 a-1 of an unlimited crop
GPP = 1400.0  # g C m-2 a-1 of an unlimited crop
DRAINAGE, TRANSPIRED = 250.0, 400.0  # kg m-2 a-1
RESPIRED = 0.6  # kg C m-2 a-1, soil and roots


@dataclass
class Day:
    """What the weather gives, the same for all columns."""

    temperature: float
    season: float  # 0 in winter to 2 in summer, mean 1
    drainage: float  # kg m-2 d-1
    transpired: float


def weather(day: int) -> Day:
    """A year without surprises: warm and dry in summer, drainage from October to April."""
    cosine = np.cos(2.0 * np.pi * (day % 365 - 200) / 365.0)
    wet = max(0.0, -cosine)
    return Day(10.0 + 9.0 * cosine, 1.0 + cosine, DRAINAGE * wet * np.pi / 365.0, TRANSPIRED * (1.0 + cosine) / 365.0)


class Host:
    """Columns of a crop. ``model`` (column): row of MODELS; ``fertiliser`` (column) g N m-2 a-1 as urea."""

    def __init__(self, model: np.ndarray, fertiliser: Floats) -> None:
        self.model, self.fertiliser = model, fertiliser
        self.nh4, self.no3 = np.full(len(model), 0.5), np.full(len(model), 2.0)

    def _of_model(self, what: str, *arguments: Floats) -> Floats:
        values = np.zeros(len(self.model))
        for row, model in enumerate(MODELS):
            mine = self.model == row
            given = getattr(model, what)
            values[mine] = given(*(a[mine] for a in arguments)) if callable(given) else given
        return values

    def step(self, day: int, ph: Floats) -> dict[str, Floats]:
        """One day; the fluxes by name, g N m-2 d-1 (gpp: g C)."""
        w = weather(day)
        warm = 2.0 ** ((w.temperature - 25.0) / 10.0)
        t = np.full(len(self.model), w.temperature)
        given = np.where(day % 365 in FERTILISER_DAYS, self.fertiliser / len(FERTILISER_DAYS), 0.0)
        mineralised = np.full(len(t), MINERALISED / 365.0 * w.season)
        self.nh4 += given + mineralised + 0.5 * DEPOSITION / 365.0
        self.no3 += 0.5 * DEPOSITION / 365.0
        lost = np.minimum(self._of_model("volatilisation", ph, t), 0.3) * self.nh4
        nitrified = np.minimum(self._of_model("nitrify_fastest") * warm * self._of_model("nitrification", ph), 0.5) * self.nh4
        self.nh4 -= lost + nitrified
        n2o = self._of_model("n2o_of_nitrification") * nitrified
        self.no3 += nitrified
        denitrified = 0.01 * warm * self._of_model("denitrification", ph) * self.no3
        leached = min(w.drainage / TOPSOIL_WATER, 0.5) * self.no3
        self.no3 -= denitrified + leached
        demand = DEMAND / 365.0 * w.season
        share = np.minimum(1.0, demand / np.maximum(0.2 * (self.nh4 + self.no3), 1e-12)) * 0.2
        from_nh4, from_no3 = share * self.nh4, share * self.no3
        self.nh4, self.no3 = self.nh4 - from_nh4, self.no3 - from_no3
        n2o = n2o + self._of_model("n2o_share", ph) * denitrified
        met = (from_nh4 + from_no3) / demand if demand > 0 else np.ones(len(t))
        gpp = GPP / 365.0 * w.season * met
        return {
            "given": given,
            "mineralised": mineralised,
            "nh3": lost,
            "nitrified": nitrified,
            "denitrified": denitrified,
            "n2o": n2o,
            "leached": leached,
            "from_nh4": from_nh4,
            "from_no3": from_no3,
            "gpp": gpp,
        }
