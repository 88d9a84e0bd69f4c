! A host whose arrays live on a GPU, by OpenMP target directives: its own loops run there, and calcisol reads and writes the
! same arrays.
! Use: ./openmp BUNDLE
program host
  use, intrinsic :: iso_c_binding, only: c_double, c_int32_t, c_int64_t, c_loc
  use omp_lib, only: omp_get_num_devices, omp_get_default_device
  use calcisol
  implicit none
  integer, parameter :: ncol = 200, nlay = 11, ndays = 10
  integer(c_int64_t), parameter :: one = 1, wide = ncol
  real(c_double), parameter :: day = 86400.0_c_double
  real(c_double), target :: dz(ncol, nlay), caco3(ncol, nlay), w_liq(ncol, nlay), t_soil(ncol, nlay), q_bot(ncol), ph(ncol, nlay)
  type(calcisol_model) :: model
  type(calcisol_columns) :: soil
  type(calcisol_arrays) :: io
  character(len=:), allocatable :: message
  character(len=1024) :: bundle
  integer(c_int32_t) :: stat
  integer :: step, i, gpus

  call get_command_argument(1, bundle)
  gpus = omp_get_num_devices()
  dz = 1.5_c_double/nlay
  caco3 = spread([(0.3_c_double*i/ncol, i=1, ncol)], 2, nlay)
  w_liq = 280.0_c_double*dz
  q_bot = 1.0e-5_c_double
  ph = 0.0_c_double

  !$omp target data map(to: w_liq, q_bot) map(alloc: t_soil) map(from: ph)
  if (gpus > 0) then ! inside the data region: calcisol takes the context that OpenMP works in
    call model%open(bundle, stat, message, device=calcisol_on_device, &
      device_index=int(omp_get_default_device(), c_int32_t))
  else ! the device path on the host: the same calls, to test a GPU host without a GPU
    call model%open(bundle, stat, message, device=calcisol_on_emulated)
  end if
  call check()
  call io%link(calcisol_soil_dz, dz) ! soil from the host's memory, once
  call io%link(calcisol_soil_caco3, caco3)
  call soil%create(model, ncol, nlay, io, stat, message)
  call check()

  !$omp target data use_device_addr(w_liq, t_soil, q_bot, ph)
  call io%link_device(calcisol_w_liq, c_loc(w_liq), calcisol_f64, ncol, nlay, one, wide)
  call io%link_device(calcisol_t_soil, c_loc(t_soil), calcisol_f64, ncol, nlay, one, wide)
  call io%link_device(calcisol_q_bot, c_loc(q_bot), calcisol_f64, ncol, 0, one, wide)
  call io%link_device(calcisol_out_ph, c_loc(ph), calcisol_f64, ncol, nlay, one, wide)
  !$omp end target data

  do step = 1, ndays
    !$omp target teams distribute parallel do
    do i = 1, ncol
      t_soil(i, :) = 283.0_c_double + 5.0_c_double*sin(0.6_c_double*step)
    end do
    call soil%step(day, io, stat, message) ! queued: no report is asked for
    call check()
    call soil%synchronize(stat, message) ! before this host changes its arrays again
    call check()
  end do
  !$omp end target data
  write (*, '(a,f7.3,a,f7.3)') 'pH of the first column ', ph(1, 1), ', of the last ', ph(ncol, 1)
  call soil%free()
  call model%close()

contains

  subroutine check()
    if (stat == calcisol_ok) return
    write (*, '(a)') message
    stop 1
  end subroutine check

end program host
