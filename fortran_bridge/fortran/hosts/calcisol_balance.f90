! The residual of a budget, from stocks before and after, fluxes across the border and their throughput.
!
! What:    stocks of carbon, calcium and nitrogen; the largest |after - before - flux| over the columns, relative to what went
!          through a column in the step.
! Shapes:  (ncol,quantity), all in one unit, mol m-2. A negative stock is not known and its column is left out.
! Source:  the same law as coupler/offline/budget.py: a stock of thousands of mol is known only to its last digits, so the
!          throughput counts as at least a thousandth of the stock.
module calcisol_balance
  use, intrinsic :: iso_c_binding, only: c_double, c_int32_t
  use calcisol, only: calcisol_columns, calcisol_state_calcite, calcisol_state_dic, calcisol_state_ca, calcisol_state_nh4, &
    calcisol_state_no3
  implicit none
  private
  public :: balance, stocks

contains

  pure subroutine balance(before, after, flux, through, residual)
    real(c_double), intent(in) :: before(:, :), after(:, :), flux(:, :), through(:, :)
    real(c_double), intent(out) :: residual(:)
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
  end subroutine balance

  ! Carbon, calcium and nitrogen of each column [mol m-2]; -1 where a column has no state yet. slot (ncol,nlay,5): to work in.
  subroutine stocks(columns, slot, stock)
    type(calcisol_columns), intent(in) :: columns
    real(c_double), intent(inout) :: slot(:, :, :)
    real(c_double), intent(out) :: stock(:, :)
    integer(c_int32_t), parameter :: slots(5) = [calcisol_state_calcite, calcisol_state_dic, calcisol_state_ca, &
      calcisol_state_nh4, calcisol_state_no3]
    integer(c_int32_t) :: stat
    integer :: i, l
    do i = 1, size(slots)
      call columns%get_state(slots(i), slot(:, :, i), stat)
    end do
    stock = 0.0_c_double
    do l = 1, size(slot, 2)
      stock(:, 1) = stock(:, 1) + (slot(:, l, 1) + slot(:, l, 2))
      stock(:, 2) = stock(:, 2) + (slot(:, l, 1) + slot(:, l, 3))
      stock(:, 3) = stock(:, 3) + (slot(:, l, 4) + slot(:, l, 5))
    end do
    do i = 1, size(stock, 1)
      if (slot(i, 1, 1) < 0.0_c_double) stock(i, :) = -1.0_c_double
    end do
  end subroutine stocks

end module calcisol_balance
