! Restart files of HRLDAS: what one object writes another reads, whole or in windows; files that cannot be right are a sentence.
! Use: noahmp_files BUNDLE; writes its own calcisol.nml. Prints the number of checks and of those that went wrong.
program noahmp_files
  use, intrinsic :: iso_c_binding, only: c_double, c_float
  use Machine, only: kind_noahmp
  use NoahmpIOVarType, only: NoahmpIO_type
  use netcdf
  use calcisol_noahmp
  use noahmp_rest
  use sweep_tools, only: must, wrong, calls
  implicit none
  character(len=*), parameter :: written = './RESTART.1998010200_DOMAIN1'
  type(calcisol_noahmp_soil) :: soil, again
  type(NoahmpIO_type) :: io

  call get_command_argument(1, bundle)
  call write_switch('step=3600')
  call at_rest(io, 3)
  io%restart_flnm = written
  call soil%write_restart(io, stat, message)
  call must(stat == 0, 'off: nothing is written')
  call soil%read_restart(io, stat, message)
  call must(stat == 0, 'off: nothing is read')
  call started(soil, io, 0.02_kind_noahmp)
  call three_calls(soil, io)
  io%restart_flag = .true.
  call whole()
  call in_windows()
  call parts_of_old()
  call refused()
  print '(i0,a,i0,a)', calls, ' checks, ', wrong, ' wrong'
  if (wrong > 0) stop 1

