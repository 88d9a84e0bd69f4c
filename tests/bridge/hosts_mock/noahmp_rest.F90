! Points of Noah-MP at rest, for the programs that put them into situations: arrays, the switch, a start.
module noahmp_rest
  use, intrinsic :: iso_c_binding, only: c_double, c_int32_t
  use Machine, only: kind_noahmp
  use NoahmpIOVarType, only: NoahmpIO_type
  use calcisol_noahmp
  use sweep_tools, only: must
  implicit none
  integer, parameter :: nsoil = 4
  character(len=1024) :: bundle
  integer(c_int32_t) :: stat
  character(len=:), allocatable :: message

contains

  subroutine write_switch(choices)
    character(len=*), intent(in) :: choices
    integer :: unit
    open (newunit=unit, file='calcisol.nml', status='replace', action='write')
    write (unit, '(3a)') "&calcisol_nml bundle='", trim(bundle), "', tile_columns=8,"
    write (unit, '(3a)') ' ', choices, ' /'
    close (unit)
  end subroutine write_switch

  ! Points in a row, moist and at rest.
  subroutine at_rest(io, n)
    type(NoahmpIO_type), intent(out) :: io
    integer, intent(in) :: n
    real(kind_noahmp) :: map(n, 1), profile(n, nsoil, 1)
    integer :: i
    map = 0
    profile = 0
    io%ite = n
    io%DZS = [real(kind_noahmp) :: 0.1, 0.3, 0.6, 1.0]
    io%SMOIS = profile + 0.25_kind_noahmp
    io%SH2O = io%SMOIS
    io%TSLB = profile + 283
    io%ACC_ETRANIXY = profile
    io%P8W = reshape([(95000.0_kind_noahmp, i=1, 2*n)], [n, 2, 1])
    io%ACC_QSEVAXY = map
    io%ACC_QINSURXY = map
    io%ACC_EDIRXY = map
    io%ACC_GLAFLWXY = map
    io%RUNSFXY = map
    io%RUNSBXY = map
    io%NEEXY = map
    io%NPPXY = map + 1.0e-5_kind_noahmp
    io%XLAND = map + 1
    io%XICE = map
    io%SNOW = map
    io%TGXY = map + 283
    io%IVGTYP = nint(map) + 1
  end subroutine at_rest

  subroutine started(soil, io, caco3)
    type(calcisol_noahmp_soil), intent(inout) :: soil
    type(NoahmpIO_type), intent(in) :: io
    real(kind_noahmp), intent(in) :: caco3
    real(kind_noahmp) :: map(io%ite - io%its + 1, 1)
    map = 0
    call soil%start(io, map + 6.5_kind_noahmp, map + caco3, stat, message)
    call must(stat == 0, 'start: '//message)
  end subroutine started

end module noahmp_rest
