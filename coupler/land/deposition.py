"""What the air brings where nobody measured it: sulphur, nitrogen, bases and sea salt since 1800.

What:    ``sulphur`` and ``nitrogen`` of a year; bases and sea salt as in NitrogenParameters.
Units:   kg S and kg N ha-1 year-1.
Source:  level: 40 kg S ha-1 in southern England in 1970 [assumption: between the more than 50 around large towns and the less
         than 15 of the remotest parts]; shape: British emissions (Lefohn et al. 1999, doi:10.1016/S1352-2310(99)00112-0; halved
         from 1970 to the early 1990s, Campbell & Smith, International Fertiliser Society; a tenth by 2010;
         sulphate in the rain of Rothamsted doubled from 1880 to 1980, Brimblecombe & Pitman 1980), elsewhere those of
         Europe, which grew tenfold from the 1880s to the 1970s (Mylona 1996, doi:10.1034/j.1600-0889.1996.t01-2-00005.x), fell by
         30 % in the 1980s and by 54 % in the 1990s (Vestreng et al. 2007). Between those dates read off the curves [assumption].
         Nitrogen: from 6 kg ha-1 before industry to 25 in 1985 and 17 in 2019 [assumption]. Other places: give your own.
         Bases: what falls today (NitrogenParameters), and ash for a quarter of the acid of sulphur [assumption]: they fell
         with it all over Europe and North America (Hedin et al. 1994, doi:10.1038/367351a0).
Use:     ``sulphur(1970, "GBR")`` -> 40.0
"""

from __future__ import annotations

import numpy as np

BRITAIN = {
    1800: 3.0, 1850: 8.0, 1880: 15.0, 1900: 18.0, 1930: 23.0, 1950: 29.0, 1962: 38.0, 1970: 40.0, 1980: 31.0, 1990: 22.0,
    1994: 17.0, 2000: 9.0, 2010: 4.0, 2020: 2.5,
}  # fmt: skip
EUROPE = {
    1800: 1.0, 1850: 1.5, 1880: 2.5, 1900: 5.0, 1930: 7.5, 1950: 10.0, 1962: 18.0, 1970: 24.0, 1980: 25.0, 1990: 17.0, 2000: 8.0,
    2010: 5.0, 2020: 3.0,
}  # fmt: skip
NITROGEN = {1800: 6.0, 1850: 8.0, 1900: 10.0, 1950: 15.0, 1985: 25.0, 2019: 17.0}

ASH = 0.25  # mol_c of bases per mol_c of sulphuric acid


def of(table: dict[int, float], year: float) -> float:
    """Value of a year, linear between those of the table, held before and after."""
    years = sorted(table)
    return float(np.interp(year, years, [table[y] for y in years]))


def sulphur(year: float, country: str) -> float:
    """kg S ha-1 year-1."""
    return of(BRITAIN if country == "GBR" else EUROPE, year)


def nitrogen(year: float) -> float:
    """kg N ha-1 year-1, half of it ammonium."""
    return of(NITROGEN, year)
