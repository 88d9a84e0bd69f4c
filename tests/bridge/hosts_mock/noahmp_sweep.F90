! Every array of NoahmpIO that the Noah-MP adapter reads, spoiled in every way (sweep_tools): off, on, after the end, twice.
program noahmp_sweep
  use, intrinsic :: iso_c_binding, only: c_int32_t
  use Machine, only: kind_noahmp
  use NoahmpIOVarType, only: NoahmpIO_type
  use calcisol_noahmp
  use sweep_tools
  implicit none
  integer, parameter :: ni = 3, nj = 1, nsoil = 4
  type(NoahmpIO_type) :: io
  type(calcisol_noahmp_soil) :: soil
  real(kind_noahmp), allocatable :: ph(:, :), caco3(:, :)
  character(len=:), allocatable :: message
  integer(c_int32_t) :: stat
  integer :: i, way

  call good()
  call soil%step(io, stat, message)
  call must(stat == 0, 'a step before the start')
  call soil%finish()
  call over_all(.false.)
  call soil%start(io, ph, caco3, stat, message)
  call must(stat == 0, 'start: '//message)
  call soil%start(io, ph, caco3, stat, message)
  call must(stat /= 0 .and. index(message, 'twice') > 0, 'a second start')
  call over_all(.true.)
  do i = 1, 2
    call soil%finish()
  end do
  call over_all(.false.)
  call options()
  call soil%start(io, ph, caco3, stat, message)
  call must(stat == 0, 'a start after the end: '//message)
  call over_all(.true.)
  call must(all(soil%ph_out > 0), 'a pH for the output')
  print '(i0,a,i0,a)', calls, ' calls, ', wrong, ' wrong'
  if (wrong > 0) stop 1

contains

  subroutine good()
    integer :: l
    real(kind_noahmp) :: map(ni, nj), profile(ni, nsoil, nj)
    map = 0
    profile = 0
    io%ite = ni
    io%jte = nj
    io%DZS = [real(kind_noahmp) :: 0.1, 0.3, 0.6, 1.0]
    io%SMOIS = profile + 0.3_kind_noahmp
    io%SH2O = io%SMOIS
    io%TSLB = profile + 280
    io%ACC_ETRANIXY = profile
    io%P8W = reshape([(95000.0_kind_noahmp, l=1, ni*2*nj)], [ni, 2, nj])
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
    io%TGXY = map + 280
    io%IVGTYP = nint(map) + 1
    ph = map + 6.5_kind_noahmp
    caco3 = map + 0.02_kind_noahmp
  end subroutine good

  subroutine step(name, on)
    character(len=*), intent(in) :: name
    logical, intent(in) :: on
    call soil%step(io, stat, message)
    call judge(name, way, on, stat, message, soil%report%columns_stepped, ni*nj - 1)
    call good()
  end subroutine step

  subroutine over_all(on)
    logical, intent(in) :: on
    do way = 1, n_ways
      if (way > last_value) then ! of one value in all columns, nothing is left to step
        call spoil(io%DZS, way)
        call step('DZS', on)
      end if
      call spoil(io%SMOIS, way)
      call step('SMOIS', on)
      call spoil(io%SH2O, way)
      call step('SH2O', on)
      call spoil(io%TSLB, way)
      call step('TSLB', on)
      call spoil(io%ACC_ETRANIXY, way)
      call step('ACC_ETRANIXY', on)
      if (way /= 7) call spoil(io%P8W, way)
      if (way /= 7) call step('P8W', on)
      call spoil(io%ACC_QSEVAXY, way)
      call step('ACC_QSEVAXY', on)
      call spoil(io%ACC_QINSURXY, way)
      call step('ACC_QINSURXY', on)
      call spoil(io%ACC_EDIRXY, way)
      call step('ACC_EDIRXY', on)
      call spoil(io%ACC_GLAFLWXY, way)
      call step('ACC_GLAFLWXY', on)
      call spoil(io%RUNSFXY, way)
      call step('RUNSFXY', on)
      call spoil(io%RUNSBXY, way)
      call step('RUNSBXY', on)
      call spoil(io%NEEXY, way)
      call step('NEEXY', on)
      call spoil(io%NPPXY, way)
      call step('NPPXY', on)
      call spoil(io%XLAND, way)
      call step('XLAND', on)
      call spoil(io%XICE, way)
      call step('XICE', on)
      call spoil(io%SNOW, way)
      call step('SNOW', on)
      call spoil(io%TGXY, way)
      call step('TGXY', on)
    end do
    way = 1
    io%SOIL_UPDATE_STEPS = 0
    call soil%step(io, stat, message)
    call must((stat /= 0) .eqv. on, 'a step of no time')
    io%SOIL_UPDATE_STEPS = 1
    call step('good arrays', on)
    call must(.not. on .or. soil%report%columns_stepped == ni*nj, 'all columns step again: '//soil%line())
  end subroutine over_all

  ! Options and maps that are refused when it starts, each in a sentence.
  subroutine options()
    io%IOPT_DVEG = 4
    call refused('DYNAMIC_VEG_OPTION')
    io%IOPT_DVEG = 5
    io%IOPT_IRR = 1
    call refused('IRRIGATION')
    io%IOPT_IRR = 0
    io%IOPT_WETLAND = 1
    call refused('WETLAND')
    io%IOPT_WETLAND = 0
    io%IOPT_TDRN = 1
    call refused('TILE_DRAINAGE')
    io%IOPT_TDRN = 0
    caco3 = 2
    call refused('caco3 = 2')
    call good()
    io%DZS = 0
    call refused('dz')
    call good()
    io%DZS = -9999
    call refused('dz')
    call good()
    ph = -9999
    call refused('ph0')
    call good()
    deallocate (ph)
    call refused('ph')
    call good()
  end subroutine options

  subroutine refused(what)
    character(len=*), intent(in) :: what
    call soil%start(io, ph, caco3, stat, message)
    call must(stat /= 0 .and. index(message, what) > 0, 'not refused: '//what//': '//message)
    call soil%finish()
  end subroutine refused

end program noahmp_sweep
