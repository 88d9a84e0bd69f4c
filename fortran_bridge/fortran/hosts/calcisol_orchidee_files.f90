! ORCHIDEE's parameters (run.def), soil map and restart file, by its own routines. Page: orchidee.md.
!
! What:    start reads the CALCISOL_ keys by getin_p and the soil map on the model's own grid, makes the columns and reads the
!          restart; write_restart puts the variables back, with units and long names, float64.
! Keys:    CALCISOL_BUNDLE (off without), CALCISOL_FEEDBACK, CALCISOL_STEP [s], CALCISOL_TILE_COLUMNS, CALCISOL_CHECK_EVERY,
!          CALCISOL_LOG_EVERY: calcisol_switch;
!          CALCISOL_SOIL_FILE, made by `calcisol hosts map`, or one value for all points: CALCISOL_PH [1],
!          CALCISOL_CACO3 [kg kg-1]
! Shapes:  (kjpindex), (kjpindex,nslm). Every process calls both, whatever number of points it has.
! Errors:  stat = 0 is fine, else one sentence in message. Nothing stops or prints.
module calcisol_orchidee_files
  use, intrinsic :: iso_c_binding, only: c_int32_t
  use defprec, only: r_std, i_std
  use constantes_var, only: undef_sechiba
  use ioipsl, only: flininfo, flinget, flinclo, flinquery_var
  use ioipsl_para, only: getin_p, restget_p, restput_p, ioconf_setatt_p
  use mod_orchidee_para_var, only: is_root_prc, iim_g, jjm_g, nbp_glo, index_g
  use mod_orchidee_transfert_para, only: scatter, bcast
  use calcisol, only: calcisol_arrays, calcisol_soil_dz, calcisol_soil_caco3, calcisol_soil_ph0, calcisol_soil_clay, &
    calcisol_error_argument
  use calcisol_expect, only: expect
  use calcisol_fit, only: fit
  use calcisol_land, only: calcisol_land_soil, for_history
  use calcisol_merge, only: calcisol_merged, calcisol_merged_of
  use calcisol_switch, only: calcisol_switch_t
  implicit none
  private
  public :: calcisol_orchidee_kept

  type, extends(calcisol_land_soil) :: calcisol_orchidee_kept
    type(calcisol_merged) :: layers ! 1, 3, 6, 12 mm ... of nslm make one; %back(values) gives nslm again
    integer :: nslm = 0
    ! (kjpindex), there from the start on, whether calcisol is on or off: pH for the host's formulas, and what is to be added to
    ! its carbon flux [gC m-2 dt-1 of grid cell, + to the air]
    real(r_std), allocatable :: ph_map(:), ph_for_host(:), co2_to_air(:)
  contains
    procedure :: start => orchidee_start
    procedure :: profile => orchidee_profile
    procedure :: write_restart => orchidee_write_restart
    procedure :: finish => orchidee_finish
    procedure, private :: read_restart
  end type calcisol_orchidee_kept

