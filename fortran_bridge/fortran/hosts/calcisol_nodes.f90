! Water in layers from contents at nodes, as ORCHIDEE's hydrology keeps them.
!
! What:    a layer has half of the interval above its node and half of the one below; the content is linear between nodes.
! Units:   contents m3 m-3, distances m, water kg m-2. Contents must be numbers: look with `complete` of calcisol_fit first.
! Source:  ORCHIDEE 2.2, hydrol.f90.
! Use:     liquid = water_of_layers(dnh, mcl(i, :));  ice = water_of_layers(dnh, max(mc(i, :) - mcl(i, :), 0.0_c_double))
module calcisol_nodes
  use, intrinsic :: iso_c_binding, only: c_double
  implicit none
  private
  public :: water_of_layers

contains

  ! dnh: distance of each node to the one above; that of the first is not used.
  pure function water_of_layers(dnh, content) result(water)
    real(c_double), intent(in) :: dnh(:), content(:)
    real(c_double) :: water(size(content)), eighth
    integer :: m
    water = 0.0_c_double
    do m = 2, size(content) ! the interval above node m: three quarters of each half are the nearer node's
      eighth = 125.0_c_double*dnh(m) ! 1000 kg m-3 / 8
      water(m - 1) = water(m - 1) + eighth*(3.0_c_double*content(m - 1) + content(m))
      water(m) = water(m) + eighth*(3.0_c_double*content(m) + content(m - 1))
    end do
  end function water_of_layers

end module calcisol_nodes
