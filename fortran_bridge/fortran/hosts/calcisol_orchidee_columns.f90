! One column of ORCHIDEE filled from its profiles: water, temperature, sinks and nitrogen of calcisol_orchidee. Page: orchidee.md.
!
! What:    profiles on the host's layers, of a tile or the mean of a point, joined to our layers; a profile with a missing number
!          leaves its column missing, so that it waits.
! Units:   contents m3 m-3 times factor (grid cell to soil), kg m-2 dt-1 of a tile, K, gN m-2 dt-1 of a PFT's ground.
! Shapes:  (nslm), (nslm,nstm), (nvm,7).
module calcisol_orchidee_columns
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

  ! How much more tile t evaporates than the mean of its point: by ae_ns, whose sum over the tiles is not vevapnu.
  pure function evaporation_of_tile(ae, fraction, t) result(ratio)
    real(r_std), intent(in) :: ae(:), fraction(:)
    integer, intent(in) :: t
    real(r_std) :: ratio, all_tiles
    integer :: k
    ratio = one
    all_tiles = zero
    do k = 1, size(fraction)
      if (fraction(k) <= zero) cycle
      if (is_missing(ae(k))) return
      if (ae(k) < zero) return ! dew: on all of them alike
      all_tiles = all_tiles + fraction(k)*ae(k)
    end do
    if (all_tiles > sqrt(tiny(all_tiles))) ratio = ae(t)/all_tiles
  end function evaporation_of_tile

end module calcisol_orchidee_columns
