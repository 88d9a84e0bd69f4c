! The modules of Noah-MP that the adapter uses: its kind, by -DDOUBLE_PREC, and what NoahmpIO holds of the soil.
module Machine
  implicit none
#ifdef DOUBLE_PREC
  integer, parameter :: kind_noahmp = 8
#else
  integer, parameter :: kind_noahmp = 4
#endif
  real(kind=kind_noahmp), parameter :: undefined_real = -9999.0
end module Machine

module NoahmpIOVarType
  use Machine
  implicit none
  type :: NoahmpIO_type
    integer :: its = 1, ite = 1, jts = 1, jte = 1, nsoil = 4
    integer :: IOPT_DVEG = 5, IOPT_RUNSUB = 3, IOPT_CROP = 0, IOPT_IRR = 0, IOPT_IRRM = 0, IOPT_WETLAND = 0, IOPT_TDRN = 0
    integer :: ISICE_TABLE = 15, SOIL_UPDATE_STEPS = 1
    logical :: calculate_soil = .true., restart_flag = .false.
    integer :: igrid = 1
    character(len=19) :: olddate = '1998-01-02_00:00:00'
    character(len=256) :: outdir = '.', restart_flnm = ''
    real(kind=kind_noahmp) :: DTBL = 1800.0, XICE_THRESHOLD = 0.5
    integer, allocatable :: IVGTYP(:, :)
    real(kind=kind_noahmp), allocatable :: DZS(:)
    real(kind=kind_noahmp), allocatable, dimension(:, :, :) :: SMOIS, SH2O, TSLB, ACC_ETRANIXY, P8W
    real(kind=kind_noahmp), allocatable, dimension(:, :) :: ACC_QSEVAXY, ACC_QINSURXY, ACC_EDIRXY, ACC_GLAFLWXY, &
      RUNSFXY, RUNSBXY, NEEXY, NPPXY, XLAND, XICE, SNOW, TGXY
  end type NoahmpIO_type
end module NoahmpIOVarType
