! The names of CTSM around the lines of ctsm.md, with the kinds, ranks and lower bounds they have there; nothing is computed.
module ctsm_names
  use shr_kind_mod, only: r8 => shr_kind_r8
  implicit none
  integer, parameter :: nlevsoi = 10, nlevdecomp = 10, nclumps = 1
  type bounds_type
    integer :: begc, endc, clump_index
  end type bounds_type
  type filter_type
    integer :: num_bgc_soilc
    integer, allocatable :: bgc_soilc(:)
  end type filter_type
  type column_type
    real(r8), allocatable :: dz(:, :) ! (begc:endc,-nlevsno+1:nlevgrnd)
    integer, allocatable :: gridcell(:), snl(:)
  end type column_type
  type soilstate_type
    real(r8), allocatable :: cellclay_col(:, :), bd_col(:, :)
  end type soilstate_type
  type waterstatebulk_type
    real(r8), allocatable :: h2osoi_liq_col(:, :), h2osoi_ice_col(:, :), h2osfc_col(:)
  end type waterstatebulk_type
  type waterfluxbulk_type
    real(r8), allocatable :: qflx_rootsoi_col(:, :), qflx_ev_soil_col(:), qflx_infl_col(:), qflx_drain_col(:), &
      qflx_drain_perched_col(:), qflx_liqdew_to_top_layer_col(:), qflx_soliddew_to_top_layer_col(:), &
      qflx_solidevap_from_top_layer_col(:), qflx_sl_top_soil_col(:), qflx_too_small_h2osfc_to_soil_col(:), &
      qflx_ice_runoff_xs_col(:)
  end type waterfluxbulk_type
  type waterdiagnosticbulk_type
    real(r8), allocatable :: frac_h2osfc_col(:)
  end type waterdiagnosticbulk_type
  type water_type
    type(waterstatebulk_type) :: waterstatebulk_inst
    type(waterfluxbulk_type) :: waterfluxbulk_inst
    type(waterdiagnosticbulk_type) :: waterdiagnosticbulk_inst
  end type water_type
  type temperature_type
    real(r8), allocatable :: t_soisno_col(:, :)
  end type temperature_type
  type atm2lnd_type
    real(r8), allocatable :: forc_pbot_downscaled_col(:), forc_pco2_grc(:)
  end type atm2lnd_type
  type carbonflux_type
    real(r8), allocatable :: hr_vr_col(:, :)
  end type carbonflux_type
  type cnveg_carbonflux_type
    real(r8), allocatable :: rr_col(:)
  end type cnveg_carbonflux_type
  type vegetation_type
    type(cnveg_carbonflux_type) :: cnveg_carbonflux_inst
  end type vegetation_type
  type nitrogenflux_type
    real(r8), allocatable :: f_nit_vr_col(:, :), net_nmin_vr_col(:, :), smin_nh4_to_plant_vr_col(:, :), &
      smin_no3_to_plant_vr_col(:, :), f_denit_vr_col(:, :), ndep_to_sminn_col(:)
  end type nitrogenflux_type
  type(bounds_type) :: bounds, bounds_clump
  type(filter_type) :: filter(1)
  type(column_type) :: col
  type(soilstate_type) :: soilstate_inst
  type(water_type) :: water_inst
  type(temperature_type) :: temperature_inst
  type(atm2lnd_type) :: atm2lnd_inst
  type(carbonflux_type) :: soilbiogeochem_carbonflux_inst
  type(vegetation_type) :: bgc_vegetation_inst
  type(nitrogenflux_type) :: soilbiogeochem_nitrogenflux_inst
  real(r8) :: dtime, rpi
  real(r8), allocatable :: caco3(:, :), ph(:, :), k_nitr_ph_vr(:, :)
contains
  subroutine endrun(msg)
    character(len=*), intent(in) :: msg
  end subroutine endrun
end module ctsm_names

module clm_varcon
  use shr_kind_mod, only: r8 => shr_kind_r8
  implicit none
  real(r8) :: dzsoi(15) = 0.1_r8
end module clm_varcon

module clm_varctl
  implicit none
  logical :: use_hillslope = .false.
end module clm_varctl

module SoilWaterMovementMod
  implicit none
contains
  logical function use_aquifer_layer()
    use_aquifer_layer = .false.
  end function use_aquifer_layer
end module SoilWaterMovementMod

module clm_initialize
  use ctsm_names
  ! page: clm_initializeMod, use
  implicit none
contains
  subroutine initialize(nc)
    integer, intent(in) :: nc
    ! page: clm_initializeMod, locals
    ! page: clm_initializeMod, before the clump loop
    associate (b => bounds_clump%begc, e => bounds_clump%endc)
      ! page: clm_initializeMod, in the clump loop
    end associate
  end subroutine initialize
end module clm_initialize

module clm_driver
  use ctsm_names
  ! page: clm_driver, use
  implicit none
contains
  subroutine clm_drv(nc)
    integer, intent(in) :: nc
    ! page: clm_driver, locals
    ! page: clm_driver, before call HydrologyDrainage
    ! page: clm_driver, after
  end subroutine clm_drv
end module clm_driver

module nitrif_denitrif_mod
  use ctsm_names
  ! page: SoilBiogeochemNitrifDenitrifMod, use
  implicit none
contains
  subroutine nitrif_denitrif(c, j)
    integer, intent(in) :: c, j
    ! page: SoilBiogeochemNitrifDenitrifMod, locals
    ! page: SoilBiogeochemNitrifDenitrifMod, the placeholder
  end subroutine nitrif_denitrif
end module nitrif_denitrif_mod
