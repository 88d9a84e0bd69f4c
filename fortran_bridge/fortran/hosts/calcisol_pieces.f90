! Thick layers of a host split inside into pieces (calcisol.h), and their state in restart variables of the host's own shape.
!
! What:    calcisol_pieces_t; sheet k of a slot holds the k-th piece of each layer, so a host needs no dimension of its own:
!          as many restart variables a slot as the layer of most pieces has. Without pieces it is the slot itself.
! Shapes:  (nlay) pieces, sheets (ncol,nlay), slots (ncol,state_layers). -9999 where a layer has no such piece.
! Errors:  stat = 0 is fine; a state of layers that were split otherwise is calcisol_error_state. Nothing stops or prints.
! Use:     through calcisol_record; the split itself is chosen by thickest_layer of calcisol_switch
module calcisol_pieces
  use, intrinsic :: iso_c_binding, only: c_double, c_int32_t
  use calcisol
  use calcisol_fit, only: is_missing, missing
  implicit none
  private
  public :: calcisol_pieces_t

  type :: calcisol_pieces_t
    integer(c_int32_t), allocatable :: of_layer(:) ! (nlay)
    integer :: sheets = 1
    real(c_double), allocatable, private :: slot(:, :) ! (ncol,state_layers), as far as its sheets have been put
  contains
    procedure :: choose => pieces_choose
    procedure :: sheet => pieces_sheet
    procedure :: put_sheet => pieces_put_sheet
    procedure :: mean => pieces_mean
  end type calcisol_pieces_t

contains

  ! For layers of these thicknesses (nlay) [m]; thickest [m], 0: none is split.
  subroutine pieces_choose(self, thickness, thickest, stat, message)
    class(calcisol_pieces_t), intent(inout) :: self
    real(c_double), intent(in) :: thickness(:), thickest
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    if (allocated(self%of_layer)) deallocate (self%of_layer)
    if (allocated(self%slot)) deallocate (self%slot)
    allocate (self%of_layer(size(thickness)), source=1_c_int32_t)
    stat = calcisol_ok
    if (thickest > 0.0_c_double) call calcisol_pieces_of(thickness, thickest, self%of_layer, stat, message)
    if (stat /= calcisol_ok) message = 'thickest_layer: '//message
    self%sheets = int(maxval(self%of_layer))
  end subroutine pieces_choose

  ! Sheet k of a slot (calcisol_state_...).
  subroutine pieces_sheet(self, columns, slot, k, values, stat, message)
    class(calcisol_pieces_t), intent(in) :: self
    type(calcisol_columns), intent(in) :: columns
    integer(c_int32_t), intent(in) :: slot
    integer, intent(in) :: k
    real(c_double), intent(inout) :: values(:, :)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    real(c_double) :: all_pieces(size(values, 1), columns%state_layers())
    integer :: l, first
    call columns%get_state(slot, all_pieces, stat, message)
    if (stat /= calcisol_ok) return
    values = missing
    first = 0
    do l = 1, size(self%of_layer)
      if (k <= self%of_layer(l)) values(:, l) = all_pieces(:, first + k)
      first = first + int(self%of_layer(l))
    end do
  end subroutine pieces_sheet

  ! The same back; with the last one the slot is set.
  subroutine pieces_put_sheet(self, columns, slot, k, values, stat, message)
    class(calcisol_pieces_t), intent(inout) :: self
    type(calcisol_columns), intent(inout) :: columns
    integer(c_int32_t), intent(in) :: slot
    integer, intent(in) :: k
    real(c_double), intent(in) :: values(:, :)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    integer :: i, l, first
    stat = calcisol_ok
    if (.not. allocated(self%slot)) allocate (self%slot(size(values, 1), columns%state_layers()))
    if (k == 1) self%slot = missing
    first = 0
    do l = 1, size(self%of_layer)
      if (k <= self%of_layer(l)) self%slot(:, first + k) = values(:, l)
      first = first + int(self%of_layer(l))
    end do
    if (k < self%sheets) return
    do i = 1, size(self%slot, 1)
      if (all(is_missing(self%slot(i, :))) .or. .not. any(is_missing(self%slot(i, :)))) cycle
      stat = calcisol_error_state
      message = 'the layers of the restart were split otherwise than now; go on with the thickest_layer it was written with, '// &
        'or start without these variables'
      return
    end do
    call columns%set_state(slot, self%slot, stat, message)
  end subroutine pieces_put_sheet

  ! Mean of a slot over the pieces of each layer, which are equally thick; missing stays missing.
  subroutine pieces_mean(self, columns, slot, values, stat, message)
    class(calcisol_pieces_t), intent(in) :: self
    type(calcisol_columns), intent(in) :: columns
    integer(c_int32_t), intent(in) :: slot
    real(c_double), intent(inout) :: values(:, :)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    real(c_double) :: all_pieces(size(values, 1), columns%state_layers())
    integer :: l, first, n
    call columns%get_state(slot, all_pieces, stat, message)
    if (stat /= calcisol_ok) return
    first = 0
    do l = 1, size(self%of_layer)
      n = int(self%of_layer(l))
      values(:, l) = all_pieces(:, first + 1)
      if (n > 1) values(:, l) = sum(all_pieces(:, first + 1:first + n), 2)/n
      first = first + n
    end do
  end subroutine pieces_mean

end module calcisol_pieces
