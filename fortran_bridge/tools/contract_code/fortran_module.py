"""``calcisol_variables.f90``: ids of all rows, counts, flag bits and public constants.

Names:   ids are role * 1000 + row, so that one ``link`` routine can tell a soil property from a forcing.
"""

from __future__ import annotations

from .contract import COUNT, NOTE, PREFIX, Contract, describe, describe_constant

ROLE = 1000
INTEGER = "  integer(c_int32_t), parameter :: "
REAL = "  real(c_double), parameter :: "


def _literal(value: float | int) -> str:
    """Of a kind that no compiler flag can change."""
    return f"{value}_c_int32_t" if isinstance(value, int) else f"{value!r}_c_double"


def text(contract: Contract) -> str:
    """The whole module."""
    lines = [f"! {NOTE}."]
    lines += ["! Ids for calcisol_arrays%link and for the state, with unit, shape, default and valid range; constants.", ""]
    lines += ["module calcisol_variables", "  use, intrinsic :: iso_c_binding, only: c_int32_t, c_double"]
    lines += ["  implicit none", "  public", ""]
    lines += [f"{INTEGER}calcisol_schema_version = {contract.variables.schema_version}_c_int32_t"]
    lines += [f"{INTEGER}calcisol_role = {ROLE}_c_int32_t  ! id = role * calcisol_role + row, row from 1"]
    lines += [f"{INTEGER}calcisol_n_{COUNT[role].lower()} = {len(contract.entries(role))}_c_int32_t" for role in PREFIX]
    for role, (prefix, number) in PREFIX.items():
        lines += ["", f"  ! {role}"]
        for i, entry in enumerate(contract.entries(role)):
            comment = describe(entry).replace("[ncol][nlay]", "(ncol,nlay)").replace("[ncol]", "(ncol)")
            lines.append(f"  ! {comment}")
            lines.append(f"{INTEGER}calcisol_{prefix.lower()}{entry.name} = {number * ROLE + i + 1}_c_int32_t")
    lines += ["", "  ! bits of the flag of a cell; 0 = all is well"]
    for flag in contract.variables.flags:
        lines += [f"  ! {flag.long_name}", f"{INTEGER}calcisol_flag_{flag.name} = {1 << flag.bit}_c_int32_t"]
    lines += ["", "  ! constants and limits: the numbers calcisol itself computes with"]
    for constant in contract.constants:
        if constant.public:
            kind = INTEGER if isinstance(constant.value, int) else REAL
            lines += [f"  ! {line}" for line in describe_constant(constant)]
            lines += [f"{kind}calcisol_{constant.name} = {_literal(constant.value)}"]
    return "\n".join([*lines, "", "end module calcisol_variables", ""])
