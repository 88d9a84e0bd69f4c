! Every argument of the CTSM adapter spoiled in every way (sweep_tools): off, on, after the end, and started twice.
program ctsm_sweep
  use, intrinsic :: iso_c_binding, only: c_int32_t
  use shr_kind_mod, only: r8 => shr_kind_r8
  use calcisol_ctsm
  use calcisol_switch, only: calcisol_switch_t, read_switch
  use sweep_tools
  implicit none
  integer, parameter :: n = 3, nlev = 4, begc = 101, filter(n) = [101, 102, 103]
  real(r8), allocatable, dimension(:, :) :: dz, liq, ice, t, rootsoi, hr, nit, nmin, up4, up3, den, caco3, ph, clay, bd
  real(r8), allocatable, dimension(:) :: evap, infl, drain, perched, pbot, pco2, rr, ndep
  type(calcisol_ctsm_soil) :: soil
  type(calcisol_switch_t) :: switch
  character(len=:), allocatable :: message
  integer(c_int32_t) :: stat
  integer :: i, way

  call read_switch('calcisol.nml', switch, stat, message)
  call must(stat == 0, 'calcisol.nml: '//message)
  call good()
  call over_all(.false.)
  call soil%start(switch, begc, dz, caco3, ph, clay, bd, 6.5_r8, stat, message, aquifer=.true., hillslope=.false.)
  call must(stat /= 0 .and. index(message, 'aquifer') > 0 .and. .not. soil%on, 'an aquifer below the soil: '//message)
  call soil%start(switch, begc, dz, caco3, ph, clay, bd, 6.5_r8, stat, message, aquifer=.false., hillslope=.true.)
  call must(stat /= 0 .and. index(message, 'use_hillslope') > 0 .and. .not. soil%on, 'water between columns: '//message)
  call soil%start(switch, begc, dz, caco3, ph, clay, bd, 6.5_r8, stat, message, aquifer=.false., hillslope=.false.)
  call must(stat == 0, 'start: '//message)
  call soil%start(switch, begc, dz, caco3, ph, clay, bd, 6.5_r8, stat, message)
  call must(stat /= 0 .and. index(message, 'twice') > 0, 'a second start')
  call over_all(.true.)
  call soil%step([99], 1800.0_r8, dz, liq, ice, t, rootsoi, evap, infl, drain, perched, pbot, pco2, hr, rr, nit, nmin, up4, up3, &
    den, ndep, stat, message)
  call must(stat /= 0 .and. index(message, 'filter') > 0, 'a column of another clump')
  do i = 1, 2
    call soil%finish()
  end do
  call over_all(.false.)
  call soil%start(switch, begc, dz, caco3, ph, clay, bd, 6.5_r8, stat, message)
  call must(stat == 0, 'a start after the end: '//message)
  call over_all(.true.)
  call must(all(soil%ph_for_host > 0.0_r8), 'a pH for the host')
  print '(i0,a,i0,a)', calls, ' calls, ', wrong, ' wrong'
  if (wrong > 0) stop 1

contains

  subroutine good()
    dz = spread([0.1_r8, 0.2_r8, 0.3_r8, 0.4_r8], 1, n)
    liq = 250.0_r8*dz
    ice = 0.0_r8*dz
    t = ice + 280.0_r8
    rootsoi = ice
    hr = ice + 1.0e-6_r8
    nit = ice
    nmin = ice
    up4 = ice
    up3 = ice
    den = ice
    caco3 = ice + 0.02_r8
    ph = ice + 6.5_r8
    clay = ice + 0.2_r8
    bd = ice + 1300.0_r8
    evap = ice(:, 1)
    infl = evap
    drain = evap + 1.0e-6_r8
    perched = evap
    pbot = evap + 98000.0_r8
    pco2 = evap + 40.0_r8
    rr = evap + 1.0e-6_r8
    ndep = evap
  end subroutine good

  subroutine step(name, on)
    character(len=*), intent(in) :: name
    logical, intent(in) :: on
    call soil%step(filter, 1800.0_r8, dz, liq, ice, t, rootsoi, evap, infl, drain, perched, pbot, pco2, hr, rr, nit, nmin, up4, &
      up3, den, ndep, stat, message)
    call judge(name, way, on, stat, message, soil%report%columns_stepped, n - 1)
    call good()
  end subroutine step

  subroutine over_all(on)
    logical, intent(in) :: on
    do way = 1, n_ways
      call spoil(dz, way)
      call step('dz', on)
      call spoil(liq, way)
      call step('h2osoi_liq', on)
      call spoil(ice, way)
      call step('h2osoi_ice', on)
      call spoil(t, way)
      call step('t_soisno', on)
      call spoil(rootsoi, way)
      call step('qflx_rootsoi', on)
      call spoil(hr, way)
      call step('hr_vr', on)
      call spoil(nit, way)
      call step('f_nit_vr', on)
      call spoil(nmin, way)
      call step('net_nmin_vr', on)
      call spoil(up4, way)
      call step('nh4_uptake_vr', on)
      call spoil(up3, way)
      call step('no3_uptake_vr', on)
      call spoil(den, way)
      call step('f_denit_vr', on)
      call spoil(evap, way)
      call step('qflx_ev_soil', on)
      call spoil(infl, way)
      call step('qflx_infl', on)
      call spoil(drain, way)
      call step('qflx_drain', on)
      call spoil(perched, way)
      call step('qflx_drain_perched', on)
      call spoil(pbot, way)
      call step('forc_pbot', on)
      call spoil(pco2, way)
      call step('forc_pco2', on)
      call spoil(rr, way)
      call step('rr', on)
      call spoil(ndep, way)
      call step('ndep', on)
    end do
    way = 1
    call soil%step(filter, 0.0_r8, dz, liq, ice, t, rootsoi, evap, infl, drain, perched, pbot, pco2, hr, rr, nit, nmin, up4, up3, &
      den, ndep, stat, message)
    call must((stat /= 0) .eqv. on, 'a step of no time')
    pbot(1) = 0.0_r8
    call step('forc_pbot of nothing', on)
    call step('good arrays', on)
    call must(.not. on .or. soil%report%columns_stepped == n, 'all columns step again: '//soil%line())
  end subroutine over_all

end program ctsm_sweep
