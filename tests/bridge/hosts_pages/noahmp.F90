! The names of HRLDAS around the lines of noahmp.md, with the kinds and ranks they have there; nothing is computed.
module module_noahmp_hrldas_driver
  use Machine, only : kind_noahmp
  use NoahmpIOVarType, only : NoahmpIO_type
  ! page: hrldas driver, use
  implicit none
  ! page: hrldas driver, data
contains
  subroutine land_driver_ini(NoahmpIO, ph_survey, caco3_survey)
    type(NoahmpIO_type), intent(inout) :: NoahmpIO
    real(kind_noahmp), intent(in) :: ph_survey(:, :), caco3_survey(:, :)
    ! page: hrldas driver, locals
    ! page: hrldas driver, after NoahmpInitMain
  end subroutine land_driver_ini
  subroutine land_driver_exe(NoahmpIO)
    type(NoahmpIO_type), intent(inout) :: NoahmpIO
    ! page: hrldas driver, locals
    ! page: hrldas driver, after call NoahmpDriverMain
  end subroutine land_driver_exe
end module module_noahmp_hrldas_driver
