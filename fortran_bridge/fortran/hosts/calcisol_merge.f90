! Host layers too thin for a step, joined with the next below until together they reach a thickness.
!
! What:    calcisol_merged, which of our layers each host layer belongs to; amounts are added, contents and temperatures averaged
!          by thickness, results given back to every host layer of a group. Sums are those of the host, so budgets are too.
! Why:     a layer of 1 to 6 mm holds less than the rain of half an hour; flushed several times within a step, with calcite its
!          pH swings between 6 and 10, even in steps of four minutes; joined to 2 cm it does not (measured: README, thin layers).
! Shapes:  (nhost) to (nlay) column by column, (ncol,nlay) back to (ncol,nhost). Missing (calcisol_fit's value) stays missing.
! Use:     merged = calcisol_merged_of(dz, 0.02_c_double);  ph = merged%back(soil%ph)
!          soil%w_liq(i, :) = merged%sums(water)
module calcisol_merge
  use, intrinsic :: iso_c_binding, only: c_double
  use calcisol_fit, only: missing
  implicit none
  private
  public :: calcisol_merged, calcisol_merged_of

  type :: calcisol_merged
    integer :: nlay = 0
    integer, allocatable :: layer(:)        ! (nhost): ours
    real(c_double), allocatable :: share(:) ! (nhost): of the thickness of ours
    real(c_double), allocatable :: dz(:)    ! (nlay), m
  contains
    procedure :: sums => merged_sums
    procedure :: back => merged_back
  end type calcisol_merged

contains

  ! dz (nhost) [m]; thin layers at the bottom join the one above.
  pure function calcisol_merged_of(dz, thinnest) result(merged)
    real(c_double), intent(in) :: dz(:), thinnest
    type(calcisol_merged) :: merged
    real(c_double) :: thick(size(dz))
    integer :: layer(size(dz)), l, n
    n = 1
    thick = 0.0_c_double
    do l = 1, size(dz)
      layer(l) = n
      thick(n) = thick(n) + dz(l)
      if (thick(n) >= thinnest .and. sum(dz(l + 1:)) >= thinnest) n = n + 1
    end do
    merged%nlay = n
    allocate (merged%layer(size(dz)), source=layer)
    allocate (merged%dz(n), source=thick(:n))
    allocate (merged%share(size(dz)), source=dz/thick(layer))
  end function calcisol_merged_of

  ! Amounts of the host's layers as those of ours; contents and temperatures times `share`, for their mean.
  pure function merged_sums(self, values) result(ours)
    class(calcisol_merged), intent(in) :: self
    real(c_double), intent(in) :: values(:)
    real(c_double) :: ours(self%nlay)
    integer :: l
    ours = 0.0_c_double
    do l = 1, size(self%layer)
      associate (k => self%layer(l))
        if (values(l) <= missing .or. ours(k) <= missing) then
          ours(k) = missing
        else
          ours(k) = ours(k) + values(l)
        end if
      end associate
    end do
  end function merged_sums

  pure function merged_back(self, values) result(host)
    class(calcisol_merged), intent(in) :: self
    real(c_double), intent(in) :: values(:, :)
    real(c_double) :: host(size(values, 1), size(self%layer))
    host = values(:, self%layer)
  end function merged_back

end module calcisol_merge
