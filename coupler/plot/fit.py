"""Parameters of a plot fitted to its own readings of pH: bounded least squares, posterior spread, treatments left out.

What:    ``fit`` varies factors of site.Parameters in their logarithm; ``left_out`` fits without a treatment and judges it.
Units:   pH. The fitted numbers belong to this plot; they never become defaults.
Source:  scipy.optimize.least_squares (trust region reflective, Branch, Coleman & Li 1999, doi:10.1137/S1064827595289108);
         spread: covariance s2 (J'J)^-1 at the optimum (Seber & Wild 2003). Derivatives by differences: runs are cheap.
Use:     ``found = fit(site, model, ("lime_factor", "cec_factor"))``
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from scipy.optimize import least_squares

from . import skill
from .read_toml import SiteError
from .simulate import simulate
from .site import Parameters, Site

BOUNDS = {
    "lime_factor": (0.3, 1.5), "cec_factor": (0.4, 2.5), "cec_variable": (0.3, 0.95), "weathering_factor": (0.1, 10.0),
    "sulphur_factor": (0.2, 3.0), "bases_factor": (0.1, 3.0), "respiration_factor": (0.3, 3.0), "drainage_factor": (0.5, 1.6),
}  # fmt: skip
STEP = 0.004  # relative step of a logarithm shifted by SHIFT, 1-3 % of the value: above the round-off of a run, below what bends
SHIFT = 5.0  # keeps the logarithms away from 0, where a relative step is none


@dataclass(frozen=True)
class Fitted:
    """Best values, their standard deviations as a factor (1.2: within +-20 %), and errors before and after."""

    values: dict[str, float]
    spread: dict[str, float]
    before: float
    after: float
    runs: int

    def parameters(self, of: Parameters) -> Parameters:
        """Those of a site with the fitted ones put in."""
        return replace(of, **self.values)


def names(text: str) -> tuple[str, ...]:
    """Names of ``--fit``. Raises SiteError for one that cannot be fitted."""
    found = tuple(x.strip() for x in text.split(",") if x.strip())
    known = [f.name for f in fields(Parameters)]
    for name in found:
        if name not in BOUNDS:
            raise SiteError(f"--fit {name} is not known; fit one or more of {', '.join(k for k in known if k in BOUNDS)}")
    return found


def _residuals(site: Site, model: Any) -> np.ndarray:
    found = []
    result = simulate(site, model)
    for what in ("ph_h2o", "ph_cacl2"):
        p = skill.pairs(result, what)
        found.append(p.simulated - p.measured)
    return np.concatenate(found)


def fit(site: Site, model: Any, wanted: tuple[str, ...]) -> Fitted:
    """Least squares over all readings of pH. Raises SiteError where there are too few."""
    if sum(r.what.startswith("ph") for r in site.readings) <= len(wanted):
        raise SiteError(f"--fit {','.join(wanted)} needs more readings of pH than parameters; name a CSV with observations")
    low, high = np.log([BOUNDS[k] for k in wanted]).T + SHIFT
    start = np.clip(np.log([max(getattr(site.parameters, k), 1e-6) for k in wanted]) + SHIFT, low + 1e-3, high - 1e-3)
    runs = 0

    def at(x: np.ndarray) -> np.ndarray:
        nonlocal runs
        runs += 1
        chosen = replace(site.parameters, **dict(zip(wanted, np.exp(x - SHIFT).tolist(), strict=True)))
        return _residuals(replace(site, parameters=chosen), model)

    found = least_squares(at, start, bounds=(low, high), diff_step=STEP, max_nfev=12, xtol=1e-3, ftol=1e-3)
    free = max(len(found.fun) - len(wanted), 1)
    covariance = np.linalg.pinv(found.jac.T @ found.jac) * (found.fun @ found.fun) / free
    spread = np.exp(np.sqrt(np.maximum(np.diag(covariance), 0.0)))
    first = at(start)
    return Fitted(
        dict(zip(wanted, np.exp(found.x - SHIFT).tolist(), strict=True)), dict(zip(wanted, spread.tolist(), strict=True)),
        float(np.sqrt(np.mean(first**2))), float(np.sqrt(np.mean(found.fun**2))), runs,
    )  # fmt: skip


def left_out(site: Site, model: Any, wanted: tuple[str, ...]) -> dict[str, tuple[float, float]]:
    """Error of each treatment's readings by its parameters as given, and fitted to all other treatments."""
    made = {}
    for name in site.treatments:
        own = tuple(r for r in site.readings if r.treatment == name)
        rest = tuple(r for r in site.readings if r.treatment != name)
        if not own or not rest:
            continue
        found = fit(replace(site, readings=rest), model, wanted)
        mine = replace(site, readings=own)
        given, cross = (
            float(np.sqrt(np.mean(_residuals(replace(mine, parameters=p), model) ** 2)))
            for p in (site.parameters, found.parameters(site.parameters))
        )
        made[name] = given, cross
    return made
