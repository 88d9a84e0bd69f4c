! The columns of one clump of CTSM: start, restart, end, and what the host reads back. Page: ctsm.md.
!
! Shapes:  (ncol,nlev), (ncol), columns counted from 1.
! Errors:  stat = 0 is fine, else one sentence in message. Nothing stops or prints.
module calcisol_ctsm_files
  use, intrinsic :: iso_c_binding, only: c_int32_t
  use shr_kind_mod, only: r8 => shr_kind_r8
  use calcisol, only: calcisol_arrays, calcisol_soil_dz, calcisol_soil_caco3, calcisol_soil_ph0, calcisol_soil_clay, &
    calcisol_soil_bulk_density, calcisol_soil_cec, calcisol_soil_cec_variable, calcisol_q_lat, calcisol_co2_src, calcisol_n_nit, &
    calcisol_cec_variable_share, calcisol_n_min, calcisol_n_up_nh4, calcisol_n_up_no3, calcisol_n_den, calcisol_dep_nh4, &
    calcisol_error_argument
  use calcisol_expect, only: expect
  use calcisol_fit, only: fit, missing
  use calcisol_land, only: calcisol_land_soil, capacity_without_map
  use calcisol_switch, only: calcisol_switch_t
  implicit none
  private
  public :: calcisol_ctsm_kept

  real(r8), parameter :: one = 1.0_r8, zero = 0.0_r8
  integer(c_int32_t), parameter :: given(8) = [calcisol_q_lat, calcisol_co2_src, calcisol_n_nit, calcisol_n_min, &
    calcisol_n_up_nh4, calcisol_n_up_no3, calcisol_n_den, calcisol_dep_nh4]

  character(len=*), parameter :: suspects = 'use_excess_ice and groundwater irrigation, or choose lower_boundary_condition 2'

  type, extends(calcisol_land_soil) :: calcisol_ctsm_kept
    integer :: begc = 1
    real(r8) :: own = 6.5_r8 ! pH where there is none of ours
    ! there from the start on, whether calcisol is on or off: (ncol,nlev), and gC m-2 s-1, + to the air, 0 where not stepped
    real(r8), allocatable :: ph_for_host(:, :), co2_to_air(:)
    real(r8), allocatable :: ponded(:)  ! (ncol) h2osfc before drainage, kg m-2
    real(r8), allocatable :: surface(:) ! (ncol) what passed the surface beside qflx_infl, + into the soil, kg m-2 s-1
    logical :: told_surface = .false.   ! the host gives it, so that its water has to close
  contains
    procedure :: start => ctsm_start
    procedure :: set => ctsm_set
    procedure :: finish => ctsm_finish
  end type calcisol_ctsm_kept

