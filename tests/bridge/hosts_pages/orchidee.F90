! The names of ORCHIDEE 2.2 around the lines of orchidee.md, with the kinds and ranks they have there; nothing is computed.
module defprec
  integer, parameter :: r_std = kind(1.0), i_std = kind(1) ! real is eight bytes by the flags of this host
end module defprec

module stomate
  use defprec
  real(r_std), allocatable, save, public :: resp_hetero_radia(:, :)
end module stomate

module ioipsl_para
  use defprec
  implicit none
contains
  subroutine restget_p(fid, vname, iim, jjm, llm, itau, def_beha, var, operator, nbindex, ijndex)
    integer(i_std), intent(in) :: fid, iim, jjm, llm, itau, nbindex, ijndex(:)
    character(len=*), intent(in) :: vname, operator
    logical, intent(in) :: def_beha
    real(r_std), intent(inout) :: var(:, :)
  end subroutine restget_p
  subroutine restput_p(fid, vname, iim, jjm, llm, itau, var, operator, nbindex, ijndex)
    integer(i_std), intent(in) :: fid, iim, jjm, llm, itau, nbindex, ijndex(:)
    character(len=*), intent(in) :: vname, operator
    real(r_std), intent(in) :: var(:, :)
  end subroutine restput_p
  subroutine ipslerr_p(plev, pcname, pstr1, pstr2, pstr3)
    integer(i_std), intent(in) :: plev
    character(len=*), intent(in) :: pcname, pstr1, pstr2, pstr3
  end subroutine ipslerr_p
end module ioipsl_para

module sechiba
  use defprec
  use ioipsl_para
  ! page: module sechiba, use
  implicit none
  integer(i_std) :: kjpindex, nslm, nstm, nvm, kjit, rest_id, nbp_glo, numout
  integer(i_std), allocatable :: index_g(:)
  real(r_std) :: dt_sechiba
  real(r_std), allocatable :: dlh(:), dnh(:), clayfraction(:), mc_layh(:, :), mcl_layh(:, :), stempdiag(:, :), rootsink(:, :, :), &
    soiltile(:, :), vevapnu(:), drainage(:), veget_max(:, :), pb(:), ccanopy(:)
  ! page: module sechiba, data
contains
  subroutine sechiba_initialize
    ! page: locals of the three subroutines
    ! page: sechiba_initialize, before
  end subroutine sechiba_initialize
  subroutine sechiba_main
    ! page: locals of the three subroutines
    ! page: sechiba_main, after
  end subroutine sechiba_main
  subroutine sechiba_finalize
    ! page: locals of the three subroutines
    ! page: sechiba_finalize, at its end
  end subroutine sechiba_finalize
end module sechiba
