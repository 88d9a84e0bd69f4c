"""``Model``: an opened bundle that makes columns; where a script begins.

Shapes:  none here; arrays are handled in ``columns.py``.
Use:     ``with Model() as model: columns = model.columns({"dz": dz}); out = columns.step(1800.0, {...})``
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .columns import Columns
from .open_bundle import OpenBundle

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class Model(OpenBundle):
    """A bundle, loaded and checked: arguments and errors as in ``OpenBundle``."""

    def columns(
        self,
        properties: Mapping[str, ArrayLike],
        *,
        ncol: int | None = None,
        nlay: int | None = None,
        pieces: Sequence[int] | None = None,
    ) -> Columns:
        """Columns of these soils, thick layers split inside into ``pieces``; see ``Columns`` for shapes and errors."""
        return Columns(self, properties, ncol=ncol, nlay=nlay, pieces=pieces)
