#!/bin/bash
# f90wrap and f2py pass an argument declared real(dp) through single precision; real(8) and double precision beside it stay double.
#
# Versions:  f90wrap 0.3.0 with f2py of numpy 2.4.6, gfortran 12.2, Python 3.11; seen on 2026-11-30
# Behaviour: in a module with `integer, parameter :: dp = kind(1d0)`, the function of real(dp) takes a Python float, rounds it to
#            single precision and gives it back: 0.1 becomes 0.10000000149, 1e-50 becomes 0. All builds and runs without a word on
#            the screen; f2py writes one line into its long log: "real(kind=dp)" is mapped to C "float". A kind map given to both
#            programs (f90wrap -k, f2py --f2cmap) corrects it. Arrays that are written into are refused by their size of element.
# Surprise:  the kind is a parameter of the same file, and Fortran knows it; f2py alone looks up such parameters, but f90wrap writes
#            wrappers into another file that only says "use". An unknown kind is taken for float, not refused, and scalars are
#            converted both ways, so that the wrapped model runs in double precision on inputs of single precision.
# Output:    without a kind map: 8 0.1 1e-50 | dp 0.10000000149011612 0.0 | double 0.1 1e-50
#            with a kind map: 8 0.1 1e-50 | dp 0.1 1e-50 | double 0.1 1e-50
set -euo pipefail
command -v gfortran > /dev/null || { echo "needs gfortran" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q --disable-pip-version-check install f90wrap==0.3.0 numpy==2.4.6 meson==1.12.1 ninja==1.13.0
export PATH="$work/venv/bin:$PATH"
cd "$work"
cat > soil.f90 <<'F90'
module soil
  implicit none
  integer, parameter :: dp = kind(1d0)
contains
  function of_kind_8(x) result(y)
    real(8), intent(in) :: x
    real(8) :: y
    y = x
  end function of_kind_8

  function of_kind_dp(x) result(y)
    real(dp), intent(in) :: x
    real(dp) :: y
    y = x
  end function of_kind_dp

  function of_double(x) result(y)
    double precision, intent(in) :: x
    double precision :: y
    y = x
  end function of_double
end module soil
F90
cat > look.py <<'PY'
import sys

from soil import soil

functions = {"8": soil.of_kind_8, "dp": soil.of_kind_dp, "double": soil.of_double}
print(f"{sys.argv[1]} a kind map:", " | ".join(f"{name} {f(0.1)!r} {f(1e-50)!r}" for name, f in functions.items()))
PY
echo "{'real': {'8': 'double', 'dp': 'double'}}" > kinds
gfortran -fPIC -c soil.f90
wrap() { # options of f90wrap, options of f2py
  rm -f _soil*.so
  # shellcheck disable=SC2086 # several options, or none
  { f90wrap $1 -m soil soil.f90 && FFLAGS="-I$work" f2py-f90wrap -c $2 -m _soil f90wrap_soil.f90 "$work/soil.o"; } > log 2>&1
}
wrap "" "" && python look.py without | tee out
wrap "-k kinds" "--f2cmap kinds" && python look.py with | tee -a out
diff out - <<'OUT'
without a kind map: 8 0.1 1e-50 | dp 0.10000000149011612 0.0 | double 0.1 1e-50
with a kind map: 8 0.1 1e-50 | dp 0.1 1e-50 | double 0.1 1e-50
OUT
