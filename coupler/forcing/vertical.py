"""The soil layers of a file: their order from the surface down, and the thickness that bounds of depth give.

What:    ``find_layers`` reads the vertical coordinate, wherever it points; variables are then taken in its order.
Units:   m, positive downward. Shapes: (soil_layer,), layer 1 at the surface.
Source:  CF conventions 1.11, 4.3 (positive, units of a vertical coordinate) and 7.1 (bounds).
         Without a coordinate, or with numbers 1, 2, 3, the first layer of the file is that at the surface, as in all land models.
Use:     ``layers = find_layers(dataset)``; ``array.isel({layers.dim: layers.order})``
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from ...emulator.contract import constants
from ..unit_names import spell
from ..units import UnitError, convert
from .axes import bounds_of, depth_coordinates, depth_dim
from .fault import ForcingError

MOST = constants.MAX_LAYERS
LOWER_FACES = ("solay", "soildiag")  # ORCHIDEE: the coordinate holds where each layer ends
THINNEST = 0.02  # m: thinner layers of a land model are joined with the next, as its adapters do (their pH would swing)
SLACK = 0.01  # m: centres and bounds are often rounded to centimetres
APART = 0.02  # share by which a thickness may differ from that of the bounds


@dataclass(frozen=True)
class Layers:
    """The layers of a file; ``order`` are positions along ``dim``, None where the file's own order is right."""

    dim: str
    count: int
    order: np.ndarray | None = None
    name: str = ""  # of the coordinate
    centre: np.ndarray | None = None  # depth, m, from the surface down; None where the file gives no length
    edges: np.ndarray | None = None  # (soil_layer, 2) from bounds, m

    @property
    def thickness(self) -> np.ndarray | None:
        """Thickness from bounds, m."""
        return None if self.edges is None else self.edges[:, 1] - self.edges[:, 0]


def _depths(coordinate: xr.DataArray, name: str) -> tuple[np.ndarray, bool, int]:
    """Values growing downward, whether they are lengths (in m), and the sign that made them so."""
    if coordinate.dtype.kind not in "fiu":
        raise ForcingError(f"{name} holds no numbers; give the depth of each layer in m")
    values = np.asarray(coordinate.values, np.float64)
    if not np.isfinite(values).all():
        raise ForcingError(f"{name} holds {int((~np.isfinite(values)).sum())} missing values of {values.size}; fill them")
    if len(np.unique(values)) < values.size:
        raise ForcingError(f"{name} holds the same depth twice ({values.tolist()}); give each layer its own")
    positive, units = str(coordinate.attrs.get("positive", "")).lower(), str(coordinate.attrs.get("units", ""))
    height = positive == "up" or (not positive and "height" in str(coordinate.attrs.get("standard_name", "")))
    length = False
    if units and spell(units).udunits != "1" and units not in ("level", "layer", "levels", "layers"):
        try:
            values, length = convert(values, units, "m", ""), True
        except UnitError as error:
            raise ForcingError(f"{name}: {error}") from None
    if length and values.min() < 0 < values.max():
        raise ForcingError(f"{name} goes from {values.min():g} to {values.max():g} m, through the surface; give depths below it")
    if length and positive == "down" and values.max() < 0:
        raise ForcingError(f'{name} says positive = "down" and holds {values.max():g} m, above the surface; correct one of them')
    below = length and values.max() <= 0 and values.min() < 0
    sign = -1 if height or below else 1
    if not length and not positive and not height and values.size > 1 and not (np.diff(values) > 0).all():
        raise ForcingError(
            f"{name} holds {', '.join(f'{x:g}' for x in values)} without a unit of length, "
            'so which layer is at the surface is not known; give depths in m, or positive = "down" or "up"'
        )
    if length and height and values.min() >= 0:  # heights above the base of the column: the order is known, depths are not
        length = False
    return sign * values, length, sign


