! Host layers too thin for a step, joined with the next below until together they reach a thickness.
!
! What:    calcisol_merged, which of our layers each host layer belongs to; amounts are added, contents and temperatures averaged
!          by thickness, results given back to every host layer of a group. Sums are those of the host, so budgets are too.
! Why:     a layer of 1 to 6 mm holds less than the rain of half an hour; flushed several times within a step, with calcite its
!          pH swings between 6 and 10, even in steps of four minutes; joined to 2 cm it does not (measured: README, thin layers).
! Shapes:  (nhost) to (nlay) column by column, (ncol,nlay) back to (ncol,nhost). Missing stays missing, as in calcisol_fit.
! Use:     merged = calcisol_merged_of(dz, 0.02_c_double);  ph = merged%back(soil%ph)
!          call merged%add(l, water(i, l), soil%w_liq(i, merged%layer(l))) for every l, downward
module calcisol_merge
  use, intrinsic :: iso_c_binding, only: c_double
  use calcisol_fit, only: plus
  implicit none
  private
  public :: calcisol_merged, calcisol_merged_of

  type :: calcisol_merged
    integer :: nlay = 0
    integer, allocatable :: layer(:)        ! (nhost): ours
    logical, allocatable :: first(:)        ! (nhost): the uppermost in ours
    real(c_double), allocatable :: share(:) ! (nhost): of the thickness of ours
    real(c_double), allocatable :: dz(:)    ! (nlay), m
  contains
    procedure :: add => merged_add
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
    allocate (merged%first(size(dz)), source=layer > [0, layer(:size(dz) - 1)])
    allocate (merged%dz(n), source=thick(:n))
    allocate (merged%share(size(dz)), source=dz/thick(layer))
  end function calcisol_merged_of

  ! An amount of host layer l into ours, which is layer(l); a content or temperature times share(l), for their mean.
  pure subroutine merged_add(self, l, value, ours)
    class(calcisol_merged), intent(in) :: self
    integer, intent(in) :: l
    real(c_double), intent(in) :: value
    real(c_double), intent(inout) :: ours ! the first host layer begins it anew
    if (self%first(l)) ours = 0.0_c_double
    ours = plus(ours, value)
  end subroutine merged_add

  pure function merged_back(self, values) result(host)
    class(calcisol_merged), intent(in) :: self
    real(c_double), intent(in) :: values(:, :)
    real(c_double) :: host(size(values, 1), size(self%layer))
    host = values(:, self%layer)
  end function merged_back

end module calcisol_merge
