#!/bin/bash
# gfortran 12 gives a text back with the length of the text before it, where an optional deferred-length argument is handed on.
#
# Versions:  wrong in gfortran 12.2.0 (Debian 12: gfortran-12=12.2.0-14+deb12u1), right in 14.2.0 (Debian 13: gfortran-14=14.2.0-19),
#            x86-64, -O0 and -O2, no warning with -Wall -Wextra, nothing told with -fcheck=all; seen on 2026-12-01
# Behaviour: a procedure with `character(:), allocatable, intent(out), optional :: message` hands message on to another one with the same
#            argument, which sets it. The caller gets the characters of the new text and the length that its variable had before: a text
#            of 14 characters comes back as 3 after one of 3. Without `optional` in the outer procedure, or with the text set in a local
#            variable first, the length is right. (GCC's PR 93762 is about the same length; it stood open for years.)
# Surprise:  wrapping a library's call in one's own procedure with the same optional `errmsg` is how Fortran hosts pass errors on, and the
#            standard (F2018, 15.5.2.12) lets an optional dummy be the actual argument of an optional dummy. The message arrives cut
#            off or empty, and whoever prints it only when it has a length prints none.
# Output:    handed on 3 [can]                   (14.2.0: handed on 14 [cannot open it])
#            not optional 14 [cannot open it]
#            by a local variable 14 [cannot open it]
set -euo pipefail
version=$(gfortran -dumpfullversion 2> /dev/null || true)
case "$version" in
  12.2.0) handed_on='handed on 3 [can]' ;;
  14.2.0) handed_on='handed on 14 [cannot open it]' ;;
  *) echo "needs gfortran 12.2.0 (apt-get install gfortran-12=12.2.0-14+deb12u1) or 14.2.0, found '$version'" >&2; exit 1 ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/hand_on.f90" <<'F90'
module library
  implicit none
contains
  subroutine open_file(message)
    character(len=:), allocatable, intent(out), optional :: message
    if (present(message)) message = 'cannot open it'
  end subroutine open_file

  subroutine handed_on(message)
    character(len=:), allocatable, intent(out), optional :: message
    call open_file(message)
  end subroutine handed_on

  subroutine not_optional(message)
    character(len=:), allocatable, intent(out) :: message
    call open_file(message)
  end subroutine not_optional

  subroutine local_variable(message)
    character(len=:), allocatable, intent(out), optional :: message
    character(len=:), allocatable :: text
    call open_file(text)
    if (present(message)) call move_alloc(text, message)
  end subroutine local_variable
end module library

program hand_on
  use library
  implicit none
  character(len=:), allocatable :: message
  message = 'old'
  call handed_on(message)
  print '(a, i0, 3a)', 'handed on ', len(message), ' [', message, ']'
  message = 'old'
  call not_optional(message)
  print '(a, i0, 3a)', 'not optional ', len(message), ' [', message, ']'
  message = 'old'
  call local_variable(message)
  print '(a, i0, 3a)', 'by a local variable ', len(message), ' [', message, ']'
end program hand_on
F90
for flags in "-O0" "-O2" "-O0 -Wall -Wextra -fcheck=all"; do
  # shellcheck disable=SC2086 # several flags
  gfortran $flags "$work/hand_on.f90" -o "$work/hand_on" 2> "$work/warnings"
  test ! -s "$work/warnings"
  "$work/hand_on" | tee "$work/out"
  diff "$work/out" - <<OUT
$handed_on
not optional 14 [cannot open it]
by a local variable 14 [cannot open it]
OUT
done
