! The residual of a budget, from stocks before and after, fluxes across the border and their throughput.
!
! What:    largest |after - before - flux| over the columns, relative to what went through a column in the step.
! Shapes:  (ncol,quantity), all in one unit, mol m-2. A negative stock is not known and its column is left out.
! Source:  the same law as coupler/budget.py: a stock of thousands of mol is known only to its last digits, so the throughput
!          counts as at least a thousandth of the stock.
module calcisol_balance
  use, intrinsic :: iso_c_binding, only: c_double
  implicit none
  private
  public :: balance

contains

  pure function balance(before, after, flux, through) result(residual)
    real(c_double), intent(in) :: before(:, :), after(:, :), flux(:, :), through(:, :)
    real(c_double) :: residual(size(before, 2))
    real(c_double), parameter :: round_off = 1.0e-3_c_double, least = 1.0e-30_c_double
    integer :: i, q
    residual = 0.0_c_double
    do q = 1, size(before, 2)
      do i = 1, size(before, 1)
        if (before(i, q) < 0.0_c_double .or. after(i, q) < 0.0_c_double) cycle
        residual(q) = max(residual(q), abs(after(i, q) - before(i, q) - flux(i, q))/ &
          max(through(i, q), round_off*before(i, q), least))
      end do
    end do
  end function balance

end module calcisol_balance
