! The names of HRLDAS around the lines of noahmp.md, with the kinds and ranks they have there; nothing is computed.
module module_hrldas_netcdf_io
  use Machine, only : kind_noahmp
  implicit none
contains
  subroutine get_from_restart(parallel_xstart, parallel_xend, subwindow_xstart, ixfull, jxfull, name, array, return_error)
    integer, intent(in) :: parallel_xstart, parallel_xend, subwindow_xstart, ixfull, jxfull
    character(len=*), intent(in) :: name
    real(kind=kind_noahmp), dimension(:,:,:), intent(out) :: array
    integer, optional, intent(out) :: return_error
  end subroutine get_from_restart
  subroutine add_to_restart(array, name, units, description, layers)
    real(kind=kind_noahmp), dimension(:,:,:), intent(in) :: array
    character(len=*), intent(in) :: name
    character(len=*), optional, intent(in) :: units, description
    character(len=4), optional, intent(in) :: layers
  end subroutine add_to_restart
end module module_hrldas_netcdf_io

module module_noahmp_hrldas_driver
  use Machine, only : kind_noahmp, undefined_real
  use NoahmpIOVarType, only : NoahmpIO_type
  use module_hrldas_netcdf_io
  ! page: hrldas driver, use
  implicit none
  ! page: hrldas driver, data
  integer :: xstart, xend, ixfull, jxfull
contains
  subroutine land_driver_ini(NoahmpIO, ph_survey, caco3_survey)
    type(NoahmpIO_type), intent(inout) :: NoahmpIO
    real(kind_noahmp), intent(in) :: ph_survey(:, :), caco3_survey(:, :)
    ! page: hrldas driver, at the end of land_driver_ini
  end subroutine land_driver_ini
  subroutine land_driver_exe(NoahmpIO)
    type(NoahmpIO_type), intent(inout) :: NoahmpIO
    ! page: hrldas driver, after call NoahmpDriverMain
  end subroutine land_driver_exe
  subroutine lsm_restart
    ! page: lsm_restart, after prepare_restart_file
  end subroutine lsm_restart
end module module_noahmp_hrldas_driver
