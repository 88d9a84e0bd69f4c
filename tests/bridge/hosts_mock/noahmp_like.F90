! Noah-MP's conventions: real(4), WRF order (i,k,j), big-endian unformatted files, -9999 in the fields of the first step, water
! points in the grid, no nitrogen, NEE in grams of CO2, a restart of real(4) variables only.
! Arguments: see mock_land; the columns of a rank are the points (i,j), three to a row. Compiled with -fconvert=big-endian.
program noahmp
  use, intrinsic :: iso_c_binding, only: c_float, c_double, c_int32_t
  use calcisol, only: calcisol_n_state
  use calcisol_noahmp
  use mock_land
  implicit none
  integer, parameter :: nsoil = 4, ni = 3
  real(c_float), parameter :: dzs(nsoil) = [0.1_c_float, 0.3_c_float, 0.6_c_float, 1.0_c_float], dt = 1800.0_c_float
  type(order_t) :: order
  type(column_t), allocatable :: land(:)
  real(c_float), allocatable, dimension(:, :, :) :: smois, sh2o, tslb, etrani, ph
  real(c_float), allocatable, dimension(:, :) :: qseva, runsb, nee, npp, psfc, xland, co2_adj, survey, caco3
  real(c_float), allocatable :: part(:, :, :, :)
  real(c_double), allocatable :: keep(:, :), final(:, :)
  character(len=:), allocatable :: message
  integer(c_int32_t) :: stat
  integer :: nj, n, i, j, c, k, step, p, head

  order = order_of()
  n = order%c2 - order%c1 + 1
  nj = (n + ni - 1)/ni
  allocate (smois(ni, nsoil, nj), sh2o(ni, nsoil, nj), tslb(ni, nsoil, nj), etrani(ni, nsoil, nj), ph(ni, nsoil, nj), &
    qseva(ni, nj), runsb(ni, nj), nee(ni, nj), npp(ni, nj), psfc(ni, nj), co2_adj(ni, nj), survey(ni, nj), caco3(ni, nj), &
    part(ni, nsoil, nj, 3), source=-9999.0_c_float)
  allocate (xland(ni, nj), source=2.0_c_float) ! points beyond the last column are water
  allocate (land(n), final(6, n))
  survey = 6.5_c_float
  caco3 = 0.0_c_float
  do c = 1, n
    call point(c, i, j)
    survey(i, j) = real(survey_ph(order%c1 + c - 1), c_float)
    caco3(i, j) = real(carbonate(order%c1 + c - 1), c_float)
    xland(i, j) = 1.0_c_float
    call cold_start(land(c), real(dzs, c_double))
  end do
  call calcisol_noahmp_start(dzs, survey, caco3, stat, message)
  call must(stat, message)
  head = 2*nsoil + 2
  allocate (keep(head + 3*nsoil*calcisol_n_state, n), source=0.0_c_double)
  if (order%restart_in /= '-') then
    call restart(.true.)
  else if (order%first == 1) then
    call step_call() ! all fields are -9999: every column waits
  end if
  do step = order%first, order%last
    do c = 1, n
      call point(c, i, j)
      call advance(land(c), order%c1 + c - 1, step, real(dt, c_double), real(dzs, c_double), survey_ph(order%c1 + c - 1))
      sh2o(i, :, j) = real(land(c)%w_liq(:nsoil), c_float)/(1000.0_c_float*dzs)
      smois(i, :, j) = sh2o(i, :, j) + real(land(c)%w_ice(:nsoil), c_float)/(1000.0_c_float*dzs)
      tslb(i, :, j) = real(land(c)%t(:nsoil), c_float)
      etrani(i, :, j) = real(land(c)%sink(:nsoil)/1000.0_c_double, c_float)
      qseva(i, j) = 0.0_c_float
      runsb(i, j) = real(land(c)%drain, c_float)*dt
      npp(i, j) = 2.0e-5_c_float
      nee(i, j) = (real(1000.0_c_double*land(c)%resp, c_float) - npp(i, j))*44.009_c_float/12.011_c_float
      psfc(i, j) = 95000.0_c_float
    end do
    call step_call()
  end do
  call restart(.false.)
  do c = 1, n
    call point(c, i, j)
    final(:, c) = [land(c)%nh4, sum(land(c)%w_liq), sum(land(c)%w_ice), land(c)%drain, real(ph(i, 1, j), c_double), &
      real(co2_adj(i, j), c_double)]
  end do
  if (n > 0) call write_bits(order%results, order%c1, final)
  if (calcisol_noahmp_soil%on .and. n > 0) then
    print '(a)', calcisol_noahmp_soil%line()
    print '(a,3es9.1)', 'worst', calcisol_noahmp_soil%worst
  end if
  call calcisol_noahmp_soil%finish()
  call over(order)

contains

  pure subroutine point(c, i, j)
    integer, intent(in) :: c
    integer, intent(out) :: i, j
    i = mod(c - 1, ni) + 1
    j = (c - 1)/ni + 1
  end subroutine point

  subroutine step_call()
    call calcisol_noahmp_step(dt, 1.0_c_float, dzs, smois, sh2o, tslb, etrani, qseva, runsb, nee, npp, psfc, xland, ph, co2_adj, &
      stat, message)
    call must(stat, message)
  end subroutine step_call

  ! The host's restart: its own numbers, then each slot as three real(4) variables.
  subroutine restart(into)
    logical, intent(in) :: into
    if (into) call read_bits(trim(order%restart_in), order%c1, keep)
    do c = 1, n
      if (into) then
        land(c)%w_liq(:nsoil) = keep(:nsoil, c)
        land(c)%w_ice(:nsoil) = keep(nsoil + 1:2*nsoil, c)
        land(c)%nh4 = keep(2*nsoil + 1, c)
      else
        keep(:head, c) = [land(c)%w_liq(:nsoil), land(c)%w_ice(:nsoil), land(c)%nh4, land(c)%drain]
      end if
    end do
    do k = 1, calcisol_n_state
      if (.not. calcisol_noahmp_soil%on) exit
      part = -9999.0_c_float
      if (.not. into) call calcisol_noahmp_get(k, part, stat)
      do c = 1, n
        call point(c, i, j)
        do p = 1, 3
          associate (words => keep(head + ((k - 1)*3 + p - 1)*nsoil + 1:head + ((k - 1)*3 + p)*nsoil, c))
            if (into) part(i, :, j, p) = real(words, c_float)
            if (.not. into) words = real(part(i, :, j, p), c_double)
          end associate
        end do
      end do
      if (into) call calcisol_noahmp_set(k, part, stat)
      call must(stat, 'restart '//calcisol_noahmp_soil%slot_name(k))
    end do
    if (.not. into .and. n > 0) call write_bits(order%restart_out, order%c1, keep)
  end subroutine restart

end program noahmp
