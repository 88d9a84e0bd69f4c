! The step of a host's columns and its budgets: calls gathered to one step, residuals of carbon, calcium and nitrogen.
!
! What:    calcisol_stepper_t; advance(dt) steps at every call of the host, or once its calls have filled the chosen step; the
!          fluxes a host reads (co2_adj) are then those of the last whole step, so that their sum over time is that of the steps.
! Units:   SI, per m2 of soil. Budgets hold over check_every steps, relative to what went through a column in them.
! pH:      ph_read and ph_read_top are what the host's formulas are given: of pore water, or of a suspension in the laboratory.
! Errors:  stat = 0 is fine; else one sentence in message. A budget that misses, or a soil in which no column has stepped after
!          ten tries (two steps where calls are gathered), is calcisol_error_state. Nothing stops or prints.
! Use:     through calcisol_land, whose type extends this one
module calcisol_stepper
  use, intrinsic :: iso_c_binding, only: c_double, c_int32_t, c_int64_t
  use calcisol
  use calcisol_balance, only: balance, stocks
  use calcisol_exchange, only: calcisol_exchange_t
  use calcisol_fit, only: is_missing, missing, total
  use calcisol_switch, only: calcisol_switch_t
  implicit none
  private
  public :: calcisol_stepper_t, clear

  ! steps after which a soil that was never stepped is an error; hosts fill their arrays in one call, but lose with it a step
  ! of many
  integer, parameter :: patience = 10, patience_gathered = 2

  type, extends(calcisol_exchange_t) :: calcisol_stepper_t
    logical :: on = .false. ! a bundle is open and the columns exist
    integer :: steps = 0, calls = 0
    integer(c_int64_t) :: clipped = 0 ! cells and steps so far in which a number of the host was out of range and clipped
    real(c_double) :: worst(3) = 0.0_c_double ! largest relative residual so far of carbon, calcium, nitrogen
    real(c_double) :: last(3) = 0.0_c_double  ! those of the last look
    real(c_double) :: elapsed = 0.0_c_double  ! s gathered so far
    real(c_double) :: limit = 0.0_c_double    ! of a residual
    type(calcisol_switch_t) :: switch
    type(calcisol_report) :: report
    type(calcisol_columns) :: columns
    real(c_double), allocatable :: stock(:, :) ! (ncol,3) at the last look, mol m-2; negative: not known
    logical, allocatable, private :: known(:) ! (ncol): has a state
    logical :: just_stepped = .false. ! in the last call of the host, not only gathered
    logical, private :: flushed = .false. ! since the last call of the host: its line of the log is still due
    real(c_double), pointer :: ph_read(:, :) => null(), ph_read_top(:) => null() ! (ncol,nlay); (ncol) mean over 0-0.3 m
    ! of the laboratory; not allocated where pH of pore water is read
    type(calcisol_arrays), allocatable, private :: laboratory
    real(c_double), allocatable, private :: top_share(:, :) ! (ncol,nlay) of 0-0.3 m
    ! since the last look: across the border, and the sum of absolute values [mol m-2]
    real(c_double), allocatable, private :: flux(:, :), through(:, :)
    real(c_double), allocatable, private :: after(:, :), slot(:, :, :) ! to work in, so that a step allocates nothing
  contains
    procedure :: prepare => stepper_prepare
    procedure :: advance => stepper_advance
    procedure :: flush => stepper_flush
    procedure :: choose_ph => stepper_choose_ph
    procedure :: read_ph => stepper_read_ph
    procedure :: take_stock => stepper_take_stock
    procedure :: waiting => stepper_waiting
    procedure :: forget => stepper_forget
  end type calcisol_stepper_t