contains

  ! dz [m], caco3 and clay [kg kg-1], ph of the survey (1), bd [kg m-3], all (begc:endc,1:nlev); read them beside surfdata.
  ! cec [mol kg-1] and cec_variable [1] likewise; without them those of the European run. aquifer (use_aquifer_layer()) and
  ! hillslope (use_hillslope): options whose qflx_drain is not what leaves the soil of a column. dzsoi (1:nlev) [m]: the layers,
  ! which thickest_layer splits.
  subroutine ctsm_start(self, switch, begc, dz, caco3, ph, clay, bd, own, stat, message, cec, cec_variable, aquifer, hillslope, &
      dzsoi)
    class(calcisol_ctsm_kept), intent(inout) :: self
    type(calcisol_switch_t), intent(in) :: switch
    integer, intent(in) :: begc
    real(r8), intent(in) :: dz(:, :), own
    real(r8), intent(in), optional :: caco3(:, :), ph(:, :), clay(:, :), bd(:, :), cec(:, :), cec_variable(:, :)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(out) :: message
    logical, intent(in), optional :: aquifer, hillslope
    real(r8), intent(in), optional :: dzsoi(:)
    type(calcisol_arrays) :: soil
    real(r8), allocatable, target :: property(:, :, :)
    real(r8) :: thickness(size(dz, 2)) ! read only where layers are split
    character(len=200) :: fault
    call self%may_start(stat, message)
    if (stat /= 0) return
    self%begc = begc
    self%own = own
    if (allocated(self%ph_for_host)) deallocate (self%ph_for_host, self%co2_to_air) ! of a start that was switched off
    allocate (self%ph_for_host(size(dz, 1), size(dz, 2)), self%co2_to_air(size(dz, 1)))
    self%ph_for_host = own
    self%co2_to_air = zero
    if (switch%bundle == '') return
    fault = ''
    call expect(fault, 'caco3', shape(dz), caco3)
    call expect(fault, 'ph', shape(dz), ph)
    call expect(fault, 'clay', shape(dz), clay)
    call expect(fault, 'bd', shape(dz), bd)
    if (present(cec)) call expect(fault, 'cec', shape(dz), cec)
    if (present(cec_variable)) call expect(fault, 'cec_variable', shape(dz), cec_variable)
    if (present(aquifer)) then
      if (aquifer) fault = 'lower_boundary_condition 3 and 4 drain an aquifer below the soil, not the soil; calcisol needs 2'
    end if
    if (present(hillslope)) then
      if (hillslope) fault = 'use_hillslope moves soil water between columns past the fluxes of a column; calcisol needs .false.'
    end if
    thickness = one
    if (present(dzsoi)) call expect(fault, 'dzsoi', shape(thickness), dzsoi)
    if (present(dzsoi) .and. fault == '') thickness = dzsoi
    if (.not. present(dzsoi) .and. switch%thickest_layer > zero) then
      fault = 'thickest_layer needs dzsoi, the thickness of CTSM''s layers: give it to start'
    end if
    stat = merge(0_c_int32_t, calcisol_error_argument, fault == '')
    message = trim(fault)
    if (stat /= 0) return
    allocate (property(size(dz, 1), size(dz, 2), 7), source=calcisol_cec_variable_share)
    property(:, :, :5) = reshape([fit(dz, one), fit(caco3, one), fit(ph, one), fit(clay, one), fit(bd, one)], [shape(dz), 5])
    property(:, :, 6) = capacity_without_map(property(:, :, 1), property(:, :, 4))
    if (present(cec)) property(:, :, 6) = fit(cec, one)
    if (present(cec_variable)) property(:, :, 7) = fit(cec_variable, one)
    call soil%link(calcisol_soil_dz, property(:, :, 1))
    call soil%link(calcisol_soil_caco3, property(:, :, 2))
    call soil%link(calcisol_soil_ph0, property(:, :, 3))
    call soil%link(calcisol_soil_clay, property(:, :, 4))
    call soil%link(calcisol_soil_bulk_density, property(:, :, 5))
    call soil%link(calcisol_soil_cec, property(:, :, 6))
    call soil%link(calcisol_soil_cec_variable, property(:, :, 7))
    call self%open(switch, thickness, property(:, :, 1), soil, stat, message)
    if (stat /= 0) return
    call self%know_map(property)
    call self%water%start(size(dz, 1), suspects, epsilon(one))
    allocate (self%ponded(size(dz, 1)), self%surface(size(dz, 1)), source=missing)
    call self%give(given)
    self%only_given = .true.
  end subroutine ctsm_start

  ! Restart variable i, and with it the pH that the host reads before the next step.
  subroutine ctsm_set(self, i, values, stat, message)
    class(calcisol_ctsm_kept), intent(inout) :: self
    integer, intent(in) :: i
    real(r8), intent(in) :: values(:, :)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    call self%calcisol_land_soil%set(i, values, stat, message)
    if (stat == 0 .and. i == self%n_variables()) self%ph_for_host = self%ph_or(self%ph_read, self%own)
  end subroutine ctsm_set

  subroutine ctsm_finish(self)
    class(calcisol_ctsm_kept), intent(inout) :: self
    call self%calcisol_land_soil%finish()
    if (allocated(self%ph_for_host)) deallocate (self%ph_for_host, self%co2_to_air)
    if (allocated(self%ponded)) deallocate (self%ponded, self%surface)
    self%told_surface = .false.
  end subroutine ctsm_finish

end module calcisol_ctsm_files
