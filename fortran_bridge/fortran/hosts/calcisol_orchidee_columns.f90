! One column of ORCHIDEE around a step: filled from its profiles, its water checked, its ground known. Page: orchidee.md.
!
! What:    profiles on the host's layers, of a tile or the mean of a point, joined to our layers; a profile with a missing number
!          leaves its column missing, so that it waits. What the soil takes in is compared with what the host lets infiltrate.
! Units:   contents m3 m-3 times factor (grid cell to soil), kg m-2 dt-1 of a tile, K, gN m-2 dt-1 of a PFT's ground.
! Shapes:  (nslm), (nslm,nstm), (nvm,7).
module calcisol_orchidee_columns
  use, intrinsic :: iso_c_binding, only: c_int32_t
  use defprec, only: r_std
  use calcisol, only: calcisol_molar_mass_n
  use calcisol_fit, only: fit, plus, total, complete, is_missing, missing
  use calcisol_nodes, only: water_of_layers
  use calcisol_orchidee_files, only: calcisol_orchidee_kept
  implicit none
  private
  public :: calcisol_orchidee_filled, evaporation_of_tile

  real(r_std), parameter :: one = 1.0_r_std, zero = 0.0_r_std

  type, extends(calcisol_orchidee_kept) :: calcisol_orchidee_filled
  contains
    procedure :: fill_profiles
    procedure :: fill_sink
    procedure :: fill_nitrogen
    procedure :: check_water
    procedure :: forget_flux
    procedure, private :: feeds
    procedure :: move_ground
    procedure :: know_ground
    procedure :: give_back
  end type calcisol_orchidee_filled

