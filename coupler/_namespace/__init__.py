"""calcisol: soil pH and carbonate chemistry for land-surface models.

What:    the names a script needs; importing this package does not import torch.
Shapes:  numpy arrays are (column, soil_layer), layer 1 at the surface; SI units.
Use:     ``with calcisol.Model() as model: columns = model.columns({...}); out = columns.step(1800.0, {...})``
"""

from __future__ import annotations

from importlib.metadata import version as _version

from .coupler.capi import Model
from .coupler.columns import Columns
from .coupler.errors import CalcisolError

__version__ = _version("calcisol")
__all__ = ["CalcisolError", "Columns", "Model", "__version__"]
