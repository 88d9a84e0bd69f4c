"""Richards' equation solved by Newton's method, one column, small fixed steps: what the linearised model is held against.

What:    backward Euler in mixed form (Celia, Bouloutas & Zarba 1990, Water Resour. Res. 26, 1483-1496), heads as unknowns,
         derivatives by differences; van Genuchten-Mualem without the linear part near saturation; sinks as MIN3P states them.
Units:   m, d. Use: ``water, drained = newton(dz, soil, roots, rain, transpiration, evaporation)``
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Loam:
    """One soil for all layers; k_sat in m d-1."""

    porosity: float = 0.46
    residual: float = 0.15
    alpha: float = 2.0
    n: float = 1.6
    k_sat: float = 0.2

    def saturation(self, head: np.ndarray) -> np.ndarray:
        """Share of the pores."""
        suction = np.maximum(-np.asarray(head, float), 0.0)
        return self.residual + (1 - self.residual) * (1 + (self.alpha * suction) ** self.n) ** (1 / self.n - 1)

    def conductivity(self, head: np.ndarray) -> np.ndarray:
        """m d-1."""
        share = (self.saturation(head) - self.residual) / (1 - self.residual)
        m = 1 - 1 / self.n
        return self.k_sat * np.sqrt(share) * (1 - (1 - share ** (1 / m)) ** m) ** 2


def fluxes(
    soil: Loam, dz: np.ndarray, head: np.ndarray, day: tuple[float, float, float], roots: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Fluxes through the lower faces and what each layer loses to roots and air, m d-1; free drainage."""
    rain, transpiration, evaporation = day
    k, s = soil.conductivity(head), soil.saturation(head)
    distance = 0.5 * (dz[1:] + dz[:-1])
    q = np.append(0.5 * (k[1:] + k[:-1]) * ((head[:-1] - head[1:]) / distance + 1), k[-1])
    wilting, field, dry = soil.saturation(np.array([-150.0, -2.0, -1600.0]))
    share = s * roots * dz / (s * roots * dz).sum()
    r = np.clip((s - wilting) / (field - wilting), 0.0, 1.0)
    top = np.cumsum(dz) - dz
    skin = np.clip(np.minimum(top + dz, 0.05) - top, 0, None) / 0.05
    lost = share * transpiration * r**2 / (r**2 + 0.0625) + skin * evaporation * np.clip((s - dry) / (field - dry), 0.0, 1.0)
    return np.append(rain, q[:-1]), q, lost


def newton(
    dz: np.ndarray, soil: Loam, roots: np.ndarray, weather: np.ndarray, start: float = 2.0, steps: int = 40
) -> tuple[np.ndarray, np.ndarray]:
    """Water of each layer at the end of each day [m] (day, layer), drainage of each day [m]; weather (day, 3) m d-1."""
    head = np.full(len(dz), -start)
    water, drained = [], []
    dt = 1.0 / steps
    for day in weather:
        out = 0.0
        for _ in range(steps):
            before = soil.saturation(head)

            def residual(h: np.ndarray, before: np.ndarray = before, day: np.ndarray = day) -> np.ndarray:
                into, out_of, lost = fluxes(soil, dz, h, tuple(day), roots)
                return soil.porosity * dz * (soil.saturation(h) - before) / dt - into + out_of + lost

            for _ in range(50):
                r = residual(head)
                if np.abs(r).max() < 1e-10:
                    break
                step = 1e-6 * np.maximum(np.abs(head), 1e-2)
                jacobian = np.stack(
                    [(residual(head + step[i] * (np.arange(len(dz)) == i)) - r) / step[i] for i in range(len(dz))], 1
                )
                move = np.linalg.solve(jacobian, -r)
                head = head + np.clip(move, -0.5 * np.abs(head) - 0.1, 0.5 * np.abs(head) + 0.1)
            out += fluxes(soil, dz, head, tuple(day), roots)[1][-1] * dt
        water.append(soil.porosity * dz * soil.saturation(head))
        drained.append(out)
    return np.array(water), np.array(drained)
