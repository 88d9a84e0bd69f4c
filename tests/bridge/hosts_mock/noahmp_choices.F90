! Choices of a host: which pH its formulas read, a step a day, and numbers no host should give. Use: noahmp_choices BUNDLE
program noahmp_choices
  use, intrinsic :: iso_c_binding, only: c_double
  use Machine, only: kind_noahmp
  use NoahmpIOVarType, only: NoahmpIO_type
  use calcisol, only: calcisol_arrays, calcisol_lab_ph_cacl2, calcisol_n_state
  use calcisol_noahmp
  use noahmp_rest
  use sweep_tools, only: must, wrong, calls
  implicit none

  call get_command_argument(1, bundle)
  call suspension()
  call by_the_day()
  call refused()
  call no_land()
  print '(i0,a,i0,a)', calls, ' checks, ', wrong, ' wrong'
  if (wrong > 0) stop 1

contains

  ! pH of a suspension for the host's formulas: what the library says of the state, its mean over 0-0.3 m, after a restart at once.
  subroutine suspension()
    type(calcisol_noahmp_soil) :: soil, again
    type(NoahmpIO_type) :: io
    type(calcisol_arrays) :: lab
    real(c_double), target :: expected(1, nsoil)
    integer :: v
    call at_rest(io, 1)
    call write_switch("step=0, feedback=.true., feedback_ph='cacl2'")
    call started(soil, io, 0.0_kind_noahmp)
    call started(again, io, 0.0_kind_noahmp)
    call soil%step(io, stat, message)
    call lab%link(calcisol_lab_ph_cacl2, expected)
    call soil%columns%laboratory_ph(lab, stat, message)
    call must(all(abs(soil%ph_read - expected) <= 0.0_c_double), 'pH of the suspension')
    call must(all(soil%ph - soil%ph_read > 0.2_c_double), 'in calcium chloride it is lower than in pore water')
    call must(abs(soil%ph_read_top(1) - (expected(1, 1) + 2*expected(1, 2))/3) < 1.0e-7_c_double, 'mean over 0.3 m')
    do v = 1, soil%n_variables()
      call soil%get(v, expected, stat, message)
      call again%set(v, expected, stat, message)
    end do
    call must(abs(soil%ph_read_top(1) - again%ph_read_top(1)) <= 0.0_c_double, 'there at once after a restart')
    call soil%finish()
    call again%finish()
  end subroutine suspension

  ! What the adapters choose: a step a day. A host that never fills an array is told after two; sums are written within a day.
  subroutine by_the_day()
    type(calcisol_noahmp_soil) :: soil
    type(NoahmpIO_type) :: io
    type(calcisol_noahmp_soil) :: often
    real(c_double), allocatable :: slot(:, :)
    integer :: k, all_variables
    call write_switch('')
    call at_rest(io, 1)
    call started(soil, io, 0.02_kind_noahmp)
    all_variables = soil%n_variables()
    do k = 1, 95
      call soil%step(io, stat, message)
      call must(soil%just_stepped .eqv. k == 48, 'a step at the end of the day')
      call must(soil%n_variables() == all_variables, 'as many variables at any time: processes write together')
    end do
    allocate (slot(1, nsoil))
    call soil%get(calcisol_n_state + 2, slot, stat, message)
    call write_switch('step=0')
    call started(often, io, 0.02_kind_noahmp)
    call often%set(often%n_variables(), slot, stat, message)
    call must(stat /= 0 .and. index(message, 'still being gathered') > 0, 'what was gathered is not lost: '//message)
    call often%set(often%n_variables(), 0*slot, stat, message)
    call must(stat == 0, 'at the end of a day: '//message)
    call often%finish()
    call write_switch('')
    call soil%finish()
    io%TSLB = -9999
    call started(soil, io, 0.02_kind_noahmp)
    do k = 1, 96
      call soil%step(io, stat, message)
      if (stat /= 0) exit
    end do
    call must(k == 96 .and. index(message, 't_soil') > 0 .and. index(message, 'no column') > 0, 'never stepped: '//message)
    call soil%finish()
  end subroutine by_the_day

  ! Each would leave the columns unstepped or the budgets unseen without a word.
  subroutine refused()
    type(calcisol_noahmp_soil) :: soil
    type(NoahmpIO_type) :: io
    character(len=18), parameter :: bad(6) = [character(len=18) :: 'step=-1', 'step=nan', 'step=inf', 'step=1.0e9', 'check=nan', &
      "feedback_ph='kcl'"]
    real(kind_noahmp) :: map(1, 1)
    integer :: k
    call at_rest(io, 1)
    map = 6.5
    do k = 1, size(bad)
      call write_switch(bad(k))
      call soil%start(io, map, 0*map, stat, message)
      call must(stat /= 0 .and. .not. soil%on .and. index(message, bad(k)(:scan(bad(k), '=') - 1)) > 0, bad(k)//': '//message)
    end do
  end subroutine refused

  ! A rank without a point: every call is fine, whatever is chosen.
  subroutine no_land()
    type(calcisol_noahmp_soil) :: soil, other
    type(NoahmpIO_type) :: io
    real(c_double) :: slot(0, nsoil)
    integer :: k
    call write_switch("feedback=.true., feedback_ph='h2o'")
    call at_rest(io, 0)
    call started(soil, io, 0.02_kind_noahmp)
    do k = 1, 100
      call soil%step(io, stat, message)
      call must(stat == 0, 'a rank without land: '//message)
    end do
    do k = 1, soil%n_variables()
      call soil%get(k, slot, stat, message)
      call must(stat == 0, 'its restart: '//message)
    end do
    call must(index(soil%line(), 'stepped 0 waiting 0') > 0, soil%line())
    call at_rest(io, 1)
    call started(other, io, 0.02_kind_noahmp)
    call must(soil%n_variables() == other%n_variables(), 'as many variables as a rank with land, which has gathered nothing yet')
    call other%finish()
    call soil%finish()
  end subroutine no_land

end program noahmp_choices
