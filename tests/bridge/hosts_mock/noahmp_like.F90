! Noah-MP's conventions: real(4), WRF order (i,k,j), big-endian unformatted files, -9999 in the fields of the first step, water
! points in the grid, no nitrogen, NEE in grams of CO2.
! Arguments: see mock_land; the columns of a rank are the points (i,j), three to a row. Compiled with -fconvert=big-endian.
program noahmp
  use, intrinsic :: iso_c_binding, only: c_double, c_int32_t
  use Machine, only: kind_noahmp, undefined_real
  use NoahmpIOVarType, only: NoahmpIO_type
  use calcisol_noahmp
  use mock_land
  implicit none
  integer, parameter :: nsoil = 4, ni = 3, most = 200
  real(kind_noahmp), parameter :: dzs(nsoil) = [0.1, 0.3, 0.6, 1.0], dt = 1800.0
  type(order_t) :: order
  type(column_t), allocatable :: land(:)
  type(NoahmpIO_type) :: io
  type(calcisol_noahmp_soil) :: soil
  real(kind_noahmp), allocatable :: survey(:, :), caco3(:, :)
  real(c_double), allocatable :: keep(:, :), final(:, :), values(:, :)
  character(len=:), allocatable :: message
  integer(c_int32_t) :: stat
  integer :: nj, n, i, j, c, k, step, head

  order = order_of()
  n = order%c2 - order%c1 + 1
  nj = (n + ni - 1)/ni
  io%ite = ni
  io%jte = nj
  allocate (io%SMOIS(ni, nsoil, nj), io%SH2O(ni, nsoil, nj), io%TSLB(ni, nsoil, nj), io%ACC_ETRANIXY(ni, nsoil, nj), &
    io%P8W(ni, 2, nj), io%ACC_QSEVAXY(ni, nj), io%ACC_QINSURXY(ni, nj), io%ACC_EDIRXY(ni, nj), io%RUNSFXY(ni, nj), &
    io%ACC_GLAFLWXY(ni, nj), io%RUNSBXY(ni, nj), io%NEEXY(ni, nj), io%NPPXY(ni, nj), io%SNOW(ni, nj), io%TGXY(ni, nj), &
    survey(ni, nj), caco3(ni, nj), source=undefined_real)
  allocate (io%IVGTYP(ni, nj), source=1)
  allocate (io%XLAND(ni, nj), source=2.0_kind_noahmp) ! points beyond the last column are water
  allocate (io%XICE(ni, nj), source=0.0_kind_noahmp)
  io%DZS = dzs
  allocate (land(n), final(6, n))
  survey = 6.5
  caco3 = 0.0
  do c = 1, n
    call point(c, i, j)
    survey(i, j) = real(survey_ph(order%c1 + c - 1), kind_noahmp)
    caco3(i, j) = real(carbonate(order%c1 + c - 1), kind_noahmp)
    io%XLAND(i, j) = 1.0
    call cold_start(land(c), real(dzs, c_double))
  end do
  head = 2*nsoil + 2
  allocate (keep(head + nsoil*most, n), values(ni*nj, nsoil), source=0.0_c_double)
  if (order%restart_in /= '-') call restart(.true., host_only=.true.)
  do c = 1, n ! the initial state, or that of the restart
    call point(c, i, j)
    call water_to_host()
  end do
  call soil%start(io, survey, caco3, stat, message)
  call must(stat, message)
  if (order%restart_in /= '-') then
    call restart(.true., host_only=.false.)
  else if (order%first == 1) then
    call step_call() ! the fluxes are -9999: every column waits
  end if
  do step = order%first, order%last
    do c = 1, n
      call point(c, i, j)
      call advance(land(c), order%c1 + c - 1, step, real(dt, c_double), real(dzs, c_double), survey_ph(order%c1 + c - 1))
      call water_to_host()
      io%TSLB(i, :, j) = real(land(c)%t(:nsoil), kind_noahmp)
      io%ACC_ETRANIXY(i, :, j) = real(land(c)%sink(:nsoil)/1000.0_c_double, kind_noahmp)
      io%ACC_QSEVAXY(i, j) = 0.0
      io%ACC_EDIRXY(i, j) = 0.0
      io%ACC_GLAFLWXY(i, j) = 0.0
      io%ACC_QINSURXY(i, j) = real(land(c)%rain/1000.0_c_double, kind_noahmp)
      io%RUNSFXY(i, j) = 0.0
      io%RUNSBXY(i, j) = real(land(c)%drain, kind_noahmp)*dt
      io%SNOW(i, j) = 0.0
      io%TGXY(i, j) = 280.0
      io%NPPXY(i, j) = 2.0e-5
      io%NEEXY(i, j) = (real(1000.0_c_double*land(c)%resp, kind_noahmp) - io%NPPXY(i, j))*44.0/12.0
      io%P8W(i, :, j) = 95000.0
    end do
    call step_call()
  end do
  call restart(.false., host_only=.false.)
  do c = 1, n
    call point(c, i, j)
    final(:, c) = [land(c)%nh4, sum(land(c)%w_liq), sum(land(c)%w_ice), land(c)%drain, real(soil%ph_out(i, 1, j), c_double), &
      real(soil%co2_to_air(i, j), c_double)]
  end do
  if (n > 0) call write_bits(order%results, order%c1, final)
  if (soil%on .and. n > 0) then
    print '(a)', soil%line()
    print '(a,3es9.1)', 'worst', soil%worst
  end if
  call soil%finish()
  call over(order)

contains

  pure subroutine point(c, i, j)
    integer, intent(in) :: c
    integer, intent(out) :: i, j
    i = mod(c - 1, ni) + 1
    j = (c - 1)/ni + 1
  end subroutine point

  subroutine water_to_host()
    io%SH2O(i, :, j) = real(land(c)%w_liq(:nsoil), kind_noahmp)/(1000.0_kind_noahmp*dzs)
    io%SMOIS(i, :, j) = io%SH2O(i, :, j) + real(land(c)%w_ice(:nsoil), kind_noahmp)/(1000.0_kind_noahmp*dzs)
  end subroutine water_to_host

  subroutine step_call()
    call soil%step(io, stat, message)
    call must(stat, message)
  end subroutine step_call

  ! The host's restart: its own numbers, then each of ours (in files of HRLDAS: noahmp_files).
  subroutine restart(into, host_only)
    logical, intent(in) :: into, host_only
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
    if (host_only) return
    do k = 1, soil%n_variables()
      values = real(undefined_real, c_double)
      if (.not. into) call soil%get(k, values, stat, message)
      do c = 1, n
        associate (words => keep(head + (k - 1)*nsoil + 1:head + k*nsoil, c))
          if (into) values(c, :) = words
          if (.not. into) words = values(c, :)
        end associate
      end do
      if (into) call soil%set(k, values, stat, message)
      call must(stat, message)
    end do
    if (.not. into .and. n > 0) call write_bits(order%restart_out, order%c1, keep)
  end subroutine restart

end program noahmp
