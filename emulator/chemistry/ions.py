"""Rows of the tensors that hold one row per ion: the one place where an ion has a number.

What:    pools, concentrations and affinities are [ion, layer, column] with the ions in the order of ``constants.POOLS``; some end
         earlier, after the divalent ions [2] or the cations [5]. TorchScript cannot look a name up, hence a function for each.
Shapes:  [ion, layer, column] -> [layer, column], or [fewer ions, layer, column] where the docstring says so.
Use:     ``calcium(pools)``, ``sulphate(pools)``, ``cations(pools)``
"""

from torch import Tensor


def calcium(rows: Tensor) -> Tensor:
    """The row of Ca."""
    return rows[0]


def magnesium(rows: Tensor) -> Tensor:
    """The row of Mg."""
    return rows[1]


def potassium(rows: Tensor) -> Tensor:
    """The row of K."""
    return rows[2]


def sodium(rows: Tensor) -> Tensor:
    """The row of Na."""
    return rows[3]


def ammonium(rows: Tensor) -> Tensor:
    """The row of NH4."""
    return rows[4]


def nitrate(rows: Tensor) -> Tensor:
    """The row of NO3."""
    return rows[5]


def chloride(rows: Tensor) -> Tensor:
    """The row of Cl."""
    return rows[6]


def sulphate(rows: Tensor) -> Tensor:
    """The row of SO4."""
    return rows[7]


def cations(rows: Tensor) -> Tensor:
    """Ca, Mg, K, Na and NH4 [5, ...]: those that the exchanger holds."""
    return rows[:5]


def divalent(rows: Tensor) -> Tensor:
    """Ca and Mg [2, ...]: those that form pairs."""
    return rows[:2]


def monovalent(rows: Tensor) -> Tensor:
    """K, Na and NH4 [3, ...] of a tensor of cations."""
    return rows[2:]


def monovalent_anions(rows: Tensor) -> Tensor:
    """NO3 + Cl [layer, column], which react with nothing here."""
    return nitrate(rows) + chloride(rows)


def anions(rows: Tensor) -> Tensor:
    """NO3, Cl and SO4 [3, ...]."""
    return rows[5:]


def calcium_alone(rows: Tensor) -> Tensor:
    """The row of Ca as a tensor of one row [1, ...]."""
    return rows[:1]


def all_but_calcium(rows: Tensor) -> Tensor:
    """The rows after that of Ca."""
    return rows[1:]
