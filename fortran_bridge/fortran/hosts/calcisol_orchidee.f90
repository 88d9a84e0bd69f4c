! ORCHIDEE (2.2, v4): one call in sechiba_main after slowproc_main. Page: orchidee.md.
!
! What:    water at nodes to water in layers, thin layers joined; tiles and PFTs to the soil's mean; grams a step to kg a second.
! Shapes:  (kjpindex,nslm), (kjpindex,nslm,nstm), (kjpindex,nvm[,nparts]), grid cell to m2 of soil by vegtot; one object a thread.
! Units:   mc m3 m-3, rootsink kg m-2 dt-1 per tile, vevapnu and drainage kg m-2 dt-1, resp gC m-2 dt-1 per PFT, pb hPa, co2 ppm;
!          n gN m-2 dt-1 per PFT (v4): nitrification, mineralisation, uptake of NH4 and of NO3, denitrification, input as NH4
!          and as NO3; lime kg CaCO3 m-2 dt-1 per grid cell.
! Errors:  stat = 0 is fine, else one sentence in message; an array that is not allocated or has another shape is one.
! Use:     call soil%step(...); soil%ph_for_host to nitrogen_dynamics, soil%co2_to_air to the net carbon flux
module calcisol_orchidee
  use, intrinsic :: iso_c_binding, only: c_int32_t
  use defprec, only: r_std
  use calcisol, only: calcisol_error_argument, calcisol_molar_mass_n
  use calcisol_expect, only: expect, expect_step, any_extent
  use calcisol_fit, only: fit, plus, over, total, sum_of, is_missing
  use calcisol_land, only: clear
  use calcisol_nodes, only: water_of_layer
  use calcisol_orchidee_files, only: calcisol_orchidee_kept
  implicit none
  private
  public :: calcisol_orchidee_soil

  type, extends(calcisol_orchidee_kept) :: calcisol_orchidee_soil ! start, write_restart, profile: calcisol_orchidee_files
  contains
    procedure :: step => orchidee_step
  end type calcisol_orchidee_soil

  real(r_std), parameter :: gram = 1.0e-3_r_std, ppm = 1.0e-6_r_std, hpa = 100.0_r_std, least = 1.0e-6_r_std, one = 1.0_r_std

