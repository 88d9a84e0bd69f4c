"""What a harvest takes out of the soil: nitrogen and bases by crop.

What:    ``CROPS``; ``progress``, by how much less the crops of the past could take up.
Units:   g N and mol_c of excess bases per kg of dry matter (cereals: of grain); nitrogen kg ha-1 year-1.
Source:  excess bases = Ca + Mg + K + Na less Cl, S (two charges) and P (one) of feed tables: wheat straw of the INRAE-CIRAD-AFZ
         tables (feedtables.com: K 12, Ca 4.4, Mg 1.1, Cl 6, S 1.1, P 0.7 g kg-1: 0.36 mol_c kg-1), timothy hay and cereals of the
         Minnesota tables (hay: K 16, Ca 4.5, Mg 2, Cl 5, S 1, P 2: 0.5). Slattery et al. 1991, doi:10.1071/EA9910321: hay
         takes 270-1260 kg CaCO3 ha-1 year-1, grain 7-20: the same order.
Use:     ``CROPS["hay"].bases``
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# upper limit of harvested nitrogen against 2019: croplands of Europe harvested 61 % of their nitrogen in 2019, about 45 % in 1980
# (EuropeAgriDB v1.0; the earlier year from memory), Lassaletta's curve with 0.55; before, older varieties [assumption]
PROGRESS = {1850: 0.40, 1950: 0.45, 1980: 0.55, 2000: 0.80, 2019: 1.0}


def progress(year: float) -> float:
    """Factor on ``Crop.y_max`` in a year."""
    return float(np.interp(year, list(PROGRESS), list(PROGRESS.values())))


@dataclass(frozen=True)
class Crop:
    """A crop as it leaves the field; ``y_max``: upper limit of its nitrogen, kg ha-1 year-1 (Lassaletta et al. 2014)."""

    nitrogen: float  # g kg-1
    bases: float  # mol_c kg-1
    y_max: float = 243.0  # Europe (EuropeAgriDB v1.0)
    fixed: float = 5.0  # kg N ha-1 year-1 from the air; free-living bacteria of arable soil [assumption]
    grass: bool = False  # not ploughed
    legume: bool = False
    """Fixes as much as its harvest holds, where that is known: three quarters of the nitrogen of faba beans comes from the air,
    and the grain holds about as much (Herridge et al. 2008, doi:10.1007/s11104-008-9668-3; from memory)."""


CROPS = {
    "cereal_grain": Crop(19.0, 0.03),  # straw stays; K 4.6, Mg 1.2, Ca 0.5, P 3.5, S 1.4, Cl 0.6
    "cereal_grain_and_straw": Crop(25.0, 0.36),  # 0.9 kg of straw a kg of grain
    "hay": Crop(16.0, 0.50, fixed=10.0, grass=True),  # a meadow with some clover
    "legume_hay": Crop(26.0, 1.10, y_max=400.0, fixed=120.0, grass=True, legume=True),  # K 22, Ca 13, Mg 2.7, Cl 5, S 2.5, P 2.6
    "grazed": Crop(30.0, 0.05, y_max=60.0, fixed=20.0, grass=True),  # what meat, milk and wool take; the rest returns
    "potatoes": Crop(15.0, 0.40),  # K 22, Mg 1, Ca 0.5, Cl 3, S 1.5, P 2.5
    "roots": Crop(11.0, 0.35),  # beet and turnips without their leaves
    "beans": Crop(45.0, 0.10, y_max=300.0, fixed=100.0, legume=True),  # K 13, Mg 1.5, Ca 1.2, P 6, S 2.4
    "oilseed": Crop(33.0, 0.10),
    "maize_silage": Crop(12.0, 0.25),
    "rotation": Crop(20.0, 0.20, fixed=20.0),  # cereals with some roots and beans, part of the straw carried off
    "fallow": Crop(20.0, 0.0, y_max=0.0),
}