def _edges(dataset: xr.Dataset, name: str, order: np.ndarray, sign: int) -> np.ndarray | None:
    """Bounds of the layers in m, from the surface down. Raises ForcingError where they leave gaps."""
    bounds = bounds_of(dataset, name)
    if not bounds:
        return None
    values = np.asarray(dataset[bounds].values, np.float64)
    if values.shape != (order.size, 2) or not np.isfinite(values).all():
        raise ForcingError(f"{bounds} has shape {values.shape} or holds missing values; give each layer its top and bottom")
    units = str(dataset[bounds].attrs.get("units", dataset[name].attrs.get("units", "m")))
    try:
        edges = np.sort(sign * convert(values, units, "m", ""), axis=1)[order]
    except UnitError as error:
        raise ForcingError(f"{bounds}: {error}") from None
    if abs(edges[0, 0]) > SLACK or (np.abs(edges[1:, 0] - edges[:-1, 1]) > 1e-3 * edges[1:, 1] + 1e-6).any():
        raise ForcingError(
            f"{bounds} leaves a gap or overlaps, from {edges[0, 0]:g} m: {edges.round(4).tolist()}; "
            "give layers that follow each other from the surface down"
        )
    return edges


def find_layers(dataset: xr.Dataset) -> Layers:
    """Layers of a dataset. Raises ForcingError where their order cannot be told, or is told twice."""
    dim = depth_dim(dataset)
    count = dataset.sizes[dim] if dim else 1
    if count > MOST:
        raise ForcingError(f"{dim} has {count} layers; the library takes 1 to {MOST}")
    if not count:
        raise ForcingError(f"{dim} has length 0; give at least one layer")
    found = Layers(dim, count)
    for name in depth_coordinates(dataset) if dim else ():
        if dataset[name].dims != (dim,):
            continue
        depth, length, sign = _depths(dataset[name], name)
        order = np.argsort(depth, kind="stable")
        if found.name and (order != (np.arange(count) if found.order is None else found.order)).any():
            raise ForcingError(f"{found.name} and {name} put the layers in different orders; remove the wrong one")
        if found.centre is not None or (found.name and not length):
            continue
        edges, centre = _edges(dataset, name, order, sign) if length else None, depth[order] if length else None
        if edges is None and centre is not None and name in LOWER_FACES and "dz" not in dataset.variables:
            edges = np.stack([np.concatenate([[0.0], centre[:-1]]), centre], axis=1)
            centre = edges.mean(1)
        same = (order == np.arange(count)).all()
        found = Layers(dim, count, None if same else order, name, centre, edges)
    return found


def joined(thickness: np.ndarray) -> np.ndarray | None:
    """Layer of the run of each layer of a file, (soil_layer,): thin ones join the next below, at the bottom the one above.

    ``thickness`` (column, soil_layer) m, of which the thinnest counts; None where all are thick enough.
    """
    least = thickness.min(0)
    if least.min() >= THINNEST:
        return None
    layer, number, thick = np.zeros(least.size, int), 0, 0.0
    for i, dz in enumerate(least):
        layer[i], thick = number, thick + dz
        if thick >= THINNEST and least[i + 1 :].sum() >= THINNEST:
            number, thick = number + 1, 0.0
    return layer


def check_thickness(layers: Layers, dz: np.ndarray) -> str:
    """One sentence where ``dz`` [m] (column, soil_layer) does not fit the depths of the file, else ""."""
    if layers.thickness is not None:
        off = np.abs(dz - layers.thickness) > APART * layers.thickness + 1e-3
        if off.any(0).any() and off.all(0).any():
            i = int(np.flatnonzero(off.all(0))[0])
            return (
                f"dz = {dz[0, i]:g} m of layer {i + 1} is not the {layers.thickness[i]:g} m between its bounds in {layers.name}; "
                "correct one of them (layers in another order, or another unit?)"
            )
    if layers.centre is not None:
        bottom = np.cumsum(dz, axis=1)
        off = (layers.centre < bottom - dz - SLACK - APART * bottom) | (layers.centre > bottom + SLACK + APART * bottom)
        if off.all(0).any():
            i = int(np.flatnonzero(off.all(0))[0])
            return (
                f"dz puts layer {i + 1} between {bottom[0, i] - dz[0, i]:g} and {bottom[0, i]:g} m, but {layers.name} at "
                f"{layers.centre[i]:g} m; correct one of them (layers in another order, or another unit?)"
            )
    return ""
