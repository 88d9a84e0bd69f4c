"""Chunks of a domain: columns on layers as asked for, and columns whose thick layers are cut into thin ones.

What:    ``chunks_of`` says which columns a chunk has and what their layers are. Which column takes thin layers is its own
         carbonate's doing (land/thin_layers.py), so that neither the grid nor the chunks change a bit of it.
Units:   m. Shapes: positions in the domain (column,).
Use:     ``for chunk in chunks_of(domain, config): domain.subset(chunk.columns), chunk.config, chunk.pieces``
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..config import MONTHLY, RunConfig
from ..errors import ArgumentError
from ..europe.domain import Domain
from ..europe.soil_and_inputs import SoilAndInputs
from ..land import thin_layers
from ..library.pieces import THICKEST, pieces_of
from ..units import C_KG_PER_MOL, CACO3_KG_PER_MOL


@dataclass(frozen=True)
class Chunk:
    """Some columns: their positions, the configuration whose ``layers`` they are stepped on, and what makes up a layer."""

    columns: NDArray[np.int64]
    config: RunConfig
    pieces: tuple[int, ...] = ()  # (): the layers are those of the records


def chunks_of(domain: Domain, config: RunConfig) -> list[Chunk]:
    """Chunks of ``config.chunk`` columns or fewer, alike in size and even in number: two workers end together."""
    pieces = _pieces(config.layers)
    thin = _thin(domain, config, pieces)
    groups = [g for g in (np.flatnonzero(~thin), np.flatnonzero(thin)) if len(g)]
    numbers = [-(-len(group) // config.chunk) for group in groups]
    if sum(numbers) % 2 and numbers:
        largest = int(np.argmax([len(group) for group in groups]))
        numbers[largest] = min(numbers[largest] + 1, len(groups[largest]))
    made = []
    for group, number in zip(groups, numbers, strict=True):
        own = (on_thin_layers(config, pieces), pieces) if thin[group[0]] else (config, ())
        edges = [len(group) * i // number for i in range(number + 1)]
        made += [Chunk(group[a:b], *own) for a, b in itertools.pairwise(edges)]
    return made


def _pieces(layers: tuple[float, ...]) -> tuple[int, ...]:
    """Pieces of each layer; thicker ones where there are so many layers that no column could hold them."""
    thickest = THICKEST
    while True:
        try:
            return tuple(pieces_of(layers, thickest))
        except ArgumentError:
            thickest *= 2.0


def _thin(domain: Domain, config: RunConfig, pieces: tuple[int, ...]) -> NDArray[np.bool_]:
    """Which columns (column,) take thin layers."""
    if config.layers_split != thin_layers.WHERE_NEEDED or config.weather == MONTHLY or not len(domain):
        return np.full(len(domain), config.layers_split == thin_layers.ALL and max(pieces) > 1)
    soil = SoilAndInputs(domain, config).static()
    carbonate = soil["caco3"] * soil["bulk_density"] * (C_KG_PER_MOL / CACO3_KG_PER_MOL)
    dz = soil["dz"][0]
    return thin_layers.needed(carbonate, dz, thin_layers.thick_from(dz, pieces))


def on_thin_layers(config: RunConfig, pieces: tuple[int, ...]) -> RunConfig:
    """The configuration with each layer cut into its pieces; constants by layer go with them."""
    cut: dict[str, Any] = {"layers": tuple(np.repeat(np.asarray(config.layers) / pieces, pieces).tolist())}
    for table in ("soil", "water", "carbon", "nitrogen"):
        of = getattr(config, table)
        by_layer = {f.name: getattr(of, f.name) for f in fields(of) if isinstance(getattr(of, f.name), tuple)}
        repeated = {k: tuple(np.repeat(v, pieces).tolist()) for k, v in by_layer.items() if len(v) == len(pieces) > 1}
        cut[table] = replace(of, **repeated)
    return replace(config, **cut)
