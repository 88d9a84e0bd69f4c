"""The domain of a run: Tier B where a folder of real fields is there, else Tier A, with the user's own maps put on it.

What:    ``load_domain``; Tier A is embedded.py (real grid, country nitrogen, regression climate and soil), Tier B observed.py.
Errors:  ConfigError for a folder that is not there; those of own_maps.py.
Use:     ``domain = load_domain(config); domain["caco3"]``
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..config import ConfigError, RunConfig
from . import embedded
from .domain import Domain


def data_folder(config: RunConfig) -> Path | None:
    """Folder of real fields: --data, CALCISOL_DATA, or ../shared/data beside the working folder; None = embedded default.

    Raises ConfigError when the user names a folder that is not there.
    """
    if config.data == "none":
        return None
    named = config.data or os.environ.get("CALCISOL_DATA", "")
    if named == "none":
        return None
    if named:
        folder = Path(named)
        if not (folder / "soil_climate").is_dir():
            raise ConfigError(
                f'data = {named} holds no folder soil_climate; name the folder that does, or "none" for the embedded default'
            )
        return folder
    beside = Path("../shared/data")
    return beside if (beside / "soil_climate").is_dir() else None


def load_domain(config: RunConfig) -> Domain:
    """All fields of the run's cells, cut to the arable (and by default calcareous) ones."""
    folder = data_folder(config)
    if folder is None:
        domain = embedded.build()
    else:
        from . import observed  # late, as below: readers of files that most runs do not have

        domain = observed.build(folder)
    if config.fields:
        from .own_maps import replace_fields

        domain = replace_fields(domain, config.fields)
    return refined(select(domain, config), config.refine)


def refined(domain: Domain, times: int) -> Domain:
    """Each cell cut into times x times smaller ones: areas shared, fields as in the cell, carbonate drawn from its spread."""
    if times == 1:
        return domain
    step = domain.degrees / times
    offset = (np.arange(times) + 0.5) * step - domain.degrees / 2
    lat = (domain.lat[:, None, None] + offset[None, :, None] + 0 * offset[None, None, :]).ravel()
    lon = (domain.lon[:, None, None] + 0 * offset[None, :, None] + offset[None, None, :]).ravel()
    cut = domain.subset(np.repeat(np.arange(len(domain)), times**2))
    fields = {k: replace(f, values=f.values / times**2) if f.units == "m2" else f for k, f in cut.fields.items()}
    content = np.clip(cut["caco3"] * np.exp(cut["caco3_ln_sd"] * embedded.draw(10 * lat, 10 * lon)), 0.02, 0.8)
    fields["caco3"] = replace(
        cut.fields["caco3"],
        values=content,
        provenance="synthetic",
        source=f"a draw from the spread inside the {domain.degrees:g} degree cell around its value: "
        + cut.fields["caco3"].source,
    )
    order = np.lexsort((lon, lat))
    return replace(cut, lat=lat, lon=lon, fields=fields, degrees=step).subset(order)


def select(domain: Domain, config: RunConfig) -> Domain:
    """Arable cells; with ``domain = "calcareous"`` the largest ones that hold ``coverage`` of the calcareous arable area."""
    area = domain["area"]
    if config.domain == "all":
        return domain.subset(area > 0)
    order = np.argsort(-area, kind="stable")
    total = np.cumsum(area[order])
    keep = np.sort(order[: int(np.searchsorted(total, config.coverage * total[-1])) + 1])
    return domain.subset(keep)
