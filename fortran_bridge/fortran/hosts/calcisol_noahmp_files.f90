! Noah-MP's options and soil map for calcisol_noahmp, and what the host reads. Page: noahmp.md.
!
! What:    start looks at the options that calcisol needs, makes the columns from a map of pH and carbonate, and takes the soil
!          water the host starts with; show is pH and carbon flux in the host's kind and order.
! Shapes:  (i,k,j) and (i,j) as NoahmpIO holds them, our column (j-1) ni + i.
! Errors:  stat = 0 is fine, else one sentence in message. Nothing stops or prints.
module calcisol_noahmp_files
  use, intrinsic :: iso_c_binding, only: c_double, c_int32_t
  use Machine, only: kind_noahmp, undefined_real
  use NoahmpIOVarType, only: NoahmpIO_type
  use calcisol, only: calcisol_arrays, calcisol_soil_dz, calcisol_soil_caco3, calcisol_soil_ph0, calcisol_soil_cec, &
    calcisol_soil_cec_variable, calcisol_cec_variable_share, calcisol_error_argument
  use calcisol_expect, only: expect, any_extent
  use calcisol_fit, only: fit, is_missing
  use calcisol_land, only: calcisol_land_soil, capacity_without_map, for_history
  use calcisol_switch, only: calcisol_switch_t, read_switch
  implicit none
  private
  public :: calcisol_noahmp_kept, look_at

  real(c_double), parameter :: one = 1.0_c_double, water = 1000.0_c_double, freezing = 273.16_c_double, gram = 1.0e-3_c_double
  character(len=*), parameter :: suspects = 'any scheme that changes SMOIS outside Noah-MP (WRF-Hydro, data assimilation)'
  integer, parameter :: grows(3) = [2, 5, 6] ! DYNAMIC_VEG_OPTION that compute carbon

  type, extends(calcisol_land_soil) :: calcisol_noahmp_kept
    integer :: ni = 0, nj = 0
    ! there from the start on, whether calcisol is on or off
    real(kind_noahmp), allocatable :: ph_out(:, :, :)  ! (i,k,j), undefined_real where there is none
    real(kind_noahmp), allocatable :: co2_to_air(:, :) ! (i,j) gC m-2 s-1, + to the air, 0 where nothing was stepped
  contains
    procedure :: start => noahmp_start
    procedure :: show => noahmp_show
    procedure :: finish => noahmp_finish
    procedure :: as_started
    procedure :: is_soil
    procedure :: is_bare_frozen
  end type calcisol_noahmp_kept

