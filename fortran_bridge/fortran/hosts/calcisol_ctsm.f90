! CTSM (and ELM, whose arrays are the same): one call in clm_driver after EcosystemDynamicsPostDrainage. Page: ctsm.md.
!
! What:    arrays whose lower bounds are not 1, a filter of active columns, volumetric rates to rates per layer.
! Shapes:  (begc:endc), (begc:endc,1:nlev), water and temperature (begc:endc,-nlevsno+1:nlevgrnd); columns outside the filter
!          keep their state, whatever stands in their arrays (NaN, 1e36).
! Units:   h2osoi kg m-2, qflx mm s-1, hr_vr and nitrogen g m-3 s-1, forc_pbot Pa, ndep gN m-2 s-1.
! Use:     call calcisol_ctsm_step(begc, filter(1:num), nlevsno, dtime, ...); calcisol_ctsm_ph(...) in the nitrification formula
module calcisol_ctsm
  use, intrinsic :: iso_c_binding, only: c_double, c_int32_t
  use calcisol_fit, only: fit, plus, is_missing
  use calcisol_land, only: calcisol_land_soil, molar_mass_n, clear
  implicit none
  private
  public :: calcisol_ctsm_start, calcisol_ctsm_step, calcisol_ctsm_ph, calcisol_ctsm_soil

  type(calcisol_land_soil), save, target :: calcisol_ctsm_soil ! one per clump thread
  !$omp threadprivate(calcisol_ctsm_soil)

contains

  ! dz [m], clay and caco3 [kg kg-1], bd [kg m-3], ph of the survey (1), all (begc:endc,1:nlev); read them beside surfdata.
  subroutine calcisol_ctsm_start(dz, caco3, ph, clay, bd, stat, message)
    real(c_double), intent(in) :: dz(:, :), caco3(:, :), ph(:, :), clay(:, :), bd(:, :)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(out) :: message
    call calcisol_ctsm_soil%start('calcisol.nml', size(dz, 1), size(dz, 2), dz, stat, message, caco3=caco3, ph0=ph, &
      clay=clay, bulk_density=bd)
  end subroutine calcisol_ctsm_start

  ! ph (begc:endc,1:nlev): ours where feedback is on, else own (6.5); co2_adj gC m-2 s-1, + to the air, 0 where off.
  subroutine calcisol_ctsm_step(begc, filter, nlevsno, dtime, dz, h2osoi_liq, h2osoi_ice, t_soisno, qflx_rootsoi, qflx_ev_soil, &
      qflx_drain, forc_pbot, forc_pco2, hr_vr, f_nit_vr, net_nmin_vr, nh4_uptake_vr, no3_uptake_vr, f_denit_vr, ndep, own, ph, &
      co2_adj, stat, message)
    integer, intent(in) :: begc, filter(:), nlevsno
    real(c_double), intent(in) :: dtime, own, dz(begc:, -nlevsno + 1:), h2osoi_liq(begc:, -nlevsno + 1:), &
      h2osoi_ice(begc:, -nlevsno + 1:), t_soisno(begc:, -nlevsno + 1:), qflx_rootsoi(begc:, :), qflx_ev_soil(begc:), &
      qflx_drain(begc:), forc_pbot(begc:), forc_pco2(begc:), hr_vr(begc:, :), f_nit_vr(begc:, :), net_nmin_vr(begc:, :), &
      nh4_uptake_vr(begc:, :), no3_uptake_vr(begc:, :), f_denit_vr(begc:, :), ndep(begc:)
    real(c_double), intent(out) :: ph(begc:, :), co2_adj(begc:)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    real(c_double), parameter :: one = 1.0_c_double, gram = 1.0e-3_c_double
    real(c_double) :: drained, gram_dz
    integer :: i, c, k, l
    stat = 0
    call clear(message)
    ph = own
    co2_adj = 0.0_c_double
    associate (soil => calcisol_ctsm_soil)
      if (.not. soil%on) return
      soil%active = 0.0_c_double
      do i = 1, size(filter)
        c = filter(i)
        k = c - begc + 1 ! our columns are counted from 1
        soil%active(k) = one
        soil%q_bot(k) = 0.0_c_double ! CTSM drains the saturated layers sideways: by liquid water, as its own nitrate leaching
        drained = max(qflx_drain(c), 0.0_c_double)/max(sum(h2osoi_liq(c, 1:soil%nlay)), gram)
        do l = 1, soil%nlay
          gram_dz = dz(c, l)*gram
          soil%w_liq(k, l) = fit(h2osoi_liq(c, l), one)
          soil%w_ice(k, l) = fit(h2osoi_ice(c, l), one)
          soil%t_soil(k, l) = fit(t_soisno(c, l), one)
          soil%w_sink(k, l) = fit(qflx_rootsoi(c, l), one)
          if (l == 1) soil%w_sink(k, l) = plus(soil%w_sink(k, l), fit(qflx_ev_soil(c), one))
          soil%q_lat(k, l) = fit(h2osoi_liq(c, l), drained)
          soil%co2_src(k, l) = fit(hr_vr(c, l), gram_dz)
          soil%n_nit(k, l) = fit(f_nit_vr(c, l), gram_dz)
          soil%n_min(k, l) = fit(net_nmin_vr(c, l), gram_dz)
          soil%n_up_nh4(k, l) = fit(nh4_uptake_vr(c, l), gram_dz)
          soil%n_up_no3(k, l) = fit(no3_uptake_vr(c, l), gram_dz)
          soil%n_den(k, l) = fit(f_denit_vr(c, l), gram_dz)
        end do
        soil%dep_nh4(k) = fit(ndep(c), gram/molar_mass_n)
        soil%p_surf(k) = fit(forc_pbot(c), one)
        soil%co2_atm(k) = fit(forc_pco2(c), one/forc_pbot(c))
      end do
      call soil%step(dtime, stat, message)
      if (stat /= 0) return
      do k = 1, soil%ncol ! outside the filter: pH of the last step there, and nothing for the air
        do l = 1, soil%nlay
          ph(begc + k - 1, l) = soil%ph_or(soil%ph(k, l), own)
        end do
        if (.not. is_missing(soil%co2_adj(k))) co2_adj(begc + k - 1) = soil%co2_adj(k)/gram
      end do
    end associate
  end subroutine calcisol_ctsm_step

  ! pH (ncol,nlev) of the columns of this thread for the host's own formulas: ours where feedback is on, else own (6.5).
  function calcisol_ctsm_ph(ncol, nlev, own) result(ph)
    integer, intent(in) :: ncol, nlev
    real(c_double), intent(in) :: own
    real(c_double) :: ph(ncol, nlev)
    integer :: n
    ph = own
    if (.not. calcisol_ctsm_soil%on) return
    n = min(nlev, calcisol_ctsm_soil%nlay)
    ph(:, :n) = calcisol_ctsm_soil%ph_or(calcisol_ctsm_soil%ph(:, :n), own)
  end function calcisol_ctsm_ph

end module calcisol_ctsm
