! ORCHIDEE's conventions: real(8) by -fdefault-real-8, (kjpindex,nslm,nstm) with water at nodes, amounts per step and grid cell,
! THREADPRIVATE module data (one soil per OpenMP thread), MPI, 999999 before the first step, restart by name and rank.
! Arguments: see mock_land. Compiled with -fdefault-real-8 -ffpe-trap=invalid,zero,overflow -fopenmp.
module orchidee_like
  use, intrinsic :: iso_c_binding, only: c_int32_t
  use calcisol_orchidee
  use ioipsl_para, only: kept, n_kept, most, widest
  use mod_orchidee_para_var, only: first_point, index_g, iim_g, nbp_glo
  use mock_land
  implicit none
  integer, parameter :: nslm = 11, nstm = 3, nvm = 4, nparts = 8, iroot = 6, warm_up = 4
  integer, parameter :: pref_soil_veg(nvm) = [1, 3, 2, 1]
  real, parameter :: dt_sechiba = 1800.0, val_exp = 999999.0, nobio = 0.2 ! default real: eight bytes by the flag
  real, allocatable, save :: mc(:, :), mcl(:, :), stempdiag(:, :), rootsink(:, :, :), soiltile(:, :), veget_max(:, :), &
    resp(:, :), resp_part(:, :, :), vevapnu(:), drainage(:), pb(:), ccanopy(:), n_flux(:, :, :), lime(:), mc_ns(:, :, :), &
    mcl_ns(:, :, :), dr_ns(:, :), ae_ns(:, :), frac_bare_ns(:, :), precisol_ns(:, :), ru_ns(:, :), water2infilt(:, :), &
    returnflow(:), irrigation(:)
  !$omp threadprivate(mc, mcl, stempdiag, rootsink, soiltile, veget_max, resp, resp_part, vevapnu, drainage, pb, ccanopy, n_flux)
  !$omp threadprivate(lime, mc_ns, mcl_ns, dr_ns, ae_ns, frac_bare_ns, precisol_ns, ru_ns, water2infilt, returnflow, irrigation)
  type(calcisol_orchidee_soil), save :: soil
  !$omp threadprivate(soil)
  real, save :: spent = 0.0 ! s of processor time in our calls; of one thread, so only a run of one thread may quote it
  integer, save :: calls = 0
  !$omp threadprivate(spent, calls)

