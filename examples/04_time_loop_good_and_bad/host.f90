! One time loop in a good and in two bad ways: the same bits, at very different cost.
! Use: ./host BUNDLE; lines that start with "time" differ from machine to machine.
!
!   good   opened, created, linked and warmed up before the loop; one call a step for all columns of the rank
!   bad 1  one call a column: each pays what a call costs, and there is nothing to vectorise over
!   bad 2  as bad 1, and everything made anew in every step: the bundle opened, columns created, the state carried by hand
program host
  use, intrinsic :: iso_c_binding, only: c_double, c_int32_t, c_int64_t
  use calcisol
  implicit none
  integer, parameter :: ncol = 32, nlay = 6, nsteps = 6
  real(c_double), parameter :: dt = 1800.0_c_double
  type :: host_arrays ! what a land model holds; nothing is copied out of it
    real(c_double) :: dz(ncol, nlay), caco3(ncol, nlay), w_liq(ncol, nlay), t_soil(ncol, nlay), q_bot(ncol), resp(ncol)
    real(c_double) :: ph(ncol, nlay)
  end type host_arrays
  type(host_arrays), target :: land
  real(c_double) :: ph(ncol, nlay, 3), seconds(3)
  character(len=1024) :: bundle
  integer :: i

  call get_command_argument(1, bundle)
  call good(seconds(1))
  ph(:, :, 1) = land%ph
  call one_column_a_call(seconds(2))
  ph(:, :, 2) = land%ph
  call everything_anew(seconds(3))
  ph(:, :, 3) = land%ph

  do i = 1, ncol, ncol - 1
    write (*, '(a,i0,a,f7.3,a,f7.3)') 'column ', i, ': pH top ', ph(i, 1, 1), ', bottom ', ph(i, nlay, 1)
  end do
  write (*, '(a,l1)') 'all three give the same bits: ', all(transfer(ph(:, :, 2:), [0_c_int64_t]) == &
    [transfer(ph(:, :, 1), [0_c_int64_t]), transfer(ph(:, :, 1), [0_c_int64_t])])
  write (*, '(a,3(f10.2,a))') 'time of a step: good ', 1e3*seconds(1)/nsteps, ' ms, one column a call ', &
    1e3*seconds(2)/nsteps, ' ms, everything anew ', 1e3*seconds(3)/nsteps, ' ms'
  write (*, '(a,2(f10.1,a))') 'time against good: one column a call ', seconds(2)/seconds(1), ' x, everything anew ', &
    seconds(3)/seconds(1), ' x'

contains

  subroutine good(spent)
    real(c_double), intent(out) :: spent
    type(calcisol_model) :: model
    type(calcisol_columns) :: soil
    type(calcisol_arrays) :: io
    character(len=:), allocatable :: message
    integer(c_int32_t) :: stat
    integer :: step
    call start()
    call model%open(bundle, stat, message)
    call check(stat, message)
    call connect(io, 1, ncol)
    call soil%create(model, ncol, nlay, io, stat, message)
    call check(stat, message)
    call soil%warmup(stat, message) ! the first step costs what the others do
    call check(stat, message)
    spent = now()
    do step = 1, nsteps
      call weather(step)
      call soil%step(dt, io, stat, message)
      call check(stat, message)
    end do
    spent = now() - spent
    call soil%free()
    call model%close()
  end subroutine good

  subroutine one_column_a_call(spent)
    real(c_double), intent(out) :: spent
    type(calcisol_model) :: model
    type(calcisol_columns) :: soil(ncol)
    type(calcisol_arrays), allocatable :: io(:)
    character(len=:), allocatable :: message
    integer(c_int32_t) :: stat
    integer :: step, c
    call start()
    call model%open(bundle, stat, message, tile_columns=8)
    call check(stat, message)
    allocate (io(ncol))
    do c = 1, ncol
      call connect(io(c), c, c)
      call soil(c)%create(model, 1, nlay, io(c), stat, message)
      call check(stat, message)
    end do
    spent = now()
    do step = 1, nsteps
      call weather(step)
      do c = 1, ncol
        call soil(c)%step(dt, io(c), stat, message)
        call check(stat, message)
      end do
    end do
    spent = now() - spent
    do c = 1, ncol
      call soil(c)%free()
    end do
    call model%close()
  end subroutine one_column_a_call

  subroutine everything_anew(spent)
    real(c_double), intent(out) :: spent
    type(calcisol_model) :: model
    type(calcisol_columns) :: soil
    type(calcisol_arrays) :: io
    real(c_double) :: state(1, nlay, calcisol_n_state, ncol)
    character(len=:), allocatable :: message
    integer(c_int32_t) :: stat
    integer :: step, c, slot
    call start()
    state = -9999.0_c_double ! no state yet
    spent = now()
    do step = 1, nsteps
      call weather(step)
      call model%open(bundle, stat, message, tile_columns=8) ! reads, checks and unpacks the bundle: before the loop!
      call check(stat, message)
      do c = 1, ncol
        call connect(io, c, c)
        call soil%create(model, 1, nlay, io, stat, message)
        call check(stat, message)
        do slot = 1, calcisol_n_state
          call soil%set_state(5*calcisol_role + int(slot, c_int32_t), state(:, :, slot, c), stat, message)
        end do
        call soil%step(dt, io, stat, message)
        call check(stat, message)
        do slot = 1, calcisol_n_state
          call soil%get_state(5*calcisol_role + int(slot, c_int32_t), state(:, :, slot, c), stat, message)
        end do
        call soil%free()
      end do
      call model%close()
    end do
    spent = now() - spent
  end subroutine everything_anew

  ! Columns first to last of the host's arrays: slices are linked, not copied.
  subroutine connect(io, first, last)
    type(calcisol_arrays), intent(inout) :: io
    integer, intent(in) :: first, last
    call io%link(calcisol_soil_dz, land%dz(first:last, :))
    call io%link(calcisol_soil_caco3, land%caco3(first:last, :))
    call io%link(calcisol_w_liq, land%w_liq(first:last, :))
    call io%link(calcisol_t_soil, land%t_soil(first:last, :))
    call io%link(calcisol_q_bot, land%q_bot(first:last))
    call io%link(calcisol_co2_src_total, land%resp(first:last))
    call io%link(calcisol_out_ph, land%ph(first:last, :))
  end subroutine connect

  subroutine start()
    integer :: c
    land%dz = spread([0.05_c_double, 0.1_c_double, 0.15_c_double, 0.2_c_double, 0.25_c_double, 0.25_c_double], 1, ncol)
    land%caco3 = spread([(0.01_c_double*real(c - 1, c_double), c=1, ncol)], 2, nlay)
    land%ph = 0.0_c_double
  end subroutine start

  subroutine weather(step)
    integer, intent(in) :: step
    land%w_liq = (250.0_c_double + 5.0_c_double*real(step, c_double))*land%dz
    land%t_soil = 285.0_c_double + 0.5_c_double*real(step, c_double)
    land%q_bot = 1.0e-5_c_double
    land%resp = 2.2e-8_c_double
  end subroutine weather

  function now() result(seconds_now)
    real(c_double) :: seconds_now
    integer(c_int64_t) :: ticks, rate
    call system_clock(ticks, rate)
    seconds_now = real(ticks, c_double)/real(rate, c_double)
  end function now

  subroutine check(stat, message)
    integer(c_int32_t), intent(in) :: stat
    character(len=*), intent(in) :: message
    if (stat == calcisol_ok) return
    write (*, '(a)') message
    stop 1
  end subroutine check

end program host
