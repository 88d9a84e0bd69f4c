! ORCHIDEE's parameters (run.def) and the soil map of calcisol, by its own routines. Page: orchidee.md.
!
! Keys:    CALCISOL_BUNDLE (off without), CALCISOL_FEEDBACK, CALCISOL_FEEDBACK_PH, CALCISOL_STEP [s], CALCISOL_TILE_COLUMNS,
!          CALCISOL_CHECK_EVERY, CALCISOL_LOG_EVERY: calcisol_switch; CALCISOL_TILES: each soil tile a column of its own;
!          CALCISOL_SOIL_FILE, made by `calcisol hosts map`, or one value for all points: CALCISOL_PH [1], CALCISOL_CACO3
!          [kg kg-1], CALCISOL_CEC [mol kg-1], CALCISOL_CEC_VARIABLE [1]
! Shapes:  (kjpindex). Every process calls both, whatever number of points it has.
! Errors:  stat = 0 is fine, else one sentence in message. Nothing stops or prints.
module calcisol_orchidee_map
  use, intrinsic :: iso_c_binding, only: c_int32_t
  use defprec, only: r_std, i_std
  use constantes_var, only: undef_sechiba
  use ioipsl, only: flininfo, flinget, flinclo, flinquery_var
  use ioipsl_para, only: getin_p
  use mod_orchidee_para_var, only: is_root_prc, iim_g, jjm_g, nbp_glo, index_g
  use mod_orchidee_transfert_para, only: scatter, bcast
  use calcisol, only: calcisol_error_argument
  use calcisol_fit, only: is_missing
  use calcisol_switch, only: calcisol_switch_t
  implicit none
  private
  public :: read_keys, read_map

contains

  subroutine read_keys(switch, tiles)
    type(calcisol_switch_t), intent(inout) :: switch
    logical, intent(out) :: tiles
    call getin_p('CALCISOL_BUNDLE', switch%bundle)
    if (switch%bundle == 'NONE') switch%bundle = ''
    call getin_p('CALCISOL_FEEDBACK', switch%feedback)
    call getin_p('CALCISOL_FEEDBACK_PH', switch%feedback_ph)
    call getin_p('CALCISOL_STEP', switch%step)
    call getin_p('CALCISOL_TILE_COLUMNS', switch%tile_columns)
    call getin_p('CALCISOL_CHECK_EVERY', switch%check_every)
    call getin_p('CALCISOL_LOG_EVERY', switch%log_every)
    call getin_p('CALCISOL_THICKEST_LAYER', switch%thickest_layer)
    tiles = .false.
    call getin_p('CALCISOL_TILES', tiles)
  end subroutine read_keys

  ! Carbonate, pH of pore water, capacity and its variable share of this process's points (kjpindex,4); undef_sechiba where
  ! there is none. has: which of them file or keys hold; where neither does, capacity is that of the European run.
  subroutine read_map(wanted, soil, has, stat, message)
    logical, intent(in) :: wanted
    real(r_std), intent(out) :: soil(:, :)
    logical, intent(out) :: has(4)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    character(len=12), parameter :: names(4) = [character(len=12) :: 'caco3', 'ph0', 'cec', 'cec_variable'], &
      keys(4) = [character(len=12) :: 'CACO3', 'PH', 'CEC', 'CEC_VARIABLE']
    character(len=512) :: file
    real(r_std) :: for_all
    logical :: exists, nudged
    integer :: k
    do k = 1, size(names)
      for_all = merge(0.0_r_std, undef_sechiba, k == 1)
      call getin_p('CALCISOL_'//trim(keys(k)), for_all)
      soil(:, k) = for_all
      has(k) = k <= 2 .or. .not. is_missing(for_all)
    end do
    file = 'NONE'
    call getin_p('CALCISOL_SOIL_FILE', file)
    nudged = .false.
    call getin_p('OK_NUDGE_MC', nudged) ! ORCHIDEE's own
    stat = merge(calcisol_error_argument, 0_c_int32_t, wanted .and. nudged)
    if (stat /= 0) message = 'OK_NUDGE_MC moves soil water past the fluxes of the soil; calcisol needs n'
    if (stat /= 0 .or. .not. wanted .or. file == 'NONE') return
    inquire (file=trim(file), exist=exists)
    call bcast(exists)
    stat = merge(0_c_int32_t, calcisol_error_argument, exists)
    if (.not. exists) message = 'CALCISOL_SOIL_FILE: there is no file '//trim(file)
    do k = 1, merge(size(names), 0, exists)
      call read_field(trim(file), trim(names(k)), soil(:, k), exists)
      has(k) = has(k) .or. exists ! cec and its share may be missing: earlier versions made maps without
      if (exists .or. k > 2) cycle
      stat = calcisol_error_argument
      message = trim(file)//' has no '//trim(names(k))//' on the grid of the model; make it with calcisol hosts map --grid'
      return
    end do
  end subroutine read_map

  ! One field (lon,lat) of the model's own grid, dealt out to the processes.
  subroutine read_field(file, name, values, fits)
    character(len=*), intent(in) :: file, name
    real(r_std), intent(inout) :: values(:) ! as they are where the file has no such field
    logical, intent(out) :: fits
    real(r_std), allocatable :: grid(:, :), land(:)
    integer(i_std) :: iim, jjm, llm, ttm, fid, p
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
    if (fits) call scatter(land, values)
  end subroutine read_field

end module calcisol_orchidee_map
