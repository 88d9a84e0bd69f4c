"""A small field plot for the tests of `calcisol plot`: five treatments on one soil, twenty years.

Use:     ``site = written(tmp_path, SITE)``
"""

from __future__ import annotations

from pathlib import Path

from calcisol.coupler.plot.read_site import read_site
from calcisol.coupler.plot.site import Site

SITE = """
name = "a field"
start = 1960
end = 1979
treatments = ["nil", "AS", "AN", "SN", "limed"]
plough_cm = 23

[place]
latitude = 51.8
longitude = -0.37
country = "GBR"

[climate]
temperature_c = 9.3
rain_mm = 704
pet_mm = 580

[soil]
depth_cm = [23, 46, 100]
clay_percent = [20, 25, 30]
sand_percent = [25, 20, 20]
organic_carbon_percent = [1.2, 0.6, 0.3]
ph_h2o = [5.6, 6.2, 6.6]

[[history]]
years = [1960, 1979]
crop = "cereal_grain_and_straw"

[[history]]
years = [1960, 1979]
treatment = "AS"
n_kg_ha = 150
n_form = "ammonium_sulphate"

[[history]]
years = [1960, 1979]
treatment = "AN"
n_kg_ha = 150

[[history]]
years = "1960-1979"
treatment = "SN"
n_kg_ha = 150
n_form = "sodium_nitrate"

[[history]]
date = "1962-03-05"
treatment = "limed"
lime_t_ha = 5
lime = "ground_limestone"
"""


def written(folder: Path, text: str) -> Site:
    (folder / "site.toml").write_text(text, encoding="utf-8")
    return read_site(folder / "site.toml")