contains

  ! A step and half of the next one.
  subroutine three_calls(object, noah)
    type(calcisol_noahmp_soil), intent(inout) :: object
    type(NoahmpIO_type), intent(inout) :: noah
    integer :: k, i
    do k = 1, 3
      do i = noah%its, noah%ite
        noah%TSLB(i, :, :) = real(280 + i, kind_noahmp)
        noah%NPPXY(i, :) = 1.0e-5_kind_noahmp*real(i, kind_noahmp)
      end do
      call object%step(noah, stat, message)
      call must(stat == 0, 'a step: '//message)
    end do
  end subroutine three_calls

  subroutine same(text)
    character(len=*), intent(in) :: text
    real(c_double) :: a(3, nsoil), b(3, nsoil)
    integer :: v
    call must(stat == 0 .and. message == '', text//': '//message)
    do v = 1, soil%n_variables()
      call soil%get(v, a, stat, message)
      call again%get(v, b, stat, message)
      call must(all(abs(a - b) <= 0.0_c_double), text//': bits of '//soil%variable_name(v))
    end do
    call must(all(abs(again%ph_out - soil%ph_out) <= 0) .and. all(again%ph_out > 0), text//': pH for the output')
    call must(all(abs(again%co2_to_air - soil%co2_to_air) <= 0), text//': flux for the air')
    call again%finish()
  end subroutine same

  subroutine whole()
    integer :: before
    call mock_file(written, 3, nsoil, 1)
    before = opened
    call soil%write_restart(io, stat, message)
    call must(stat == 0 .and. opened == before + 1, 'all variables in a file that is opened once: '//message)
    call started(again, io, 0.02_kind_noahmp)
    call again%read_restart(io, stat, message)
    call same('whole')
  end subroutine whole

  ! Two processes write the points of one domain in turn, the second begins at its = 3.
  subroutine in_windows()
    type(calcisol_noahmp_soil) :: process(2)
    type(NoahmpIO_type) :: window(2)
    integer :: k
    call mock_file(written, 3, nsoil, 1)
    do k = 1, 2
      call at_rest(window(k), 3 - k)
      if (k == 2) call from_third(window(k))
      call started(process(k), window(k), 0.02_kind_noahmp)
      call three_calls(process(k), window(k))
      call process(k)%write_restart(window(k), stat, message)
      call must(stat == 0, 'a window: '//message)
    end do
    call started(again, io, 0.02_kind_noahmp)
    call again%read_restart(io, stat, message)
    call same('written in windows')
    do k = 1, 2
      call process(k)%finish()
      call started(process(k), window(k), 0.02_kind_noahmp)
      window(k)%restart_flag = .true.
      window(k)%restart_flnm = written
      call process(k)%read_restart(window(k), stat, message)
      call must(stat == 0 .and. all(abs(process(k)%ph - soil%ph(2*k - 1:1 + k, :)) <= 0.0_c_double), 'read in windows: '//message)
      call process(k)%finish()
    end do
  end subroutine in_windows

  ! The same one point, with the bounds of the third.
  subroutine from_third(noah)
    type(NoahmpIO_type), intent(inout) :: noah
    type(NoahmpIO_type) :: one
    one = noah
    noah%its = 3
    noah%ite = 3
    deallocate (noah%SMOIS, noah%SH2O, noah%TSLB, noah%ACC_ETRANIXY, noah%P8W, noah%ACC_QSEVAXY, noah%ACC_QINSURXY, &
      noah%ACC_EDIRXY, noah%ACC_GLAFLWXY, noah%RUNSFXY, noah%RUNSBXY, noah%NEEXY, noah%NPPXY, noah%XLAND, noah%XICE, &
      noah%SNOW, noah%TGXY, &
      noah%IVGTYP)
    allocate (noah%SMOIS(3:3, nsoil, 1), source=one%SMOIS)
    allocate (noah%SH2O(3:3, nsoil, 1), source=one%SH2O)
    allocate (noah%TSLB(3:3, nsoil, 1), source=one%TSLB)
    allocate (noah%ACC_ETRANIXY(3:3, nsoil, 1), source=one%ACC_ETRANIXY)
    allocate (noah%P8W(3:3, 2, 1), source=one%P8W)
    allocate (noah%ACC_QSEVAXY(3:3, 1), noah%ACC_QINSURXY(3:3, 1), noah%ACC_EDIRXY(3:3, 1), noah%ACC_GLAFLWXY(3:3, 1), &
      noah%RUNSFXY(3:3, 1), noah%RUNSBXY(3:3, 1), noah%NEEXY(3:3, 1), noah%NPPXY(3:3, 1), noah%XICE(3:3, 1), noah%SNOW(3:3, 1), &
      source=0.0_kind_noahmp)
    allocate (noah%XLAND(3:3, 1), source=one%XLAND)
    allocate (noah%TGXY(3:3, 1), source=one%TGXY)
    allocate (noah%IVGTYP(3:3, 1), source=one%IVGTYP)
  end subroutine from_third

  ! Files of earlier versions: three variables of real(4) whose sum is the number.
  subroutine parts_of_old()
    real(c_double) :: rest(3, nsoil)
    integer :: v, p
    call mock_file(written, 3, nsoil, 1)
    do v = 1, soil%n_variables()
      call soil%get(v, rest, stat, message)
      do p = 1, 3
        call put(soil%variable_name(v)//achar(48 + p), real(real(rest, c_float), c_double))
        rest = rest - real(real(rest, c_float), c_double)
      end do
    end do
    call started(again, io, 0.02_kind_noahmp)
    call again%read_restart(io, stat, message)
    call same('written in parts')
  end subroutine parts_of_old

  subroutine put(name, values)
    character(len=*), intent(in) :: name
    real(c_double), intent(in) :: values(3, nsoil)
    integer :: nc, id, error
    error = nf90_open(written, nf90_write, nc)
    error = nf90_redef(nc)
    error = nf90_def_var(nc, name, nf90_double, [1, 2, 3, 4], id)
    error = nf90_enddef(nc)
    error = nf90_put_var(nc, id, reshape(values, [3, nsoil, 1]), start=[1, 1, 1, 1], count=[3, nsoil, 1, 1])
    error = nf90_close(nc)
    call must(error == 0, 'the mock of netCDF')
  end subroutine put

  subroutine refused()
    call started(again, io, 0.02_kind_noahmp)
    call mock_file(written, 3, nsoil, 1)
    call again%read_restart(io, stat, message)
    call must(stat == 0 .and. index(message, 'begin anew') > 0, 'no variable of calcisol: said, and begun: '//message)
    call put('calcisol_calcite', spread([1.0_c_double, 1.0_c_double, 1.0_c_double], 2, nsoil))
    call again%read_restart(io, stat, message)
    call must(stat /= 0 .and. index(message, 'but not calcisol_ca') > 0, 'half a state: '//message)
    call mock_file(written, 3, nsoil + 1, 1)
    call again%read_restart(io, stat, message)
    call must(stat /= 0 .and. index(message, 'soil_layers_stag is 5') > 0, 'other layers: '//message)
    call soil%write_restart(io, stat, message)
    call must(stat /= 0 .and. index(message, 'soil_layers_stag is 5') > 0, 'other layers, out: '//message)
    call mock_file(written, 2, nsoil, 1)
    call again%read_restart(io, stat, message)
    call must(stat /= 0 .and. index(message, 'west_east is 2') > 0, 'fewer points: '//message)
    io%restart_flnm = 'nowhere.nc'
    call again%read_restart(io, stat, message)
    call must(stat /= 0 .and. index(message, 'No such file') > 0, 'no file: '//message)
    io%olddate(1:4) = '2001'
    call soil%write_restart(io, stat, message)
    call must(stat /= 0 .and. index(message, 'RESTART.2001010200_DOMAIN1') > 0, 'no file to add to: '//message)
    call again%finish()
    call soil%finish()
  end subroutine refused

end program noahmp_files