contains

  ! The columns c1 to c2 of one thread, from first step to last.
  subroutine run(order, c1, c2)
    type(order_t), intent(in) :: order
    integer, intent(in) :: c1, c2
    type(column_t) :: land(c1:c2)
    real :: dnh(nslm), dlh(nslm), keep(most*nslm + 4*nslm + 3, c1:c2), final(6, c2 - c1 + 1)
    character(len=:), allocatable :: message
    integer(c_int32_t) :: stat
    integer :: n, l, i, c, step
    n = c2 - c1 + 1
    dnh = dnh_of()
    do l = 1, nslm ! half the distance to each neighbour, as vertical_soil
      dlh(l) = 0.5*dnh(l)
      if (l < nslm) dlh(l) = dlh(l) + 0.5*dnh(l + 1)
    end do
    allocate (mc(n, nslm), mcl(n, nslm), stempdiag(n, nslm), rootsink(n, nslm, nstm), soiltile(n, nstm), veget_max(n, nvm), &
      resp(n, nvm), resp_part(n, nvm, nparts), vevapnu(n), drainage(n), pb(n), ccanopy(n), n_flux(n, nvm, 7), lime(n), &
      source=val_exp)
    allocate (kept(n, widest, most), source=val_exp)
    n_kept = 0
    first_point = c1
    soiltile = spread([0.5, 0.3, 0.2], 1, n)
    allocate (mc_ns(n, nslm, nstm), mcl_ns(n, nslm, nstm), dr_ns(n, nstm), ae_ns(n, nstm), frac_bare_ns(n, nstm), &
      precisol_ns(n, nstm), ru_ns(n, nstm), water2infilt(n, nstm), returnflow(n), irrigation(n), source=val_exp)
    veget_max = (1.0 - nobio)*spread([0.1, 0.2, 0.3, 0.4], 1, n)
    pb = 1000.0
    ccanopy = 420.0
    do i = 1, n
      call cold_start(land(c1 + i - 1), dlh)
    end do
    if (order%restart_in /= '-') then
      call read_bits(trim(order%restart_in), c1, keep)
      call host_state(land, keep, .true.)
      n_kept = most
      do i = 1, most
        kept(:, :nslm, i) = transpose(keep(4*nslm + 3 + (i - 1)*nslm + 1:4*nslm + 3 + i*nslm, :))
      end do
    end if
    call soil%start(0, 1, dlh, 0.2 + 0.0*pb, stat, message, ph=[(survey_ph(c), c=c1, c2)], soiltile=soiltile) ! v4: map of pH
    call must(stat, message)
    if (order%restart_in /= '-') then
      soil%ph_for_host = keep(4*nslm + 3, :)
    else if (order%first == 1) then
      call step_call() ! the first call meets val_exp everywhere: every column waits
    end if
    do step = order%first, order%last
      do i = 1, n
        call advance(land(c1 + i - 1), c1 + i - 1, step, dt_sechiba, dlh, soil%ph_for_host(i))
        call to_host(i, land(c1 + i - 1), step)
      end do
      call step_call()
    end do
    keep = 0.0
    call host_state(land, keep, .false.)
    keep(4*nslm + 3, :) = soil%ph_for_host
    n_kept = 0
    call soil%write_restart(0, 1, stat, message)
    if (stat /= 0) call must(stat, message)
    do i = 1, n_kept
      keep(4*nslm + 3 + (i - 1)*nslm + 1:4*nslm + 3 + i*nslm, :) = transpose(kept(:, :nslm, i))
    end do
    if (n > 0) call write_bits(order%restart_out, c1, keep)
    do i = 1, n ! history: the first four words are the host's own, the last two ours
      c = c1 + i - 1
      final(:, i) = [land(c)%nh4, sum(land(c)%w_liq), sum(land(c)%w_ice), land(c)%drain, soil%ph_for_host(i), soil%co2_to_air(i)]
    end do
    if (n > 0) call write_bits(order%results, c1, final)
    if (any(soil%profile('ph') > 1.0e19 .neqv. .not. soil%on)) error stop 'a profile for the history without its missing value'
    if (soil%on .and. n > 0) then
      !$omp critical
      print '(a)', soil%line()
      print '(a,3es9.1)', 'worst', soil%worst
      print '(a,i0,a,f12.3)', 'cost ', n, ' columns, microseconds per column and step ', &
        1.0e6*spent/real(max(calls - warm_up, 1))/real(n)
      !$omp end critical
    end if
    call soil%finish()
    deallocate (mc, mcl, stempdiag, rootsink, soiltile, veget_max, resp, resp_part, vevapnu, drainage, pb, ccanopy, n_flux, lime, &
      kept, mc_ns, mcl_ns, dr_ns, ae_ns, frac_bare_ns, precisol_ns, ru_ns, water2infilt, returnflow, irrigation)
  end subroutine run

  subroutine step_call()
    character(len=:), allocatable :: message
    integer(c_int32_t) :: stat
    real :: before, after
    call cpu_time(before)
    call soil%step(dt_sechiba, dnh_of(), mc, mcl, stempdiag, rootsink, soiltile, vevapnu, drainage, resp, resp_part, iroot, &
      veget_max, pb, ccanopy, stat, message, n=n_flux, lime=lime, tile_mc=mc_ns, tile_mcl=mcl_ns, tile_drainage=dr_ns, &
      tile_evap=ae_ns, tile_bare=frac_bare_ns, tile_of=pref_soil_veg, tile_rain=precisol_ns, tile_runoff=ru_ns, &
      tile_waiting=water2infilt, routed=returnflow, irrigation=irrigation, irrigated=nstm)
    call cpu_time(after)
    call must(stat, message)
    calls = calls + 1
    if (calls > warm_up) spent = spent + after - before
  end subroutine step_call

  function dnh_of() result(dnh)
    real :: dnh(nslm)
    integer :: l
    dnh = 0.0
    do l = 2, nslm
      dnh(l) = 2.0**(l - 2)*0.00195
    end do
  end function dnh_of

  ! Layer water to contents at nodes, grid-cell amounts, grams, amounts per step.
  subroutine to_host(i, land, step)
    integer, intent(in) :: i, step
    type(column_t), intent(in) :: land
    real :: share
    integer :: l
    share = sum(veget_max(i, :))
    mcl(i, :) = nodes(land%w_liq(:nslm))*share
    mc(i, :) = mcl(i, :) + nodes(land%w_ice(:nslm))*share
    do l = 1, nslm
      stempdiag(i, l) = land%t(l)
      rootsink(i, l, :) = land%sink(l)*dt_sechiba
    end do
    rootsink(i, 1, :) = 0.0
    vevapnu(i) = land%sink(1)*dt_sechiba*share
    drainage(i) = land%drain*dt_sechiba*share
    mc_ns(i, :, :) = spread(mc(i, :)/share, 2, nstm) ! the same water in every tile
    mcl_ns(i, :, :) = spread(mcl(i, :)/share, 2, nstm)
    dr_ns(i, :) = land%drain*dt_sechiba
    frac_bare_ns(i, :) = 0.4
    ae_ns(i, :) = land%sink(1)*dt_sechiba*frac_bare_ns(i, :) ! as hydrol leaves it
    ! all rain infiltrates, a part of it by rivers; of what runs off a part waits above the soil for a step
    water2infilt(i, :) = 0.1*real(mod(step, 3))
    ru_ns(i, :) = 0.2
    returnflow(i) = 0.25*land%rain*dt_sechiba*share
    precisol_ns(i, :) = 0.75*land%rain*dt_sechiba + ru_ns(i, :) + 0.1*real(mod(step, 3) - mod(step - 1, 3))
    irrigation(i) = 0.05*share
    precisol_ns(i, :) = precisol_ns(i, :) - merge(0.05/soiltile(i, :), 0.0, [(l == nstm, l=1, nstm)])
    resp(i, :) = 600.0*land%resp*dt_sechiba ! per PFT ground area
    resp_part(i, :, :) = val_exp
    resp_part(i, 2:, iroot) = 400.0*land%resp*dt_sechiba/(1.0 - veget_max(i, 1)/share) ! bare soil has no roots
    lime(i) = 0.0
    n_flux(i, :, 1) = 1000.0*land%nit*dt_sechiba
    n_flux(i, :, 2:3) = 0.0
    n_flux(i, :, 4) = 1000.0*land%uptake*dt_sechiba
    n_flux(i, :, 5) = 0.0
    n_flux(i, :, 6) = 1000.0*land%n_in*dt_sechiba
    n_flux(i, :, 7) = 0.0
  end subroutine to_host

  ! Contents at nodes [m3 m-3] whose layers hold that water [kg m-2]: half of each interval, linear between nodes; a
  ! tridiagonal system, eliminated downward.
  function nodes(water) result(content)
    real, intent(in) :: water(nslm)
    real :: content(nslm), side(nslm + 1), upper(nslm), rest(nslm), pivot
    integer :: l
    side(:nslm) = 125.0*dnh_of()
    side(nslm + 1) = 0.0
    do l = 1, nslm
      pivot = 3.0*(side(l) + side(l + 1))
      rest(l) = water(l)
      if (l > 1) then
        pivot = pivot - side(l)*upper(l - 1)
        rest(l) = rest(l) - side(l)*rest(l - 1)
      end if
      upper(l) = side(l + 1)/pivot
      rest(l) = rest(l)/pivot
    end do
    content(nslm) = rest(nslm)
    do l = nslm - 1, 1, -1
      content(l) = rest(l) - upper(l)*content(l + 1)
    end do
  end function nodes

  ! What the host itself must carry: water, ice, ammonium, temperature is a function of time.
  subroutine host_state(land, keep, into)
    type(column_t), intent(inout) :: land(:)
    real, intent(inout) :: keep(:, :)
    logical, intent(in) :: into
    integer :: i
    do i = 1, size(land)
      if (into) then
        land(i)%w_liq(:nslm) = keep(1:nslm, i)
        land(i)%w_ice(:nslm) = keep(nslm + 1:2*nslm, i)
        land(i)%nh4 = keep(4*nslm + 1, i)
      else
        keep(1:nslm, i) = land(i)%w_liq(:nslm)
        keep(nslm + 1:2*nslm, i) = land(i)%w_ice(:nslm)
        keep(4*nslm + 1, i) = land(i)%nh4
      end if
    end do
  end subroutine host_state

end module orchidee_like

program orchidee
  use omp_lib, only: omp_get_thread_num, omp_get_num_threads
  use orchidee_like
  implicit none
  type(order_t) :: order
  integer :: c1, c2
  order = order_of()
  iim_g = order%ncol
  nbp_glo = order%ncol
  index_g = [(c1, c1=1, order%ncol)]
  !$omp parallel private(c1, c2)
  call deal(order%c2 - order%c1 + 1, omp_get_thread_num(), omp_get_num_threads(), c1, c2)
  call run(order, order%c1 + c1 - 1, order%c1 + c2 - 1)
  !$omp end parallel
  call over(order)
end program orchidee
