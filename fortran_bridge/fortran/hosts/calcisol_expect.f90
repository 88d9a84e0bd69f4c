! The arrays a host hands over, looked at before they are read.
!
! What:    expect keeps the first complaint about an array that is not allocated or has another shape than the columns.
! Why:     an unallocated array is read at address 0, one of another shape out of bounds or from another column; neither says so.
! How:     adapters declare arrays optional: an unallocated actual argument is then absent (Fortran 2008, 15.5.2.12), not a crash.
! Use:     fault = '';  call expect(fault, 'stempdiag', [n, nslm], stempdiag);  if (fault /= '') return the sentence
module calcisol_expect
  use, intrinsic :: iso_c_binding, only: c_double
  use calcisol_fit, only: is_missing
  implicit none
  private
  public :: expect, expect_step, any_extent

  integer, parameter :: any_extent = -1

contains

  subroutine expect(fault, name, extent, array)
    character(len=*), intent(inout) :: fault ! blank until something is wrong
    character(len=*), intent(in) :: name
    integer, intent(in) :: extent(:)
    type(*), dimension(..), intent(in), optional :: array
    character(len=40) :: found, wanted
    if (fault /= '') return
    if (.not. present(array)) then
      fault = name//' is not allocated in this configuration of the host; calcisol needs it: choose the option that computes '// &
        'it, or leave calcisol off'
      return
    end if
    if (size(shape(array)) == size(extent)) then
      if (all(shape(array) == extent .or. extent == any_extent)) return
    end if
    write (found, '(*(i0,:,","))') shape(array)
    write (wanted, '(*(i0,:,","))') extent
    fault = name//' has the shape ('//trim(found)//'), calcisol was started for ('//trim(wanted)//')'
  end subroutine expect

  ! The length of a step, which adapters divide by.
  subroutine expect_step(fault, name, seconds)
    character(len=*), intent(inout) :: fault
    character(len=*), intent(in) :: name
    real(c_double), intent(in) :: seconds
    if (fault /= '') return
    if (.not. is_missing(seconds)) then
      if (seconds > 0.0_c_double) return
    end if
    fault = name//' is not a length of time in seconds above 0'
  end subroutine expect_step

end module calcisol_expect
