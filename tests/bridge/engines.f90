! The engine argument from Fortran: what runs is what was asked for, and what cannot run is refused in words.
! Use: engines BUNDLE TOY; BUNDLE has a native kernel, TOY has none; stops with 0 when all is as it should be.
program engines
  use, intrinsic :: iso_c_binding, only: c_double, c_int32_t
  use calcisol
  implicit none
  integer, parameter :: ncol = 5, nlay = 4
  real(c_double), parameter :: near = 1.0e-4_c_double ! float32 sums of the network in another order
  real(c_double), target :: dz(ncol, nlay), w_liq(ncol, nlay), t_soil(ncol, nlay), q_bot(ncol), ph(ncol, nlay, 3)
  type(calcisol_model) :: model
  character(len=:), allocatable :: text
  character(len=1024) :: bundle, toy
  integer(c_int32_t) :: stat

  call get_command_argument(1, bundle)
  call get_command_argument(2, toy)
  dz = 0.2_c_double
  w_liq = 50.0_c_double
  t_soil = 283.0_c_double
  q_bot = 1.0e-5_c_double
  call run(calcisol_engine_torchscript, '"engine": "TorchScript"', ph(:, :, 1))
  call run(calcisol_engine_native, '"engine": "native ', ph(:, :, 2))
  call run(calcisol_engine_auto, '"engine": "native ', ph(:, :, 3))
  call must(all(abs(ph(:, :, 2) - ph(:, :, 1)) < near*ph(:, :, 1)), 'the engines differ')
  call must(all(abs(ph(:, :, 3) - ph(:, :, 2)) <= 0.0_c_double), 'auto is not native')

  call model%open(toy, stat, text, engine=calcisol_engine_native)
  call must(stat == calcisol_error_unsupported, 'native was not refused: '//text)
  call model%open(toy, stat, text, engine=7)
  call must(stat == calcisol_error_argument .and. index(text, 'options.engine is 7') > 0, text)
  call model%open(bundle, stat, text, engine_library='/nowhere/engine.so')
  call must(stat == calcisol_error_unsupported .and. index(text, '/nowhere/engine.so') > 0, text)
  call model%open(bundle, stat, text, engine=calcisol_engine_torchscript, engine_library='/nowhere/engine.so')
  call must(stat == calcisol_ok, 'TorchScript asked for a library: '//text)
  call model%close()

contains

  subroutine run(engine, says, answer)
    integer(c_int32_t), intent(in) :: engine
    character(len=*), intent(in) :: says
    real(c_double), intent(inout), target :: answer(:, :)
    type(calcisol_columns) :: soil
    type(calcisol_arrays) :: io
    integer :: step
    call model%open(bundle, stat, text, engine=engine)
    call must(stat == calcisol_ok, text)
    call must(index(model%describe(), says) > 0, 'another engine runs than '//says)
    call io%link(calcisol_soil_dz, dz)
    call io%link(calcisol_w_liq, w_liq)
    call io%link(calcisol_t_soil, t_soil)
    call io%link(calcisol_q_bot, q_bot)
    call io%link(calcisol_out_ph, answer)
    call soil%create(model, ncol, nlay, io, stat, text)
    call must(stat == calcisol_ok, text)
    do step = 1, 3
      call soil%step(86400.0_c_double, io, stat, text)
      call must(stat == calcisol_ok, text)
    end do
    call soil%free()
    call model%close()
  end subroutine run

  subroutine must(condition, message)
    logical, intent(in) :: condition
    character(len=*), intent(in) :: message
    if (condition) return
    print '(a)', message
    stop 1
  end subroutine must

end program engines
