! ORCHIDEE (2.2, v4): one call in sechiba_main after slowproc_main. Page: orchidee.md.
!
! What:    water at nodes to water in layers, thin layers joined; tiles and PFTs to the soil's mean, or each tile to a column of
!          its own (CALCISOL_TILES); grams a step to kg a second.
! Shapes:  (kjpindex,nslm), (kjpindex,nslm,nstm), (kjpindex,nvm[,nparts]), grid cell to m2 of soil by vegtot; one object a thread.
! Units:   mc m3 m-3, rootsink kg m-2 dt-1 per tile, vevapnu and drainage kg m-2 dt-1, resp gC m-2 dt-1 per PFT, pb hPa, co2 ppm;
!          n gN m-2 dt-1 per PFT (v4): nitrification, mineralisation, uptake of NH4 and of NO3, denitrification, input as NH4
!          and as NO3; lime kg CaCO3 m-2 dt-1 per grid cell; tile_rain, tile_runoff kg m-2 dt-1 and tile_waiting kg m-2 of a
!          tile, routed and irrigation kg m-2 dt-1 per grid cell: with them the soil water is checked at each step.
! Errors:  stat = 0 is fine, else one sentence in message; an array that is not allocated or has another shape is one.
! Use:     call soil%step(...); soil%ph_for_host to nitrogen_dynamics, soil%co2_to_air to the net carbon flux
module calcisol_orchidee
  use, intrinsic :: iso_c_binding, only: c_int32_t
  use defprec, only: r_std
  use calcisol, only: calcisol_error_argument, calcisol_lime, calcisol_n_nit, calcisol_n_min, calcisol_n_up_nh4, &
    calcisol_n_up_no3, calcisol_n_den, calcisol_dep_nh4, calcisol_dep_no3
  use calcisol_fit, only: fit, plus, over, total, sum_of, complete, is_missing
  use calcisol_land, only: clear
  use calcisol_orchidee_columns, only: calcisol_orchidee_filled, evaporation_of_tile
  use calcisol_orchidee_look, only: look_at, look_at_more
  implicit none
  private
  public :: calcisol_orchidee_soil

  type, extends(calcisol_orchidee_filled) :: calcisol_orchidee_soil ! start, write_restart, profile: calcisol_orchidee_files
  contains
    procedure :: step => orchidee_step
  end type calcisol_orchidee_soil

  real(r_std), parameter :: gram = 1.0e-3_r_std, ppm = 1.0e-6_r_std, hpa = 100.0_r_std, least = 1.0e-6_r_std, one = 1, zero = 0
  integer(c_int32_t), parameter :: nitrogen(7) = [calcisol_n_nit, calcisol_n_min, calcisol_n_up_nh4, calcisol_n_up_no3, &
    calcisol_n_den, calcisol_dep_nh4, calcisol_dep_no3]

