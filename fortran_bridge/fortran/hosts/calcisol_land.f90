! What the adapters of all hosts share: the switch, double arrays to fill, the step, restart slots by name, the log line.
!
! What:    calcisol_land_soil, the soil of one rank or thread. An adapter copies the host's arrays into its components
!          (through calcisol_fit, which keeps missing values missing), calls step, and reads its components back.
! Shapes:  (ncol,nlay), layer 1 at the surface, or (ncol); SI, rates are means over the step, per m2 of soil.
! Switch:  calcisol.nml (calcisol_switch); where it is off, start and step return at once and the host's results are its own.
! Errors:  stat = 0 is fine; else one sentence in message, and the host decides what to do. Nothing stops or prints.
! Use:     call soil%start('calcisol.nml', ncol, nlay, dz, stat, message);  soil%w_liq(i, l) = fit(wliq(i, l), 1.0_c_double)
!          call soil%step(dt, stat, message);  write (host_log, *) soil%line()
module calcisol_land
  use, intrinsic :: iso_c_binding, only: c_double, c_int32_t
  use, intrinsic :: ieee_arithmetic, only: ieee_is_nan
  use calcisol
  use calcisol_c, only: info_t, c_variable_get, text_of
  use calcisol_balance, only: balance, stocks
  use calcisol_fit, only: is_missing, missing
  use calcisol_switch, only: switch_t, read_switch
  implicit none
  private
  public :: calcisol_land_soil, molar_mass_n, clear

  ! kg mol-1, as emulator/chemistry/constants.py; with another value the check against the states would not close
  real(c_double), parameter :: molar_mass_c = 0.012011_c_double, molar_mass_n = 0.014007_c_double, caco3 = 0.1000869_c_double

  type :: calcisol_land_soil
    logical :: on = .false.        ! a bundle is open and the columns exist
    logical :: feedback = .false.  ! the host asked for our pH in its own formulas
    integer :: ncol = 0, nlay = 0, steps = 0
    real(c_double) :: worst(3) = 0.0_c_double ! largest relative residual so far of carbon, calcium, nitrogen
    real(c_double) :: last(3) = 0.0_c_double  ! those of the last step
    real(c_double), allocatable :: weight(:, :) ! share of each layer in a column total, exp(-z / 0.3 m) as the library's
    ! forcing, at its default until the adapter fills it
    real(c_double), allocatable :: w_liq(:, :), w_ice(:, :), t_soil(:, :), w_sink(:, :), q_lat(:, :), co2_src(:, :), &
      n_nit(:, :), n_min(:, :), n_up_nh4(:, :), n_up_no3(:, :), n_den(:, :)
    real(c_double), allocatable :: q_bot(:), co2_src_total(:), p_surf(:), co2_atm(:), dep_nh4(:), dep_no3(:), lime(:), active(:)
    ! results; NaN in an invalid column, of its last step in an inactive one (co2_adj: missing)
    real(c_double), allocatable :: ph(:, :), sic(:, :), dic(:, :), pco2(:, :)
    real(c_double), allocatable :: ph_top(:), co2_adj(:), dic_leach(:), alk_leach(:), ca_leach(:), ca_sink(:), no3_leach(:), &
      nh4_leach(:), n_sink(:)
    type(calcisol_report) :: report
    type(calcisol_columns) :: columns
    real(c_double), allocatable, private :: stock(:, :) ! (ncol,3) before the step, mol m-2; negative: not known
    ! to work in, so that a step allocates nothing: (ncol,3), states (ncol,nlay,5)
    real(c_double), allocatable, private :: after(:, :), flux(:, :), through(:, :), slot(:, :, :)
    type(calcisol_model), private :: model
    type(calcisol_arrays), private :: io
    real(c_double), private :: limit = 0.0_c_double ! of a residual; from the switch
  contains
    procedure :: start => land_start
    procedure :: step => land_step
    procedure :: line => land_line
    procedure :: get_slot => land_get
    procedure :: set_slot => land_set
    procedure, nopass :: slot_name => land_slot_name
    procedure :: ph_or => land_ph_or
    procedure :: finish => land_finish
  end type calcisol_land_soil

