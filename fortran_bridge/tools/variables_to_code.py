"""Generate code and a page from the contract: variables.toml and constants.toml.

What:    writes one file in the format asked for; run by meson, nothing of it is kept in git.
Formats: header   calcisol_variables.h (contract_code/c_header.py)
         table    variable_table.inc, constants calcisol_constants.hpp: C++ of the library (cpp_source.py)
         fortran  calcisol_variables.f90 (fortran_module.py)
         ccpp     calcisol.meta (ccpp.py)
         page     variables.md, with the maps of hosts named after OUTPUT (page.py)
Use:     ``python variables_to_code.py variables.toml {header|table|constants|fortran|ccpp|page} OUTPUT [HOST.toml ...]``
"""

from __future__ import annotations

import sys
from pathlib import Path

from contract_code import c_header, ccpp, cpp_source, fortran_module, page
from contract_code.contract import load

FORMATS = {
    "header": c_header.text,
    "table": cpp_source.table,
    "constants": cpp_source.constants,
    "fortran": fortran_module.text,
    "ccpp": ccpp.text,
}


def main(argv: list[str]) -> None:
    """Write one file."""
    variables, kind, output, maps = Path(argv[1]), argv[2], Path(argv[3]), [Path(name) for name in argv[4:]]
    contract = load(variables)
    text = page.text(contract, maps) if kind == "page" else FORMATS[kind](contract)
    output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv)