contains

  ! root: resp_maint_part_radia, whose part iroot joins resp; ph: the host's own pH of now (v4), else that of the start.
  ! tile_...: contents, drainage and evaporation of the tiles, and the tile of each PFT, which CALCISOL_TILES needs; what comes
  ! to their surface, runs off, and waits to infiltrate. irrigated: the tile that irrigation goes to, 0 or none: all alike.
  subroutine orchidee_step(self, dt, dnh, mc, mcl, stempdiag, rootsink, soiltile, vevapnu, drainage, resp, root, iroot, &
      veget_max, pb, ccanopy, stat, message, n, lime, ph, tile_mc, tile_mcl, tile_drainage, tile_evap, tile_bare, tile_of, &
      tile_rain, tile_runoff, tile_waiting, routed, irrigation, irrigated)
    class(calcisol_orchidee_soil), intent(inout) :: self
    real(r_std), intent(in) :: dt, dnh(:)
    real(r_std), intent(in), optional :: mc(:, :), mcl(:, :), stempdiag(:, :), rootsink(:, :, :), soiltile(:, :), vevapnu(:), &
      drainage(:), resp(:, :), root(:, :, :), veget_max(:, :), pb(:), ccanopy(:), n(:, :, :), lime(:), ph(:), tile_mc(:, :, :), &
      tile_mcl(:, :, :), tile_drainage(:, :), tile_evap(:, :), tile_bare(:, :), tile_rain(:, :), tile_runoff(:, :), &
      tile_waiting(:, :), routed(:), irrigation(:)
    integer, intent(in) :: iroot
    integer, intent(in), optional :: tile_of(:), irrigated
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    character(len=200) :: fault
    integer :: i, t, nstm, nvm
    stat = 0
    call clear(message)
    call self%forget_flux(ph)
    if (.not. self%on) return
    fault = ''
    call look_at(fault, self%tiles%points, self%nslm, iroot, dt, dnh, mc, mcl, stempdiag, rootsink, &
      soiltile, vevapnu, drainage, resp, root, veget_max, pb, ccanopy)
    if (fault == '') then
      nstm = size(soiltile, 2)
      nvm = size(veget_max, 2)
      call look_at_more(fault, [self%tiles%points, self%nslm, self%tiles%n], nvm, soiltile, n, lime, tile_mc, tile_mcl, &
        tile_drainage, tile_evap, tile_bare, tile_of, tile_rain, tile_runoff, tile_waiting, routed, irrigation)
    end if
    if (fault /= '') then
      stat = calcisol_error_argument
      message = trim(fault)
      return
    end if
    if (present(n)) call self%give(nitrogen)
    if (present(lime)) call self%give([calcisol_lime])
    call self%move_ground(soiltile, stat, message)
    if (stat /= 0) return
    do i = 1, self%tiles%points
      call self%know_ground(i, over(one, sum_of(veget_max(i, :)), least))
      do t = 1, self%tiles%n
        call fill(i, t, (t - 1)*self%tiles%points + i)
      end do
    end do
    call self%advance(dt, stat, message)
    if (stat == 0) call self%give_back(dt)
    if (stat == 0) call self%water%look(stat, message)

  contains

    ! Column c: tile t of point i, or the mean of the point.
    subroutine fill(i, t, c)
      integer, intent(in) :: i, t, c
      real(r_std) :: of_tile(nstm), of_pft(nvm), share, per_second, evaporated, drained
      integer :: k
      share = self%tiles%share(soiltile, i, t)
      self%active(c) = merge(zero, one, share <= zero .or. (is_missing(self%per_soil(i)) .and. complete(veget_max(i, :))))
      if (self%active(c) <= zero) call self%water%forget(c)
      if (self%active(c) <= zero) return
      of_pft = fit(veget_max(i, :), self%per_soil(i))
      per_second = fit(self%per_soil(i), one/dt)
      evaporated = fit(vevapnu(i), per_second)
      if (self%tiles%n == 1) then
        of_tile = fit(soiltile(i, :), one) ! a share of the soil
        call self%fill_profiles(c, dnh, mc(i, :), mcl(i, :), self%per_soil(i), stempdiag(i, :))
        drained = fit(drainage(i), per_second)
      else
        of_tile = [(merge(one, zero, k == t), k=1, nstm)]
        do k = 1, nvm
          of_pft(k) = merge(fit(of_pft(k), one/share), zero, tile_of(k) == t)
        end do
        call self%fill_profiles(c, dnh, tile_mc(i, :, t), tile_mcl(i, :, t), one, stempdiag(i, :))
        drained = fit(tile_drainage(i, t), one/dt)
        evaporated = evaporation_of_tile(fit(tile_evap(i, :), one/dt), tile_bare(i, :), self%tiles%fraction(i, :), evaporated, t)
      end if
      call self%fill_sink(c, rootsink(i, :, :), of_tile, one/dt, evaporated)
      self%q_bot(c) = drained
      self%co2_src_total(c) = plus(total(resp(i, :), of_pft, gram/dt), &
        total(root(i, 2:, iroot), of_pft(2:), gram/dt)) ! the first PFT is bare soil
      self%p_surf(c) = fit(pb(i), hpa)
      self%co2_atm(c) = fit(ccanopy(i), ppm)
      if (present(lime)) self%lime(c) = fit(lime(i), per_second)
      if (present(n)) call self%fill_nitrogen(c, n(i, :, :), of_pft, gram/dt)
      if (present(tile_rain)) call self%check_water(i, t, dt, of_tile, tile_rain, tile_runoff, tile_waiting, routed, irrigation, &
        irrigated)
    end subroutine fill

  end subroutine orchidee_step

end module calcisol_orchidee