contains

  ! In sechiba_initialize, after the restart file is open. dlh (nslm): thickness [m], clay (kjpindex) [1].
  ! ph (kjpindex): the host's own map (v4), in the place of that of the file.
  subroutine orchidee_start(self, kjit, rest_id, dlh, clay, stat, message, ph)
    class(calcisol_orchidee_kept), intent(inout) :: self
    integer(i_std), intent(in) :: kjit, rest_id
    real(r_std), intent(in) :: dlh(:), clay(:)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(out) :: message
    real(r_std), intent(in), optional :: ph(:)
    type(calcisol_switch_t) :: switch
    type(calcisol_arrays) :: soil
    real(r_std), allocatable, target :: property(:, :, :) ! dz, caco3, ph0, clay
    real(r_std) :: caco3(size(clay))
    integer :: n
    message = ''
    if (.not. allocated(self%ph_map)) then
      allocate (self%ph_map(size(clay)), self%ph_for_host(size(clay)), self%co2_to_air(size(clay)))
    end if
    self%co2_to_air = 0.0_r_std
    self%nslm = size(dlh)
    call read_keys(switch)
    call read_map(switch%bundle /= '', self%ph_map, caco3, stat, message)
    if (present(ph)) then
      if (size(ph) == size(clay)) self%ph_map = ph
    end if
    self%ph_for_host = self%ph_map
    if (stat /= 0 .or. switch%bundle == '') return
    self%layers = calcisol_merged_of(dlh, thinnest=0.02_r_std) ! m
    n = self%layers%nlay
    allocate (property(size(clay), n, 4))
    property(:, :, 1) = spread(self%layers%dz, 1, size(clay))
    property(:, :, 2) = spread(fit(caco3, 1.0_r_std), 2, n)
    property(:, :, 3) = spread(fit(self%ph_map, 1.0_r_std), 2, n)
    property(:, :, 4) = spread(fit(clay, 1.0_r_std), 2, n)
    call soil%link(calcisol_soil_dz, property(:, :, 1))
    call soil%link(calcisol_soil_caco3, property(:, :, 2))
    call soil%link(calcisol_soil_ph0, property(:, :, 3))
    call soil%link(calcisol_soil_clay, property(:, :, 4))
    call self%open(switch, property(:, :, 1), soil, stat, message)
    if (stat /= 0) return
    call self%know_map(property)
    call self%read_restart(kjit, rest_id, stat, message)
  end subroutine orchidee_start

  subroutine read_keys(switch)
    type(calcisol_switch_t), intent(inout) :: switch
    call getin_p('CALCISOL_BUNDLE', switch%bundle)
    if (switch%bundle == 'NONE') switch%bundle = ''
    call getin_p('CALCISOL_FEEDBACK', switch%feedback)
    call getin_p('CALCISOL_STEP', switch%step)
    call getin_p('CALCISOL_TILE_COLUMNS', switch%tile_columns)
    call getin_p('CALCISOL_CHECK_EVERY', switch%check_every)
    call getin_p('CALCISOL_LOG_EVERY', switch%log_every)
  end subroutine read_keys

  ! pH of pore water and carbonate of this process's points; undef_sechiba where the map has none.
  subroutine read_map(wanted, ph, caco3, stat, message)
    logical, intent(in) :: wanted
    real(r_std), intent(out) :: ph(:), caco3(:)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    character(len=512) :: file
    real(r_std) :: one_ph, one_caco3
    logical :: exists
    file = 'NONE'
    one_ph = undef_sechiba
    one_caco3 = 0.0_r_std
    call getin_p('CALCISOL_SOIL_FILE', file)
    call getin_p('CALCISOL_PH', one_ph)
    call getin_p('CALCISOL_CACO3', one_caco3)
    ph = one_ph
    caco3 = one_caco3
    stat = 0
    if (.not. wanted .or. file == 'NONE') return
    inquire (file=trim(file), exist=exists)
    call bcast(exists)
    stat = merge(0_c_int32_t, calcisol_error_argument, exists)
    if (.not. exists) message = 'CALCISOL_SOIL_FILE: there is no file '//trim(file)
    if (exists) call read_field(trim(file), 'ph0', ph, stat, message)
    if (stat == 0) call read_field(trim(file), 'caco3', caco3, stat, message)
  end subroutine read_map

  ! One field (lon,lat) of the model's own grid, dealt out to the processes.
  subroutine read_field(file, name, values, stat, message)
    character(len=*), intent(in) :: file, name
    real(r_std), intent(out) :: values(:)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    real(r_std), allocatable :: grid(:, :), land(:)
    integer(i_std) :: iim, jjm, llm, ttm, fid, p
    logical :: fits
    fits = .true.
    allocate (land(merge(nbp_glo, 1, is_root_prc)), source=undef_sechiba)
    if (is_root_prc) then
      call flininfo(file, iim, jjm, llm, ttm, fid)
      call flinquery_var(fid, name, fits)
      fits = fits .and. iim == iim_g .and. jjm == jjm_g
      if (fits) then
        allocate (grid(iim_g, jjm_g))
        call flinget(fid, name, iim_g, jjm_g, llm, ttm, 1, 1, grid)
        do p = 1, nbp_glo
          land(p) = grid(index_g(p) - ((index_g(p) - 1)/iim_g)*iim_g, (index_g(p) - 1)/iim_g + 1)
        end do
      end if
      call flinclo(fid)
    end if
    call bcast(fits)
    call scatter(land, values)
    stat = merge(0_c_int32_t, calcisol_error_argument, fits)
    if (.not. fits) message = file//' has no '//name//' on the grid of the model; make it with calcisol hosts map --grid'
  end subroutine read_field

  ! ------------------------------------------------------------------------------------------------- restart and history
  subroutine read_restart(self, kjit, rest_id, stat, message)
    class(calcisol_orchidee_kept), intent(inout) :: self
    integer(i_std), intent(in) :: kjit, rest_id
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    real(r_std) :: buffer(self%ncol, self%nlay)
    integer :: i
    stat = 0
    do i = 1, self%n_variables()
      call ioconf_setatt_p('UNITS', self%units(i))
      call ioconf_setatt_p('LONG_NAME', self%long_name(i))
      call restget_p(rest_id, self%variable_name(i), nbp_glo, self%nlay, 1, kjit, .true., buffer, 'gather', nbp_glo, index_g)
      if (stat == 0) call self%set(i, buffer, stat, message) ! every process asks for every variable
    end do
  end subroutine read_restart

  ! In sechiba_finalize.
  subroutine orchidee_write_restart(self, kjit, rest_id, stat, message)
    class(calcisol_orchidee_kept), intent(inout) :: self
    integer(i_std), intent(in) :: kjit, rest_id
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    real(r_std) :: buffer(self%ncol, self%nlay)
    integer :: i
    stat = 0
    do i = 1, self%n_variables()
      buffer = undef_sechiba
      if (stat == 0) call self%get(i, buffer, stat, message)
      call ioconf_setatt_p('UNITS', self%units(i))
      call ioconf_setatt_p('LONG_NAME', self%long_name(i))
      call restput_p(rest_id, self%variable_name(i), nbp_glo, self%nlay, 1, kjit, buffer, 'scatter', nbp_glo, index_g)
    end do
  end subroutine orchidee_write_restart

  ! A result in layers ('ph', 'sic', 'dic', 'pco2') on ORCHIDEE's own, for histwrite_p or XIOS; undef_sechiba where there is none.
  ! Amounts (sic, dic) are those of the joined layer, times the share of its thickness.
  function orchidee_profile(self, name) result(values)
    class(calcisol_orchidee_kept), intent(in) :: self
    character(len=*), intent(in) :: name
    real(r_std) :: values(size(self%co2_to_air), self%nslm)
    integer :: l
    values = undef_sechiba
    if (.not. self%on) return
    do l = 1, self%nslm
      associate (k => self%layers%layer(l), part => self%layers%share(l))
        select case (name)
        case ('ph')
          values(:, l) = for_history(self%ph(:, k), undef_sechiba)
        case ('pco2')
          values(:, l) = for_history(self%pco2(:, k), undef_sechiba)
        case ('sic')
          values(:, l) = for_history(fit(self%sic(:, k), part), undef_sechiba)
        case ('dic')
          values(:, l) = for_history(fit(self%dic(:, k), part), undef_sechiba)
        case default ! no profile of this name
          values(:, l) = undef_sechiba
        end select
      end associate
    end do
  end function orchidee_profile

  ! In sechiba_clear. Finishing twice is fine.
  subroutine orchidee_finish(self)
    class(calcisol_orchidee_kept), intent(inout) :: self
    call self%calcisol_land_soil%finish()
    if (allocated(self%ph_map)) deallocate (self%ph_map, self%ph_for_host, self%co2_to_air)
    self%nslm = 0
  end subroutine orchidee_finish

end module calcisol_orchidee_files