contains

  ! After the host has its initial state or has read its restart. ph (1) of pore water and caco3 [kg kg-1] (i,j) from a map.
  ! cec [mol kg-1] and cec_variable [1] (i,j) of the same map; without them those of the European run.
  subroutine noahmp_start(self, NoahmpIO, ph, caco3, stat, message, cec, cec_variable)
    class(calcisol_noahmp_kept), intent(inout) :: self
    type(NoahmpIO_type), intent(in) :: NoahmpIO
    real(kind_noahmp), intent(in), optional :: ph(:, :), caco3(:, :), cec(:, :), cec_variable(:, :)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(out) :: message
    type(calcisol_switch_t) :: switch
    type(calcisol_arrays) :: soil
    real(c_double), allocatable, target :: property(:, :, :) ! dz, caco3, ph0, cec, cec_variable
    character(len=200) :: fault
    integer :: i, j, l, c
    call self%may_start(stat, message)
    if (stat /= 0) return
    self%ni = NoahmpIO%ite - NoahmpIO%its + 1
    self%nj = NoahmpIO%jte - NoahmpIO%jts + 1
    if (allocated(self%ph_out)) deallocate (self%ph_out, self%co2_to_air) ! of a start that was switched off
    allocate (self%ph_out(self%ni, NoahmpIO%nsoil, self%nj), self%co2_to_air(self%ni, self%nj))
    self%ph_out = undefined_real
    self%co2_to_air = 0
    call read_switch('calcisol.nml', switch, stat, message)
    if (stat /= 0 .or. switch%bundle == '') return
    self%nlay = NoahmpIO%nsoil
    call look_at(self, NoahmpIO, fault)
    call look_at_options(NoahmpIO, fault)
    call expect(fault, 'ph', [self%ni, self%nj], ph)
    call expect(fault, 'caco3', [self%ni, self%nj], caco3)
    if (present(cec)) call expect(fault, 'cec', [self%ni, self%nj], cec)
    if (present(cec_variable)) call expect(fault, 'cec_variable', [self%ni, self%nj], cec_variable)
    stat = calcisol_error_argument
    message = trim(fault)
    if (fault /= '') return
    allocate (property(self%ni*self%nj, self%nlay, 5), source=calcisol_cec_variable_share)
    property(:, :, 4) = capacity_without_map(property(:, :, 1))
    do j = 1, self%nj
      do i = 1, self%ni
        c = (j - 1)*self%ni + i
        do l = 1, self%nlay
          property(c, l, :3) = [fit(NoahmpIO%DZS(l), one), fit(caco3(i, j), one), fit(ph(i, j), one)]
          if (present(cec)) property(c, l, 4) = fit(cec(i, j), one)
          if (present(cec_variable)) property(c, l, 5) = fit(cec_variable(i, j), one)
        end do
      end do
    end do
    call soil%link(calcisol_soil_dz, property(:, :, 1))
    call soil%link(calcisol_soil_caco3, property(:, :, 2))
    call soil%link(calcisol_soil_ph0, property(:, :, 3))
    call soil%link(calcisol_soil_cec, property(:, :, 4))
    call soil%link(calcisol_soil_cec_variable, property(:, :, 5))
    call self%open(switch, fit(NoahmpIO%DZS, one), property(:, :, 1), soil, stat, message)
    if (stat /= 0) return
    call self%know_map(property)
    self%only_given = .true.
    call start_water(self, NoahmpIO)
  end subroutine noahmp_start

  ! The soil water the host starts with, initial or of its restart, so that the first step has something to compare with.
  subroutine start_water(self, NoahmpIO)
    class(calcisol_noahmp_kept), intent(inout) :: self
    type(NoahmpIO_type), intent(in) :: NoahmpIO
    integer :: i, j
    call self%water%start(self%ncol, suspects, real(epsilon(1.0_kind_noahmp), c_double))
    do j = 1, self%nj
      do i = 1, self%ni
        call self%water%set((j - 1)*self%ni + i, &
          fit(NoahmpIO%SMOIS(NoahmpIO%its + i - 1, :, NoahmpIO%jts + j - 1), fit(NoahmpIO%DZS(:self%nlay), water)))
      end do
    end do
  end subroutine start_water

  ! The first array that is not there or has another shape.
  subroutine look_at(self, NoahmpIO, fault)
    class(calcisol_noahmp_kept), intent(in) :: self
    type(NoahmpIO_type), intent(in) :: NoahmpIO
    character(len=*), intent(out) :: fault
    fault = ''
    associate (map => [self%ni, self%nj], profile => [self%ni, self%nlay, self%nj], io => NoahmpIO)
      call expect(fault, 'DZS', [self%nlay], io%DZS)
      call expect(fault, 'SMOIS', profile, io%SMOIS)
      call expect(fault, 'SH2O', profile, io%SH2O)
      call expect(fault, 'TSLB', profile, io%TSLB)
      call expect(fault, 'ACC_ETRANIXY', profile, io%ACC_ETRANIXY)
      call expect(fault, 'ACC_QSEVAXY', map, io%ACC_QSEVAXY)
      call expect(fault, 'ACC_QINSURXY', map, io%ACC_QINSURXY)
      call expect(fault, 'ACC_EDIRXY', map, io%ACC_EDIRXY)
      call expect(fault, 'RUNSFXY', map, io%RUNSFXY)
      call expect(fault, 'RUNSBXY', map, io%RUNSBXY)
      call expect(fault, 'ACC_GLAFLWXY', map, io%ACC_GLAFLWXY)
      call expect(fault, 'NEEXY', map, io%NEEXY)
      call expect(fault, 'NPPXY', map, io%NPPXY)
      call expect(fault, 'XLAND', map, io%XLAND)
      call expect(fault, 'XICE', map, io%XICE)
      call expect(fault, 'IVGTYP', map, io%IVGTYP)
      call expect(fault, 'SNOW', map, io%SNOW)
      call expect(fault, 'TGXY', map, io%TGXY)
      call expect(fault, 'P8W', [self%ni, any_extent, self%nj], io%P8W)
      if (fault == '') call expect(fault, 'P8W', [self%ni, max(size(io%P8W, 2), 1), self%nj], io%P8W)
    end associate
  end subroutine look_at

  ! The usual case, in a few instructions: every array is there in its shape (0.9 us a call less than look_at, whose list it
  ! repeats: tests/bridge/test_hosts_sweep.py fails where one of them leaves an array out).
  pure function as_started(self, NoahmpIO) result(fine)
    class(calcisol_noahmp_kept), intent(in) :: self
    type(NoahmpIO_type), intent(in) :: NoahmpIO
    logical :: fine
    associate (io => NoahmpIO)
      fine = allocated(io%DZS) .and. allocated(io%SMOIS) .and. allocated(io%SH2O) .and. allocated(io%TSLB) .and. &
        allocated(io%ACC_ETRANIXY) .and. allocated(io%ACC_QSEVAXY) .and. allocated(io%ACC_QINSURXY) .and. &
        allocated(io%ACC_EDIRXY) .and. allocated(io%RUNSFXY) .and. allocated(io%RUNSBXY) .and. &
        allocated(io%ACC_GLAFLWXY) .and. allocated(io%NEEXY) .and. allocated(io%NPPXY) .and. allocated(io%XLAND) .and. &
        allocated(io%XICE) .and. allocated(io%IVGTYP) .and. allocated(io%SNOW) .and. allocated(io%TGXY) .and. allocated(io%P8W)
      if (.not. fine) return
      associate (map => [self%ni, self%nj], profile => [self%ni, self%nlay, self%nj])
        fine = size(io%DZS) == self%nlay .and. all(shape(io%SMOIS) == profile) .and. all(shape(io%SH2O) == profile) .and. &
          all(shape(io%TSLB) == profile) .and. all(shape(io%ACC_ETRANIXY) == profile) .and. all(shape(io%ACC_QSEVAXY) == map) &
          .and. all(shape(io%ACC_QINSURXY) == map) .and. all(shape(io%ACC_EDIRXY) == map) .and. all(shape(io%RUNSFXY) == map) &
          .and. all(shape(io%RUNSBXY) == map) .and. all(shape(io%ACC_GLAFLWXY) == map) .and. &
          all(shape(io%NEEXY) == map) .and. all(shape(io%NPPXY) == map) .and. &
          all(shape(io%XLAND) == map) .and. all(shape(io%XICE) == map) .and. all(shape(io%IVGTYP) == map) .and. &
          all(shape(io%SNOW) == map) .and. all(shape(io%TGXY) == map) .and. size(io%P8W, 1) == self%ni .and. &
          size(io%P8W, 2) > 0 .and. size(io%P8W, 3) == self%nj
      end associate
    end associate
  end function as_started

  ! Options without respiration, or that move soil water past the fluxes NoahmpIO holds.
  subroutine look_at_options(NoahmpIO, fault)
    type(NoahmpIO_type), intent(in) :: NoahmpIO
    character(len=*), intent(inout) :: fault
    if (fault /= '') return
    if (.not. any(grows == NoahmpIO%IOPT_DVEG) .and. NoahmpIO%IOPT_CROP == 0) fault = 'DYNAMIC_VEG_OPTION computes no '// &
      'respiration; calcisol needs 2, 5 or 6, or CROP_OPTION 1'
    if (NoahmpIO%IOPT_IRR > 0 .and. (NoahmpIO%IOPT_IRRM == 0 .or. NoahmpIO%IOPT_IRRM == 2)) fault = 'IRRIGATION_METHOD lets '// &
      'water into the soil past its fluxes; calcisol needs 1 (sprinkler) or 3 (flood)'
    if (NoahmpIO%IOPT_TDRN > 0) fault = 'TILE_DRAINAGE_OPTION takes water out of the soil past its fluxes; calcisol needs 0'
    if (NoahmpIO%IOPT_WETLAND > 0) fault = 'WETLAND_OPTION moves water past the fluxes of the soil; calcisol needs 0'
  end subroutine look_at_options

  ! Land with soil: no open water, sea ice or glacier. A point whose masks are missing counts as soil and waits.
  pure function is_soil(self, NoahmpIO, i, j) result(answer)
    class(calcisol_noahmp_kept), intent(in) :: self
    type(NoahmpIO_type), intent(in) :: NoahmpIO
    integer, intent(in) :: i, j
    logical :: answer
    answer = self%on .and. NoahmpIO%IVGTYP(i, j) /= NoahmpIO%ISICE_TABLE
    if (.not. is_missing(fit(NoahmpIO%XLAND(i, j), one))) answer = answer .and. fit(NoahmpIO%XLAND(i, j), one) < 1.5_c_double
    if (is_missing(fit(NoahmpIO%XICE(i, j), one))) return
    answer = answer .and. fit(NoahmpIO%XICE(i, j), one) < fit(NoahmpIO%XICE_THRESHOLD, one)
  end function is_soil

  ! Ground that is frozen and free of snow: what evaporates is ice of the first layer, which ACC_QSEVA does not hold.
  pure function is_bare_frozen(self, NoahmpIO, i, j) result(answer)
    class(calcisol_noahmp_kept), intent(in) :: self
    type(NoahmpIO_type), intent(in) :: NoahmpIO
    integer, intent(in) :: i, j
    logical :: answer
    answer = .false.
    if (is_missing(fit(NoahmpIO%SNOW(i, j), one)) .or. is_missing(fit(NoahmpIO%TGXY(i, j), one))) return
    answer = self%on .and. fit(NoahmpIO%SNOW(i, j), one) <= 0.0_c_double .and. fit(NoahmpIO%TGXY(i, j), one) <= freezing
  end function is_bare_frozen

  ! pH and carbon flux for the host, as they now are.
  subroutine noahmp_show(self)
    class(calcisol_noahmp_kept), intent(inout) :: self
    integer :: i, j, l, c
    do c = 1, self%ncol
      i = mod(c - 1, self%ni) + 1
      j = (c - 1)/self%ni + 1
      do l = 1, self%nlay
        self%ph_out(i, l, j) = real(for_history(self%ph(c, l), real(undefined_real, c_double)), kind_noahmp)
      end do
      self%co2_to_air(i, j) = real(for_history(fit(self%co2_adj(c), one/gram), 0.0_c_double), kind_noahmp)
    end do
  end subroutine noahmp_show

  subroutine noahmp_finish(self)
    class(calcisol_noahmp_kept), intent(inout) :: self
    call self%calcisol_land_soil%finish()
    if (allocated(self%ph_out)) deallocate (self%ph_out, self%co2_to_air)
    self%ni = 0
    self%nj = 0
  end subroutine noahmp_finish

end module calcisol_noahmp_files