contains

  ! Arrays for the columns just made.
  subroutine stepper_prepare(self, switch, ncol, nlay)
    class(calcisol_stepper_t), intent(inout) :: self
    type(calcisol_switch_t), intent(in) :: switch
    integer, intent(in) :: ncol, nlay
    self%switch = switch
    call self%make(ncol, nlay, gathered=switch%step > 0.0_c_double)
    allocate (self%stock(ncol, 3), source=-1.0_c_double)
    allocate (self%known(ncol), source=.false.)
    allocate (self%flux(ncol, 3), self%through(ncol, 3), self%after(ncol, 3), source=0.0_c_double)
    allocate (self%slot(ncol, self%columns%state_layers(), 5), source=0.0_c_double)
    self%limit = switch%check
    if (index(calcisol_build_info(), 'stub') > 0) self%limit = huge(self%limit) ! the stub moves no matter: nothing to close
    self%ph_read => self%ph
    self%ph_read_top => self%ph_top
    self%on = .true.
  end subroutine stepper_prepare

  ! Which pH the host's formulas are given: 'pore_water', or that of a suspension, 'h2o' or 'cacl2'. dz (ncol,nlay) [m].
  subroutine stepper_choose_ph(self, which, dz)
    class(calcisol_stepper_t), intent(inout) :: self
    character(len=*), intent(in) :: which
    real(c_double), intent(in) :: dz(:, :)
    real(c_double), parameter :: topsoil = 0.3_c_double ! m, as ph_top
    real(c_double) :: below(size(dz, 1))
    integer :: l
    if (which == 'pore_water') return
    allocate (self%ph_read(self%ncol, self%nlay), self%ph_read_top(self%ncol), source=missing)
    allocate (self%top_share(self%ncol, self%nlay), self%laboratory)
    below = topsoil
    do l = 1, self%nlay
      self%top_share(:, l) = max(min(dz(:, l), below), 0.0_c_double)
      below = below - self%top_share(:, l)
    end do
    do l = 1, self%nlay
      self%top_share(:, l) = self%top_share(:, l)/max(topsoil - below, tiny(below))
    end do
    call self%laboratory%link(merge(calcisol_lab_ph_h2o, calcisol_lab_ph_cacl2, which == 'h2o'), self%ph_read)
  end subroutine stepper_choose_ph

  ! The pH of a suspension of the soil as it is now; that of pore water comes with each step.
  subroutine stepper_read_ph(self, stat, message)
    class(calcisol_stepper_t), intent(inout) :: self
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    integer :: i
    stat = calcisol_ok
    if (.not. allocated(self%laboratory)) return
    call self%columns%laboratory_ph(self%laboratory, stat, message)
    if (stat /= calcisol_ok) return
    do i = 1, self%ncol
      self%ph_read_top(i) = total(self%ph_read(i, :), self%top_share(i, :), 1.0_c_double)
    end do
  end subroutine stepper_read_ph

  ! dt seconds of the host have passed, with the forcing as it now stands in the arrays.
  subroutine stepper_advance(self, dt, stat, message)
    class(calcisol_stepper_t), intent(inout) :: self
    real(c_double), intent(in) :: dt
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    stat = calcisol_ok
    call clear(message)
    self%just_stepped = self%flushed
    self%flushed = .false.
    if (.not. self%on) return
    if (self%switch%step <= 0.0_c_double) then
      call one_step(self, dt, stat, message)
      return
    end if
    call self%gather(dt)
    self%elapsed = self%elapsed + dt
    if (self%elapsed >= self%switch%step - 0.5_c_double*dt) call self%flush(stat, message)
    self%flushed = .false.
  end subroutine stepper_advance

  ! Step over what has been gathered so far, if anything: before the columns themselves change.
  subroutine stepper_flush(self, stat, message)
    class(calcisol_stepper_t), intent(inout) :: self
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    real(c_double) :: step
    stat = calcisol_ok
    step = self%elapsed
    if (step <= 0.0_c_double) return
    call self%average(step)
    self%elapsed = 0.0_c_double
    call one_step(self, step, stat, message)
    self%flushed = .true.
  end subroutine stepper_flush

  subroutine one_step(self, step, stat, message)
    class(calcisol_stepper_t), intent(inout) :: self
    real(c_double), intent(in) :: step
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    self%calls = self%calls + 1
    self%co2_adj = missing ! the library writes nothing for inactive columns: what is still missing then was not stepped
    call self%columns%step(step, self%io, stat, message, self%report)
    if (stat /= calcisol_ok) return
    self%steps = self%steps + 1
    self%just_stepped = .true.
    self%clipped = self%clipped + self%report%cells_clipped
    call add_flux(self, step)
    if (self%steps == 1 .or. mod(self%steps, max(self%switch%check_every, 1)) == 0) call look(self, stat, message)
    if (stat == calcisol_ok) call must_have_stepped(self, stat, message)
    if (stat == calcisol_ok) call self%read_ph(stat, message)
  end subroutine one_step

  ! Stocks now against stocks at the last look and what has crossed the border since.
  subroutine look(self, stat, message)
    class(calcisol_stepper_t), intent(inout) :: self
    integer(c_int32_t), intent(inout) :: stat
    character(len=:), allocatable, intent(inout) :: message
    character(len=120) :: text
    call stocks(self%columns, self%slot, self%after)
    call balance(self%stock, self%after, self%flux, self%through, self%last)
    self%stock = self%after
    self%flux = 0.0_c_double
    self%through = 0.0_c_double
    self%worst = max(self%worst, self%last)
    if (all(self%last <= self%limit)) return
    stat = calcisol_error_state
    write (text, '(a,i0,a,3es9.1,a,es9.1)') 'at step ', self%steps, ' the residuals of C, Ca and N are', self%last, &
      ', allowed is', self%limit
    message = 'a budget of the soil columns does not close: '//trim(text)//'; raise check to go on'
  end subroutine look

  ! A host whose arrays never hold a number gets no pH at all: better told than found out after a century.
  subroutine must_have_stepped(self, stat, message)
    class(calcisol_stepper_t), intent(inout) :: self
    integer(c_int32_t), intent(inout) :: stat
    character(len=:), allocatable, intent(inout) :: message
    if (self%calls < merge(patience_gathered, patience, self%switch%step > 0.0_c_double)) return
    if (self%report%columns_stepped > 0 .or. self%report%columns_invalid == 0) return
    if (any(self%known)) return
    stat = calcisol_error_state
    message = 'no column could be stepped since the start: '//message
  end subroutine must_have_stepped

  ! What the library says has crossed the border of each column in this step.
  subroutine add_flux(self, dt)
    class(calcisol_stepper_t), intent(inout) :: self
    real(c_double), intent(in) :: dt
    real(c_double) :: lime, gas, n_in, n_out
    integer :: i
    do i = 1, self%ncol
      if (is_missing(self%co2_adj(i))) cycle
      self%known(i) = .true.
      lime = self%lime(i)/calcisol_molar_mass_caco3
      gas = (self%co2_adj(i) + self%dic_leach(i))/calcisol_molar_mass_c
      n_in = self%dep_nh4(i) + self%dep_no3(i) + sum(self%n_min(i, :))/calcisol_molar_mass_n
      n_out = (self%n_sink(i) + self%no3_leach(i) + self%nh4_leach(i))/calcisol_molar_mass_n
      self%flux(i, :) = self%flux(i, :) + dt*[lime - gas, lime - self%ca_leach(i) - self%ca_sink(i), n_in - n_out]
      self%through(i, :) = self%through(i, :) + dt*[lime + abs(self%co2_adj(i))/calcisol_molar_mass_c + &
        abs(self%dic_leach(i))/calcisol_molar_mass_c, lime + abs(self%ca_leach(i)) + abs(self%ca_sink(i)), abs(n_in) + abs(n_out)]
    end do
  end subroutine add_flux

  ! After a restart: the stocks the next look compares with.
  subroutine stepper_take_stock(self)
    class(calcisol_stepper_t), intent(inout) :: self
    call stocks(self%columns, self%slot, self%stock)
    self%known = self%stock(:, 1) >= 0.0_c_double
    self%flux = 0.0_c_double
    self%through = 0.0_c_double
  end subroutine stepper_take_stock

  ! Columns that the host counts as active and that have no state yet.
  function stepper_waiting(self) result(count)
    class(calcisol_stepper_t), intent(in) :: self
    integer :: count, i
    count = 0
    do i = 1, self%ncol
      if (self%known(i) .or. is_missing(self%active(i))) cycle
      if (self%active(i) >= 0.5_c_double) count = count + 1
    end do
  end function stepper_waiting

  ! Free everything; the next start begins anew.
  subroutine stepper_forget(self)
    class(calcisol_stepper_t), intent(inout) :: self
    type(calcisol_switch_t) :: off
    call self%columns%free()
    call self%release()
    if (allocated(self%laboratory)) deallocate (self%laboratory, self%top_share, self%ph_read, self%ph_read_top)
    nullify (self%ph_read, self%ph_read_top)
    if (allocated(self%stock)) deallocate (self%stock, self%known, self%flux, self%through, self%after, self%slot)
    self%on = .false.
    self%flushed = .false.
    self%steps = 0
    self%calls = 0
    self%clipped = 0
    self%elapsed = 0.0_c_double
    self%worst = 0.0_c_double
    self%last = 0.0_c_double
    self%report = calcisol_report()
    self%switch = off
  end subroutine stepper_forget

  ! No message, and no allocation where the host's variable has held none before.
  subroutine clear(message)
    character(len=:), allocatable, intent(inout) :: message
    if (.not. allocated(message)) message = ''
    if (len(message) > 0) message = ''
  end subroutine clear

end module calcisol_stepper
