! A host in Fortran with its own time loop: a bucket of water per layer, half-hourly steps, single precision as Noah-MP,
! and a restart half way through that gives the same bits.
! Use: ./host BUNDLE
program host
  use, intrinsic :: iso_c_binding, only: c_float, c_double, c_int32_t, c_int64_t
  use calcisol
  implicit none
  integer, parameter :: ncol = 4, nlay = 6, nsteps = 480
  real(c_double), parameter :: dt = 1800.0_c_double
  real(c_float), target :: dz(ncol, nlay), caco3(ncol, nlay), w_liq(ncol, nlay), t_soil(ncol, nlay), w_sink(ncol, nlay)
  real(c_float), target :: q_bot(ncol), resp(ncol)
  real(c_double), target :: ph(ncol, nlay), co2_adj(ncol), kept(ncol, nlay, calcisol_n_state)
  integer(c_int32_t), target :: flag(ncol, nlay)
  type(calcisol_model) :: model
  type(calcisol_columns) :: soil, again
  type(calcisol_arrays) :: io
  type(calcisol_report) :: report
  character(len=:), allocatable :: message
  character(len=1024) :: bundle
  integer(c_int32_t) :: stat
  integer :: step, i
  real(c_double) :: ph_end(ncol, nlay)

  call get_command_argument(1, bundle)
  call model%open(bundle, stat, message, tile_columns=8)
  if (stat /= calcisol_ok) call finish(message)

  dz = spread([0.05_c_float, 0.1_c_float, 0.15_c_float, 0.2_c_float, 0.25_c_float, 0.25_c_float], 1, ncol)
  caco3 = spread([0.0_c_float, 0.01_c_float, 0.05_c_float, 0.3_c_float], 2, nlay)
  call io%link(calcisol_soil_dz, dz)
  call io%link(calcisol_soil_caco3, caco3)
  call soil%create(model, ncol, nlay, io, stat, message)
  if (stat /= calcisol_ok) call finish(message)

  call io%link(calcisol_w_liq, w_liq)
  call io%link(calcisol_t_soil, t_soil)
  call io%link(calcisol_w_sink, w_sink)
  call io%link(calcisol_q_bot, q_bot)
  call io%link(calcisol_co2_src_total, resp)
  call io%link(calcisol_out_ph, ph)
  call io%link(calcisol_out_co2_adj, co2_adj)
  call io%link_flag(flag)

  w_liq = 250.0_c_float*dz
  do step = 1, nsteps
    call land_model(step)
    call soil%step(dt, io, stat, message, report)
    if (stat /= calcisol_ok) call finish(message)
    if (step == nsteps/2) call keep_state()
  end do
  ph_end = ph

  ! the second half again, from the state kept half way: a restart gives the same bits
  call again%create(model, ncol, nlay, io, stat, message)
  do i = 1, calcisol_n_state
    call again%set_state(5*calcisol_role + int(i, c_int32_t), kept(:, :, i), stat, message)
    if (stat /= calcisol_ok) call finish(message)
  end do
  w_liq = 250.0_c_float*dz
  do step = 1, nsteps
    call land_model(step)
    if (step <= nsteps/2) cycle
    call again%step(dt, io, stat, message)
    if (stat /= calcisol_ok) call finish(message)
  end do

  do i = 1, ncol
    write (*, '(a,i0,a,f5.2,a,f7.3,a,f7.3,a,f9.4)') 'column ', i, ': CaCO3 ', caco3(i, 1), ', pH top ', ph_end(i, 1), &
      ', bottom ', ph_end(i, nlay), ', CO2 adjustment [g m-2 a-1] ', co2_adj(i)*1000.0_c_double*365.0_c_double*86400.0_c_double
  end do
  write (*, '(a,i0,a,i0,a,l1)') 'columns stepped ', report%columns_stepped, ', invalid ', report%columns_invalid, &
    ', restart gives the same bits: ', all(transfer(ph, [0_c_int64_t]) == transfer(ph_end, [0_c_int64_t]))
  call again%free()
  call soil%free()
  call model%close()

contains

  ! The land model of this example: rain and evaporation in turn, drainage at the bottom, a daily cycle of temperature.
  subroutine land_model(step)
    integer, intent(in) :: step
    real(c_float) :: hour, rain
    hour = 0.5_c_float*real(mod(step, 48), c_float)
    t_soil = 285.0_c_float + 5.0_c_float*sin(0.2618_c_float*(hour - 9.0_c_float))
    rain = merge(4.0e-5_c_float, 0.0_c_float, mod(step/48, 2) == 0) ! kg m-2 s-1 on every second day
    w_sink = 0.0_c_float
    w_sink(:, 1) = 1.0e-5_c_float
    q_bot = 1.0e-5_c_float
    w_liq(:, 1) = w_liq(:, 1) + (rain - 2.0e-5_c_float)*real(dt, c_float)
    resp = 2.2e-8_c_float ! kg C m-2 s-1, 0.7 kg m-2 in a year
  end subroutine land_model

  subroutine keep_state()
    integer :: slot
    do slot = 1, calcisol_n_state
      call soil%get_state(5*calcisol_role + int(slot, c_int32_t), kept(:, :, slot), stat, message)
      if (stat /= calcisol_ok) call finish(message)
    end do
  end subroutine keep_state

  ! The host decides what an error means; this one ends the run.
  subroutine finish(text)
    character(len=*), intent(in) :: text
    write (*, '(a)') text
    stop 1
  end subroutine finish

end program host
