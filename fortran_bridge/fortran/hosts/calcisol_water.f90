! The water budget of a host's soil columns: drainage by closing it, and what the host's own fluxes leave open.
!
! What:    closing gives the drainage that water, sinks and infiltration of a step leave for the bottom of the soil: hosts with
!          a groundwater scheme give what runs off from the aquifer, which is not what leaves the soil. note compares with it
!          the drainage that is used: the difference is what the flux rebuilt at the surface misses of the host's infiltration.
! Units:   kg m-2, kg m-2 s-1; drainage + downward, sinks + out of the soil, infiltration + into the soil. Missing stays missing.
! Errors:  look: stat is calcisol_error_state where more than a twentieth of a column's infiltration was missed, at least 10 mm.
! Use:     closed = water%closing(c, dt, w_liq(c, :), w_ice(c, :), w_sink(c, :), infiltrated)
!          call water%note(c, dt, closed, q_bot, infiltrated);  call water%look(stat, message);  water%text() for the log
module calcisol_water
  use, intrinsic :: iso_c_binding, only: c_double, c_int32_t
  use calcisol, only: calcisol_ok, calcisol_error_state
  use calcisol_fit, only: fit, plus, sum_of, is_missing, missing
  implicit none
  private
  public :: calcisol_water_budget

  ! of the infiltration: what leaches would be off by more; kg m-2: a wet day that is missed once is no leak
  real(c_double), parameter :: share = 0.05_c_double, least = 10.0_c_double
  ! last digits of the water that the rounding of a host's kind may move in a step (some in every layer, flux and difference);
  ! without it real(4) adds up to 1 kg m-2 a year (Noah-MP), in the end an error in a desert
  real(c_double), parameter :: digits = 8.0_c_double

  type :: calcisol_water_budget
    real(c_double), allocatable :: gap(:)  ! (ncol) sum of what was missed, absolute, kg m-2
    real(c_double), allocatable :: into(:) ! (ncol) sum of infiltration, absolute, kg m-2
    real(c_double), allocatable, private :: before(:) ! (ncol) water at the last step
    logical, private :: noted = .false. ! a step has been compared
    real(c_double), private :: resolution = 0.0_c_double ! of the host's numbers: epsilon of its kind
    character(len=:), allocatable, private :: suspects ! options of the host that may move soil water past its fluxes
  contains
    procedure :: start => water_start
    procedure :: set => water_set
    procedure :: closing => water_closing
    procedure :: note => water_note
    procedure :: forget => water_forget
    procedure :: look => water_look
    procedure :: text => water_text
    procedure :: finish => water_finish
  end type calcisol_water_budget

contains

  subroutine water_start(self, ncol, suspects, resolution)
    class(calcisol_water_budget), intent(inout) :: self
    integer, intent(in) :: ncol
    character(len=*), intent(in) :: suspects
    real(c_double), intent(in) :: resolution
    call self%finish()
    allocate (self%gap(ncol), self%into(ncol), source=0.0_c_double)
    allocate (self%before(ncol), source=missing)
    self%suspects = suspects
    self%resolution = resolution
  end subroutine water_start

  ! Liquid and ice of column c as the host starts with them, kg m-2 in each layer.
  subroutine water_set(self, c, total)
    class(calcisol_water_budget), intent(inout) :: self
    integer, intent(in) :: c
    real(c_double), intent(in) :: total(:)
    self%before(c) = sum_of(total)
  end subroutine water_set

  ! waiting: water above the soil that infiltrated does not count yet, kg m-2.
  function water_closing(self, c, dt, w_liq, w_ice, w_sink, infiltrated, waiting) result(drainage)
    class(calcisol_water_budget), intent(inout) :: self
    integer, intent(in) :: c
    real(c_double), intent(in) :: dt, w_liq(:), w_ice(:), w_sink(:), infiltrated
    real(c_double), intent(in), optional :: waiting
    real(c_double) :: drainage, now
    now = plus(sum_of(w_liq), sum_of(w_ice))
    if (present(waiting)) now = plus(now, waiting)
    drainage = fit(plus(self%before(c), fit(now, -1.0_c_double)), 1.0_c_double/dt)
    drainage = plus(drainage, plus(infiltrated, fit(sum_of(w_sink), -1.0_c_double)))
    self%before(c) = now
  end function water_closing

  ! closed: the drainage that closes the step, used: what calcisol is given.
  subroutine water_note(self, c, dt, closed, used, infiltrated)
    class(calcisol_water_budget), intent(inout) :: self
    integer, intent(in) :: c
    real(c_double), intent(in) :: dt, closed, used, infiltrated
    real(c_double) :: rounded
    if (is_missing(closed) .or. is_missing(used) .or. is_missing(infiltrated)) return
    self%noted = .true.
    rounded = digits*self%resolution*max(self%before(c), 0.0_c_double)
    self%gap(c) = self%gap(c) + max(abs(used - closed)*dt - rounded, 0.0_c_double)
    self%into(c) = self%into(c) + abs(infiltrated)*dt
  end subroutine water_note

  ! The water of column c changed with its ground, not by a flux: the next step has nothing to compare with.
  subroutine water_forget(self, c)
    class(calcisol_water_budget), intent(inout) :: self
    integer, intent(in) :: c
    self%before(c) = missing
  end subroutine water_forget

  subroutine water_look(self, stat, message)
    class(calcisol_water_budget), intent(in) :: self
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    character(len=200) :: text ! room for whatever a host gives
    integer :: c
    stat = calcisol_ok
    do c = 1, size(self%gap)
      if (self%gap(c) <= share*self%into(c) + least) cycle
      stat = calcisol_error_state
      write (text, '(a,i0,2(a,f0.1),a)') 'the water of column ', c, ' does not close: ', self%gap(c), ' of ', self%into(c), &
        ' mm of infiltration are missed; '
      message = trim(text)//' an option of the host moves soil water past the fluxes it gives: switch off '//self%suspects
      return
    end do
  end subroutine water_look

  ! What was missed in the column where it is most, for the log.
  function water_text(self) result(text)
    class(calcisol_water_budget), intent(in) :: self
    character(len=:), allocatable :: text
    character(len=80) :: line
    integer :: c
    text = ' water not checked'
    if (.not. self%noted) return
    c = maxloc(self%gap, 1)
    write (line, '(a,es7.1,a,f0.1,a)') ' water missed ', self%gap(c), ' of ', self%into(c), ' mm'
    text = trim(line)
  end function water_text

  subroutine water_finish(self)
    class(calcisol_water_budget), intent(inout) :: self
    if (allocated(self%gap)) deallocate (self%gap, self%into, self%before)
    self%noted = .false.
  end subroutine water_finish

end module calcisol_water
