! The names of ORCHIDEE 2.2 around the lines of orchidee.md, with the kinds and ranks they have there; nothing is computed.
module stomate
  use defprec
  real(r_std), allocatable, save, public :: resp_hetero_radia(:, :), resp_maint_part_radia(:, :, :)
end module stomate

module sechiba
  use defprec
  use ioipsl_para
  ! page: module sechiba, use
  implicit none
  integer(i_std), parameter :: iroot = 6
  integer(i_std) :: kjit, rest_id, numout
  real(r_std) :: dt_sechiba, one_day
  real(r_std), allocatable :: dlh(:), dnh(:), clayfraction(:), mc_layh(:, :), mcl_layh(:, :), stempdiag(:, :), rootsink(:, :, :), &
    soiltile(:, :), vevapnu(:), drainage(:), veget_max(:, :), pb(:), ccanopy(:), netco2flux(:), mc(:, :, :), mcl(:, :, :), &
    dr_ns(:, :), ae_ns(:, :), frac_bare_ns(:, :), precisol_ns(:, :), ru_ns(:, :), water2infilt(:, :), resdist(:, :), &
    returnflow(:), reinfiltration(:), irrigation(:)
  logical :: old_irrig_scheme
  integer(i_std) :: irrig_st
  integer(i_std), allocatable :: pref_soil_veg(:)
  ! page: module sechiba, data
contains
  subroutine sechiba_initialize
    ! page: locals of the three subroutines
    ! page: sechiba_initialize, before
  end subroutine sechiba_initialize
  subroutine sechiba_main
    ! page: locals of the three subroutines
    ! page: sechiba_main, after CALL
    ! page: sechiba_main, after "9.2
  end subroutine sechiba_main
  subroutine sechiba_finalize
    ! page: locals of the three subroutines
    ! page: sechiba_finalize, at its end
  end subroutine sechiba_finalize
  subroutine sechiba_clear
    ! page: sechiba_clear
  end subroutine sechiba_clear
end module sechiba
