! What a sweep over the arguments of an adapter does to one array: every way in which a host's array can be bad.
!
! Ways:    1 quiet NaN, 2 signalling NaN, 3 infinity, 4 1e36 in the first column (the others stay good); 5 not allocated,
!          6 of size zero, 7 one column too many.
! Use:     copy = array;  call spoil(array, way);  call soil%step(...);  call judge(...);  array = copy
module sweep_tools
  use, intrinsic :: iso_c_binding, only: c_float, c_double, c_int32_t, c_int64_t
  implicit none
  integer, parameter :: n_ways = 7, last_value = 4
  integer, save :: calls = 0, wrong = 0

  interface spoil
    module procedure spoil_1, spoil_2, spoil_3, spoil_1s, spoil_2s, spoil_3s
  end interface spoil

contains

  pure function bad_64(way) result(value)
    integer, intent(in) :: way
    real(c_double) :: value
    integer(c_int64_t), parameter :: bits(last_value) = [int(z'7FF8000000000000', c_int64_t), &
      int(z'7FF4000000000000', c_int64_t), int(z'7FF0000000000000', c_int64_t), int(z'4768145B4A8F7C00', c_int64_t)]
    value = transfer(bits(way), value)
  end function bad_64

  pure function bad_32(way) result(value)
    integer, intent(in) :: way
    real(c_float) :: value
    integer(c_int32_t), parameter :: bits(last_value) = [int(z'7FC00000', c_int32_t), int(z'7FA00000', c_int32_t), &
      int(z'7F800000', c_int32_t), int(z'7B40A2DB', c_int32_t)]
    value = transfer(bits(way), value)
  end function bad_32

  subroutine spoil_1(array, way)
    real(c_double), allocatable, intent(inout) :: array(:)
    integer, intent(in) :: way
    integer :: n
    n = size(array)
    if (way <= last_value) array(1) = bad_64(way)
    if (way == 5) deallocate (array)
    if (way == 6) array = array(:0)
    if (way == 7) array = [array, array(n)]
  end subroutine spoil_1

  subroutine spoil_2(array, way)
    real(c_double), allocatable, intent(inout) :: array(:, :)
    integer, intent(in) :: way
    integer :: n
    n = size(array, 1)
    if (way <= last_value) array(1, :) = bad_64(way)
    if (way == 5) deallocate (array)
    if (way == 6) array = array(:0, :)
    if (way == 7) array = reshape([array, array(:1, :)], [n + 1, size(array, 2)])
  end subroutine spoil_2

  subroutine spoil_3(array, way)
    real(c_double), allocatable, intent(inout) :: array(:, :, :)
    integer, intent(in) :: way
    integer :: n
    n = size(array, 1)
    if (way <= last_value) array(1, :, :) = bad_64(way)
    if (way == 5) deallocate (array)
    if (way == 6) array = array(:0, :, :)
    if (way == 7) array = reshape([array, array(:1, :, :)], [n + 1, size(array, 2), size(array, 3)])
  end subroutine spoil_3

  subroutine spoil_1s(array, way)
    real(c_float), allocatable, intent(inout) :: array(:)
    integer, intent(in) :: way
    integer :: n
    n = size(array)
    if (way <= last_value) array(1) = bad_32(way)
    if (way == 5) deallocate (array)
    if (way == 6) array = array(:0)
    if (way == 7) array = [array, array(n)]
  end subroutine spoil_1s

  subroutine spoil_2s(array, way)
    real(c_float), allocatable, intent(inout) :: array(:, :)
    integer, intent(in) :: way
    integer :: n
    n = size(array, 1)
    if (way <= last_value) array(1, :) = bad_32(way)
    if (way == 5) deallocate (array)
    if (way == 6) array = array(:0, :)
    if (way == 7) array = reshape([array, array(:1, :)], [n + 1, size(array, 2)])
  end subroutine spoil_2s

  subroutine spoil_3s(array, way)
    real(c_float), allocatable, intent(inout) :: array(:, :, :)
    integer, intent(in) :: way
    integer :: n
    n = size(array, 1)
    if (way <= last_value) array(1, :, :) = bad_32(way)
    if (way == 5) deallocate (array)
    if (way == 6) array = array(:0, :, :)
    if (way == 7) array = reshape([array, array(:1, :, :)], [n + 1, size(array, 2), size(array, 3)])
  end subroutine spoil_3s

  ! A bad value leaves the other columns stepped; an array that is not as it should be is one sentence that names it.
  subroutine judge(name, way, on, stat, message, stepped, others)
    character(len=*), intent(in) :: name
    integer, intent(in) :: way, others
    logical, intent(in) :: on
    integer(c_int32_t), intent(in) :: stat
    character(len=:), allocatable, intent(in) :: message
    integer(c_int64_t), intent(in) :: stepped
    logical :: fine
    calls = calls + 1
    fine = stat == 0
    if (on .and. way <= last_value) fine = stat == 0 .and. stepped >= others
    if (on .and. way > last_value) fine = stat /= 0 .and. index(message, name) > 0
    if (fine) return
    wrong = wrong + 1
    print '(a,i0,3a,i0)', name//' way ', way, ': ', message, ' stepped ', stepped
  end subroutine judge

  subroutine must(condition, what)
    logical, intent(in) :: condition
    character(len=*), intent(in) :: what
    calls = calls + 1
    if (condition) return
    wrong = wrong + 1
    print '(a)', what
  end subroutine must

end module sweep_tools
