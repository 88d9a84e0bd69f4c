! Names, units and long names of the restart variables of soil columns, by their number.
!
! What:    calcisol_named_t: first the slots of the state (calcisol_state_...), each in as many sheets as its layers have pieces
!          (calcisol_pieces); then the fingerprint of the soil map; then what is gathered, if calls are.
! Use:     through calcisol_record, whose type extends this one; soil%variable_name(i), soil%units(i), soil%long_name(i)
module calcisol_names
  use, intrinsic :: iso_c_binding, only: c_int32_t
  use calcisol
  use calcisol_c, only: info_t, c_variable_get, text_of
  use calcisol_exchange, only: n_layered_sums, n_single_sums
  use calcisol_pieces, only: calcisol_pieces_t
  use calcisol_stepper, only: calcisol_stepper_t
  implicit none
  private
  public :: calcisol_named_t, n_kept, n_sums, state_id

  ! gathered: the time, the carbon flux of the last step; then sums in layers, sums per column
  integer, parameter :: n_kept = 2, n_sums = n_layered_sums + n_single_sums

  type, extends(calcisol_stepper_t) :: calcisol_named_t
    type(calcisol_pieces_t) :: pieces ! of the layers
    ! sums that the host does not give are not in its restart: for hosts that give from the start on all they will ever give
    logical :: only_given = .false.
  contains
    procedure :: sum_of_variable => named_sum
    procedure :: map_variable => named_map_variable
    procedure :: slot_of => named_slot_of
    procedure :: variable_name => named_name
    procedure :: units => named_units
    procedure :: long_name => named_long_name
  end type calcisol_named_t

contains

  ! The id of a slot, calcisol_state_...
  pure function state_id(slot) result(id)
    integer, intent(in) :: slot
    integer(c_int32_t) :: id
    id = 5_c_int32_t*calcisol_role + int(slot, c_int32_t)
  end function state_id

  ! The number of the fingerprint: after all sheets of the state.
  pure function named_map_variable(self) result(i)
    class(calcisol_named_t), intent(in) :: self
    integer :: i
    i = calcisol_n_state*self%pieces%sheets + 1
  end function named_map_variable

  ! Slot (1 to calcisol_n_state) and sheet of restart variable i; slot 0 where it is no state.
  pure subroutine named_slot_of(self, i, slot, sheet)
    class(calcisol_named_t), intent(in) :: self
    integer, intent(in) :: i
    integer, intent(out) :: slot, sheet
    slot = 0
    sheet = 1
    if (i < 1 .or. i >= self%map_variable()) return
    slot = (i - 1)/self%pieces%sheets + 1
    sheet = i - (slot - 1)*self%pieces%sheets
  end subroutine named_slot_of

  ! The sum that restart variable i holds, in the list of all of them: a sum keeps its name, whatever else a host gives.
  pure function named_sum(self, i) result(k)
    class(calcisol_named_t), intent(in) :: self
    integer, intent(in) :: i
    integer :: k, left
    k = i - self%map_variable() - n_kept
    if (.not. self%only_given) return
    left = k
    do k = 1, n_sums
      if (self%gives_sum(k)) left = left - 1
      if (left <= 0) return
    end do
  end function named_sum

  ! Name of a restart variable; at most 20 characters, which is what IOIPSL keeps. The number of a sheet stands in front: hosts
  ! may cut the end.
  function named_name(self, i) result(name)
    class(calcisol_named_t), intent(in) :: self
    integer, intent(in) :: i
    character(len=:), allocatable :: name
    type(info_t) :: info
    character(len=20) :: number
    integer :: slot, sheet
    write (number, '(a,i0)') 'calcisol_sum_', self%sum_of_variable(i)
    name = trim(number)
    if (i == self%map_variable()) name = 'calcisol_soil_map'
    if (i == self%map_variable() + 1) name = 'calcisol_elapsed'
    if (i == self%map_variable() + 2) name = 'calcisol_co2_adj'
    call self%slot_of(i, slot, sheet)
    if (slot == 0) return
    write (number, '(i2.2)') sheet
    if (sheet == 1) number = ''
    if (c_variable_get(5_c_int32_t, int(slot - 1, c_int32_t), info) == calcisol_ok) then
      name = 'calcisol'//trim(number)//'_'//text_of(info%name)
    end if
    name = name(:min(len(name), 20))
  end function named_name

  function named_units(self, i) result(units)
    class(calcisol_named_t), intent(in) :: self
    integer, intent(in) :: i
    character(len=:), allocatable :: units
    type(info_t) :: info
    integer :: slot, sheet
    units = '1'
    if (i == self%map_variable() + 1) units = 's'
    if (i == self%map_variable() + 2) units = 'kg m-2 s-1'
    call self%slot_of(i, slot, sheet)
    if (slot == 0) return
    if (c_variable_get(5_c_int32_t, int(slot - 1, c_int32_t), info) == calcisol_ok) units = text_of(info%units)
  end function named_units

  function named_long_name(self, i) result(long_name)
    class(calcisol_named_t), intent(in) :: self
    integer, intent(in) :: i
    character(len=:), allocatable :: long_name
    type(info_t) :: info
    character(len=24) :: number
    integer :: slot, sheet
    long_name = 'calcisol: gathered since the last step'
    if (i == self%map_variable()) long_name = 'calcisol: fingerprint of the soil map'
    if (i == self%map_variable() + 1) long_name = 'calcisol: time gathered since the last step'
    if (i == self%map_variable() + 2) long_name = 'calcisol: change of the surface CO2 flux in the last step, as carbon'
    call self%slot_of(i, slot, sheet)
    if (slot == 0) return
    write (number, '(a,i0,a)') 'piece ', sheet, ' of layers, '
    if (self%pieces%sheets == 1) number = ''
    if (c_variable_get(5_c_int32_t, int(slot - 1, c_int32_t), info) == calcisol_ok) then
      long_name = 'calcisol: '//number(:len_trim(number) + merge(1, 0, self%pieces%sheets > 1))//text_of(info%long_name)
    end if
  end function named_long_name

end module calcisol_names
