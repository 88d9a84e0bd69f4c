! The choices of a host: which bundle, how it is stepped, what is looked at. Off unless a bundle is named.
!
! What:    calcisol_switch_t; a host with a parameter system of its own (getin_p) fills its components, any other keeps a file
!          calcisol.nml beside its namelists, group &calcisol_nml, which read_switch reads.
! Errors:  stat = 0 is fine; else one sentence in message. Nothing stops or prints.
! Use:     call read_switch('calcisol.nml', switch, stat, message);  if (switch%bundle == '') return
module calcisol_switch
  use, intrinsic :: iso_c_binding, only: c_double, c_int32_t
  use calcisol, only: calcisol_ok, calcisol_error_argument
  use calcisol_fit, only: finite, fit
  implicit none
  private
  public :: calcisol_switch_t, read_switch, look_at_switch

  character(len=10), parameter :: choices(3) = [character(len=10) :: 'pore_water', 'h2o', 'cacl2'] ! of feedback_ph

  type :: calcisol_switch_t
    character(len=512) :: bundle = '' ! path; empty: off
    logical :: feedback = .false.     ! our pH in the host's own formulas
    character(len=16) :: feedback_ph = 'pore_water' ! which: 'pore_water'; of a suspension in the laboratory, 'h2o' or 'cacl2'
    integer :: tile_columns = 0       ! columns handed over at once; 0: the library's own number
    real(c_double) :: step = 86400.0_c_double ! s; the host's calls are gathered until this long, 0: a step at every call
    integer :: check_every = 1        ! steps between two looks at the budgets, which hold over all of them
    real(c_double) :: check = 1.0e-10_c_double ! largest relative residual of a budget
    integer :: log_every = 10         ! steps between two lines of the log
    real(c_double) :: thickest_layer = 0.0_c_double ! m; thicker layers are split inside (calcisol_pieces_of), 0: none
  end type calcisol_switch_t

contains

  subroutine read_switch(file, switch, stat, message)
    character(len=*), intent(in) :: file
    type(calcisol_switch_t), intent(out) :: switch
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(out) :: message
    character(len=512) :: bundle
    character(len=16) :: feedback_ph
    logical :: feedback, exists
    integer :: tile_columns, check_every, log_every, unit, error
    real(c_double) :: step, check, thickest_layer
    namelist /calcisol_nml/ bundle, feedback, feedback_ph, tile_columns, step, check_every, check, log_every, thickest_layer
    stat = calcisol_ok
    message = ''
    bundle = switch%bundle
    feedback = switch%feedback
    feedback_ph = switch%feedback_ph
    tile_columns = switch%tile_columns
    step = switch%step
    check_every = switch%check_every
    check = switch%check
    log_every = switch%log_every
    thickest_layer = switch%thickest_layer
    inquire (file=file, exist=exists)
    if (.not. exists) return
    open (newunit=unit, file=file, status='old', action='read', iostat=error)
    if (error == 0) then
      read (unit, nml=calcisol_nml, iostat=error)
      close (unit)
    end if
    if (error /= 0) then
      stat = calcisol_error_argument
      message = file//' cannot be read; it is one group &calcisol_nml with bundle, feedback, feedback_ph, tile_columns, '// &
        'step, check_every, check, log_every, thickest_layer'
      return
    end if
    switch = calcisol_switch_t(bundle, feedback, feedback_ph, tile_columns, step, check_every, check, log_every, thickest_layer)
  end subroutine read_switch

  ! Whatever a host has read: a number that is none would leave the columns unstepped, or the budgets unseen, without a word.
  subroutine look_at_switch(switch, stat, message)
    type(calcisol_switch_t), intent(in) :: switch
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    real(c_double), parameter :: longest = 31*86400.0_c_double, thick = 5.0_c_double ! s, m
    character(len=24) :: number
    stat = calcisol_error_argument
    if (.not. within(switch%step, longest)) then
      write (number, '(es12.4)') fit(switch%step, 1.0_c_double)
      message = 'step = '//trim(adjustl(number))//' s; give 0 (a step at every call) to a month, 86400 for a day'
    else if (.not. within(switch%check, huge(longest))) then
      message = 'check is no number from 0 on; give the largest relative residual of a budget, 1e-10'
    else if (.not. within(switch%thickest_layer, thick)) then
      write (number, '(es12.4)') fit(switch%thickest_layer, 1.0_c_double)
      message = 'thickest_layer = '//trim(adjustl(number))//' m; give 0 to leave layers as they are, or 0.05 (5 cm, more below)'
    else if (all(switch%feedback_ph /= choices)) then
      message = 'feedback_ph is '//trim(switch%feedback_ph)//'; give pore_water, h2o or cacl2 (of a suspension in the laboratory)'
    else
      stat = calcisol_ok
    end if
  end subroutine look_at_switch

  pure function within(number, most) result(answer)
    real(c_double), intent(in) :: number, most
    logical :: answer
    answer = .false.
    if (finite(number)) answer = number >= 0.0_c_double .and. number <= most
  end function within

end module calcisol_switch
