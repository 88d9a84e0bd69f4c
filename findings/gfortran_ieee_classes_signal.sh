#!/bin/bash
# ieee_is_nan, ieee_is_finite and ieee_class of gfortran raise the invalid flag on a signalling NaN, the very number they are to tell.
#
# Versions:  gfortran 12.2.0 (Debian 12: gfortran-12=12.2.0-14+deb12u1) and 14.2.0 (Debian 13: gfortran-14=14.2.0-19), x86-64,
#            -O0 and -O2, with -fsignaling-nans and without; seen on 2026-11-30
# Behaviour: of a signalling NaN that was passed by its bits (no flag is up before), each of the three gives the right answer and leaves
#            ieee_invalid up; a look at the bits as an integer does not.
# Surprise:  IEEE 754 (2019, 5.7.2) calls these operations non-computational: they signal nothing, even of a signalling NaN. Land models
#            fill their arrays with signalling NaN and run with traps to find numbers that were never set (CESM does): a check made to
#            step over such cells is then what stops the model. -fsignaling-nans, made for programs that use signalling NaNs, does not
#            change it.
# Output:    passed T F
#            ieee_is_nan T T
#            ieee_is_finite F T
#            ieee_class T T
#            bits T F
set -euo pipefail
version=$(gfortran -dumpfullversion 2> /dev/null || true)
case "$version" in
  12.2.0 | 14.2.0) ;;
  *) echo "needs gfortran 12.2.0 (apt-get install gfortran-12=12.2.0-14+deb12u1) or 14.2.0, found '$version'" >&2; exit 1 ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/signal.f90" <<'F90'
program signal
  use, intrinsic :: ieee_arithmetic
  use, intrinsic :: iso_fortran_env, only: real64, int64
  implicit none
  integer(int64), parameter :: infinity = int(z'7FF0000000000000', int64)
  integer(int64), volatile :: bits = infinity + 1
  call look(transfer(bits, 1.0_real64))
contains
  subroutine look(x)
    real(real64), intent(in) :: x
    call ieee_set_flag(ieee_invalid, .false.)
    call tell('passed', .true.)
    call tell('ieee_is_nan', ieee_is_nan(x))
    call tell('ieee_is_finite', ieee_is_finite(x))
    call tell('ieee_class', ieee_class(x) == ieee_signaling_nan)
    call tell('bits', iand(transfer(x, 1_int64), huge(1_int64)) > infinity)
  end subroutine look

  subroutine tell(name, answer)
    character(len=*), intent(in) :: name
    logical, intent(in) :: answer
    logical :: invalid
    call ieee_get_flag(ieee_invalid, invalid)
    print '(a, l2, l2)', name, answer, invalid
    call ieee_set_flag(ieee_invalid, .false.)
  end subroutine tell
end program signal
F90
for flags in "-O0" "-O2" "-O2 -fsignaling-nans"; do
  # shellcheck disable=SC2086 # several flags
  gfortran $flags "$work/signal.f90" -o "$work/signal"
  "$work/signal" | tee "$work/out"
  diff "$work/out" - <<'OUT'
passed T F
ieee_is_nan T T
ieee_is_finite F T
ieee_class T T
bits T F
OUT
done
