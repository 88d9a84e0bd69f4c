! Noah-MP in HRLDAS: one call in module_NoahMP_hrldas_driver.F after NoahmpDriverMain. Page: noahmp.md.
!
! What:    what NoahmpIO holds, in its own kind and order (i,k,j), to columns; respiration from its carbon balance; drainage as
!          it stands where the soil drains freely, else by closing its own water budget.
! Shapes:  (i,k,j) and (i,j) as NoahmpIO holds them; our column (j-1) ni + i. Water, sea ice, lakes and glaciers are inactive.
! Units:   SMOIS, SH2O m3 m-3; TSLB K; ACC_ m s-1 x soil steps; RUNSF, RUNSB kg m-2 per soil step; NEE gCO2, NPP gC m-2 s-1; P Pa.
! Note:    NEE is made with 44/12 in Noah-MP, so its carbon is 12/44 of it, not that of the exact molar masses.
! Errors:  stat = 0 is fine, else one sentence in message; options that hold no respiration or no closed budget are one.
! Use:     call soil%step(NoahmpIO, stat, message); soil%ph_out(i,k,j), soil%co2_to_air(i,j) to output and NEE
!          start: calcisol_noahmp_files; write_restart, read_restart: calcisol_noahmp_restart
module calcisol_noahmp
  use, intrinsic :: iso_c_binding, only: c_double, c_int32_t
  use NoahmpIOVarType, only: NoahmpIO_type
  use calcisol, only: calcisol_error_argument
  use calcisol_expect, only: expect_step
  use calcisol_fit, only: fit, plus, is_missing
  use calcisol_land, only: clear
  use calcisol_noahmp_files, only: look_at
  use calcisol_noahmp_restart, only: calcisol_noahmp_saved
  implicit none
  private
  public :: calcisol_noahmp_soil

  type, extends(calcisol_noahmp_saved) :: calcisol_noahmp_soil
  contains
    procedure :: step => noahmp_step
    procedure, private :: fill
  end type calcisol_noahmp_soil

  real(c_double), parameter :: one = 1.0_c_double, water = 1000.0_c_double, gram = 1.0e-3_c_double, &
    c_per_co2 = 12.0_c_double/44.0_c_double
  integer, parameter :: free_drainage(5) = [3, 4, 6, 7, 8] ! SUBSURFACE_RUNOFF_OPTION whose RUNSB leaves the last soil layer

contains

  ! In every physics step; columns step where Noah-MP has stepped its soil.
  subroutine noahmp_step(self, NoahmpIO, stat, message)
    class(calcisol_noahmp_soil), intent(inout) :: self
    type(NoahmpIO_type), intent(in) :: NoahmpIO
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    character(len=200) :: fault
    integer :: i, j
    stat = 0
    call clear(message)
    if (.not. self%on .or. .not. NoahmpIO%calculate_soil) return
    if (.not. (self%as_started(NoahmpIO) .and. step_of(NoahmpIO) > 0.0_c_double)) then
      call look_at(self, NoahmpIO, fault)
      call expect_step(fault, 'DTBL * SOIL_UPDATE_STEPS', step_of(NoahmpIO))
      stat = calcisol_error_argument
      message = trim(fault)
      return
    end if
    do j = NoahmpIO%jts, NoahmpIO%jte
      do i = NoahmpIO%its, NoahmpIO%ite
        call self%fill(NoahmpIO, i, j, (j - NoahmpIO%jts)*self%ni + i - NoahmpIO%its + 1)
      end do
    end do
    call self%advance(step_of(NoahmpIO), stat, message)
    if (stat == 0) call self%water%look(stat, message)
    if (stat == 0 .and. self%just_stepped) call self%show()
  end subroutine noahmp_step

  ! Point (i,j) into column c.
  subroutine fill(self, NoahmpIO, i, j, c)
    class(calcisol_noahmp_soil), intent(inout) :: self
    type(NoahmpIO_type), intent(in) :: NoahmpIO
    integer, intent(in) :: i, j, c
    real(c_double) :: dt, rate, infiltrated, closed, thick
    integer :: l
    dt = step_of(NoahmpIO)
    rate = water/real(NoahmpIO%SOIL_UPDATE_STEPS, c_double) ! m s-1, added up over the soil's steps, to kg m-2 s-1
    self%active(c) = merge(one, 0.0_c_double, self%is_soil(NoahmpIO, i, j))
    do l = 1, self%nlay
      thick = fit(NoahmpIO%DZS(l), water)
      self%w_liq(c, l) = fit(NoahmpIO%SH2O(i, l, j), thick)
      self%w_ice(c, l) = plus(fit(NoahmpIO%SMOIS(i, l, j), thick), fit(self%w_liq(c, l), -one))
      if (.not. is_missing(self%w_ice(c, l))) self%w_ice(c, l) = max(self%w_ice(c, l), 0.0_c_double) ! rounding of real(4)
      self%t_soil(c, l) = fit(NoahmpIO%TSLB(i, l, j), one)
      self%w_sink(c, l) = fit(NoahmpIO%ACC_ETRANIXY(i, l, j), rate)
    end do
    self%w_sink(c, 1) = plus(self%w_sink(c, 1), fit(NoahmpIO%ACC_QSEVAXY(i, j), rate))
    if (self%is_bare_frozen(NoahmpIO, i, j)) then
      ! its vapour comes from and goes to the ice of the first layer
      self%w_sink(c, 1) = plus(self%w_sink(c, 1), fit(NoahmpIO%ACC_EDIRXY(i, j), one/dt))
    end if
    infiltrated = plus(fit(NoahmpIO%ACC_QINSURXY(i, j), rate), fit(NoahmpIO%RUNSFXY(i, j), -one/dt))
    closed = self%water%closing(c, dt, self%w_liq(c, :), self%w_ice(c, :), self%w_sink(c, :), infiltrated)
    self%q_bot(c) = closed
    if (any(free_drainage == NoahmpIO%IOPT_RUNSUB)) then ! RUNSB holds snow above the most a pack can hold, too
      self%q_bot(c) = plus(fit(NoahmpIO%RUNSBXY(i, j), one/dt), fit(NoahmpIO%ACC_GLAFLWXY(i, j), -one/dt))
      if (self%active(c) > 0.5_c_double) call self%water%note(c, dt, closed, self%q_bot(c), infiltrated)
    end if
    self%co2_src_total(c) = plus(fit(NoahmpIO%NEEXY(i, j), gram*c_per_co2), fit(NoahmpIO%NPPXY(i, j), gram)) ! respiration
    if (.not. is_missing(self%co2_src_total(c))) self%co2_src_total(c) = max(self%co2_src_total(c), 0.0_c_double)
    self%p_surf(c) = fit(NoahmpIO%P8W(i, 1, j), one)
  end subroutine fill

  pure function step_of(NoahmpIO) result(dt)
    type(NoahmpIO_type), intent(in) :: NoahmpIO
    real(c_double) :: dt
    dt = fit(NoahmpIO%DTBL, real(NoahmpIO%SOIL_UPDATE_STEPS, c_double))
  end function step_of

end module calcisol_noahmp
