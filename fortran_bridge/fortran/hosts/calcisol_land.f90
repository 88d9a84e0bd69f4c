! What the adapters of all hosts share: arrays to fill, the step, restart variables by name, the log line.
!
! What:    calcisol_land_soil, the columns of one rank, thread, nest or member of an ensemble: as many objects as the host wants.
!          An adapter extends it: it copies the host's arrays into the components (through calcisol_fit, which keeps missing
!          values missing), calls advance, and reads the components back.
! Shapes:  (ncol,nlay), layer 1 at the surface, or (ncol); SI, rates are means over the call, per m2 of soil.
! Switch:  calcisol_switch_t; where it names no bundle, open and advance return at once and the host's results are its own.
! Errors:  stat = 0 is fine; else one sentence in message, and the host decides what to do. Nothing stops or prints.
! Use:     call soil%open(switch, thickness, dz, properties, stat, message);  soil%w_liq(i, l) = fit(wliq(i, l), 1.0_c_double)
!          call soil%advance(dt, stat, message);  if (soil%log_is_due()) write (host_log, *) soil%line()
module calcisol_land
  use, intrinsic :: iso_c_binding, only: c_double, c_int32_t
  use calcisol
  use calcisol_c, only: c_variable_get, info_t
  use calcisol_fit, only: is_missing, missing
  use calcisol_record, only: calcisol_recorder
  use calcisol_stepper, only: clear
  use calcisol_switch, only: calcisol_switch_t, look_at_switch
  implicit none
  private
  public :: calcisol_land_soil, clear, for_history, capacity_without_map

  type, extends(calcisol_recorder) :: calcisol_land_soil
    real(c_double), allocatable :: weight(:, :) ! share of each layer in a column total, exp(-z / 0.3 m) as the library's
    type(calcisol_model), private :: model
  contains
    procedure :: may_start => land_may_start
    procedure :: open => land_open
    procedure :: ph_or => land_ph_or
    procedure :: finish => land_finish
  end type calcisol_land_soil

contains

  ! A second start without a finish is an error, and changes nothing of what the host reads.
  subroutine land_may_start(self, stat, message)
    class(calcisol_land_soil), intent(in) :: self
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    stat = merge(calcisol_error_argument, calcisol_ok, self%on)
    message = ''
    if (self%on) message = 'calcisol was started twice; call finish before another start, or use a second object'
  end subroutine land_may_start

  ! Open the bundle and make the columns. thickness (nlay) [m]: that of the host's layers, the same on all its processes, by
  ! which thick ones are split (switch%thickest_layer). properties: (ncol,nlay,...) linked by calcisol_soil_...; dz among them,
  ! here again.
  ! A property out of its range is an error, a missing one leaves its column waiting; all missing is an error.
  subroutine land_open(self, switch, thickness, dz, properties, stat, message)
    class(calcisol_land_soil), intent(inout) :: self
    type(calcisol_switch_t), intent(in) :: switch
    real(c_double), intent(in) :: thickness(:), dz(:, :) ! (nlay), (ncol,nlay) [m]
    type(calcisol_arrays), intent(in) :: properties
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(out) :: message
    type(calcisol_report) :: report
    call self%may_start(stat, message)
    if (stat /= calcisol_ok .or. switch%bundle == '') return
    call look_at_switch(switch, stat, message)
    if (stat /= calcisol_ok) return
    call self%pieces%choose(thickness, switch%thickest_layer, stat, message)
    if (stat /= calcisol_ok) return
    call self%model%open(trim(switch%bundle), stat, message, tile_columns=switch%tile_columns)
    if (stat == calcisol_ok) then
      call self%columns%create(self%model, size(dz, 1), size(dz, 2), properties, stat, message, report, self%pieces%of_layer)
    end if
    if (stat == calcisol_ok .and. size(dz, 1) > 0 .and. &
        (report%cells_clipped > 0 .or. report%columns_invalid == size(dz, 1))) then
      stat = calcisol_error_argument
    end if
    if (stat /= calcisol_ok) then
      call self%finish()
      return
    end if
    message = ''
    call self%prepare(switch, size(dz, 1), size(dz, 2))
    call self%choose_ph(switch%feedback_ph, dz)
    call self%know_bundle(self%model%describe())
    self%weight = weights(dz)
  end subroutine land_open

  ! Share of a column total that each layer gets: exp(-z / 0.3 m), as the library splits respiration.
  pure function weights(dz) result(weight)
    real(c_double), intent(in) :: dz(:, :)
    real(c_double) :: weight(size(dz, 1), size(dz, 2)), depth
    integer :: i, l
    do i = 1, size(dz, 1)
      depth = 0.0_c_double
      do l = 1, size(dz, 2)
        weight(i, l) = missing
        if (is_missing(dz(i, l))) exit
        weight(i, l) = exp(-depth/0.3_c_double) - exp(-(depth + dz(i, l))/0.3_c_double)
        depth = depth + dz(i, l)
      end do
      if (l > size(dz, 2)) weight(i, :) = weight(i, :)/sum(weight(i, :))
    end do
  end function weights

  ! Exchange capacity [mol kg-1] of soils without a map of it, by the constants that the European run takes: (ncol,nlay) as dz,
  ! clay [kg kg-1] where the host has it; organic carbon, which no host gives, at the contract's default, as clay without one.
  ! Its variable share is calcisol_cec_variable_share.
  function capacity_without_map(dz, clay) result(cec)
    real(c_double), intent(in) :: dz(:, :)
    real(c_double), intent(in), optional :: clay(:, :)
    real(c_double) :: cec(size(dz, 1), size(dz, 2)), of_carbon
    integer :: i, l
    of_carbon = calcisol_cec_per_carbon*default_of(calcisol_soil_soc)
    cec = calcisol_cec_per_clay*default_of(calcisol_soil_clay) + of_carbon
    if (.not. present(clay)) return
    do l = 1, size(dz, 2)
      do i = 1, size(dz, 1)
        cec(i, l) = missing
        if (.not. is_missing(clay(i, l))) cec(i, l) = calcisol_cec_per_clay*clay(i, l) + of_carbon
      end do
    end do
  end function capacity_without_map

  ! What the library takes for a soil property (calcisol_soil_...) that is not linked.
  function default_of(id) result(value)
    integer(c_int32_t), intent(in) :: id
    real(c_double) :: value
    type(info_t) :: info
    value = missing
    if (c_variable_get(id/calcisol_role, mod(id, calcisol_role) - 1_c_int32_t, info) == calcisol_ok) value = info%fill
  end function default_of

  ! Our pH (value: of a layer, or ph_top) where feedback is on and there is one, else the host's own.
  elemental function land_ph_or(self, value, own) result(ph)
    class(calcisol_land_soil), intent(in) :: self
    real(c_double), intent(in) :: value, own
    real(c_double) :: ph
    ph = own
    if (self%on .and. self%switch%feedback .and. .not. is_missing(value)) ph = value
  end function land_ph_or

  ! A result for the host's history: its own missing value where ours is NaN or there is none.
  elemental function for_history(value, host_missing) result(shown)
    real(c_double), intent(in) :: value, host_missing
    real(c_double) :: shown
    shown = host_missing
    if (.not. is_missing(value)) shown = value
  end function for_history

  ! Free everything. Finishing twice, or without a start, is fine; a start after it begins anew.
  subroutine land_finish(self)
    class(calcisol_land_soil), intent(inout) :: self
    call self%forget()
    call self%water%finish()
    call self%model%close()
    if (allocated(self%weight)) deallocate (self%weight)
  end subroutine land_finish

end module calcisol_land
