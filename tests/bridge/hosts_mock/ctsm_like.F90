! CTSM's conventions: r8, arrays (begc:endc,-nlevsno+1:nlevgrnd) with begc > 1, a filter of active columns that changes within
! the year, NaN wherever nothing was computed, volumetric rates, sideways drainage, the pH of a step used in the next one.
! Arguments: see mock_land. Compiled with -ffpe-trap=invalid,zero,overflow, as a CESM debug build.
program ctsm
  use, intrinsic :: iso_c_binding, only: c_int32_t
  use, intrinsic :: ieee_arithmetic, only: ieee_value, ieee_quiet_nan
  use shr_kind_mod, only: r8 => shr_kind_r8
  use calcisol_ctsm
  use calcisol_switch, only: calcisol_switch_t, read_switch
  use mock_land
  implicit none
  integer, parameter :: nlevsno = 5, nlevsoi = 10, nlevgrnd = 15, offset = 100, most = 160
  real(r8), parameter :: dtime = 1800.0_r8, gram = 1.0e-3_r8
  type(order_t) :: order
  type(column_t), allocatable :: land(:)
  real(r8), allocatable :: dz(:, :), liq(:, :), ice(:, :), t(:, :), root(:, :), evap(:), drain(:), perched(:), infl(:), rr(:), pbot(:), pco2(:), hr(:, :), &
    nit(:, :), nmin(:, :), up4(:, :), up3(:, :), den(:, :), ndep(:), caco3(:, :), survey(:, :), &
    clay(:, :), bd(:, :), keep(:, :), slot(:, :), final(:, :), nitrif_ph(:, :), frac_h2osfc(:), liqdew(:), soliddew(:), &
    solidevap(:), sl_top_soil(:), too_small(:), ice_xs(:), h2osfc(:)
  integer, allocatable :: filter(:), snl(:)
  type(calcisol_switch_t) :: switch
  character(len=:), allocatable :: message
  real(r8) :: nan, thick(nlevsoi)
  integer(c_int32_t) :: stat
  integer :: begc, endc, c, i, l, step, n, head

  order = order_of()
  nan = ieee_value(nan, ieee_quiet_nan)
  begc = offset + order%c1
  endc = offset + order%c2
  n = endc - begc + 1
  allocate (dz(begc:endc, -nlevsno + 1:nlevgrnd), liq(begc:endc, -nlevsno + 1:nlevgrnd), ice(begc:endc, -nlevsno + 1:nlevgrnd), &
    t(begc:endc, -nlevsno + 1:nlevgrnd), root(begc:endc, nlevsoi), evap(begc:endc), drain(begc:endc), perched(begc:endc), infl(begc:endc), rr(begc:endc), pbot(begc:endc), &
    pco2(begc:endc), hr(begc:endc, nlevsoi), nit(begc:endc, nlevsoi), nmin(begc:endc, nlevsoi), up4(begc:endc, nlevsoi), &
    up3(begc:endc, nlevsoi), den(begc:endc, nlevsoi), ndep(begc:endc), source=nan)
  allocate (nitrif_ph(begc:endc, nlevsoi))
  allocate (frac_h2osfc(begc:endc), liqdew(begc:endc), soliddew(begc:endc), solidevap(begc:endc), sl_top_soil(begc:endc), &
    too_small(begc:endc), ice_xs(begc:endc), h2osfc(begc:endc), source=nan)
  allocate (snl(begc:endc))
  allocate (land(begc:endc), slot(begc:endc, nlevsoi), final(6, begc:endc))
  do l = 1, nlevsoi
    thick(l) = 0.02_r8*real(l, r8)**1.3_r8
  end do
  dz(:, 1:nlevsoi) = spread(thick, 1, n)
  caco3 = spread([(carbonate(c - offset), c=begc, endc)], 2, nlevsoi)
  survey = spread([(survey_ph(c - offset), c=begc, endc)], 2, nlevsoi)
  clay = 0.0_r8*caco3 + 0.25_r8
  bd = 0.0_r8*caco3 + 1350.0_r8
  do c = begc, endc
    call cold_start(land(c), thick)
  end do
  allocate (calcisol_clump(1))
  call read_switch('calcisol.nml', switch, stat, message)
  call must(stat, message)
  call calcisol_clump(1)%start(switch, begc, dz(:, 1:nlevsoi), caco3, survey, clay, bd, 6.5_r8, stat, message, dzsoi=thick)
  call must(stat, message)
  head = 2*nlevsoi + 2
  allocate (keep(head + most*nlevsoi, begc:endc), source=0.0_r8)
  if (order%restart_in /= '-') call read_restart()

  do step = order%first, order%last
    filter = pack([(c, c=begc, endc)], [(active(c, step), c=begc, endc)])
    nitrif_ph(:, :) = calcisol_clump(1)%ph_for_host ! the line of SoilBiogeochemNitrifDenitrifMod
    do i = 1, size(filter)
      c = filter(i)
      call advance(land(c), c - offset, step, dtime, thick, nitrif_ph(c, 1))
      liq(c, 1:nlevsoi) = land(c)%w_liq(:nlevsoi)
      ice(c, 1:nlevsoi) = land(c)%w_ice(:nlevsoi)
      t(c, 1:nlevsoi) = land(c)%t(:nlevsoi)
      root(c, :) = land(c)%sink(:nlevsoi)
      evap(c) = 0.0_r8
      drain(c) = 0.75_r8*land(c)%drain
      perched(c) = 0.25_r8*land(c)%drain
      call surface()
      pbot(c) = 98000.0_r8
      pco2(c) = 40.0_r8
      hr(c, :) = 0.6_r8*land(c)%resp/gram/sum(thick)
      rr(c) = 0.4_r8*land(c)%resp/gram
      nit(c, :) = land(c)%nit/gram/sum(thick)
      up3(c, :) = 0.5_r8*nit(c, :)
      nmin(c, :) = 0.0_r8
      up4(c, :) = 0.0_r8
      den(c, :) = 0.0_r8
      ndep(c) = land(c)%n_in/gram
    end do
    call calcisol_clump(1)%before_drainage(filter, h2osfc)
    h2osfc(filter) = h2osfc(filter) + 0.05_r8 ! comes up out of the soil
    call calcisol_clump(1)%pass_surface(filter, dtime, snl, frac_h2osfc, liqdew, soliddew, solidevap, sl_top_soil, too_small, &
      ice_xs, h2osfc, stat, message)
    call must(stat, message)
    call calcisol_clump(1)%step(filter, dtime, dz(:, 1:nlevsoi), liq(:, 1:nlevsoi), ice(:, 1:nlevsoi), t(:, 1:nlevsoi), root, &
      evap, infl, drain, perched, pbot, pco2, hr, rr, nit, nmin, up4, up3, den, ndep, stat, message)
    call must(stat, message)
  end do

  call write_restart()
  do c = begc, endc
    final(:, c) = [land(c)%nh4, sum(land(c)%w_liq), sum(land(c)%w_ice), land(c)%drain, &
      calcisol_clump(1)%ph_for_host(c - begc + 1, 1), calcisol_clump(1)%co2_to_air(c - begc + 1)]
  end do
  if (n > 0) call write_bits(order%results, order%c1, final)
  if (calcisol_clump(1)%on .and. n > 0) then
    print '(a)', calcisol_clump(1)%line()
    print '(a,3es9.1)', 'worst', calcisol_clump(1)%worst
  end if
  call calcisol_clump(1)%finish()
  call over(order)

