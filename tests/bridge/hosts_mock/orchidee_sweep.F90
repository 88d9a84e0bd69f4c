! Every argument of the ORCHIDEE adapter spoiled in every way (sweep_tools): off, on, after the end, and started twice.
program orchidee_sweep
  use, intrinsic :: iso_c_binding, only: c_int32_t
  use defprec, only: r_std
  use calcisol_orchidee
  use ioipsl_para, only: kept, most, widest
  use mod_orchidee_para_var, only: index_g, iim_g, nbp_glo
  use sweep_tools
  implicit none
  integer, parameter :: n = 3, nslm = 11, nstm = 3, nvm = 4, iroot = 6
  real(r_std), allocatable :: dlh(:), dnh(:), mc(:, :), mcl(:, :), t(:, :), sink(:, :, :), tile(:, :), evap(:), drain(:), &
    resp(:, :), root(:, :, :), veget(:, :), pb(:), co2(:), nitrogen(:, :, :), lime(:), clay(:), rain(:, :), runoff(:, :), &
    waiting(:, :), routed(:), irrigation(:)
  type(calcisol_orchidee_soil) :: soil
  real(r_std) :: before(n)
  character(len=:), allocatable :: message
  integer(c_int32_t) :: stat
  integer :: i, way

  iim_g = n
  nbp_glo = n
  index_g = [1, 2, 3]
  allocate (kept(n, widest, most), source=999999.0_r_std)
  call good()
  call soil%step(0.0_r_std, dnh, mc, mcl, t, sink, tile, evap, drain, resp, root, iroot, veget, pb, co2, stat, message)
  call must(stat == 0, 'a step before the start')
  call soil%finish()
  call over_all(.false.)
  call soil%start(0, 1, dlh, clay, stat, message)
  call must(stat == 0, 'start: '//message)
  call soil%start(0, 1, dlh, clay, stat, message)
  call must(stat /= 0 .and. index(message, 'twice') > 0, 'a second start')
  call soil%step(1800.0_r_std, dnh, mc, mcl, t, sink, tile, evap, drain, resp, root, iroot, veget, pb, co2, stat, message)
  before = soil%ph_for_host
  call soil%start(0, 1, dlh, clay, stat, message)
  call must(all(abs(soil%ph_for_host - before) <= 0.0_r_std), 'a second start changes nothing of what the host reads')
  call over_all(.true.)
  call bad_day()
  do i = 1, 2
    call soil%finish()
  end do
  call over_all(.false.)
  call soil%start(0, 1, dlh, clay, stat, message)
  call must(stat == 0, 'a start after the end: '//message)
  call over_all(.true.)
  call must(all(soil%profile('ph') > 0.0_r_std), 'a profile')
  print '(i0,a,i0,a)', calls, ' calls, ', wrong, ' wrong'
  if (wrong > 0) stop 1

contains

  subroutine good()
    integer :: l
    if (.not. allocated(dlh)) allocate (dlh(nslm), dnh(nslm))
    do l = 1, nslm
      dnh(l) = merge(0.0_r_std, 2.0_r_std**(l - 2)*0.00195_r_std, l == 1)
    end do
    dlh = 0.5_r_std*(dnh + [dnh(2:), 0.0_r_std])
    mc = reshape([(0.3_r_std, l=1, n*nslm)], [n, nslm])
    mcl = mc
    t = mc + 280.0_r_std
    sink = reshape([(0.0_r_std, l=1, n*nslm*nstm)], [n, nslm, nstm])
    tile = reshape([(1.0_r_std/nstm, l=1, n*nstm)], [n, nstm])
    veget = reshape([(1.0_r_std/nvm, l=1, n*nvm)], [n, nvm])
    resp = veget*0.001_r_std
    root = reshape([(1.0e-4_r_std, l=1, n*nvm*8)], [n, nvm, 8])
    evap = mc(:, 1)*0.001_r_std
    drain = evap
    pb = evap*0.0_r_std + 1000.0_r_std
    co2 = evap*0.0_r_std + 400.0_r_std
    clay = evap*0.0_r_std + 0.2_r_std
    lime = evap*0.0_r_std
    rain = tile*0.001_r_std
    runoff = tile*0.0_r_std
    waiting = runoff
    routed = lime
    irrigation = lime
    nitrogen = reshape([(0.0_r_std, l=1, n*nvm*7)], [n, nvm, 7])
  end subroutine good

  ! A point that has a bad value keeps the pH it had, also in a host that gives its own map (v4).
  subroutine bad_day()
    integer :: k
    do k = 1, 2
      if (k == 2) before = soil%ph_for_host
      if (k == 2) call spoil(t, 1)
      call soil%step(1800.0_r_std, dnh, mc, mcl, t, sink, tile, evap, drain, resp, root, iroot, veget, pb, co2, stat, message, &
        n=nitrogen, lime=lime, ph=0.0_r_std*before + 5.5_r_std)
    end do
    call must(all(abs(soil%ph_for_host(:1) - before(:1)) <= 0.0_r_std), 'a bad day is no pH of the map')
    call must(all(before > 5.6_r_std), 'nor is any other')
    call good()
  end subroutine bad_day

  subroutine step(name, on)
    character(len=*), intent(in) :: name
    logical, intent(in) :: on
    call soil%step(1800.0_r_std, dnh, mc, mcl, t, sink, tile, evap, drain, resp, root, iroot, veget, pb, co2, stat, message, &
      n=nitrogen, lime=lime, tile_rain=rain, tile_runoff=runoff, tile_waiting=waiting, routed=routed, irrigation=irrigation)
    call judge(name, way, on, stat, message, soil%report%columns_stepped, n - 1)
    call good()
  end subroutine step

  subroutine over_all(on)
    logical, intent(in) :: on
    do way = 1, n_ways
      call spoil(mc, way)
      call step('mc_layh', on)
      call spoil(mcl, way)
      call step('mcl_layh', on)
      call spoil(t, way)
      call step('stempdiag', on)
      call spoil(sink, way)
      call step('rootsink', on)
      call spoil(tile, way)
      call step('soiltile', on)
      call spoil(evap, way)
      call step('vevapnu', on)
      call spoil(drain, way)
      call step('drainage', on)
      call spoil(resp, way)
      call step('resp_hetero_radia', on)
      call spoil(root, way)
      call step('resp_maint_part_radia', on)
      call spoil(veget, way)
      call step('veget_max', on)
      call spoil(pb, way)
      call step('pb', on)
      call spoil(co2, way)
      call step('ccanopy', on)
      if (way /= 5) then ! left out, they are nothing
        call spoil(nitrogen, way)
        call step('n', on)
        call spoil(lime, way)
        call step('lime', on)
        call spoil(routed, way)
        call step('returnflow', on)
        call spoil(irrigation, way)
        call step('irrigation', on)
      end if
      call spoil(rain, way)
      call step('precisol_ns', on)
      call spoil(runoff, way)
      call step('ru_ns', on)
      call spoil(waiting, way)
      call step('water2infilt', on)
    end do
    way = 1
    call soil%step(0.0_r_std, dnh, mc, mcl, t, sink, tile, evap, drain, resp, root, iroot, veget, pb, co2, stat, message)
    call must((stat /= 0) .eqv. on, 'a step of no time')
    call step('good arrays', on)
    call must(.not. on .or. soil%report%columns_stepped == n, 'all columns step again: '//soil%line())
  end subroutine over_all

end program orchidee_sweep