contains

  ! root: resp_maint_part_radia, whose part iroot joins resp; ph: the host's own pH of now (v4), else that of the start.
  subroutine orchidee_step(self, dt, dnh, mc, mcl, stempdiag, rootsink, soiltile, vevapnu, drainage, resp, root, iroot, &
      veget_max, pb, ccanopy, stat, message, n, lime, ph)
    class(calcisol_orchidee_soil), intent(inout) :: self
    real(r_std), intent(in) :: dt, dnh(:)
    real(r_std), intent(in), optional :: mc(:, :), mcl(:, :), stempdiag(:, :), rootsink(:, :, :), soiltile(:, :), vevapnu(:), &
      drainage(:), resp(:, :), root(:, :, :), veget_max(:, :), pb(:), ccanopy(:), n(:, :, :), lime(:), ph(:)
    integer, intent(in) :: iroot
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    character(len=200) :: fault
    real(r_std) :: per_soil(self%ncol) ! grid cell to soil: ice and lakes hold no water
    real(r_std) :: cover, sink
    integer :: i, k, l
    stat = 0
    call clear(message)
    if (allocated(self%co2_to_air)) self%co2_to_air = 0.0_r_std
    if (present(ph) .and. allocated(self%ph_for_host)) then
      if (size(ph) == size(self%ph_for_host)) self%ph_for_host = ph
    end if
    if (.not. self%on) return
    fault = ''
    call expect_step(fault, 'dt_sechiba', dt)
    associate (points => self%ncol, levels => self%nslm)
      call expect(fault, 'dnh', [levels], dnh)
      call expect(fault, 'mc_layh', [points, levels], mc)
      call expect(fault, 'mcl_layh', [points, levels], mcl)
      call expect(fault, 'stempdiag', [points, levels], stempdiag)
      call expect(fault, 'rootsink', [points, levels, any_extent], rootsink)
      call expect(fault, 'soiltile', [points, any_extent], soiltile)
      call expect(fault, 'vevapnu', [points], vevapnu)
      call expect(fault, 'drainage', [points], drainage)
      call expect(fault, 'resp_hetero_radia', [points, any_extent], resp)
      call expect(fault, 'resp_maint_part_radia', [points, any_extent, any_extent], root)
      call expect(fault, 'veget_max', [points, any_extent], veget_max)
      call expect(fault, 'pb', [points], pb)
      call expect(fault, 'ccanopy', [points], ccanopy)
      if (fault == '') call expect(fault, 'soiltile', [points, size(rootsink, 3)], soiltile)
      if (fault == '') call expect(fault, 'resp_hetero_radia', [points, size(veget_max, 2)], resp)
      if (fault == '') call expect(fault, 'resp_maint_part_radia', [points, size(veget_max, 2), max(size(root, 3), iroot)], root)
      if (fault == '' .and. present(n)) call expect(fault, 'n', [points, size(veget_max, 2), 7], n)
      if (present(lime)) call expect(fault, 'lime', [points], lime)
    end associate
    if (fault /= '') then
      stat = calcisol_error_argument
      message = trim(fault)
      return
    end if
    do i = 1, self%ncol
      cover = sum_of(veget_max(i, :))
      per_soil(i) = over(one, cover, least)
      self%active(i) = merge(0.0_r_std, one, is_missing(per_soil(i)) .and. .not. is_missing(cover))
      do l = 1, self%nslm
        k = self%layers%layer(l)
        sink = total(rootsink(i, l, :), soiltile(i, :), one/dt) ! soiltile is a share of the soil
        if (l == 1) sink = plus(sink, fit(vevapnu(i), fit(per_soil(i), one/dt)))
        call self%layers%add(l, water_of_layer(l, dnh, per_soil(i), mcl(i, :)), self%w_liq(i, k))
        call self%layers%add(l, water_of_layer(l, dnh, per_soil(i), mc(i, :), less=mcl(i, :)), self%w_ice(i, k))
        call self%layers%add(l, fit(stempdiag(i, l), self%layers%share(l)), self%t_soil(i, k))
        call self%layers%add(l, sink, self%w_sink(i, k))
      end do
      self%q_bot(i) = fit(drainage(i), fit(per_soil(i), one/dt))
      self%co2_src_total(i) = fit(plus(total(resp(i, :), veget_max(i, :), gram/dt), &
        total(root(i, 2:, iroot), veget_max(i, 2:), gram/dt)), per_soil(i)) ! the first PFT is bare soil
      self%p_surf(i) = fit(pb(i), hpa)
      self%co2_atm(i) = fit(ccanopy(i), ppm)
      if (present(lime)) self%lime(i) = fit(lime(i), fit(per_soil(i), one/dt))
      if (present(n)) call fill_nitrogen(self, i, n(i, :, :), veget_max(i, :), fit(per_soil(i), gram/dt))
    end do
    call self%advance(dt, stat, message)
    if (stat /= 0) return
    do i = 1, self%ncol
      self%ph_for_host(i) = self%ph_or(self%ph_top(i), self%ph_for_host(i))
      if (.not. (is_missing(self%co2_adj(i)) .or. is_missing(per_soil(i)))) then
        self%co2_to_air(i) = self%co2_adj(i)*dt/(gram*per_soil(i))
      end if
    end do
  end subroutine orchidee_step

  ! n (nvm,7) of point i, spread over the layers as respiration is.
  subroutine fill_nitrogen(self, i, n, veget_max, factor)
    class(calcisol_orchidee_soil), intent(inout) :: self
    integer, intent(in) :: i
    real(r_std), intent(in) :: n(:, :), veget_max(:), factor
    real(r_std) :: rate(7)
    integer :: q, l
    do q = 1, 7
      rate(q) = fit(total(n(:, q), veget_max, one), factor)
    end do
    do l = 1, self%nlay
      self%n_nit(i, l) = fit(rate(1), self%weight(i, l))
      self%n_min(i, l) = fit(rate(2), self%weight(i, l))
      self%n_up_nh4(i, l) = fit(rate(3), self%weight(i, l))
      self%n_up_no3(i, l) = fit(rate(4), self%weight(i, l))
      self%n_den(i, l) = fit(rate(5), self%weight(i, l))
    end do
    self%dep_nh4(i) = fit(rate(6), one/calcisol_molar_mass_n)
    self%dep_no3(i) = fit(rate(7), one/calcisol_molar_mass_n)
  end subroutine fill_nitrogen

end module calcisol_orchidee