contains

  ! What passes the surface beside infiltration; all of it together is the rain. Snow lies in every third step.
  subroutine surface()
    snl(c) = merge(-1, 0, mod(step, 3) == 0)
    frac_h2osfc(c) = 0.25_r8
    liqdew(c) = 4.0e-7_r8
    soliddew(c) = 2.0e-7_r8
    solidevap(c) = 1.0e-6_r8
    sl_top_soil(c) = 3.0e-7_r8
    too_small(c) = 1.0e-7_r8
    ice_xs(c) = 2.0e-7_r8
    h2osfc(c) = 0.3_r8*real(mod(step, 4), r8)
    infl(c) = land(c)%rain - (3.0e-7_r8 + 1.0e-7_r8 - 2.0e-7_r8) + 0.05_r8/dtime
    if (snl(c) == 0) infl(c) = infl(c) - 0.75_r8*(4.0e-7_r8 + 2.0e-7_r8 - 1.0e-6_r8)
  end subroutine surface

  ! Every fifth column leaves the filter for some hours and comes back, as with land use.
  pure logical function active(c, step)
    integer, intent(in) :: c, step
    active = mod(c, 5) /= 0 .or. mod(step/12, 3) /= 1
  end function active

  subroutine write_restart()
    do c = begc, endc
      keep(:head, c) = [land(c)%w_liq(:nlevsoi), land(c)%w_ice(:nlevsoi), land(c)%nh4, land(c)%drain]
    end do
    do i = 1, calcisol_clump(1)%n_variables()
      call calcisol_clump(1)%get(i, slot, stat, message)
      call must(stat, message)
      keep(head + (i - 1)*nlevsoi + 1:head + i*nlevsoi, :) = transpose(slot)
    end do
    if (n > 0) call write_bits(order%restart_out, order%c1, keep)
  end subroutine write_restart

  subroutine read_restart()
    call read_bits(trim(order%restart_in), order%c1, keep)
    do c = begc, endc
      land(c)%w_liq(:nlevsoi) = keep(:nlevsoi, c)
      land(c)%w_ice(:nlevsoi) = keep(nlevsoi + 1:2*nlevsoi, c)
      land(c)%nh4 = keep(2*nlevsoi + 1, c)
      land(c)%drain = keep(2*nlevsoi + 2, c)
    end do
    do i = 1, calcisol_clump(1)%n_variables()
      slot = transpose(keep(head + (i - 1)*nlevsoi + 1:head + i*nlevsoi, :))
      call calcisol_clump(1)%set(i, slot, stat, message)
      call must(stat, message)
    end do
  end subroutine read_restart

end program ctsm
