"""Bases set free by silicates, by parent material, texture and temperature.

What:    ``rate``, where nobody measured it.
Units:   mol_c m-2 year-1 per m of soil; clay, sand kg kg-1; temperature degC.
Source:  classes of the Mapping Manual of the Convention on Long-range Transboundary Air Pollution (chapter 5; from memory, the
         manual was not read): 500 (class - 0.5) eq ha-1 year-1 per m at 8 degC, times exp(A / 281 - A / (273 + T)), A = 3600 K.
         Half a metre of each class lies in the range that the same convention's critical loads have for it (WHO 2000, Air Quality
         Guidelines for Europe, table 34; read): acidic coarse below 250, medium 500 to 1000; intermediate coarse 250 to 500,
         medium 500 to 1000, fine above 1500 (here 1375); basic medium 1000 to 1500. There loess and the sediments of rivers and
         the sea are intermediate, sand(stone), gravel and granite acidic: more than SILTY of silt counts as loess [assumption].
Use:     ``rate(0.10, 0.70, 9.5)``
"""

from __future__ import annotations

import numpy as np

SENSITIVITY = 3600.0  # K
REFERENCE = 281.0  # K
SILTY = 0.5  # kg kg-1 of silt
CLASSES = {"acidic": (1.0, 3.0, 6.0), "intermediate": (2.0, 4.0, 6.0), "basic": (2.0, 5.0, 6.0)}
"""Weathering class of coarse, medium and fine soil by parent material."""


def weathering_class(clay: np.ndarray, sand: np.ndarray, parent: str = "") -> np.ndarray:
    """Class of coarse (clay below 18 %, sand above 65 %), medium or fine soil (clay from 35 %); no ``parent``: by silt."""
    clay, sand = np.asarray(clay, float), np.asarray(sand, float)
    texture = np.where((clay < 0.18) & (sand > 0.65), 0, np.where(clay >= 0.35, 2, 1))
    if parent:
        return np.array(CLASSES[parent])[texture]
    loess = 1.0 - clay - sand > SILTY
    return np.where(loess, np.array(CLASSES["intermediate"])[texture], np.array(CLASSES["acidic"])[texture])


def rate(clay: np.ndarray, sand: np.ndarray, temperature: float, parent: str = "") -> np.ndarray:
    """mol_c m-2 year-1 per m of soil, of the shape of ``clay``."""
    warmth = np.exp(SENSITIVITY / REFERENCE - SENSITIVITY / (273.0 + temperature))
    return 0.05 * (weathering_class(clay, sand, parent) - 0.5) * warmth
