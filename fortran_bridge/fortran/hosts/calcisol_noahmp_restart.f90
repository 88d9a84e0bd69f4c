! Restart of calcisol in the restart files of HRLDAS. Page: noahmp.md.
!
! What:    write_restart adds all variables of a domain to the file that lsm_restart has just written, read_restart takes them
!          out again: float64, in the host's dimensions, with its attributes.
! Why:     HRLDAS opens, redefines and closes its file for each variable, which costs the square of their number; here the
!          file is opened once.
! Shapes:  (west_east,soil_layers_stag,south_north,Time). A process holds a window of the file: whole, or from (its,jts) on.
!          Processes that share a file write one after another; the first defines the variables.
! Errors:  stat = 0 is fine, else one sentence in message; with stat = 0 a message says that the file holds nothing of calcisol.
! Use:     call soil%write_restart(NoahmpIO, stat, message);  call soil%read_restart(NoahmpIO, stat, message)
module calcisol_noahmp_restart
  use, intrinsic :: iso_c_binding, only: c_double, c_int32_t
  use netcdf, only: nf90_open, nf90_close, nf90_redef, nf90_enddef, nf90_inq_dimid, nf90_inquire_dimension, nf90_inq_varid, &
    nf90_def_var, nf90_put_att, nf90_put_var, nf90_get_var, nf90_strerror, nf90_noerr, nf90_enotvar, nf90_write, &
    nf90_nowrite, nf90_double
  use NoahmpIOVarType, only: NoahmpIO_type
  use calcisol, only: calcisol_error_argument, calcisol_error_state
  use calcisol_fit, only: is_missing, missing
  use calcisol_noahmp_files, only: calcisol_noahmp_kept
  implicit none
  private
  public :: calcisol_noahmp_saved

  character(len=16), parameter :: dimensions(4) = [character(len=16) :: 'west_east', 'soil_layers_stag', 'south_north', 'Time']
  integer, parameter :: parts = 3 ! real(4) variables that held one number in files of versions before December 2026

  type, extends(calcisol_noahmp_kept) :: calcisol_noahmp_saved
  contains
    procedure :: write_restart => saved_write
    procedure :: read_restart => saved_read
    procedure, private :: window
    procedure, private :: define
    procedure, private :: is_there
    procedure, private :: put_all
    procedure, private :: get_all
  end type calcisol_noahmp_saved

