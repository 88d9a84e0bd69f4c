! ORCHIDEE's soil map and restart file in, pH and carbon flux out, for calcisol_orchidee. Page: orchidee.md.
!
! What:    start makes the columns from run.def and the soil map and reads the restart; write_restart puts the variables back,
!          with units and long names, float64; profile hands the history what it reads.
! Shapes:  (kjpindex), (kjpindex,nslm). Every process calls start and write_restart, whatever number of points it has. With tiles
!          as columns (calcisol_tiles) the columns are kjpindex x nstm, and each tile has its own restart variables.
! Errors:  stat = 0 is fine, else one sentence in message. Nothing stops or prints.
module calcisol_orchidee_files
  use, intrinsic :: iso_c_binding, only: c_int32_t
  use defprec, only: r_std, i_std
  use constantes_var, only: undef_sechiba
  use ioipsl_para, only: restget_p, restput_p, ioconf_setatt_p
  use mod_orchidee_para_var, only: nbp_glo, index_g
  use calcisol, only: calcisol_arrays, calcisol_soil_dz, calcisol_soil_caco3, calcisol_soil_ph0, calcisol_soil_clay, &
    calcisol_soil_cec, calcisol_soil_cec_variable, calcisol_cec_variable_share, calcisol_error_argument, calcisol_error_state
  use calcisol_fit, only: fit, is_missing, missing
  use calcisol_land, only: calcisol_land_soil, for_history, clear, capacity_without_map
  use calcisol_merge, only: calcisol_merged, calcisol_merged_of
  use calcisol_orchidee_map, only: read_keys, read_map
  use calcisol_switch, only: calcisol_switch_t
  use calcisol_tiles, only: calcisol_tiles_t, suffix => tile_suffix
  implicit none
  private
  public :: calcisol_orchidee_kept

  character(len=*), parameter :: suspects = 'OK_NUDGE_MC, IRRIGATED_SOILTILE and whatever else changes mc outside hydrol_soil'

  type, extends(calcisol_land_soil) :: calcisol_orchidee_kept
    type(calcisol_merged) :: layers ! 1, 3, 6, 12 mm ... of nslm make one; %back(values) gives nslm again
    type(calcisol_tiles_t) :: tiles ! of a point; one: its mean
    integer :: nslm = 0
    real(r_std), allocatable :: per_soil(:) ! (kjpindex) grid cell to soil at the last step; ice and lakes hold no water
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
  ! ph (kjpindex): the host's own map (v4), in the place of that of the file; soiltile (kjpindex,nstm), for CALCISOL_TILES.
  subroutine orchidee_start(self, kjit, rest_id, dlh, clay, stat, message, ph, soiltile)
    class(calcisol_orchidee_kept), intent(inout) :: self
    integer(i_std), intent(in) :: kjit, rest_id
    real(r_std), intent(in) :: dlh(:), clay(:)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(out) :: message
    real(r_std), intent(in), optional :: ph(:), soiltile(:, :)
    type(calcisol_switch_t) :: switch
    real(r_std) :: soil(size(clay), 4)
    logical :: has(4), by_tile
    integer :: n_tiles
    call self%may_start(stat, message)
    if (stat /= 0) return
    if (allocated(self%ph_map)) deallocate (self%ph_map, self%ph_for_host, self%co2_to_air) ! of a start that was switched off
    allocate (self%ph_map(size(clay)), self%ph_for_host(size(clay)), self%co2_to_air(size(clay)))
    self%co2_to_air = 0.0_r_std
    self%nslm = size(dlh)
    call read_keys(switch, by_tile)
    call read_map(switch%bundle /= '', soil, has, stat, message)
    if (present(ph)) then
      if (size(ph) == size(clay)) soil(:, 2) = ph
    end if
    self%ph_map = soil(:, 2)
    self%ph_for_host = self%ph_map
    if (stat == 0 .and. by_tile .and. .not. present(soiltile)) then
      stat = calcisol_error_argument
      message = 'CALCISOL_TILES needs soiltile: give it to start and the arrays of the tiles to step, as the page says'
    end if
    if (stat /= 0 .or. switch%bundle == '') return
    n_tiles = 1
    if (by_tile) n_tiles = size(soiltile, 2)
    call make_columns(self, switch, n_tiles, dlh, clay, soil, has, stat, message)
    if (stat == 0) call self%read_restart(kjit, rest_id, stat, message)
  end subroutine orchidee_start

  subroutine make_columns(self, switch, n_tiles, dlh, clay, soil, has, stat, message)
    class(calcisol_orchidee_kept), intent(inout) :: self
    type(calcisol_switch_t), intent(in) :: switch
    integer, intent(in) :: n_tiles
    real(r_std), intent(in) :: dlh(:), clay(:), soil(:, :)
    logical, intent(in) :: has(4)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    integer(c_int32_t), parameter :: id(6) = [calcisol_soil_dz, calcisol_soil_clay, calcisol_soil_caco3, calcisol_soil_ph0, &
      calcisol_soil_cec, calcisol_soil_cec_variable]
    type(calcisol_arrays) :: arrays
    type(calcisol_merged) :: layers
    real(r_std), allocatable, target :: property(:, :, :) ! (ncol,nlay,6)
    integer :: k, t, n
    n = size(clay)
    layers = calcisol_merged_of(dlh, thinnest=0.02_r_std) ! m
    allocate (property(n*n_tiles, layers%nlay, size(id)))
    property(:, :, 1) = spread(layers%dz, 1, n*n_tiles)
    property(:, :, 2) = spread([(fit(clay, 1.0_r_std), t=1, n_tiles)], 2, layers%nlay)
    do k = 1, size(soil, 2)
      property(:, :, k + 2) = spread([(fit(soil(:, k), 1.0_r_std), t=1, n_tiles)], 2, layers%nlay)
    end do
    if (.not. has(3)) property(:, :, 5) = capacity_without_map(property(:, :, 1), property(:, :, 2))
    if (.not. has(4)) property(:, :, 6) = calcisol_cec_variable_share
    do k = 1, size(id)
      call arrays%link(id(k), property(:, :, k))
    end do
    call self%open(switch, layers%dz, property(:, :, 1), arrays, stat, message)
    if (stat /= 0) return
    call self%know_map(property)
    self%layers = layers
    call self%tiles%start(n, n_tiles)
    call self%water%start(self%ncol, suspects, epsilon(1.0_r_std))
    allocate (self%per_soil(n), source=missing)
  end subroutine make_columns

  ! ------------------------------------------------------------------------------------------------- restart and history
  ! A restart variable of a tile has the number of the tile behind its name; the fractions are one more variable.
  subroutine read_restart(self, kjit, rest_id, stat, message)
    class(calcisol_orchidee_kept), intent(inout) :: self
    integer(i_std), intent(in) :: kjit, rest_id
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    real(r_std) :: buffer(self%ncol, self%nlay), other(self%tiles%points, self%nlay)
    integer :: i, t, n
    stat = 0
    n = self%tiles%points
    do i = 1, self%n_variables()
      do t = 1, self%tiles%n
        call get(tile_name(self, i, t), i, buffer((t - 1)*n + 1:t*n, :))
      end do
      if (stat == 0) call self%set(i, buffer, stat, message) ! every process asks for every variable
    end do
    call get(trim(self%variable_name(1))//merge('_1', '  ', self%tiles%n == 1), 1, other)
    if (stat == 0 .and. any(.not. is_missing(other))) then
      stat = calcisol_error_state
      message = 'the restart was made with CALCISOL_TILES '//merge('on ', 'off', self%tiles%n == 1)//'; leave it as it was'
    end if
    do t = 1, merge(self%tiles%n, 0, self%tiles%n > 1)
      call get('calcisol_tile'//suffix(t), 1, other)
      self%tiles%fraction(:, t) = fit(other(:, 1), 1.0_r_std)
    end do

  contains

    subroutine get(name, i, values)
      character(len=*), intent(in) :: name
      integer, intent(in) :: i
      real(r_std), intent(out) :: values(:, :)
      real(r_std) :: part(n, self%nlay)
      call ioconf_setatt_p('UNITS', self%units(i))
      call ioconf_setatt_p('LONG_NAME', self%long_name(i))
      call restget_p(rest_id, trim(name), nbp_glo, self%nlay, 1, kjit, .true., part, 'gather', nbp_glo, index_g)
      values = part
    end subroutine get

  end subroutine read_restart

  function tile_name(self, i, t) result(name)
    class(calcisol_orchidee_kept), intent(in) :: self
    integer, intent(in) :: i, t
    character(len=20) :: name
    name = self%variable_name(i)
    if (self%tiles%n > 1) name = name(:min(len_trim(name), 20 - len(suffix(t))))//suffix(t)
  end function tile_name

  ! In sechiba_finalize.
  subroutine orchidee_write_restart(self, kjit, rest_id, stat, message)
    class(calcisol_orchidee_kept), intent(inout) :: self
    integer(i_std), intent(in) :: kjit, rest_id
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    real(r_std) :: buffer(self%ncol, self%nlay)
    integer :: i, t, n
    stat = 0
    call clear(message)
    n = self%tiles%points
    do i = 1, self%n_variables()
      buffer = undef_sechiba
      if (stat == 0) call self%get(i, buffer, stat, message)
      do t = 1, self%tiles%n
        call put(trim(tile_name(self, i, t)), self%units(i), self%long_name(i), buffer((t - 1)*n + 1:t*n, :))
      end do
    end do
    do t = 1, merge(self%tiles%n, 0, self%on .and. self%tiles%n > 1)
      call put('calcisol_tile'//suffix(t), '1', 'calcisol: fraction of the tile', &
        spread(self%tiles%fraction(:, t), 2, self%nlay))
    end do

  contains

    subroutine put(name, units, long_name, values)
      character(len=*), intent(in) :: name, units, long_name
      real(r_std), intent(in) :: values(:, :)
      real(r_std) :: part(n, self%nlay)
      part = values
      call ioconf_setatt_p('UNITS', units)
      call ioconf_setatt_p('LONG_NAME', long_name)
      call restput_p(rest_id, name, nbp_glo, self%nlay, 1, kjit, part, 'scatter', nbp_glo, index_g)
    end subroutine put

  end subroutine orchidee_write_restart

  ! A result in layers ('ph', 'sic', 'dic', 'pco2') on ORCHIDEE's own, for histwrite_p or XIOS; undef_sechiba where there is none.
  ! Amounts (sic, dic) are those of the joined layer, times the share of its thickness. Of tile t, else the mean of the tiles.
  function orchidee_profile(self, name, t) result(values)
    class(calcisol_orchidee_kept), intent(in) :: self
    character(len=*), intent(in) :: name
    integer, intent(in), optional :: t
    real(r_std) :: values(size(self%co2_to_air), self%nslm), ours(size(self%co2_to_air))
    integer :: l, k
    values = undef_sechiba
    if (.not. self%on) return
    do l = 1, self%nslm
      k = self%layers%layer(l)
      select case (name)
      case ('ph')
        ours = of_tile(self%ph(:, k))
      case ('pco2')
        ours = of_tile(self%pco2(:, k))
      case ('sic')
        ours = fit(of_tile(self%sic(:, k)), self%layers%share(l))
      case ('dic')
        ours = fit(of_tile(self%dic(:, k)), self%layers%share(l))
      case default ! no profile of this name
        ours = undef_sechiba
      end select
      values(:, l) = for_history(ours, undef_sechiba)
    end do

  contains

    pure function of_tile(all_columns) result(one)
      real(r_std), intent(in) :: all_columns(:)
      real(r_std) :: one(self%tiles%points)
      if (.not. present(t)) then
        one = self%tiles%mean(all_columns)
      else
        one = missing
        if (t >= 1 .and. t <= self%tiles%n) one = all_columns((t - 1)*size(one) + 1:t*size(one))
      end if
    end function of_tile

  end function orchidee_profile

  ! In sechiba_clear. Finishing twice is fine.
  subroutine orchidee_finish(self)
    class(calcisol_orchidee_kept), intent(inout) :: self
    call self%calcisol_land_soil%finish()
    if (allocated(self%ph_map)) deallocate (self%ph_map, self%ph_for_host, self%co2_to_air)
    if (allocated(self%per_soil)) deallocate (self%per_soil)
    self%nslm = 0
  end subroutine orchidee_finish

end module calcisol_orchidee_files
