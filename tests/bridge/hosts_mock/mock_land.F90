! A land model small enough for a test: rain, frost, roots, a bucket a layer, respiration, and a nitrogen cycle that reads pH.
!
! What:    advances one column by one step; the mock hosts store what it gives in the conventions of the hosts they imitate.
! Units:   SI, per m2 of soil; each host turns them into its own. Water closes in every layer: top flux by difference.
! pH:      nitrification as in CTSM (Parton et al. 1996), 0.56 + atan(0.45 pi (pH - 5)) / pi: what feedback can change.
! Also:    columns dealt out in blocks to MPI ranks, a digest of the host's own state, results and restart as files of bits.
module mock_land
  use, intrinsic :: iso_c_binding, only: c_double, c_float, c_int32_t, c_int64_t
#ifdef MOCK_MPI
  use mpi
#endif
  implicit none
  public

  integer, parameter :: max_lay = 16

  type :: column_t
    real(c_double) :: w_liq(max_lay) = 0, w_ice(max_lay) = 0, t(max_lay) = 0, sink(max_lay) = 0
    real(c_double) :: drain = 0, rain = 0, resp = 0, nh4 = 2.0e-3_c_double, nit = 0, n_in = 0, uptake = 0
  end type column_t

  ! what a test asks of a host; the switch is calcisol.nml in the working directory
  type :: order_t
    integer :: ncol = 0, first = 0, last = 0, rank = 0, ranks = 1
    character(len=512) :: restart_in = '', restart_out = '', results = ''
    integer :: c1 = 1, c2 = 0 ! columns of this rank, c2 < c1: none
  end type order_t

contains

  ! Arguments: NCOL STEP_FROM STEP_TO RESTART_IN|- RESTART_OUT|- RESULTS
  function order_of() result(order)
    type(order_t) :: order
    character(len=512) :: word(6)
    integer :: i, error
    do i = 1, 6
      call get_command_argument(i, word(i))
    end do
    read (word(1), *) order%ncol
    read (word(2), *) order%first
    read (word(3), *) order%last
    order%restart_in = word(4)
    order%restart_out = word(5)
    order%results = word(6)
    error = 0
#ifdef MOCK_MPI
    call mpi_init(error)
    call mpi_comm_rank(mpi_comm_world, order%rank, error)
    call mpi_comm_size(mpi_comm_world, order%ranks, error)
#endif
    call deal(order%ncol, order%rank, order%ranks, order%c1, order%c2)
  end function order_of

  ! Block of columns of one of several ranks (or threads).
  pure subroutine deal(ncol, part, parts, c1, c2)
    integer, intent(in) :: ncol, part, parts
    integer, intent(out) :: c1, c2
    c1 = part*ncol/parts + 1
    c2 = (part + 1)*ncol/parts
  end subroutine deal

  subroutine over(order)
    type(order_t), intent(in) :: order
    integer :: error
    error = order%rank
#ifdef MOCK_MPI
    call mpi_finalize(error)
