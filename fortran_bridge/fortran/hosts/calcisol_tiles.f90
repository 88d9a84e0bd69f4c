! Soil tiles of a host as columns of their own, and the state that moves with the ground when their fractions change.
!
! What:    one tile is the mean of a point; with n, column (t - 1) points + i is tile t of point i, stepped where its fraction is
!          above 0. Ground that a shrinking tile loses takes its share of the state along; growing tiles get it mixed, in
!          proportion to what they gain, as ORCHIDEE mixes its soil water: what the soil of a point holds stays the same.
! Shapes:  fraction (point,tile) of the soil of a point; values (ncol), (ncol,layers), layers those of the state. Missing stays
!          missing, as in calcisol_fit.
! Errors:  stat and sentence of the library. Nothing stops or prints.
! Use:     if (tiles%moved(soiltile)) call tiles%move(columns, soiltile, layers, stat, message);  mean = tiles%mean(soil%co2_adj)
module calcisol_tiles
  use, intrinsic :: iso_c_binding, only: c_double, c_int32_t
  use calcisol, only: calcisol_columns, calcisol_n_state, calcisol_role, calcisol_ok
  use calcisol_fit, only: is_missing, finite, missing
  implicit none
  private
  public :: calcisol_tiles_t, tile_suffix

  real(c_double), parameter :: least = 1.0e-9_c_double ! of a fraction: less is no ground

  type :: calcisol_tiles_t
    integer :: points = 0, n = 1
    real(c_double), allocatable :: fraction(:, :) ! (point,tile) at the last step
  contains
    procedure :: start => tiles_start
    procedure :: moved => tiles_moved
    procedure :: move => tiles_move
    procedure :: mean => tiles_mean
    procedure :: share => tiles_share
  end type calcisol_tiles_t

contains

  ! What a name of tile t ends with.
  pure function tile_suffix(t) result(text)
    integer, intent(in) :: t
    character(len=merge(2, merge(3, 4, t < 100), t < 10)) :: text
    write (text, '(a,i0)') '_', t
  end function tile_suffix

  subroutine tiles_start(self, points, n)
    class(calcisol_tiles_t), intent(inout) :: self
    integer, intent(in) :: points, n
    if (allocated(self%fraction)) deallocate (self%fraction)
    self%points = points
    self%n = n
    allocate (self%fraction(points, n), source=merge(1.0_c_double, missing, n == 1)) ! of tiles: not known before the first step
  end subroutine tiles_start

  ! A fraction as it can be used: 0 for one that is missing or less than any ground.
  elemental function usable(fraction) result(share)
    real(c_double), intent(in) :: fraction
    real(c_double) :: share
    share = 0.0_c_double
    if (.not. finite(fraction)) return
    if (fraction > least .and. fraction < 2.0_c_double) share = fraction
  end function usable

  ! Fraction of tile t at point i, the whole where there is one column a point.
  pure function tiles_share(self, now, i, t) result(share)
    class(calcisol_tiles_t), intent(in) :: self
    real(c_double), intent(in) :: now(:, :)
    integer, intent(in) :: i, t
    real(c_double) :: share
    share = 1.0_c_double
    if (self%n > 1) share = usable(now(i, t))
  end function tiles_share

  ! Whether a fraction differs from that of the last step.
  pure function tiles_moved(self, now) result(answer)
    class(calcisol_tiles_t), intent(in) :: self
    real(c_double), intent(in) :: now(:, :)
    logical :: answer
    integer :: i, t
    answer = .false.
    if (self%n == 1) return
    answer = .true.
    do t = 1, self%n
      do i = 1, self%points
        if (self%fraction(i, t) <= missing) return
        if (abs(usable(now(i, t)) - self%fraction(i, t)) > least) return
      end do
    end do
    answer = .false.
  end function tiles_moved

  ! Mix the state of the columns for the new fractions and keep these. A point whose fractions are not known yet (at the first
  ! step, or where a restart held none) has nothing to mix; the others are mixed all the same.
  subroutine tiles_move(self, columns, now, layers, stat, message)
    class(calcisol_tiles_t), intent(inout) :: self
    type(calcisol_columns), intent(inout) :: columns
    real(c_double), intent(in) :: now(:, :)
    integer, intent(in) :: layers
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    real(c_double) :: slot(self%points*self%n, layers)
    logical :: known(self%points)
    integer :: k, i
    stat = calcisol_ok
    known = .not. any(self%fraction <= missing, 2)
    if (any(known)) then
      do k = 1, calcisol_n_state
        call columns%get_state(5_c_int32_t*calcisol_role + int(k, c_int32_t), slot, stat, message)
        do i = 1, self%points
          if (stat == calcisol_ok .and. known(i)) call mix(self%fraction(i, :), usable(now(i, :)), slot(i::self%points, :))
        end do
        if (stat == calcisol_ok) call columns%set_state(5_c_int32_t*calcisol_role + int(k, c_int32_t), slot, stat, message)
        if (stat /= calcisol_ok) return
      end do
    end if
    self%fraction = usable(now)
  end subroutine tiles_move

  ! One slot of the tiles of a point, (tile,layers). A tile without a state yet keeps none; ground out of it brings none.
  pure subroutine mix(old, new, slot)
    real(c_double), intent(in) :: old(:), new(:)
    real(c_double), intent(inout) :: slot(:, :)
    real(c_double) :: given(size(slot, 2)), ground
    integer :: t
    given = 0.0_c_double
    ground = 0.0_c_double
    do t = 1, size(old)
      if (new(t) >= old(t) .or. is_missing(slot(t, 1))) cycle
      given = given + (old(t) - new(t))*slot(t, :)
      ground = ground + old(t) - new(t)
    end do
    if (ground <= 0.0_c_double) return
    given = given/ground
    do t = 1, size(old)
      if (new(t) <= old(t)) cycle
      if (old(t) <= 0.0_c_double) then
        slot(t, :) = given
      else if (.not. is_missing(slot(t, 1))) then
        slot(t, :) = (old(t)*slot(t, :) + (new(t) - old(t))*given)/new(t)
      end if
    end do
  end subroutine mix

  ! Mean over the tiles of each point that hold a value, by fraction; missing where none does.
  pure function tiles_mean(self, values) result(mean)
    class(calcisol_tiles_t), intent(in) :: self
    real(c_double), intent(in) :: values(:) ! (ncol)
    real(c_double) :: mean(self%points), ground(self%points)
    integer :: i, t
    mean = 0.0_c_double
    ground = 0.0_c_double
    do t = 1, self%n
      do i = 1, self%points
        associate (value => values((t - 1)*self%points + i), share => self%fraction(i, t))
          if (share <= 0.0_c_double .or. is_missing(value)) cycle
          mean(i) = mean(i) + share*value
          ground(i) = ground(i) + share
        end associate
      end do
    end do
    do i = 1, self%points
      if (ground(i) > 0.0_c_double) mean(i) = mean(i)/ground(i)
      if (ground(i) <= 0.0_c_double) mean(i) = missing
    end do
  end function tiles_mean

end module calcisol_tiles
