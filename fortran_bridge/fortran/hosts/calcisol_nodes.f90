! Water in layers from contents at nodes, as ORCHIDEE's hydrology keeps them.
!
! What:    a layer has half of the interval above its node and half of the one below; the content is linear between nodes.
! Units:   contents m3 m-3 of a grid cell, distances m, water kg m-2 of soil. Missing values stay missing, as in calcisol_fit.
! Source:  ORCHIDEE 2.2, hydrol.f90.
! Use:     w = water_of_layer(l, dnh, 1/vegtot, mcl(i, :));  ice = water_of_layer(l, dnh, 1/vegtot, mc(i, :), less=mcl(i, :))
module calcisol_nodes
  use, intrinsic :: iso_c_binding, only: c_double
  use calcisol_fit, only: fit, plus, is_missing
  implicit none
  private
  public :: water_of_layer

contains

  ! Of layer l; dnh: distance of each node to the one above, per_soil: grid cell to soil, less: what mc holds but is not meant.
  pure function water_of_layer(l, dnh, per_soil, mc, less) result(water)
    integer, intent(in) :: l
    real(c_double), intent(in) :: dnh(:), per_soil, mc(:)
    real(c_double), intent(in), optional :: less(:)
    real(c_double) :: water, eighth
    integer :: m
    water = 0.0_c_double
    do m = max(l, 2), min(l + 1, size(mc)) ! the interval above node m
      eighth = fit(dnh(m), fit(per_soil, 125.0_c_double)) ! 1000 kg m-3 / 8
      water = plus(water, plus(fit(at(l), fit(eighth, 3.0_c_double)), fit(at(2*m - 1 - l), eighth)))
    end do
  contains
    ! What is meant of the content at a node.
    pure function at(node) result(content)
      integer, intent(in) :: node
      real(c_double) :: content
      content = fit(mc(node), 1.0_c_double)
      if (.not. present(less)) return
      content = plus(content, fit(less(node), -1.0_c_double))
      if (.not. is_missing(content)) content = max(content, 0.0_c_double)
    end function at
  end function water_of_layer

end module calcisol_nodes