contains

  subroutine fill_profiles(self, c, dnh, all_water, liquid, factor, kelvin)
    class(calcisol_orchidee_filled), intent(inout) :: self
    integer, intent(in) :: c
    real(r_std), intent(in) :: dnh(:), all_water(:), liquid(:), factor, kelvin(:)
    self%w_liq(c, :) = missing
    self%w_ice(c, :) = missing
    self%t_soil(c, :) = missing
    if (complete(kelvin)) self%t_soil(c, :) = self%layers%sums(kelvin*self%layers%share)
    if (is_missing(factor)) return
    if (.not. (complete(all_water) .and. complete(liquid) .and. complete(dnh(2:)))) return
    self%w_liq(c, :) = self%layers%sums(factor*water_of_layers(dnh, liquid))
    self%w_ice(c, :) = self%layers%sums(factor*water_of_layers(dnh, max(all_water - liquid, zero)))
  end subroutine fill_profiles

  ! Roots of the tiles (nslm,nstm) by their weights, per second, and what evaporates from the first layer.
  subroutine fill_sink(self, c, rootsink, weight, per_second, evaporated)
    class(calcisol_orchidee_filled), intent(inout) :: self
    integer, intent(in) :: c
    real(r_std), intent(in) :: rootsink(:, :), weight(:), per_second, evaporated
    real(r_std) :: sink(size(rootsink, 1))
    integer :: k
    sink = zero
    do k = 1, size(weight)
      if (abs(weight(k)) <= zero) cycle
      if (weight(k) <= missing .or. .not. complete(rootsink(:, k))) then
        sink = missing
        exit
      end if
      sink = sink + (weight(k)*per_second)*rootsink(:, k)
    end do
    sink(1) = plus(sink(1), evaporated)
    self%w_sink(c, :) = self%layers%sums(sink)
  end subroutine fill_sink

  ! Spread over the layers as respiration is.
  subroutine fill_nitrogen(self, c, n, weight, factor)
    class(calcisol_orchidee_filled), intent(inout) :: self
    integer, intent(in) :: c
    real(r_std), intent(in) :: n(:, :), weight(:), factor
    real(r_std) :: rate(7)
    integer :: q, l
    do q = 1, 7
      rate(q) = total(n(:, q), weight, factor)
    end do
    do l = 1, self%nlay
      self%n_nit(c, l) = fit(rate(1), self%weight(c, l))
      self%n_min(c, l) = fit(rate(2), self%weight(c, l))
      self%n_up_nh4(c, l) = fit(rate(3), self%weight(c, l))
      self%n_up_no3(c, l) = fit(rate(4), self%weight(c, l))
      self%n_den(c, l) = fit(rate(5), self%weight(c, l))
    end do
    self%dep_nh4(c) = fit(rate(6), one/calcisol_molar_mass_n)
    self%dep_no3(c) = fit(rate(7), one/calcisol_molar_mass_n)
  end subroutine fill_nitrogen

  ! What evaporates from tile t per m2 of it: ae_ns, which hydrol leaves multiplied by frac_bare_ns, and an equal share of
  ! what is then missing of the mean of the point (a tile that evaporates without bare soil).
  pure function evaporation_of_tile(ae, bare, fraction, mean, t) result(evaporated)
    real(r_std), intent(in) :: ae(:), bare(:), fraction(:), mean
    integer, intent(in) :: t
    real(r_std) :: evaporated, of_tiles(size(ae)), all_tiles
    real(r_std), parameter :: least = 1.0e-8_r_std ! min_sechiba
    integer :: k
    evaporated = missing
    if (is_missing(mean)) return
    of_tiles = zero
    all_tiles = zero
    do k = 1, size(fraction)
      if (fraction(k) <= zero) cycle
      if (is_missing(ae(k)) .or. is_missing(bare(k))) return
      if (bare(k) > least) of_tiles(k) = ae(k)/bare(k)
      all_tiles = all_tiles + fraction(k)*of_tiles(k)
    end do
    evaporated = of_tiles(t) + (mean - all_tiles)
  end function evaporation_of_tile

  ! Drainage of tile t of point i (or of its mean) as it is used against that which closes the step: rain has come to the surface
  ! [kg m-2 dt-1], runoff has left it, waiting [kg m-2] is water2infilt, which lies above the soil until the next step.
  subroutine check_water(self, i, t, dt, weight, rain, runoff, waiting, routed, irrigation, irrigated)
    class(calcisol_orchidee_filled), intent(inout) :: self
    integer, intent(in) :: i, t
    real(r_std), intent(in) :: dt, weight(:), rain(:, :)
    real(r_std), intent(in), optional :: runoff(:, :), waiting(:, :), routed(:), irrigation(:)
    integer, intent(in), optional :: irrigated
    real(r_std) :: entered, closed, part
    integer :: c
    c = (t - 1)*self%tiles%points + i
    entered = plus(total(rain(i, :), weight, one), fit(total(runoff(i, :), weight, one), -one))
    if (present(routed)) entered = plus(entered, fit(routed(i), self%per_soil(i)))
    if (present(irrigation)) then
      part = one
      if (present(irrigated) .and. self%tiles%n > 1) then
        if (irrigated > 0) part = merge(one/max(self%tiles%fraction(i, t), tiny(one)), zero, irrigated == t)
      end if
      entered = plus(entered, fit(irrigation(i), fit(self%per_soil(i), part)))
    end if
    entered = fit(entered, one/dt)
    closed = self%water%closing(c, dt, self%w_liq(c, :), self%w_ice(c, :), self%w_sink(c, :), entered, &
      total(waiting(i, :), weight, one))
    call self%water%note(c, dt, closed, self%q_bot(c), entered)
  end subroutine check_water

  ! Before a step: nothing for the air yet; ph (kjpindex): the host's own pH of now.
  subroutine forget_flux(self, ph)
    class(calcisol_orchidee_filled), intent(inout) :: self
    real(r_std), intent(in), optional :: ph(:)
    integer :: i
    if (.not. allocated(self%co2_to_air)) return
    self%co2_to_air = 0.0_r_std
    if (.not. present(ph)) return
    if (size(ph) /= size(self%ph_for_host)) return
    do i = 1, size(ph) ! ours stays where there is one, also over a day that cannot be stepped
      if (.not. self%feeds(i)) self%ph_for_host(i) = ph(i)
    end do
  end subroutine forget_flux

  ! Whether the host reads our pH at point i: one of its columns has a state.
  pure function feeds(self, i) result(answer)
    class(calcisol_orchidee_filled), intent(in) :: self
    integer, intent(in) :: i
    logical :: answer
    answer = self%on .and. self%switch%feedback
    if (answer) answer = any(self%stock(i::self%tiles%points, 1) >= 0.0_r_std)
  end function feeds

  ! Grid cell to soil of point i from now on. Where ice or lakes have grown or shrunk, contents have changed without a flux.
  subroutine know_ground(self, i, per_soil)
    class(calcisol_orchidee_filled), intent(inout) :: self
    integer, intent(in) :: i
    real(r_std), intent(in) :: per_soil
    real(r_std), parameter :: least = 1.0e-9_r_std ! as calcisol_tiles: less is no ground
    integer :: t
    if (abs(per_soil - self%per_soil(i)) > least*abs(per_soil)) then
      do t = 1, self%tiles%n
        call self%water%forget((t - 1)*self%tiles%points + i)
      end do
    end if
    self%per_soil(i) = per_soil
  end subroutine know_ground

  ! Where fractions of the tiles (kjpindex,nstm) differ from those of the last step, the state moves with the ground.
  subroutine move_ground(self, soiltile, stat, message)
    class(calcisol_orchidee_filled), intent(inout) :: self
    real(r_std), intent(in) :: soiltile(:, :)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    integer :: c
    stat = 0
    if (.not. self%tiles%moved(soiltile)) return
    do c = 1, self%ncol
      call self%water%forget(c)
    end do
    call self%flush(stat, message)
    if (stat /= 0) return
    call self%tiles%move(self%columns, soiltile, self%columns%state_layers(), stat, message)
    if (stat == 0) call self%take_stock()
  end subroutine move_ground

  ! After a step of dt seconds.
  subroutine give_back(self, dt)
    class(calcisol_orchidee_filled), intent(inout) :: self
    real(r_std), intent(in) :: dt
    real(r_std), parameter :: gram = 1.0e-3_r_std
    real(r_std) :: flux(self%tiles%points)
    integer :: i, t
    self%ph_for_host = self%ph_or(self%tiles%mean(self%ph_read_top), self%ph_for_host)
    flux = 0.0_r_std
    do t = 1, self%tiles%n
      do i = 1, self%tiles%points
        associate (change => self%co2_adj((t - 1)*self%tiles%points + i))
          if (.not. is_missing(change)) flux(i) = flux(i) + max(self%tiles%fraction(i, t), 0.0_r_std)*change
        end associate
      end do
    end do
    do i = 1, self%tiles%points
      if (.not. is_missing(self%per_soil(i))) self%co2_to_air(i) = flux(i)*dt/(gram*self%per_soil(i))
    end do
  end subroutine give_back

end module calcisol_orchidee_columns
