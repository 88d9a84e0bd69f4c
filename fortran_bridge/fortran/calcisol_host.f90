! A stand-in host with plain arrays, wrapped for Python by f90wrap: tests and scripts reach the Fortran path through it.
!
! Shapes:  (ncol,nlay), layer 1 at the surface; forcing is held constant over the steps. Units: calcisol_variables.
! Use:     stat, message = run_constant(path, nsteps, dt, dz, caco3, w_liq, t_soil, q_bot, co2_src, ph, sic, co2_adj)
module calcisol_host
  use, intrinsic :: iso_c_binding, only: c_double, c_int32_t
  use calcisol
  implicit none
  private
  public :: run_constant

contains

  ! Open a bundle, make columns, take nsteps steps of dt seconds; ph, sic and co2_adj are those of the last step.
  subroutine run_constant(path, nsteps, dt, dz, caco3, w_liq, t_soil, q_bot, co2_src, ph, sic, co2_adj, stat, message)
    character(len=*), intent(in) :: path
    integer(c_int32_t), intent(in) :: nsteps
    real(c_double), intent(in) :: dt
    real(c_double), intent(in), target :: dz(:, :), caco3(:, :), w_liq(:, :), t_soil(:, :)
    real(c_double), intent(in), target :: q_bot(:), co2_src(:, :)
    real(c_double), intent(inout), target :: ph(:, :), sic(:, :), co2_adj(:)
    integer(c_int32_t), intent(out) :: stat
    character(len=256), intent(out) :: message
    type(calcisol_model) :: model
    type(calcisol_columns) :: soil
    type(calcisol_arrays) :: io
    character(len=:), allocatable :: text
    integer :: step
    call io%link(calcisol_soil_dz, dz)
    call io%link(calcisol_soil_caco3, caco3)
    call io%link(calcisol_w_liq, w_liq)
    call io%link(calcisol_t_soil, t_soil)
    call io%link(calcisol_q_bot, q_bot)
    call io%link(calcisol_co2_src, co2_src)
    call io%link(calcisol_out_ph, ph)
    call io%link(calcisol_out_sic, sic)
    call io%link(calcisol_out_co2_adj, co2_adj)
    call model%open(path, stat, text)
    if (stat == calcisol_ok) call soil%create(model, size(dz, 1), size(dz, 2), io, stat, text)
    do step = 1, nsteps
      if (stat == calcisol_ok) call soil%step(dt, io, stat, text)
    end do
    message = text
    call soil%free()
    call model%close()
  end subroutine run_constant

end module calcisol_host
