! The names of HRLDAS around the lines of noahmp.md, with the kinds and ranks they have there; nothing is computed.
module noahmp_io
  implicit none
  type noahmp_io_type
    real :: dtbl
    real, allocatable :: dzs(:), smois(:, :, :), sh2o(:, :, :), tslb(:, :, :), acc_etranixy(:, :, :), acc_qsevaxy(:, :), &
      runsbxy(:, :), neexy(:, :), nppxy(:, :), p8w(:, :, :), xland(:, :)
  end type noahmp_io_type
end module noahmp_io

subroutine glue(NoahmpIO, ph_survey, caco3_survey, ph, co2_adj)
  use noahmp_io
  use calcisol_noahmp
  implicit none
  type(noahmp_io_type), intent(in) :: NoahmpIO
  real, intent(in) :: ph_survey(:, :), caco3_survey(:, :)
  real, intent(out) :: ph(:, :, :), co2_adj(:, :)
  integer :: stat
  character(len=:), allocatable :: message
  ! page: hrldas driver
end subroutine glue