#endif
  end subroutine over

  subroutine must(stat, message)
    integer(c_int32_t), intent(in) :: stat
    character(len=*), intent(in) :: message
    if (stat == 0) return
    write (*, '(a)') message
    stop 1
  end subroutine must

  ! Columns differ: every seventh is dry, carbonate rises with the number, survey pH with it.
  pure real(c_double) function carbonate(c)
    integer, intent(in) :: c
    carbonate = 0.04_c_double*real(mod(c, 6), c_double)
  end function carbonate

  pure real(c_double) function survey_ph(c)
    integer, intent(in) :: c
    survey_ph = 5.2_c_double + 0.3_c_double*real(mod(c, 6), c_double)
  end function survey_ph

  pure subroutine cold_start(self, dz)
    type(column_t), intent(inout) :: self
    real(c_double), intent(in) :: dz(:)
    self%w_liq(:size(dz)) = 280.0_c_double*dz
    self%w_ice = 0
    self%nh4 = 2.0e-3_c_double
  end subroutine cold_start

  ! One step of dt seconds of column c.
  pure subroutine advance(self, c, step, dt, dz, ph)
    type(column_t), intent(inout) :: self
    integer, intent(in) :: c, step
    real(c_double), intent(in) :: dt, dz(:), ph
    real(c_double), parameter :: pi = 3.14159265358979_c_double, year = 365.0_c_double*86400.0_c_double
    real(c_double) :: season, hour, warm, spare, moved
    integer :: l, n
    n = size(dz)
    season = sin(2.0_c_double*pi*(real(step, c_double)*dt/year - 0.3_c_double))
    hour = sin(2.0_c_double*pi*(real(step, c_double)*dt/86400.0_c_double - 0.4_c_double))
    do l = 1, n
      self%t(l) = 282.0_c_double + (11.0_c_double*season + 3.0_c_double*hour)/real(l, c_double) + 0.1_c_double*real(c, c_double)
    end do
    self%rain = merge(8.0e-5_c_double, 0.0_c_double, mod(int(real(step, c_double)*dt/86400.0_c_double) + c, 4) == 0)
    warm = max(0.1_c_double, 1.0_c_double + season)
    do l = 1, n ! roots and evaporation take from what is there
      self%sink(l) = min(2.5e-5_c_double*warm*exp(-real(l, c_double)/2.0_c_double), 2.0e-3_c_double*self%w_liq(l)/dt)
      self%w_liq(l) = self%w_liq(l) - dt*self%sink(l)
    end do
    moved = self%rain*dt ! each layer keeps what it can hold
    do l = 1, n
      self%w_liq(l) = self%w_liq(l) + moved
      spare = max(0.0_c_double, self%w_liq(l) + self%w_ice(l) - 300.0_c_double*dz(l))
      moved = min(0.5_c_double*spare, 0.9_c_double*self%w_liq(l))
      self%w_liq(l) = self%w_liq(l) - moved
      if (self%t(l) < 273.15_c_double) then ! water freezes and thaws without moving
        spare = 0.01_c_double*self%w_liq(l)
      else
        spare = -min(self%w_ice(l), 0.05_c_double*self%w_ice(l) + 1.0e-6_c_double)
      end if
      self%w_liq(l) = self%w_liq(l) - spare
      self%w_ice(l) = self%w_ice(l) + spare
    end do
    self%drain = moved/dt
    self%resp = 1.5e-8_c_double*warm*(1.0_c_double + 0.02_c_double*real(c, c_double)) ! kg C m-2 s-1
    self%n_in = 3.2e-10_c_double*warm ! kg N m-2 s-1, 100 kg ha-1 a-1
    self%nit = 1.0e-7_c_double*self%nh4*(0.56_c_double + atan(0.45_c_double*pi*(ph - 5.0_c_double))/pi)
    self%uptake = 0.5_c_double*self%nit
    self%nh4 = self%nh4 + dt*(self%n_in - self%nit)
  end subroutine advance

  ! ---------------------------------------------------------------------------------------------------- files of bits
  ! Text of hexadecimal words: no compiler flag changes it. One line a column: number, then the words of its values.
  subroutine write_bits(name, c1, values)
    character(len=*), intent(in) :: name
    integer, intent(in) :: c1 ! number of the first column
    real(c_double), intent(in) :: values(:, :) ! (value,column)
    character(len=16) :: part
    integer :: unit, c, k
    if (name == '-' .or. name == '') return
    write (part, '(i0)') c1
    open (newunit=unit, file=trim(name)//'.'//trim(part), action='write', status='replace')
    do c = 1, size(values, 2)
      write (unit, '(i0,*(1x,z16.16))') c1 + c - 1, (transfer(values(k, c), 0_c_int64_t), k=1, size(values, 1))
    end do
    close (unit)
  end subroutine write_bits

  ! The same back, from one file of all columns (the parts of a run put together).
  subroutine read_bits(name, c1, values)
    character(len=*), intent(in) :: name
    integer, intent(in) :: c1
    real(c_double), intent(out) :: values(:, :)
    integer(c_int64_t) :: words(size(values, 1))
    integer :: unit, c, error
    open (newunit=unit, file=name, action='read', status='old')
    do
      call read_line(unit, c, words, error)
      if (error /= 0) exit
      if (c >= c1 .and. c < c1 + size(values, 2)) values(:, c - c1 + 1) = transfer(words, values(:, 1))
    end do
    close (unit)
  end subroutine read_bits

  subroutine read_line(unit, c, words, error)
    integer, intent(in) :: unit
    integer, intent(out) :: c, error
    integer(c_int64_t), intent(out) :: words(:)
    character(len=17*size(words) + 12) :: line
    integer :: blank, k
    words = 0
    c = 0
    read (unit, '(a)', iostat=error) line
    if (error /= 0) return
    blank = index(line, ' ')
    read (line(:blank), *) c
    do k = 1, size(words)
      read (line(blank + 17*(k - 1) + 1:blank + 17*(k - 1) + 16), '(z16)') words(k)
    end do
  end subroutine read_line

end module mock_land
