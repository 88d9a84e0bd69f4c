! A host's number in our unit, missing values kept missing.
!
! What:    fit(value, factor) = value * factor, and -9999 for what hosts mark as missing or not yet set: NaN (quiet or
!          signalling), infinity, -9999 (Noah-MP), 999999 (ORCHIDEE), |x| >= 1e19 (CTSM's 1e36). Multiplied, they would look
!          like numbers and be clipped, not refused.
! Also:    plus, over, total and sum_of add, divide and sum such numbers; missing with anything is missing. complete: every number
!          of a profile can be used as it is, in plain arithmetic, which is what most steps need.
! Cost:    call them with the numbers of one column or layer: over whole arrays compilers make temporaries, at every step.
! Kinds:   real32 or real64 in, real64 out; C kinds, so that -fdefault-real-8 changes nothing.
! Note:    a number is first looked at as bits: comparing, converting or asking ieee_is_nan of a signalling NaN traps in a
!          debug build (CESM fills its arrays with them), comparing a quiet one too.
module calcisol_fit
  use, intrinsic :: iso_c_binding, only: c_double, c_float, c_int32_t, c_int64_t
  use calcisol, only: missing => calcisol_missing_value, orchidee => calcisol_missing_value_orchidee, &
    missing_from => calcisol_missing_from
  implicit none
  private
  public :: fit, plus, over, total, sum_of, complete, finite, is_missing, missing

  real(c_double), parameter :: exact = 1.0e-30_c_double ! equal, in the words -Wcompare-reals allows
  ! the exponents of infinity and NaN
  integer(c_int64_t), parameter :: all_64 = int(z'7FF0000000000000', c_int64_t)
  integer(c_int32_t), parameter :: all_32 = int(z'7F800000', c_int32_t)
  ! magnitudes below this one, as bits, are numbers: no missing value is as small, and most of what a host gives is
  integer(c_int64_t), parameter :: small = transfer(9998.0_c_double, 0_c_int64_t), magnitude = huge(0_c_int64_t)

  interface fit
    module procedure fit_64, fit_32
  end interface fit

  interface finite
    module procedure finite_64, finite_32
  end interface finite

contains

  elemental function finite_64(value) result(answer)
    real(c_double), intent(in) :: value
    logical :: answer
    answer = iand(transfer(value, 0_c_int64_t), all_64) /= all_64
  end function finite_64

  elemental function finite_32(value) result(answer)
    real(c_float), intent(in) :: value
    logical :: answer
    answer = iand(transfer(value, 0_c_int32_t), all_32) /= all_32
  end function finite_32

  elemental function fit_64(value, factor) result(fitted)
    real(c_double), intent(in) :: value, factor
    real(c_double) :: fitted
    fitted = missing
    if (is_missing(value) .or. is_missing(factor)) return
    fitted = value*factor
  end function fit_64

  elemental function fit_32(value, factor) result(fitted)
    real(c_float), intent(in) :: value
    real(c_double), intent(in) :: factor
    real(c_double) :: fitted
    fitted = missing
    if (.not. finite_32(value)) return
    fitted = fit_64(real(value, c_double), factor)
  end function fit_32

  elemental function is_missing(value) result(answer)
    real(c_double), intent(in) :: value
    logical :: answer
    answer = .false.
    if (iand(transfer(value, 0_c_int64_t), magnitude) < small) return
    answer = .true.
    if (.not. finite_64(value)) return
    answer = abs(value) >= missing_from .or. abs(value - missing) < exact .or. abs(value - orchidee) < exact
  end function is_missing

  ! a + b of fitted values
  elemental function plus(a, b) result(both)
    real(c_double), intent(in) :: a, b
    real(c_double) :: both
    both = missing
    if (.not. (is_missing(a) .or. is_missing(b))) both = a + b
  end function plus

  ! a / b of fitted values; missing where b is not above least
  elemental function over(a, b, least) result(ratio)
    real(c_double), intent(in) :: a, b, least
    real(c_double) :: ratio
    ratio = missing
    if (is_missing(a) .or. is_missing(b)) return
    if (b > least) ratio = a/b
  end function over

  ! Weighted sum over the tiles or PFTs of a column in their own order, missing where a weight is or one with a weight is.
  pure function total(values, weight, factor) result(added)
    real(c_double), intent(in) :: values(:), weight(:), factor
    real(c_double) :: added
    integer :: k
    added = 0.0_c_double
    do k = 1, size(values)
      if (is_missing(weight(k))) then
        added = missing
        return
      end if
      if (weight(k) <= 0.0_c_double) cycle
      if (is_missing(values(k))) then
        added = missing
        return
      end if
      added = added + values(k)*(weight(k)*factor)
    end do
  end function total

  pure function complete(values) result(answer)
    real(c_double), intent(in) :: values(:)
    logical :: answer
    integer :: k
    answer = .false.
    do k = 1, size(values)
      if (is_missing(values(k))) return
    end do
    answer = .true.
  end function complete

  pure function sum_of(values) result(added)
    real(c_double), intent(in) :: values(:)
    real(c_double) :: added
    integer :: k
    added = 0.0_c_double
    do k = 1, size(values)
      if (is_missing(values(k))) then
        added = missing
        return
      end if
      added = added + values(k)
    end do
  end function sum_of

end module calcisol_fit
