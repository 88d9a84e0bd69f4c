"""Write the C source of a Python extension from its header: the header is the only declaration of what is called.

What:    strips a header of what cffi cannot read (preprocessor, inline helpers, attributes) and emits C code.
Use:     ``python build_cffi.py MODULE OUTPUT.c calcisol_variables.h calcisol.h``; the last header includes the others
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from cffi import FFI


def declarations(header: Path) -> str:
    """Plain C declarations of a header of ours; #define of an integer is kept as a constant."""
    text = re.sub(r"/\*.*?\*/", "", header.read_text(encoding="utf-8"), flags=re.S)
    text = re.sub(r"#ifndef CALCISOL_CFFI\n.*?\n#endif", "", text, flags=re.S)  # inline helpers
    text = re.sub(r"#ifdef __cplusplus\n.*?\n#endif", "", text, flags=re.S)
    constants = re.findall(r"^#define (CALCISOL_\w+) (\d+)\s*$", text, flags=re.M)
    text = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    text = re.sub(r"CALCISOL_SINCE\(\d+\)|CALCISOL_API", "", text)
    return "\n".join([*(f"#define {name} {value}" for name, value in constants), text])


def main(argv: list[str]) -> None:
    """Emit the extension's source."""
    module, output, headers = argv[1], argv[2], [Path(name) for name in argv[3:]]
    ffi = FFI()
    for header in headers:
        ffi.cdef(declarations(header))
    ffi.set_source(module, f'#include "{headers[-1].name}"')
    ffi.emit_c_code(output)


if __name__ == "__main__":
    main(sys.argv)
