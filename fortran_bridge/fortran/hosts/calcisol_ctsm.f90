! CTSM (and ELM, whose arrays are the same): one call in clm_driver after EcosystemDynamicsPostDrainage. Page: ctsm.md.
!
! What:    the columns of one clump; a filter of active ones; volumetric rates to rates per layer. One object a clump, whatever
!          the number of threads.
! Shapes:  (begc:endc) and (begc:endc,1:nlev) of the clump, given as sections; columns outside the filter keep their state,
!          whatever stands in their arrays (NaN, quiet or signalling, 1e36).
! Units:   h2osoi kg m-2, qflx mm s-1, rr gC m-2 s-1, hr_vr and nitrogen g m-3 s-1, forc_pbot Pa, ndep gN m-2 s-1.
! Errors:  stat = 0 is fine, else one sentence in message; an array that is not allocated or has another shape is one.
! Use:     call calcisol_clump(nc)%step(filter, dtime, ...); calcisol_clump(nc)%ph_for_host(k,j) in the nitrification formula
module calcisol_ctsm
  use, intrinsic :: iso_c_binding, only: c_int32_t
  use shr_kind_mod, only: r8 => shr_kind_r8
  use calcisol, only: calcisol_error_argument, calcisol_molar_mass_n
  use calcisol_ctsm_water, only: calcisol_ctsm_watched
  use calcisol_expect, only: expect, expect_step
  use calcisol_fit, only: fit, plus, over, sum_of
  use calcisol_land, only: for_history, clear
  implicit none
  private
  public :: calcisol_ctsm_soil, calcisol_clump

  real(r8), parameter :: one = 1.0_r8, gram = 1.0e-3_r8, zero = 0.0_r8

  type, extends(calcisol_ctsm_watched) :: calcisol_ctsm_soil ! start, set, finish: calcisol_ctsm_files
  contains
    procedure :: step => ctsm_step
  end type calcisol_ctsm_soil

  type(calcisol_ctsm_soil), allocatable, save :: calcisol_clump(:) ! the host allocates one for each of its clumps

