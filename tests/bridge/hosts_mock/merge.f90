! Thin layers of ORCHIDEE joined: layer of each host layer, water added, temperature averaged, a missing value, back again.
program merge_layers
  use, intrinsic :: iso_c_binding, only: c_double
  use calcisol_merge
  implicit none
  integer, parameter :: nslm = 11
  type(calcisol_merged) :: merged
  real(c_double) :: dz(nslm), water(2, nslm), t(2, nslm), joined(2, nslm)
  integer :: l, i
  do l = 1, nslm
    dz(l) = 0.5_c_double*merge(0.0_c_double, 2.0_c_double**(l - 2)*0.00195_c_double, l == 1)
    if (l < nslm) dz(l) = dz(l) + 0.5_c_double*2.0_c_double**(l - 1)*0.00195_c_double
    water(:, l) = real(l, c_double)
    t(:, l) = 280.0_c_double + real(l, c_double)
  end do
  water(2, 3) = -9999.0_c_double
  merged = calcisol_merged_of(dz, 0.02_c_double)
  print '(a,*(1x,i0))', 'layer', merged%layer
  print '(a,*(1x,es24.16))', 'dz', merged%dz
  do i = 1, 2
    joined(i, :merged%nlay) = merged%sums(water(i, :))
  end do
  water = merged%back(joined)
  print '(a,*(1x,es24.16))', 'water', water(1, :)
  print '(a,*(1x,es24.16))', 'missing', water(2, :)
  do i = 1, 2
    joined(i, :merged%nlay) = merged%sums(t(i, :)*merged%share)
  end do
  t = merged%back(joined)
  print '(a,*(1x,es24.16))', 't', t(1, :)
  merged = calcisol_merged_of([0.3_c_double, 0.3_c_double, 0.001_c_double], 0.02_c_double) ! thin at the bottom
  print '(a,*(1x,i0))', 'bottom', merged%layer
end program merge_layers
