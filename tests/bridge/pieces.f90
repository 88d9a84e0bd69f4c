! Columns split within their layers, from Fortran: soil by layer and by piece, the state of the pieces, what is refused.
! Use: pieces TOY; prints nothing and stops with 0 when all is as it should be. The toy keeps the water that each piece is given.
program pieces_of_fortran
  use, intrinsic :: iso_c_binding, only: c_double, c_int32_t
  use calcisol
  implicit none
  integer, parameter :: ncol = 3, nlay = 2, all_pieces = 5
  real(c_double), parameter :: near = 1.0e-12_c_double
  real(c_double), target :: dz(ncol, nlay), dz_fine(ncol, all_pieces), w_liq(ncol, nlay), t_soil(ncol, nlay), q_bot(ncol)
  real(c_double) :: fine(ncol, all_pieces), whole(ncol, nlay)
  type(calcisol_model) :: model
  type(calcisol_columns) :: soil
  type(calcisol_arrays) :: io
  integer(c_int32_t) :: stat, pieces(nlay), one(1)
  character(len=:), allocatable :: text
  character(len=1024) :: toy
  integer :: k

  call get_command_argument(1, toy)
  call model%open(toy, stat, text)
  call must(stat == calcisol_ok, text)
  dz = spread([0.1_c_double, 0.15_c_double], 1, ncol)
  w_liq = spread([20.0_c_double, 30.0_c_double], 1, ncol)
  t_soil = 283.0_c_double
  q_bot = 0.0_c_double
  call calcisol_pieces_of(dz(1, :), 0.05_c_double, pieces, stat, text)
  call must(stat == calcisol_ok .and. all(pieces == [2, 3]), 'pieces: '//text)
  call calcisol_pieces_of(dz(1, :), 0.05_c_double, one, stat, text)
  call must(stat == calcisol_error_argument .and. index(text, 'another number of layers') > 0, text)
  call calcisol_pieces_of(dz(1, :), -1.0_c_double, pieces, stat, text)
  call must(stat == calcisol_error_argument .and. index(text, 'thickest is -1') > 0, text)
  pieces = [2, 3]

  call io%link(calcisol_soil_dz, dz)
  call io%link(calcisol_w_liq, w_liq)
  call io%link(calcisol_t_soil, t_soil)
  call io%link(calcisol_q_bot, q_bot)
  call soil%create(model, ncol, nlay, io, stat, text, pieces=[1_c_int32_t])
  call must(stat == calcisol_error_argument .and. index(text, 'shape is (nlay)') > 0, text)
  call soil%create(model, ncol, nlay, io, stat, text, pieces=[0_c_int32_t, 1_c_int32_t])
  call must(stat == calcisol_error_argument .and. index(text, 'layer 1 is to be split into 0 pieces') > 0, text)
  call stepped([10.0_c_double, 10.0_c_double, 10.0_c_double, 10.0_c_double, 10.0_c_double])

  dz_fine = spread([0.02_c_double, 0.08_c_double, 0.05_c_double, 0.025_c_double, 0.075_c_double], 1, ncol) ! by piece
  call io%link(calcisol_soil_dz, dz_fine)
  call stepped([4.0_c_double, 16.0_c_double, 10.0_c_double, 5.0_c_double, 15.0_c_double])
  call model%close()

contains

  ! A step, the water of each piece, and the state there and back.
  subroutine stepped(expected)
    real(c_double), intent(in) :: expected(:)
    call soil%create(model, ncol, nlay, io, stat, text, pieces=pieces)
    call must(stat == calcisol_ok, text)
    call must(soil%state_layers() == all_pieces, 'state_layers')
    call soil%step(3600.0_c_double, io, stat, text)
    call must(stat == calcisol_ok, text)
    call soil%get_state(calcisol_state_water, fine, stat, text)
    call must(stat == calcisol_ok, text)
    do k = 1, all_pieces
      call must(all(abs(fine(:, k) - expected(k)) < near*expected(k)), 'water of the pieces')
    end do
    call soil%get_state(calcisol_state_water, whole, stat, text)
    call must(stat == calcisol_error_argument .and. index(text, 'state_layers()') > 0, 'a state of another shape: '//text)
    call soil%set_state(calcisol_state_water, 2.0_c_double*fine, stat, text)
    call must(stat == calcisol_ok, text)
    call soil%spread_state(calcisol_state_ca, w_liq, stat, text)
    call must(stat == calcisol_ok, text)
    call soil%get_state(calcisol_state_ca, fine, stat, text)
    call must(stat == calcisol_ok .and. all(abs(fine(1, :) - expected) < near*expected), 'a state spread over the pieces: '//text)
    call soil%free()
    call must(soil%state_layers() == 0, 'freed')
  end subroutine stepped

  subroutine must(fine_so, words)
    logical, intent(in) :: fine_so
    character(len=*), intent(in) :: words
    if (fine_so) return
    print '(a)', words
    stop 1
  end subroutine must

end program pieces_of_fortran