contains

  ! All arrays (ncol) or (ncol,nlev); filter holds numbers from begc on. rr: root respiration of the column, split by depth.
  subroutine ctsm_step(self, filter, dtime, dz, h2osoi_liq, h2osoi_ice, t_soisno, qflx_rootsoi, qflx_ev_soil, qflx_infl, &
      qflx_drain, qflx_drain_perched, forc_pbot, forc_pco2, hr_vr, rr, f_nit_vr, net_nmin_vr, nh4_uptake_vr, no3_uptake_vr, &
      f_denit_vr, ndep, stat, message)
    class(calcisol_ctsm_soil), intent(inout) :: self
    integer, intent(in) :: filter(:)
    real(r8), intent(in) :: dtime
    real(r8), intent(in), optional :: dz(:, :), h2osoi_liq(:, :), h2osoi_ice(:, :), t_soisno(:, :), qflx_rootsoi(:, :), &
      qflx_ev_soil(:), qflx_infl(:), qflx_drain(:), qflx_drain_perched(:), forc_pbot(:), forc_pco2(:), hr_vr(:, :), rr(:), &
      f_nit_vr(:, :), net_nmin_vr(:, :), nh4_uptake_vr(:, :), no3_uptake_vr(:, :), f_denit_vr(:, :), ndep(:)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    character(len=200) :: fault
    real(r8) :: drain, drained, gram_dz, infiltrated
    integer :: i, k, l
    stat = 0
    call clear(message)
    if (.not. self%on) return
    fault = ''
    call expect_step(fault, 'dtime', dtime)
    call look()
    if (any(filter < self%begc .or. filter >= self%begc + self%ncol)) fault = 'filter holds a column of another clump'
    if (fault /= '') then
      stat = calcisol_error_argument
      message = trim(fault)
      return
    end if
    self%active = zero
    call self%forget_others(filter)
    do i = 1, size(filter)
      k = filter(i) - self%begc + 1 ! our columns are counted from 1
      self%active(k) = one
      self%q_bot(k) = zero ! CTSM drains its saturated layers sideways: by liquid water, as its own nitrate leaching
      drain = plus(fit(qflx_drain(k), one), fit(qflx_drain_perched(k), one))
      drained = zero ! of a column whose water is all frozen, too
      if (abs(drain) > zero) drained = over(drain, sum_of(fit(h2osoi_liq(k, :), one)), gram)
      do l = 1, self%nlay
        gram_dz = fit(dz(k, l), gram)
        self%w_liq(k, l) = fit(h2osoi_liq(k, l), one)
        self%w_ice(k, l) = fit(h2osoi_ice(k, l), one)
        self%t_soil(k, l) = fit(t_soisno(k, l), one)
        self%w_sink(k, l) = fit(qflx_rootsoi(k, l), one)
        self%q_lat(k, l) = fit(h2osoi_liq(k, l), drained)
        self%co2_src(k, l) = fit(hr_vr(k, l), gram_dz)
        self%n_nit(k, l) = fit(f_nit_vr(k, l), gram_dz)
        self%n_min(k, l) = fit(net_nmin_vr(k, l), gram_dz)
        self%n_up_nh4(k, l) = fit(nh4_uptake_vr(k, l), gram_dz)
        self%n_up_no3(k, l) = fit(no3_uptake_vr(k, l), gram_dz)
        self%n_den(k, l) = fit(f_denit_vr(k, l), gram_dz)
      end do
      infiltrated = fit(qflx_infl(k), one) ! in CTSM less what evaporates from the soil
      if (self%told_surface) infiltrated = plus(infiltrated, self%surface(k))
      call self%water%note(k, dtime, self%water%closing(k, dtime, self%w_liq(k, :), self%w_ice(k, :), self%w_sink(k, :), &
        infiltrated), drain, infiltrated)
      self%w_sink(k, 1) = plus(self%w_sink(k, 1), fit(qflx_ev_soil(k), one))
      self%co2_src_total(k) = fit(rr(k), gram)
      self%dep_nh4(k) = fit(ndep(k), gram/calcisol_molar_mass_n)
      self%p_surf(k) = fit(forc_pbot(k), one)
      self%co2_atm(k) = over(fit(forc_pco2(k), one), fit(forc_pbot(k), one), one)
    end do
    call self%advance(dtime, stat, message)
    if (stat /= 0) return
    ! outside the filter, and where a value is missing: pH of the last step there, and nothing for the air
    self%ph_for_host = self%ph_or(self%ph_read, self%ph_for_host)
    self%co2_to_air = for_history(fit(self%co2_adj, one/gram), zero)
    if (self%told_surface) call self%water%look(stat, message)

  contains

    subroutine look()
      integer :: layered(2)
      layered = [self%ncol, self%nlay]
      call expect(fault, 'dz', layered, dz)
      call expect(fault, 'h2osoi_liq', layered, h2osoi_liq)
      call expect(fault, 'h2osoi_ice', layered, h2osoi_ice)
      call expect(fault, 't_soisno', layered, t_soisno)
      call expect(fault, 'qflx_rootsoi', layered, qflx_rootsoi)
      call expect(fault, 'hr_vr', layered, hr_vr)
      call expect(fault, 'f_nit_vr', layered, f_nit_vr)
      call expect(fault, 'net_nmin_vr', layered, net_nmin_vr)
      call expect(fault, 'nh4_uptake_vr', layered, nh4_uptake_vr)
      call expect(fault, 'no3_uptake_vr', layered, no3_uptake_vr)
      call expect(fault, 'f_denit_vr', layered, f_denit_vr)
      call expect(fault, 'qflx_ev_soil', layered(:1), qflx_ev_soil)
      call expect(fault, 'qflx_infl', layered(:1), qflx_infl)
      call expect(fault, 'qflx_drain', layered(:1), qflx_drain)
      call expect(fault, 'qflx_drain_perched', layered(:1), qflx_drain_perched)
      call expect(fault, 'forc_pbot', layered(:1), forc_pbot)
      call expect(fault, 'forc_pco2', layered(:1), forc_pco2)
      call expect(fault, 'rr', layered(:1), rr)
      call expect(fault, 'ndep', layered(:1), ndep)
    end subroutine look

  end subroutine ctsm_step

end module calcisol_ctsm
