! A host in debug mode: floating-point traps on, OpenMP threads set, real(4) slices and strided real(8) arrays.
! Use: traps BUNDLE; compiled with -ffpe-trap=invalid,zero,overflow -fopenmp; stops with 0 when all is as it should be.
program traps
  use, intrinsic :: iso_c_binding, only: c_float, c_double, c_int32_t
  use, intrinsic :: ieee_exceptions, only: ieee_get_halting_mode, ieee_invalid, ieee_divide_by_zero, ieee_overflow
  use omp_lib, only: omp_get_max_threads, omp_set_num_threads
  use calcisol
  implicit none
  integer, parameter :: ncol = 7, nlay = 3, nsteps = 5
  real(c_float), target :: every_second(2*ncol, nlay) ! a host whose columns are two apart
  real(c_double), target :: plain(ncol, nlay), flipped(nlay, ncol), q_bot(ncol), ph(ncol, nlay), ph_strided(ncol, nlay)
  type(calcisol_model) :: model
  type(calcisol_columns) :: soil, strided
  type(calcisol_arrays) :: io, other
  character(len=:), allocatable :: text
  character(len=1024) :: bundle
  integer(c_int32_t) :: stat
  integer :: step, threads
  logical :: halting(3)

  call get_command_argument(1, bundle)
  call omp_set_num_threads(2)
  call model%open(bundle, stat, text)
  call must(stat == calcisol_ok, text)
  plain = 0.25_c_double ! a dry soil: 0.25 m layers with 0.25 kg m-2 of water
  every_second = 0.25_c_float
  flipped = 0.25_c_double
  q_bot = 0.0_c_double
  call io%link(calcisol_soil_dz, plain)
  call soil%create(model, ncol, nlay, io, stat, text)
  call must(stat == calcisol_ok, text)
  call other%link(calcisol_soil_dz, every_second(1::2, :))
  call strided%create(model, ncol, nlay, other, stat, text)
  call must(stat == calcisol_ok, text)

  call io%link(calcisol_w_liq, plain)
  call io%link(calcisol_t_soil, plain)
  call must_fail_shape()
  call io%link(calcisol_q_bot, q_bot)
  call io%link(calcisol_out_ph, ph)
  call other%link(calcisol_w_liq, every_second(1::2, :))
  call other%link(calcisol_q_bot, q_bot)
  call other%link(calcisol_out_ph, ph_strided)
  do step = 1, nsteps
    call drive()
  end do
  call must(all(ph == ph_strided), 'strided real(4) and contiguous real(8) differ')
  threads = omp_get_max_threads()
  call must(threads == 2, 'the OpenMP thread count was changed')
  call ieee_get_halting_mode(ieee_invalid, halting(1))
  call ieee_get_halting_mode(ieee_divide_by_zero, halting(2))
  call ieee_get_halting_mode(ieee_overflow, halting(3))
  call must(all(halting), 'the floating-point traps were switched off')
  strided = soil ! must not share the handle
  call soil%free()
  call soil%free()
  call strided%step(1800.0_c_double, other, stat, text)
  call must(stat == calcisol_ok, 'assignment has broken the left side')
  call strided%free()
  call model%close()
  call model%close()
  call soil%step(1800.0_c_double, io, stat, text)
  call must(stat == calcisol_error_argument, 'a freed object was stepped')
  print '(a)', 'fine'

contains

  subroutine drive()
    real(c_double), target :: t(ncol, nlay)
    t = 280.0_c_double
    call io%link(calcisol_t_soil, t)
    call other%link(calcisol_t_soil, t)
    call soil%step(1800.0_c_double, io, stat, text)
    call must(stat == calcisol_ok .and. text == '', text)
    call strided%step(1800.0_c_double, other, stat, text)
    call must(stat == calcisol_ok .and. text == '', text)
  end subroutine drive

  ! wrong shape, wrong rank, wrong id: a sentence each, and the arrays object can be used again
  subroutine must_fail_shape()
    type(calcisol_arrays) :: wrong
    call wrong%link(calcisol_w_liq, flipped)
    call soil%step(1800.0_c_double, wrong, stat, text)
    call must(stat == calcisol_error_argument .and. index(text, 'w_liq') > 0 .and. index(text, '(3,7)') > 0, text)
    call wrong%unlink()
    call wrong%link(calcisol_w_liq, q_bot)
    call soil%step(1800.0_c_double, wrong, stat, text)
    call must(stat == calcisol_error_argument .and. index(text, 'rank') > 0, text)
    call wrong%unlink()
    call wrong%link(7_c_int32_t, q_bot)
    call soil%step(1800.0_c_double, wrong, stat, text)
    call must(stat == calcisol_error_argument .and. index(text, 'id 7') > 0, text)
    call wrong%unlink()
    call soil%step(1800.0_c_double, wrong, stat, text)
    call must(stat == calcisol_error_missing .and. index(text, 'w_liq') > 0, text)
  end subroutine must_fail_shape

  subroutine must(condition, complaint)
    logical, intent(in) :: condition
    character(len=*), intent(in) :: complaint
    if (condition) return
    print '(a)', complaint
    stop 1
  end subroutine must

end program traps
