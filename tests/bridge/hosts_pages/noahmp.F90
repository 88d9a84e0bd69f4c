! The names of HRLDAS around the lines of noahmp.md, with the kinds and ranks they have there; nothing is computed.
module module_hrldas_netcdf_io
  implicit none
contains
  subroutine finalize_restart_file()
  end subroutine finalize_restart_file
end module module_hrldas_netcdf_io

module module_noahmp_hrldas_driver
  use Machine, only : kind_noahmp
  use NoahmpIOVarType, only : NoahmpIO_type
  use module_hrldas_netcdf_io
  ! page: hrldas driver, use
  implicit none
  ! page: hrldas driver, data
  type(NoahmpIO_type) :: NoahmpIO
contains
  subroutine land_driver_ini(ph_survey, caco3_survey)
    real(kind_noahmp), intent(in) :: ph_survey(:, :), caco3_survey(:, :)
    ! page: hrldas driver, at the end of land_driver_ini
  end subroutine land_driver_ini
  subroutine land_driver_exe()
    ! page: hrldas driver, after call NoahmpDriverMain
  end subroutine land_driver_exe
  subroutine lsm_restart
    ! page: lsm_restart, before finalize_restart_file
    call finalize_restart_file()
  end subroutine lsm_restart
end module module_noahmp_hrldas_driver
