! What the Noah-MP adapter uses of netCDF, kept in memory: files of a program's life, with the errors the library gives.
module netcdf
  use, intrinsic :: iso_c_binding, only: c_double
  implicit none
  private
  public :: nf90_open, nf90_close, nf90_redef, nf90_enddef, nf90_inq_dimid, nf90_inquire_dimension, nf90_inq_varid, &
    nf90_def_var, nf90_put_att, nf90_put_var, nf90_get_var, nf90_strerror, mock_file
  integer, parameter, public :: nf90_noerr = 0, nf90_nowrite = 0, nf90_write = 1, nf90_double = 6
  integer, parameter, public :: nf90_enotvar = -49, nf90_ebaddim = -46, nf90_eindefine = -39, nf90_enotindefine = -38, &
    nf90_eperm = -37, nf90_einvalcoords = -40, no_such_file = 2
  integer, save, public :: opened = 0 ! times that any file was

  type :: variable_t
    character(len=40) :: name = ''
    integer :: attributes = 0
    real(c_double), allocatable :: values(:, :, :)
  end type variable_t

  type :: file_t
    character(len=256) :: name = ''
    character(len=16) :: dimension(4) = ''
    integer :: extent(4) = 1, variables = 0
    logical :: may_write = .false., defining = .false.
    type(variable_t) :: variable(600)
  end type file_t

  type(file_t), save, target :: files(40)
  integer, save :: n_files = 0

contains

  ! What prepare_restart_file makes; in the place of a file of that name.
  subroutine mock_file(name, nx, nlay, ny)
    character(len=*), intent(in) :: name
    integer, intent(in) :: nx, nlay, ny
    integer :: i
    do i = 1, n_files
      if (files(i)%name == name) exit
    end do
    n_files = max(n_files, i)
    files(i) = file_t()
    files(i)%name = name
    files(i)%dimension = [character(len=16) :: 'west_east', 'soil_layers_stag', 'south_north', 'Time']
    files(i)%extent = [nx, nlay, ny, 1]
  end subroutine mock_file

  integer function nf90_open(path, mode, ncid) result(error)
    character(len=*), intent(in) :: path
    integer, intent(in) :: mode
    integer, intent(out) :: ncid
    error = nf90_noerr
    opened = opened + 1
    do ncid = 1, n_files
      if (files(ncid)%name == path) exit
    end do
    if (ncid > n_files) error = no_such_file
    if (error == nf90_noerr) files(ncid)%may_write = mode == nf90_write
  end function nf90_open

  integer function nf90_close(ncid) result(error)
    integer, intent(in) :: ncid
    files(ncid)%defining = .false.
    error = nf90_noerr
  end function nf90_close

  integer function nf90_redef(ncid) result(error)
    integer, intent(in) :: ncid
    error = merge(nf90_noerr, nf90_eperm, files(ncid)%may_write)
    files(ncid)%defining = files(ncid)%may_write
  end function nf90_redef

  integer function nf90_enddef(ncid) result(error)
    integer, intent(in) :: ncid
    error = merge(nf90_noerr, nf90_enotindefine, files(ncid)%defining)
    files(ncid)%defining = .false.
  end function nf90_enddef

  integer function nf90_inq_dimid(ncid, name, dimid) result(error)
    integer, intent(in) :: ncid
    character(len=*), intent(in) :: name
    integer, intent(out) :: dimid
    do dimid = 1, 4
      if (files(ncid)%dimension(dimid) == name) exit
    end do
    error = merge(nf90_noerr, nf90_ebaddim, dimid <= 4)
  end function nf90_inq_dimid

  integer function nf90_inquire_dimension(ncid, dimid, name, len) result(error)
    integer, intent(in) :: ncid, dimid
    character(len=*), intent(out), optional :: name
    integer, intent(out), optional :: len
    if (present(name)) name = files(ncid)%dimension(dimid)
    if (present(len)) len = files(ncid)%extent(dimid)
    error = nf90_noerr
  end function nf90_inquire_dimension

  integer function nf90_inq_varid(ncid, name, varid) result(error)
    integer, intent(in) :: ncid
    character(len=*), intent(in) :: name
    integer, intent(out) :: varid
    do varid = 1, files(ncid)%variables
      if (files(ncid)%variable(varid)%name == name) exit
    end do
    error = merge(nf90_noerr, nf90_enotvar, varid <= files(ncid)%variables)
  end function nf90_inq_varid

  integer function nf90_def_var(ncid, name, xtype, dimids, varid) result(error)
    integer, intent(in) :: ncid, xtype, dimids(:)
    character(len=*), intent(in) :: name
    integer, intent(out) :: varid
    associate (file => files(ncid))
      varid = file%variables + 1
      error = merge(nf90_noerr, nf90_enotindefine, file%defining .and. xtype == nf90_double)
      if (error == nf90_noerr .and. any(dimids /= [1, 2, 3, 4])) error = nf90_ebaddim
      if (error /= nf90_noerr) return
      file%variables = varid
      file%variable(varid)%name = name
      allocate (file%variable(varid)%values(file%extent(1), file%extent(2), file%extent(3)), source=-1.0e33_c_double)
    end associate
  end function nf90_def_var

  integer function nf90_put_att(ncid, varid, name, values) result(error)
    integer, intent(in) :: ncid, varid
    character(len=*), intent(in) :: name, values
    error = merge(nf90_noerr, nf90_enotindefine, files(ncid)%defining .and. name /= '' .and. values /= '')
    files(ncid)%variable(varid)%attributes = files(ncid)%variable(varid)%attributes + 1
  end function nf90_put_att

  integer function nf90_put_var(ncid, varid, values, start, count) result(error)
    integer, intent(in) :: ncid, varid, start(:), count(:)
    real(c_double), intent(in) :: values(:, :, :)
    integer :: last(4)
    last = start + count - 1
    error = merge(nf90_einvalcoords, nf90_noerr, any(last > files(ncid)%extent) .or. any(start < 1))
    if (files(ncid)%defining) error = nf90_eindefine
    if (.not. files(ncid)%may_write) error = nf90_eperm
    if (error /= nf90_noerr) return
    files(ncid)%variable(varid)%values(start(1):last(1), start(2):last(2), start(3):last(3)) = values
  end function nf90_put_var

  integer function nf90_get_var(ncid, varid, values, start, count) result(error)
    integer, intent(in) :: ncid, varid, start(:), count(:)
    real(c_double), intent(out) :: values(:, :, :)
    integer :: last(4)
    last = start + count - 1
    error = merge(nf90_einvalcoords, nf90_noerr, any(last > files(ncid)%extent) .or. any(start < 1))
    if (error /= nf90_noerr) return
    values = files(ncid)%variable(varid)%values(start(1):last(1), start(2):last(2), start(3):last(3))
  end function nf90_get_var

  function nf90_strerror(error) result(text)
    integer, intent(in) :: error
    character(len=80) :: text
    write (text, '(a,i0)') 'netCDF error ', error
    if (error == no_such_file) text = 'No such file or directory'
  end function nf90_strerror

end module netcdf
