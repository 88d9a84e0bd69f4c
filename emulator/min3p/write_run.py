"""Write one MIN3P run folder for a Column: deck, database, boundary and temperature files.

What:    ``soil.dat`` and its companions, and ``column.json`` with what a reader needs to interpret the outputs.
Units:   MIN3P's: days, m, degC; water fluxes m/s. Layers from the bottom up.
Source:  MIN3P-THCm user manual (2019); deck.py and database.py have the contents.
Use:     ``write_run(folder, column, Path(os.environ["MIN3P_DB"]))``
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from ..contract.constants import SECONDS_PER_DAY
from ..contract.errors import InputError
from .column import MONTH_DAYS, Column
from .database import REACTIONS, write_database
from .deck import COMPONENTS, EDGE, STEM, Deck, DeckOptions, sorbed_species


def write_run(folder: Path, column: Column, stock: Path, options: DeckOptions | None = None) -> dict:
    """Write a fresh run folder and return its record (also kept as ``column.json``).

    An existing folder is removed first: old outputs would be read as results. Raises FileNotFoundError or ValueError from
    ``write_database``, and ValueError when a run is longer than MIN3P's 1000 rate factors.
    """
    options = options or DeckOptions()
    if column.months > 1000:
        raise InputError(f"{column.months} months exceed MIN3P's 1000 rate factors per zone; simulate at most 83 years in one go")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    deck = Deck(column, options)
    (folder / f"{STEM}.dat").write_text(deck.written())
    (folder / "root.dat").write_text(STEM)
    flux = column.drainage / (MONTH_DAYS * SECONDS_PER_DAY)
    rows = [  # a row ends a step: the second of each month leaves its last step short
        f"{time:.6f} {q:.9e} 1.0" for i, q in enumerate(flux) for time in (max(i * MONTH_DAYS, 1e-5), (i + 1) * MONTH_DAYS - EDGE)
    ]
    (folder / f"{STEM}.bcvs").write_text("\n".join(rows) + "\n")
    height = column.thickness.sum()
    elevation = " ".join(f"{height - z:.6f}" for z in column.centre[::-1])
    table = [f"{MONTH_DAYS:.9f} {column.layers} {elevation}"]
    table += [" ".join(f"{t:.4f}" for t in row[::-1]) for row in column.temperature]
    (folder / f"{STEM}.tem").write_text("\n".join(table) + "\n")
    digest = write_database(stock, folder / "db", options.sites, REACTIONS)  # all of them: one hash per data set
    record = {
        "thickness": column.thickness.tolist(),
        "components": list(COMPONENTS),
        "minerals": deck.minerals,
        "sorbed": sorbed_species(options.sites),
        "sites": options.sites,
        "bulk_density": column.bulk_density,
        "porosity": column.porosity,
        "months": column.months,
        "database_sha256": digest,
        "labels": column.labels,
    }
    (folder / "column.json").write_text(json.dumps(record, default=float, indent=1))
    return record