contains

  ! Read the switch and, where it is on, open the bundle and make the columns. Optional soil properties as in variables.toml.
  subroutine land_start(self, file, ncol, nlay, dz, stat, message, caco3, ph0, clay, soc, bulk_density)
    class(calcisol_land_soil), intent(inout) :: self
    character(len=*), intent(in) :: file
    integer, intent(in) :: ncol, nlay
    real(c_double), intent(in), target :: dz(:, :)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(out) :: message
    real(c_double), intent(in), target, optional :: caco3(:, :), ph0(:, :), clay(:, :), soc(:, :), bulk_density(:, :)
    type(calcisol_arrays) :: soil
    type(switch_t) :: switch
    integer :: l
    real(c_double) :: depth(ncol)
    call read_switch(file, switch, stat, message)
    if (stat /= calcisol_ok .or. switch%bundle == '') return
    call self%model%open(trim(switch%bundle), stat, message, tile_columns=switch%tile_columns)
    if (stat /= calcisol_ok) return
    call soil%link(calcisol_soil_dz, dz)
    if (present(caco3)) call soil%link(calcisol_soil_caco3, caco3)
    if (present(ph0)) call soil%link(calcisol_soil_ph0, ph0)
    if (present(clay)) call soil%link(calcisol_soil_clay, clay)
    if (present(soc)) call soil%link(calcisol_soil_soc, soc)
    if (present(bulk_density)) call soil%link(calcisol_soil_bulk_density, bulk_density)
    call self%columns%create(self%model, ncol, nlay, soil, stat, message)
    if (stat /= calcisol_ok) return
    self%ncol = ncol
    self%nlay = nlay
    self%feedback = switch%feedback
    self%limit = switch%check
    if (index(calcisol_build_info(), 'stub') > 0) self%limit = huge(self%limit) ! the stub moves no matter: nothing to close
    self%on = .true.
    call make_arrays(self)
    depth = 0.0_c_double
    do l = 1, nlay
      self%weight(:, l) = exp(-depth/0.3_c_double) - exp(-(depth + dz(:, l))/0.3_c_double)
      depth = depth + dz(:, l)
    end do
    do l = 1, ncol
      self%weight(l, :) = self%weight(l, :)/sum(self%weight(l, :))
    end do
  end subroutine land_start

  subroutine make_arrays(self)
    class(calcisol_land_soil), intent(inout) :: self
    real(c_double), parameter :: zero = 0.0_c_double
    integer :: n, m
    n = self%ncol
    m = self%nlay
    allocate (self%w_liq(n, m), self%t_soil(n, m), self%q_bot(n), self%weight(n, m), source=missing)
    allocate (self%w_ice(n, m), self%w_sink(n, m), self%q_lat(n, m), self%co2_src(n, m), self%n_nit(n, m), self%n_min(n, m), &
      self%n_up_nh4(n, m), self%n_up_no3(n, m), self%n_den(n, m), self%co2_src_total(n), self%dep_nh4(n), self%dep_no3(n), &
      self%lime(n), source=zero)
    allocate (self%active(n), source=1.0_c_double)
    allocate (self%p_surf(n), source=101325.0_c_double)
    allocate (self%co2_atm(n), source=4.2e-4_c_double)
    allocate (self%ph(n, m), self%sic(n, m), self%dic(n, m), self%pco2(n, m), self%ph_top(n), self%co2_adj(n), &
      self%dic_leach(n), self%alk_leach(n), self%ca_leach(n), self%ca_sink(n), self%no3_leach(n), self%nh4_leach(n), &
      self%n_sink(n), source=missing)
    allocate (self%stock(n, 3), source=-1.0_c_double)
    allocate (self%after(n, 3), self%flux(n, 3), self%through(n, 3), self%slot(n, m, 5), source=zero)
    associate (io => self%io)
      call io%link(calcisol_w_liq, self%w_liq)
      call io%link(calcisol_w_ice, self%w_ice)
      call io%link(calcisol_t_soil, self%t_soil)
      call io%link(calcisol_w_sink, self%w_sink)
      call io%link(calcisol_q_lat, self%q_lat)
      call io%link(calcisol_co2_src, self%co2_src)
      call io%link(calcisol_n_nit, self%n_nit)
      call io%link(calcisol_n_min, self%n_min)
      call io%link(calcisol_n_up_nh4, self%n_up_nh4)
      call io%link(calcisol_n_up_no3, self%n_up_no3)
      call io%link(calcisol_n_den, self%n_den)
      call io%link(calcisol_q_bot, self%q_bot)
      call io%link(calcisol_co2_src_total, self%co2_src_total)
      call io%link(calcisol_p_surf, self%p_surf)
      call io%link(calcisol_co2_atm, self%co2_atm)
      call io%link(calcisol_dep_nh4, self%dep_nh4)
      call io%link(calcisol_dep_no3, self%dep_no3)
      call io%link(calcisol_lime, self%lime)
      call io%link(calcisol_active, self%active)
      call io%link(calcisol_out_ph, self%ph)
      call io%link(calcisol_out_sic, self%sic)
      call io%link(calcisol_out_dic, self%dic)
      call io%link(calcisol_out_pco2, self%pco2)
      call io%link(calcisol_out_ph_top, self%ph_top)
      call io%link(calcisol_out_co2_adj, self%co2_adj)
      call io%link(calcisol_out_dic_leach, self%dic_leach)
      call io%link(calcisol_out_alk_leach, self%alk_leach)
      call io%link(calcisol_out_ca_leach, self%ca_leach)
      call io%link(calcisol_out_ca_sink, self%ca_sink)
      call io%link(calcisol_out_no3_leach, self%no3_leach)
      call io%link(calcisol_out_nh4_leach, self%nh4_leach)
      call io%link(calcisol_out_n_sink, self%n_sink)
    end associate
  end subroutine make_arrays

  ! One step of dt seconds, then the budgets of every column that was stepped. stat = calcisol_error_state where one misses.
  subroutine land_step(self, dt, stat, message)
    class(calcisol_land_soil), intent(inout) :: self
    real(c_double), intent(in) :: dt
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    stat = calcisol_ok
    call clear(message)
    if (.not. self%on) return
    self%co2_adj = missing ! the library writes nothing for inactive columns: what is still missing then was not stepped
    call self%columns%step(dt, self%io, stat, message, self%report)
    if (stat /= calcisol_ok) return
    self%steps = self%steps + 1
    call stocks(self%columns, self%slot, self%after)
    call get_flux(self, dt)
    call balance(self%stock, self%after, self%flux, self%through, self%last)
    self%stock = self%after
    self%worst = max(self%worst, self%last)
    if (all(self%last <= self%limit)) return
    stat = calcisol_error_state
    message = 'a budget of the soil columns does not close, '//self%line()//'; raise check in calcisol.nml to go on'
  end subroutine land_step

  ! No message, and no allocation where the host's variable has held none before.
  subroutine clear(message)
    character(len=:), allocatable, intent(inout) :: message
    if (.not. allocated(message)) message = ''
    if (len(message) > 0) message = ''
  end subroutine clear

  ! One line for the host's log, made when it is asked for: formatting costs as much as half a column's step.
  function land_line(self) result(line)
    class(calcisol_land_soil), intent(in) :: self
    character(len=:), allocatable :: line
    character(len=200) :: text
    write (text, '(a,i0,3(a,es8.1),4(a,i0))') 'calcisol step ', self%steps, ' residual C', self%last(1), ' Ca', self%last(2), &
      ' N', self%last(3), ' stepped ', self%report%columns_stepped, ' invalid ', self%report%columns_invalid, &
      ' clipped cells ', self%report%cells_clipped, ' fallback cells ', self%report%cells_fallback
    line = trim(text)
  end function land_line

  ! What the library says has crossed the border of each column in this step, and the sum of absolute values [mol m-2].
  subroutine get_flux(self, dt)
    class(calcisol_land_soil), intent(inout) :: self
    real(c_double), intent(in) :: dt
    real(c_double) :: lime, gas, n_in, n_out
    integer :: i
    do i = 1, self%ncol
      self%flux(i, :) = 0.0_c_double
      self%through(i, :) = 0.0_c_double
      if (is_missing(self%co2_adj(i))) cycle
      lime = self%lime(i)/caco3
      gas = (self%co2_adj(i) + self%dic_leach(i))/molar_mass_c
      n_in = self%dep_nh4(i) + self%dep_no3(i) + sum(self%n_min(i, :))/molar_mass_n
      n_out = (self%n_sink(i) + self%no3_leach(i) + self%nh4_leach(i))/molar_mass_n
      self%flux(i, :) = dt*[lime - gas, lime - self%ca_leach(i) - self%ca_sink(i), n_in - n_out]
      self%through(i, :) = dt*[lime + abs(self%co2_adj(i))/molar_mass_c + abs(self%dic_leach(i))/molar_mass_c, &
        lime + abs(self%ca_leach(i)) + abs(self%ca_sink(i)), abs(n_in) + abs(n_out)]
    end do
  end subroutine get_flux

  ! ---------------------------------------------------------------------------------------------------- restart
  ! Name of a restart slot, 1 to calcisol_n_state, for the host's restart file.
  function land_slot_name(i) result(name)
    integer, intent(in) :: i
    character(len=:), allocatable :: name
    type(info_t) :: info
    name = ''
    if (c_variable_get(5_c_int32_t, int(i - 1, c_int32_t), info) == calcisol_ok) name = 'calcisol_'//text_of(info%name)
  end function land_slot_name

  ! Slot i, bit for bit, float64 (ncol,nlay); -9999 where a column has no state. Units: the states of variables.toml.
  subroutine land_get(self, i, values, stat)
    class(calcisol_land_soil), intent(in) :: self
    integer, intent(in) :: i
    real(c_double), intent(inout) :: values(:, :)
    integer(c_int32_t), intent(out) :: stat
    call self%columns%get_state(5_c_int32_t*calcisol_role + int(i, c_int32_t), values, stat)
  end subroutine land_get

  ! Set slot i; -9999, NaN or a fill value (1e20, 999999): this column starts anew. Set all slots; pH is there at once.
  subroutine land_set(self, i, values, stat)
    class(calcisol_land_soil), intent(inout) :: self
    integer, intent(in) :: i
    real(c_double), intent(in) :: values(:, :)
    integer(c_int32_t), intent(out) :: stat
    call self%columns%set_state(5_c_int32_t*calcisol_role + int(i, c_int32_t), values, stat)
    if (stat /= calcisol_ok .or. i /= calcisol_n_state) return
    call stocks(self%columns, self%slot, self%stock)
    call self%columns%get_state(calcisol_state_ph, self%ph, stat)
  end subroutine land_set

  ! ---------------------------------------------------------------------------------------------------- feedback
  ! Our pH (value: of a layer, or ph_top) where feedback is on and there is one, else the host's own.
  elemental function land_ph_or(self, value, own) result(ph)
    class(calcisol_land_soil), intent(in) :: self
    real(c_double), intent(in) :: value, own
    real(c_double) :: ph
    ph = own
    if (.not. self%feedback) return
    if (ieee_is_nan(value)) return
    if (value > 0.0_c_double) ph = value
  end function land_ph_or

  subroutine land_finish(self)
    class(calcisol_land_soil), intent(inout) :: self
    call self%columns%free()
    call self%model%close()
    self%on = .false.
  end subroutine land_finish

end module calcisol_land
