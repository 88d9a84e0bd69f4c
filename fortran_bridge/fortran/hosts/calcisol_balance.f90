! The residual of a budget, from stocks before and after, fluxes across the border and their throughput.
!
! What:    stocks of carbon, calcium and nitrogen; the largest |after - before - flux| over the columns, relative to what went
!          through a column in the step.
! Shapes:  (ncol,quantity), all in one unit, mol m-2. A negative stock is not known and its column is left out.
! Source:  the same law as coupler/budget.py: a stock of thousands of mol is known only to its last digits, so the throughput
!          counts as at least a thousandth of the stock.
module calcisol_balance
  use, intrinsic :: iso_c_binding, only: c_double, c_int32_t
  use calcisol, only: calcisol_columns, calcisol_state_calcite, calcisol_state_dic, calcisol_state_ca, calcisol_state_nh4, &
    calcisol_state_no3
  implicit none
  private
  public :: balance, stocks

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

  ! Carbon, calcium and nitrogen of each column [mol m-2]; -1 where a column has no state yet.
  subroutine stocks(columns, nlay, stock)
    type(calcisol_columns), intent(in) :: columns
    integer, intent(in) :: nlay
    real(c_double), intent(out) :: stock(:, :)
    integer(c_int32_t), parameter :: slots(5) = [calcisol_state_calcite, calcisol_state_dic, calcisol_state_ca, &
      calcisol_state_nh4, calcisol_state_no3]
    real(c_double) :: slot(size(stock, 1), nlay, size(slots))
    integer(c_int32_t) :: stat
    integer :: i
    do i = 1, size(slots)
      call columns%get_state(slots(i), slot(:, :, i), stat)
    end do
    stock(:, 1) = sum(slot(:, :, 1) + slot(:, :, 2), 2)
    stock(:, 2) = sum(slot(:, :, 1) + slot(:, :, 3), 2)
    stock(:, 3) = sum(slot(:, :, 4) + slot(:, :, 5), 2)
    where (spread(slot(:, 1, 1), 2, 3) < 0.0_c_double) stock = -1.0_c_double
  end subroutine stocks

end module calcisol_balance
