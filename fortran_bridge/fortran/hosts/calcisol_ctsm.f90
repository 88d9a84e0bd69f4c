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
  use calcisol_land, only: calcisol_land_soil, molar_mass_n
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
    real(c_double), intent(in) :: dtime, own
    real(c_double), intent(in) :: dz(begc:, -nlevsno + 1:), h2osoi_liq(begc:, -nlevsno + 1:), h2osoi_ice(begc:, -nlevsno + 1:), &
      t_soisno(begc:, -nlevsno + 1:), qflx_rootsoi(begc:, :), qflx_ev_soil(begc:), qflx_drain(begc:), forc_pbot(begc:), &
      forc_pco2(begc:), hr_vr(begc:, :), f_nit_vr(begc:, :), net_nmin_vr(begc:, :), nh4_uptake_vr(begc:, :), &
      no3_uptake_vr(begc:, :), f_denit_vr(begc:, :), ndep(begc:)
    real(c_double), intent(out) :: ph(begc:, :), co2_adj(begc:)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(out) :: message
    real(c_double), parameter :: one = 1.0_c_double, gram = 1.0e-3_c_double
    integer :: i, c, k, n
    stat = 0
    message = ''
    ph = own
    co2_adj = 0.0_c_double
    associate (soil => calcisol_ctsm_soil)
      if (.not. soil%on) return
      n = soil%nlay
      soil%active = 0.0_c_double
      do i = 1, size(filter)
        c = filter(i)
        k = c - begc + 1 ! our columns are counted from 1
        soil%active(k) = one
        soil%w_liq(k, :) = fit(h2osoi_liq(c, 1:n), one)
        soil%w_ice(k, :) = fit(h2osoi_ice(c, 1:n), one)
        soil%t_soil(k, :) = fit(t_soisno(c, 1:n), one)
        soil%w_sink(k, :) = fit(qflx_rootsoi(c, 1:n), one)
        soil%w_sink(k, 1) = plus(soil%w_sink(k, 1), fit(qflx_ev_soil(c), one))
        ! CTSM drains the saturated layers sideways: split by liquid water, as its own nitrate leaching does
        soil%q_bot(k) = 0.0_c_double
        soil%q_lat(k, :) = fit(h2osoi_liq(c, 1:n), max(qflx_drain(c), 0.0_c_double)/max(sum(h2osoi_liq(c, 1:n)), gram))
        soil%co2_src(k, :) = fit(hr_vr(c, 1:n), dz(c, 1:n)*gram)
        soil%n_nit(k, :) = fit(f_nit_vr(c, 1:n), dz(c, 1:n)*gram)
        soil%n_min(k, :) = fit(net_nmin_vr(c, 1:n), dz(c, 1:n)*gram)
        soil%n_up_nh4(k, :) = fit(nh4_uptake_vr(c, 1:n), dz(c, 1:n)*gram)
        soil%n_up_no3(k, :) = fit(no3_uptake_vr(c, 1:n), dz(c, 1:n)*gram)
        soil%n_den(k, :) = fit(f_denit_vr(c, 1:n), dz(c, 1:n)*gram)
        soil%dep_nh4(k) = fit(ndep(c), gram/molar_mass_n)
        soil%p_surf(k) = fit(forc_pbot(c), one)
        soil%co2_atm(k) = fit(forc_pco2(c), one/forc_pbot(c))
      end do
      call soil%step(dtime, stat, message)
      if (stat /= 0) return
      ph(:, 1:n) = soil%ph_or(own)
      do i = 1, size(filter)
        k = filter(i) - begc + 1
        if (.not. is_missing(soil%co2_adj(k))) co2_adj(filter(i)) = soil%co2_adj(k)/gram
      end do
    end associate
  end subroutine calcisol_ctsm_step

  ! pH (ncol,nlev) of the columns of this thread for the host's own formulas: ours where feedback is on, else own (6.5).
  function calcisol_ctsm_ph(ncol, nlev, own) result(ph)
    integer, intent(in) :: ncol, nlev
    real(c_double), intent(in) :: own
    real(c_double) :: ph(ncol, nlev), ours(calcisol_ctsm_soil%ncol, calcisol_ctsm_soil%nlay)
    integer :: n
    ph = own
    if (.not. calcisol_ctsm_soil%on) return
    n = min(nlev, size(ours, 2))
    ours = calcisol_ctsm_soil%ph_or(own)
    ph(:, :n) = ours(:, :n)
  end function calcisol_ctsm_ph

end module calcisol_ctsm
