! Situations of real Noah-MP runs in which a number went wrong without a word, each with the number worked out by hand.
! Use: noahmp_situations BUNDLE; writes its own calcisol.nml. Prints the number of checks and of those that went wrong.
program noahmp_situations
  use, intrinsic :: iso_c_binding, only: c_double
  use Machine, only: kind_noahmp
  use NoahmpIOVarType, only: NoahmpIO_type
  use calcisol_noahmp
  use noahmp_rest
  use sweep_tools, only: must, wrong, calls
  implicit none
  real(c_double), parameter :: dt = 1800.0_c_double

  call get_command_argument(1, bundle)
  call write_switch('step=0')
  call aquifer()
  call irrigated()
  call snow()
  call never()
  call ice()
  call respiration()
  call other_map()
  call nests()
  call garbage()
  print '(i0,a,i0,a)', calls, ' checks, ', wrong, ' wrong'
  if (wrong > 0) stop 1

contains

  ! A groundwater scheme: 1e-5 kg m-2 s-1 infiltrates and drains through a soil at rest, the aquifer gives the river 7e-6.
  subroutine aquifer()
    type(calcisol_noahmp_soil) :: soil
    type(NoahmpIO_type) :: io
    integer :: k
    do k = 1, 5, 4
      call at_rest(io, 1)
      io%IOPT_RUNSUB = k ! 1 and 5
      io%ACC_QINSURXY = 1.2e-8_kind_noahmp
      io%RUNSFXY = real(0.2e-5_c_double*dt, kind_noahmp)
      io%RUNSBXY = real(0.7e-5_c_double*dt, kind_noahmp)
      call started(soil, io, 0.02_kind_noahmp)
      call soil%step(io, stat, message)
      call must(stat == 0, 'aquifer: '//message)
      call must(abs(soil%q_bot(1) - 1.0e-5_c_double) < 1.0e-11_c_double, 'drainage closes the budget of the soil')
      call must(soil%dic_leach(1) > 0.0_c_double, 'what drains takes carbon along')
      call must(index(soil%line(), 'water not checked') > 0, 'what closes the water leaves nothing to check: '//soil%line())
      call soil%finish()
    end do
  end subroutine aquifer

  ! Free drainage, but 5e-5 kg m-2 s-1 leave the soil past the fluxes: told once more than 10 mm are missed.
  subroutine irrigated()
    type(calcisol_noahmp_soil) :: soil
    type(NoahmpIO_type) :: io
    integer :: k
    call at_rest(io, 1)
    io%ACC_QINSURXY = 6.0e-8_kind_noahmp
    io%RUNSBXY = real(1.0e-5_c_double*dt, kind_noahmp)
    call started(soil, io, 0.02_kind_noahmp)
    do k = 1, 125
      call soil%step(io, stat, message)
      if (stat /= 0) exit
    end do
    ! 10 mm + 5 % of 6e-5 dt k are passed by 5e-5 dt k at k = 119
    call must(k == 119 .and. index(message, 'does not close') > 0, 'water that is missed: '//message)
    call soil%finish()
  end subroutine irrigated

  ! A pack at its limit sheds 3e-4 kg m-2 s-1 past the soil, which Noah-MP adds to RUNSB: it neither drains nor is missed.
  subroutine snow()
    type(calcisol_noahmp_soil) :: soil
    type(NoahmpIO_type) :: io
    integer :: k
    call at_rest(io, 1)
    io%ACC_QINSURXY = 1.0e-8_kind_noahmp
    io%ACC_GLAFLWXY = real(3.0e-4_c_double*dt, kind_noahmp)
    io%RUNSBXY = real(3.1e-4_c_double*dt, kind_noahmp)
    call started(soil, io, 0.02_kind_noahmp)
    do k = 1, 30
      call soil%step(io, stat, message)
      call must(stat == 0, 'snow: '//message)
    end do
    call must(abs(soil%q_bot(1) - 1.0e-5_c_double) < 1.0e-9_c_double, 'snow that is shed does not drain the soil')
    call soil%finish()
  end subroutine snow

  subroutine never()
    type(calcisol_noahmp_soil) :: soil
    type(NoahmpIO_type) :: io
    integer :: k
    call at_rest(io, 2)
    io%TSLB = -9999
    call started(soil, io, 0.02_kind_noahmp)
    do k = 1, 10
      call soil%step(io, stat, message)
      if (stat /= 0) exit
    end do
    call must(k == 10 .and. index(message, 't_soil') > 0 .and. index(message, 'no column') > 0, 'never stepped: '//message)
    call must(index(soil%line(), 'waiting 2') > 0, 'a count of waiting columns: '//soil%line())
    io%TSLB(2, :, :) = 283
    call soil%step(io, stat, message)
    call must(stat == 0 .and. index(soil%line(), 'stepped 1 waiting 1') > 0, 'one steps, one waits: '//soil%line())
    call soil%finish()
  end subroutine never

  ! A glacier, sea ice and open water beside a soil: nothing for the air from them, no pH, and no missing value in NEE.
  subroutine ice()
    type(calcisol_noahmp_soil) :: soil
    type(NoahmpIO_type) :: io
    integer :: k
    call at_rest(io, 4)
    io%IVGTYP(1, 1) = io%ISICE_TABLE
    io%XICE(2, 1) = 0.9_kind_noahmp
    io%XLAND(3, 1) = 2
    call started(soil, io, 0.02_kind_noahmp)
    call must(all(abs(soil%co2_to_air) <= 0), 'nothing for the air before the first step')
    do k = 1, 3
      call soil%step(io, stat, message)
      call must(stat == 0, 'ice: '//message)
    end do
    call must(all(abs(soil%co2_to_air(:3, 1)) <= 0) .and. abs(soil%co2_to_air(4, 1)) > 0, 'nothing for the air from ice and water')
    call must(all(soil%ph_out(:3, :, 1) < -9998) .and. all(soil%ph_out(4, :, 1) > 0), 'no pH of ice and water')
    call must(soil%report%columns_stepped == 1 .and. soil%report%columns_inactive == 3, 'one soil')
    call soil%finish()
  end subroutine ice

  ! NEE of Noah-MP is 44/12 times (respiration of soil and plants less assimilation): 1e-5 gC m-2 s-1 of soil respiration.
  subroutine respiration()
    type(calcisol_noahmp_soil) :: soil
    type(NoahmpIO_type) :: io
    call at_rest(io, 1)
    io%NEEXY = (1.0e-5_kind_noahmp - 2.0e-5_kind_noahmp)*44.0_kind_noahmp/12.0_kind_noahmp
    io%NPPXY = 2.0e-5_kind_noahmp
    call started(soil, io, 0.0_kind_noahmp)
    call soil%step(io, stat, message)
    call must(abs(soil%co2_src_total(1)/1.0e-8_c_double - 1.0_c_double) < 1.0e-5_c_double, 'respiration, kg m-2 s-1')
    call soil%finish()
  end subroutine respiration

  subroutine other_map()
    type(calcisol_noahmp_soil) :: soil, again, other
    type(NoahmpIO_type) :: io
    real(c_double) :: values(2, nsoil)
    integer :: v, refused
    call at_rest(io, 2)
    call started(soil, io, 0.02_kind_noahmp)
    call started(again, io, 0.02_kind_noahmp)
    call started(other, io, 0.03_kind_noahmp)
    call soil%step(io, stat, message)
    refused = 0
    do v = 1, soil%n_variables()
      call soil%get(v, values, stat, message)
      call must(stat == 0, 'out: '//message)
      call again%set(v, values, stat, message)
      call must(stat == 0, 'in: '//message)
      call other%set(v, values, stat, message)
      if (stat /= 0) refused = refused + 1
      if (stat /= 0) call must(index(message, 'another soil map') > 0, message)
    end do
    call must(refused == 1, 'a restart of another map')
    call must(all(abs(again%ph - soil%ph) <= 0.0_c_double), 'pH is there at once')
    call must(soil%units(1) == 'mol m-2' .and. soil%long_name(1) /= '' .and. soil%variable_name(1) == 'calcisol_calcite', 'names')
    call must(index(soil%line(), 'sha256') > 0, 'the bundle in the log: '//soil%line())
    call soil%finish()
    call again%finish()
    call other%finish()
  end subroutine other_map

  ! Two domains in one process, stepped in turn: the bits of each alone.
  subroutine nests()
    type(calcisol_noahmp_soil) :: alone, nest(2)
    type(NoahmpIO_type) :: io(2)
    integer :: k
    call at_rest(io(1), 3)
    call at_rest(io(2), 1)
    io(2)%TSLB = 278
    call started(alone, io(1), 0.02_kind_noahmp)
    call started(nest(1), io(1), 0.02_kind_noahmp)
    call started(nest(2), io(2), 0.1_kind_noahmp)
    do k = 1, 4
      call alone%step(io(1), stat, message)
      call nest(1)%step(io(1), stat, message)
      call must(stat == 0, message)
      call nest(2)%step(io(2), stat, message)
      call must(stat == 0, message)
    end do
    call must(all(abs(alone%ph - nest(1)%ph) <= 0.0_c_double) .and. size(nest(2)%ph_out, 1) == 1, 'nests')
    call alone%finish()
    call nest(1)%finish()
    call nest(2)%finish()
  end subroutine nests

  ! Memory a host never set holds any number: what is no missing value and out of range is clipped, and the log keeps count.
  subroutine garbage()
    type(calcisol_noahmp_soil) :: soil
    type(NoahmpIO_type) :: io
    call at_rest(io, 1)
    call started(soil, io, 0.02_kind_noahmp)
    io%NPPXY = 1.0e12_kind_noahmp
    call soil%step(io, stat, message)
    io%NPPXY = 1.0e-5_kind_noahmp
    call soil%step(io, stat, message)
    call must(index(soil%line(), 'clipped so far 4 ') > 0, 'clipped numbers are not forgotten: '//soil%line())
    call soil%finish()
  end subroutine garbage

end program noahmp_situations
