"""``calcisol_variables.h``: enumerations of all rows, counts, flag bits and public constants, for C and C++."""

from __future__ import annotations

from .contract import COUNT, NOTE, PREFIX, Contract, describe, describe_constant


def text(contract: Contract) -> str:
    """The whole header."""
    lines = [f"/* {NOTE}.", " * Rows of the arrays of views handed to calcisol.h, with unit, shape, default and valid range;"]
    lines += [" * constants and limits. */", "#ifndef CALCISOL_VARIABLES_H", "#define CALCISOL_VARIABLES_H", ""]
    lines += [f"#define CALCISOL_SCHEMA_VERSION {contract.variables.schema_version}"]
    lines += [f"#define CALCISOL_N_{COUNT[role]} {len(contract.entries(role))}" for role in PREFIX]
    for role, (prefix, _) in PREFIX.items():
        lines += ["", f"/* {role} */", f"enum calcisol_{role}_row {{"]
        rows = contract.entries(role)
        for i, entry in enumerate(rows):
            comma = "," if i + 1 < len(rows) else ""
            lines.append(f"  CALCISOL_{prefix}{entry.name.upper()} = {i}{comma} /* {describe(entry)} */")
        lines.append("};")
    lines += ["", "/* bits of the flag of a cell; 0 = all is well */", "enum calcisol_flag_bit {"]
    flags = contract.variables.flags
    for i, flag in enumerate(flags):
        comma = "," if i + 1 < len(flags) else ""
        lines.append(f"  CALCISOL_FLAG_{flag.name.upper()} = {1 << flag.bit}{comma} /* {flag.long_name} */")
    lines += ["};", "", "/* constants and limits: the numbers calcisol itself computes with */"]
    for constant in contract.constants:
        if constant.public:
            lines += [f"/* {line} */" for line in describe_constant(constant)]
            lines += [f"#define CALCISOL_{constant.name.upper()} {constant.value!r}"]
    return "\n".join([*lines, "", "#endif", ""])
