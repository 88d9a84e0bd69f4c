! A host's number in our unit, missing values kept missing.
!
! What:    fit(value, factor) = value * factor, and -9999 for what hosts mark as missing or not yet set: NaN, -9999 (Noah-MP),
!          999999 (ORCHIDEE), |x| >= 1e19 (CTSM's 1e36). Multiplied, they would look like numbers and be clipped, not refused.
! Also:    plus and total add such numbers; missing plus anything is missing.
! Cost:    call them with the numbers of one column or layer: over whole arrays compilers make temporaries, at every step.
! Kinds:   real32 or real64 in, real64 out; C kinds, so that -fdefault-real-8 changes nothing.
! Note:    NaN is asked for first: any other comparison with it would trip the traps of a debug build.
module calcisol_fit
  use, intrinsic :: iso_c_binding, only: c_double, c_float
  use, intrinsic :: ieee_arithmetic, only: ieee_is_nan
  implicit none
  private
  public :: fit, plus, total, is_missing, missing

  real(c_double), parameter :: missing = -9999.0_c_double, orchidee = 999999.0_c_double, huge_value = 1.0e19_c_double
  real(c_double), parameter :: exact = 1.0e-30_c_double ! equal, in the words -Wcompare-reals allows

  interface fit
    module procedure fit_64, fit_32
  end interface fit

contains

  elemental function fit_64(value, factor) result(fitted)
    real(c_double), intent(in) :: value, factor
    real(c_double) :: fitted
    fitted = missing
    if (ieee_is_nan(value)) return
    if (abs(value) >= huge_value) return
    if (abs(value - missing) < exact .or. abs(value - orchidee) < exact) return
    fitted = value*factor
  end function fit_64

  elemental function fit_32(value, factor) result(fitted)
    real(c_float), intent(in) :: value
    real(c_double), intent(in) :: factor
    real(c_double) :: fitted
    fitted = missing
    if (ieee_is_nan(value)) return
    fitted = fit_64(real(value, c_double), factor)
  end function fit_32

  elemental function is_missing(value) result(answer)
    real(c_double), intent(in) :: value
    logical :: answer
    answer = .true.
    if (ieee_is_nan(value)) return
    answer = abs(value - missing) < exact
  end function is_missing

  ! a + b of fitted values
  elemental function plus(a, b) result(both)
    real(c_double), intent(in) :: a, b
    real(c_double) :: both
    both = missing
    if (.not. (is_missing(a) .or. is_missing(b))) both = a + b
  end function plus

  ! Weighted sum over the tiles or PFTs of a column in their own order, missing where one with a weight is.
  pure function total(values, weight, factor) result(added)
    real(c_double), intent(in) :: values(:), weight(:), factor
    real(c_double) :: added
    integer :: k
    added = 0.0_c_double
    do k = 1, size(values)
      if (weight(k) > 0.0_c_double) added = plus(added, fit(values(k), weight(k)*factor))
    end do
  end function total

end module calcisol_fit
