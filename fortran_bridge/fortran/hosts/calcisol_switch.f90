! The switch of all adapters: a file calcisol.nml beside the host's own namelists, group &calcisol_nml.
!
! What:    the bundle to open and how; without the file, or with an empty bundle, calcisol is off in this host.
! Errors:  stat = 0 is fine; else one sentence in message. Nothing stops or prints.
! Use:     call read_switch('calcisol.nml', switch, stat, message);  if (switch%bundle == '') return
module calcisol_switch
  use, intrinsic :: iso_c_binding, only: c_double, c_int32_t
  use calcisol, only: calcisol_ok, calcisol_error_argument
  implicit none
  private
  public :: switch_t, read_switch

  type :: switch_t
    character(len=512) :: bundle = '' ! path; empty: off
    logical :: feedback = .false.     ! our pH in the host's own formulas
    integer :: tile_columns = 0       ! 0: the library's own
    real(c_double) :: check = 1.0e-10_c_double ! largest relative residual of a budget in one step
  end type switch_t

contains

  subroutine read_switch(file, switch, stat, message)
    character(len=*), intent(in) :: file
    type(switch_t), intent(out) :: switch
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(out) :: message
    character(len=512) :: bundle
    logical :: feedback, exists
    integer :: tile_columns, unit, error
    real(c_double) :: check
    namelist /calcisol_nml/ bundle, feedback, tile_columns, check
    stat = calcisol_ok
    message = ''
    bundle = switch%bundle
    feedback = switch%feedback
    tile_columns = switch%tile_columns
    check = switch%check
    inquire (file=file, exist=exists)
    if (.not. exists) return
    open (newunit=unit, file=file, status='old', action='read', iostat=error)
    if (error == 0) read (unit, nml=calcisol_nml, iostat=error)
    if (error /= 0) then
      stat = calcisol_error_argument
      message = file//' cannot be read; it is one group &calcisol_nml with bundle, feedback, tile_columns, check'
      return
    end if
    close (unit)
    switch = switch_t(bundle, feedback, tile_columns, check)
  end subroutine read_switch

end module calcisol_switch