contains

  ! After the host has written its own variables.
  subroutine saved_write(self, NoahmpIO, stat, message)
    class(calcisol_noahmp_saved), intent(inout) :: self
    type(NoahmpIO_type), intent(in) :: NoahmpIO
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    character(len=:), allocatable :: file
    integer :: nc, dims(4), start(4), error, closed
    stat = 0
    message = ''
    if (.not. self%on) return
    file = trim(NoahmpIO%outdir)//'/RESTART.'//NoahmpIO%olddate(1:4)//NoahmpIO%olddate(6:7)//NoahmpIO%olddate(9:10)// &
      NoahmpIO%olddate(12:13)//'_DOMAIN'//achar(iachar('0') + NoahmpIO%igrid)
    error = nf90_open(file, nf90_write, nc)
    if (error == nf90_noerr) then
      call self%window(nc, NoahmpIO, dims, start, stat, message)
      if (stat == 0) call self%define(nc, dims, error)
      if (stat == 0 .and. error == nf90_noerr) call self%put_all(nc, start, error, stat, message)
      closed = nf90_close(nc)
      if (error == nf90_noerr) error = closed
    end if
    if (stat /= 0) message = file//': '//message
    if (stat /= 0 .or. error == nf90_noerr) return
    stat = calcisol_error_state
    message = file//' does not take the restart of calcisol: '//trim(nf90_strerror(error))
  end subroutine saved_write

  ! After start, where the host goes on from a restart; columns whose state the file does not hold begin anew.
  subroutine saved_read(self, NoahmpIO, stat, message)
    class(calcisol_noahmp_saved), intent(inout) :: self
    type(NoahmpIO_type), intent(in) :: NoahmpIO
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    character(len=:), allocatable :: file
    integer :: nc, dims(4), start(4), error, closed
    stat = 0
    message = ''
    if (.not. self%on .or. .not. NoahmpIO%restart_flag) return
    file = trim(NoahmpIO%restart_flnm)
    error = nf90_open(file, nf90_nowrite, nc)
    if (error == nf90_noerr) then
      call self%window(nc, NoahmpIO, dims, start, stat, message)
      if (stat == 0 .and. .not. (self%is_there(nc, '') .or. self%is_there(nc, '1'))) then
        message = 'it holds no variable of calcisol: its columns begin anew, from the map'
      else if (stat == 0) then
        call self%get_all(nc, start, error, stat, message)
      end if
      closed = nf90_close(nc)
    end if
    if (message /= '') message = file//': '//message
    if (stat == 0) call self%show()
    if (stat /= 0 .or. error == nf90_noerr) return
    stat = calcisol_error_state
    message = file//' does not give the restart of calcisol: '//trim(nf90_strerror(error))
  end subroutine saved_read

  ! The dimensions of the file and where this process's points begin in it.
  subroutine window(self, nc, NoahmpIO, dims, start, stat, message)
    class(calcisol_noahmp_saved), intent(in) :: self
    integer, intent(in) :: nc
    type(NoahmpIO_type), intent(in) :: NoahmpIO
    integer, intent(out) :: dims(4), start(4)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    character(len=120) :: text
    integer :: k, error, extent(4), own(4)
    own = [self%ni, self%nlay, self%nj, 1]
    start = [NoahmpIO%its, 1, NoahmpIO%jts, 1]
    stat = calcisol_error_argument
    do k = 1, 4
      error = nf90_inq_dimid(nc, trim(dimensions(k)), dims(k))
      if (error == nf90_noerr) error = nf90_inquire_dimension(nc, dims(k), len=extent(k))
      if (error /= nf90_noerr) then
        message = 'it has no dimension '//trim(dimensions(k))//', so it is no restart file of HRLDAS'
        return
      end if
      if (k == 4 .or. extent(k) == own(k)) then
        start(k) = 1
      else if (k == 2 .or. start(k) < 1 .or. start(k) + own(k) - 1 > extent(k)) then
        write (text, '(3a,i0,2(a,i0))') 'its ', trim(dimensions(k)), ' is ', extent(k), ', calcisol was started for ', own(k), &
          ' from ', start(k)
        message = trim(text)
        return
      end if
    end do
    stat = 0
  end subroutine window

  ! Define what is not there yet.
  subroutine define(self, nc, dims, error)
    class(calcisol_noahmp_saved), intent(in) :: self
    integer, intent(in) :: nc, dims(4)
    integer, intent(out) :: error
    integer :: v, id
    error = nf90_noerr
    if (nf90_inq_varid(nc, self%variable_name(self%n_variables()), id) == nf90_noerr) return
    error = nf90_redef(nc)
    do v = 1, self%n_variables()
      if (error == nf90_noerr) error = nf90_def_var(nc, self%variable_name(v), nf90_double, dims, id)
      if (error == nf90_noerr) error = nf90_put_att(nc, id, 'MemoryOrder', 'XZY')
      if (error == nf90_noerr) error = nf90_put_att(nc, id, 'description', self%long_name(v))
      if (error == nf90_noerr) error = nf90_put_att(nc, id, 'units', self%units(v))
      if (error == nf90_noerr) error = nf90_put_att(nc, id, 'stagger', 'Z')
    end do
    if (error == nf90_noerr) error = nf90_enddef(nc)
  end subroutine define

  subroutine put_all(self, nc, start, error, stat, message)
    class(calcisol_noahmp_saved), intent(inout) :: self
    integer, intent(in) :: nc, start(4)
    integer, intent(out) :: error
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    real(c_double) :: values(self%ncol, self%nlay), grid(self%ni, self%nlay, self%nj)
    integer :: v, j, id
    error = nf90_noerr
    stat = 0
    if (self%ncol == 0) return
    do v = 1, self%n_variables()
      call self%get(v, values, stat, message)
      if (stat /= 0) return
      do j = 1, self%nj
        grid(:, :, j) = values((j - 1)*self%ni + 1:j*self%ni, :)
      end do
      error = nf90_inq_varid(nc, self%variable_name(v), id)
      if (error == nf90_noerr) error = nf90_put_var(nc, id, grid, start=start, count=[shape(grid), 1])
      if (error /= nf90_noerr) return
    end do
  end subroutine put_all

  ! A slot of the state that is not there would be begun anew beside others that are not: an error. What else is not there had
  ! nothing to say when the file was written.
  subroutine get_all(self, nc, start, error, stat, message)
    class(calcisol_noahmp_saved), intent(inout) :: self
    integer, intent(in) :: nc, start(4)
    integer, intent(out) :: error
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    real(c_double) :: values(self%ncol, self%nlay), grid(self%ni, self%nlay, self%nj)
    integer :: v, j
    logical :: in_parts
    error = nf90_noerr
    stat = 0
    if (self%ncol == 0) return
    in_parts = .not. self%is_there(nc, '') ! names of parts are not looked at in other files: calcisol_sum_1 has a part sum_11
    do v = 1, self%n_variables()
      call read_grid(nc, self%variable_name(v), start, in_parts, grid, error)
      if (error == nf90_enotvar .and. v >= self%map_variable()) cycle
      if (error == nf90_enotvar) then
        stat = calcisol_error_state
        message = 'it holds other variables of calcisol, but not '//self%variable_name(v)//'; was it written with another '// &
          'thickest_layer, or by another version?'
      end if
      if (error /= nf90_noerr) return
      do j = 1, self%nj
        values((j - 1)*self%ni + 1:j*self%ni, :) = grid(:, :, j)
      end do
      call self%set(v, values, stat, message)
      if (stat /= 0) return
    end do
    error = nf90_noerr
  end subroutine get_all

  ! One variable, or the sum of its parts, the smallest first: the number bit for bit. Missing values are -9999.
  subroutine read_grid(nc, name, start, in_parts, grid, error)
    integer, intent(in) :: nc, start(4)
    character(len=*), intent(in) :: name
    logical, intent(in) :: in_parts
    real(c_double), intent(out) :: grid(:, :, :)
    integer, intent(out) :: error
    real(c_double) :: part(size(grid, 1), size(grid, 2), size(grid, 3))
    integer :: p, id
    grid = 0
    do p = merge(parts, 0, in_parts), merge(1, 0, in_parts), -1
      if (p > 0) error = nf90_inq_varid(nc, name//achar(iachar('0') + p), id)
      if (p == 0) error = nf90_inq_varid(nc, name, id)
      if (error == nf90_enotvar .and. p > 1) cycle ! of a host in double precision there is one
      if (error == nf90_noerr) error = nf90_get_var(nc, id, part, start=start, count=[shape(part), 1])
      if (error /= nf90_noerr) return
      where (is_missing(part))
        grid = missing
      else where
        grid = part + grid
      end where
    end do
  end subroutine read_grid

  ! Whether the first slot of the state is in the file, itself ('') or its first part ('1').
  function is_there(self, nc, part) result(answer)
    class(calcisol_noahmp_saved), intent(in) :: self
    integer, intent(in) :: nc
    character(len=*), intent(in) :: part
    logical :: answer
    integer :: id
    answer = nf90_inq_varid(nc, self%variable_name(1)//part, id) == nf90_noerr
  end function is_there

end module calcisol_noahmp_restart
