! Arrays of a host linked to the variables of calcisol: where they lie, of what type, how far apart their elements are.
!
! Shapes:  (ncol,nlay), layer 1 at the surface, or (ncol); real32 or real64; contiguous or strided, any bounds, never copied.
! Arrays:  pointers, or variables with the TARGET attribute, and sections of them. A link notes where an array lies, so an
!          expression (1000*vol*dz) or a function, whose memory is gone after the call, is refused by the compiler: "no matching
!          specific binding for the generic 'link'". So is an array that lacks TARGET. A vector subscript, w(:, order), is as
!          wrong, but gfortran 12 lets it pass: link a section, or a copy that lives on.
! Errors:  a link that cannot be right is kept as text; create and step of calcisol.f90 give it back.
! Use:     through module calcisol, which hands everything public on.
module calcisol_linking
  use, intrinsic :: iso_c_binding, only: c_ptr, c_null_ptr, c_int32_t, c_int64_t, c_intptr_t, c_double, c_float, c_loc, &
    c_associated
  use calcisol_variables
  use calcisol_c, only: view_t, info_t, f64, f32, i32, on_device, c_variable_get, stride, text_of
  implicit none
  private
  public :: calcisol_arrays, check_shapes
  public :: calcisol_ok, calcisol_error_argument, calcisol_error_missing, calcisol_error_bundle, calcisol_error_torch, &
    calcisol_error_model, calcisol_error_memory, calcisol_error_unsupported, calcisol_error_state, calcisol_error_internal
  public :: calcisol_f64, calcisol_f32, calcisol_i32

  ! calcisol_status_code of calcisol.h
  integer(c_int32_t), parameter :: calcisol_ok = 0, calcisol_error_argument = 1, calcisol_error_missing = 2, &
    calcisol_error_bundle = 3, calcisol_error_torch = 4, calcisol_error_model = 5, calcisol_error_memory = 6, &
    calcisol_error_unsupported = 7, calcisol_error_state = 8, calcisol_error_internal = 9
  integer, parameter, private :: n_roles = 5, n_max = 64 ! most variables of one role; checked in new_view
  ! calcisol_dtype of calcisol.h, for link_device
  integer(c_int32_t), parameter :: calcisol_f64 = f64, calcisol_f32 = f32, calcisol_i32 = i32

  ! The arrays of one columns object, by the ids of calcisol_variables. Use the procedures: components may change.
  type :: calcisol_arrays
    type(view_t) :: view(n_max, n_roles)
    integer(c_int64_t) :: columns(n_max, n_roles) = -1, layers(n_max, n_roles) = -1 ! -1: not linked
    type(view_t) :: flag_view
    integer(c_int64_t) :: flag_columns = -1, flag_layers = -1
    character(len=160) :: fault = '' ! first impossible link; create and step give it back
  contains
    procedure, private :: link_layer_64, link_layer_32, link_column_64, link_column_32
    generic :: link => link_layer_64, link_layer_32, link_column_64, link_column_32
    procedure :: link_flag
    procedure :: link_device
    procedure :: unlink => forget
  end type calcisol_arrays

contains

  ! Link an array of the host to a variable: array(ncol,nlay) or array(ncol).
  subroutine link_layer_64(self, id, array)
    class(calcisol_arrays), intent(inout) :: self
    integer(c_int32_t), intent(in) :: id
    real(c_double), pointer, intent(in) :: array(:, :)
    if (associated(array)) then
      call note_layer_64(self, id, array)
    else
      call unallocated(self, id)
    end if
  end subroutine link_layer_64

  subroutine link_layer_32(self, id, array)
    class(calcisol_arrays), intent(inout) :: self
    integer(c_int32_t), intent(in) :: id
    real(c_float), pointer, intent(in) :: array(:, :)
    if (associated(array)) then
      call note_layer_32(self, id, array)
    else
      call unallocated(self, id)
    end if
  end subroutine link_layer_32

  subroutine link_column_64(self, id, array)
    class(calcisol_arrays), intent(inout) :: self
    integer(c_int32_t), intent(in) :: id
    real(c_double), pointer, intent(in) :: array(:)
    if (associated(array)) then
      call note_column_64(self, id, array)
    else
      call unallocated(self, id)
    end if
  end subroutine link_column_64

  subroutine link_column_32(self, id, array)
    class(calcisol_arrays), intent(inout) :: self
    integer(c_int32_t), intent(in) :: id
    real(c_float), pointer, intent(in) :: array(:)
    if (associated(array)) then
      call note_column_32(self, id, array)
    else
      call unallocated(self, id)
    end if
  end subroutine link_column_32

  ! Link the flag of the cells: array(ncol,nlay), bits calcisol_flag_...
  subroutine link_flag(self, array)
    class(calcisol_arrays), intent(inout) :: self
    integer(c_int32_t), pointer, intent(in) :: array(:, :)
    if (associated(array)) then
      call note_flag(self, array)
    else if (self%fault == '') then
      self%fault = 'the flag was linked to an array that is not allocated'
    end if
  end subroutine link_flag

  ! Link an array in device memory by its address: c_loc inside `host_data use_device` (OpenACC), c_devloc (CUDA Fortran),
  ! c_loc inside `target data use_device_addr` (OpenMP). Strides in elements; id 0 is the flag (calcisol_i32).
  subroutine link_device(self, id, address, dtype, ncol, nlay, column_stride, layer_stride)
    class(calcisol_arrays), intent(inout) :: self
    integer(c_int32_t), intent(in) :: id, dtype
    type(c_ptr), intent(in) :: address
    integer, intent(in) :: ncol, nlay ! nlay = 0 for a variable of shape (ncol)
    integer(c_int64_t), intent(in) :: column_stride, layer_stride
    type(c_ptr) :: nothing(3)
    integer :: role, row
    nothing = c_null_ptr
    if (id == 0) then
      self%flag_columns = ncol
      self%flag_layers = nlay
      self%flag_view = view_t(address, dtype, on_device, column_stride, layer_stride)
      return
    end if
    call new_view(self, id, dtype, 1_c_intptr_t, merge(2, 1, nlay > 0), nothing, int([ncol, nlay], c_int64_t))
    role = int(id/calcisol_role)
    row = int(mod(id, calcisol_role))
    if (self%fault == '') self%view(row, role) = view_t(address, dtype, on_device, column_stride, layer_stride)
  end subroutine link_device

  ! Forget one variable (inputs go back to their default), or all.
  subroutine forget(self, id)
    class(calcisol_arrays), intent(inout) :: self
    integer(c_int32_t), intent(in), optional :: id
    integer :: role, row
    self%fault = ''
    if (present(id)) then
      role = int(id/calcisol_role)
      row = int(mod(id, calcisol_role))
      if (role < 1 .or. role > n_roles .or. row < 1 .or. row > n_max) return
      self%view(row, role) = view_t()
      self%columns(row, role) = -1
      self%layers(row, role) = -1
    else
      self%view = view_t()
      self%columns = -1
      self%layers = -1
      self%flag_view = view_t()
      self%flag_columns = -1
      self%flag_layers = -1
    end if
  end subroutine forget

  ! ---------------------------------------------------------------------------------------------------- where arrays lie
  ! Assumed shapes count from 1, whatever bounds the host's array has.
  subroutine note_layer_64(self, id, array)
    class(calcisol_arrays), intent(inout) :: self
    integer(c_int32_t), intent(in) :: id
    real(c_double), intent(in), target :: array(:, :)
    type(c_ptr) :: corner(3)
    if (size(array) > 0) then
      corner = [c_loc(array(1, 1)), c_loc(array(min(2, size(array, 1)), 1)), c_loc(array(1, min(2, size(array, 2))))]
    else
      corner = c_null_ptr
    end if
    call new_view(self, id, f64, 8_c_intptr_t, 2, corner, shape(array, c_int64_t))
  end subroutine note_layer_64

  subroutine note_layer_32(self, id, array)
    class(calcisol_arrays), intent(inout) :: self
    integer(c_int32_t), intent(in) :: id
    real(c_float), intent(in), target :: array(:, :)
    type(c_ptr) :: corner(3)
    if (size(array) > 0) then
      corner = [c_loc(array(1, 1)), c_loc(array(min(2, size(array, 1)), 1)), c_loc(array(1, min(2, size(array, 2))))]
    else
      corner = c_null_ptr
    end if
    call new_view(self, id, f32, 4_c_intptr_t, 2, corner, shape(array, c_int64_t))
  end subroutine note_layer_32

  subroutine note_column_64(self, id, array)
    class(calcisol_arrays), intent(inout) :: self
    integer(c_int32_t), intent(in) :: id
    real(c_double), intent(in), target :: array(:)
    type(c_ptr) :: corner(3)
    corner = c_null_ptr
    if (size(array) > 0) corner = [c_loc(array(1)), c_loc(array(min(2, size(array)))), c_loc(array(1))]
    call new_view(self, id, f64, 8_c_intptr_t, 1, corner, [size(array, kind=c_int64_t), 0_c_int64_t])
  end subroutine note_column_64

  subroutine note_column_32(self, id, array)
    class(calcisol_arrays), intent(inout) :: self
    integer(c_int32_t), intent(in) :: id
    real(c_float), intent(in), target :: array(:)
    type(c_ptr) :: corner(3)
    corner = c_null_ptr
    if (size(array) > 0) corner = [c_loc(array(1)), c_loc(array(min(2, size(array)))), c_loc(array(1))]
    call new_view(self, id, f32, 4_c_intptr_t, 1, corner, [size(array, kind=c_int64_t), 0_c_int64_t])
  end subroutine note_column_32

  subroutine note_flag(self, array)
    class(calcisol_arrays), intent(inout) :: self
    integer(c_int32_t), intent(in), target :: array(:, :)
    self%flag_columns = size(array, 1, c_int64_t)
    self%flag_layers = size(array, 2, c_int64_t)
    self%flag_view = view_t()
    if (size(array) == 0) return
    self%flag_view%data = c_loc(array(1, 1))
    self%flag_view%dtype = i32
    self%flag_view%column_stride = stride(c_loc(array(1, 1)), c_loc(array(min(2, size(array, 1)), 1)), 4_c_intptr_t)
    self%flag_view%layer_stride = stride(c_loc(array(1, 1)), c_loc(array(1, min(2, size(array, 2)))), 4_c_intptr_t)
  end subroutine note_flag

  subroutine unallocated(self, id)
    class(calcisol_arrays), intent(inout) :: self
    integer(c_int32_t), intent(in) :: id
    if (self%fault /= '') return
    self%fault = name_of(int(id/calcisol_role), int(mod(id, calcisol_role)))//' was linked to an array that is not allocated'
  end subroutine unallocated

  ! Note where an array lies. corner: addresses of (1,1), (2,1), (1,2), NULL if empty; extent: columns, layers (0 for rank 1).
  subroutine new_view(self, id, dtype, bytes, rank, corner, extent)
    class(calcisol_arrays), intent(inout) :: self
    integer(c_int32_t), intent(in) :: id, dtype
    integer(c_intptr_t), intent(in) :: bytes
    integer, intent(in) :: rank
    type(c_ptr), intent(in) :: corner(3)
    integer(c_int64_t), intent(in) :: extent(2)
    type(info_t) :: info
    integer :: role, row
    role = int(id/calcisol_role)
    row = int(mod(id, calcisol_role))
    if (role < 1 .or. role > 4 .or. row < 1 .or. row > n_max) then
      if (self%fault == '') write (self%fault, '(a,i0,a)') 'link was given the id ', id, '; use a constant of calcisol_variables'
      return
    end if
    if (c_variable_get(int(role, c_int32_t), int(row - 1, c_int32_t), info) /= calcisol_ok) then
      if (self%fault == '') write (self%fault, '(a,i0,a)') 'link was given the id ', id, '; use a constant of calcisol_variables'
      return
    end if
    if ((info%layered == 1) .neqv. (rank == 2)) then
      if (self%fault == '') self%fault = text_of(info%name)//' was linked to an array of the wrong rank; its shape is '// &
        merge('(ncol,nlay)', '(ncol)     ', info%layered == 1)
      return
    end if
    self%columns(row, role) = extent(1)
    self%layers(row, role) = extent(2)
    self%view(row, role) = view_t()
    if (.not. c_associated(corner(1))) return
    self%view(row, role)%data = corner(1)
    self%view(row, role)%dtype = dtype
    self%view(row, role)%column_stride = stride(corner(1), corner(2), bytes)
    self%view(row, role)%layer_stride = stride(corner(1), corner(3), bytes)
  end subroutine new_view

  ! Compare linked extents of some roles with those of the columns; C cannot know them.
  subroutine check_shapes(arrays, ncol, nlay, roles, stat, fault)
    type(calcisol_arrays), intent(in) :: arrays
    integer(c_int64_t), intent(in) :: ncol
    integer(c_int32_t), intent(in) :: nlay
    integer, intent(in) :: roles(:)
    integer(c_int32_t), intent(out) :: stat
    character(len=*), intent(out) :: fault
    integer :: i, row, role
    stat = calcisol_error_argument
    fault = arrays%fault
    if (fault /= '') return
    do i = 1, size(roles)
      role = roles(i)
      do row = 1, n_max
        if (arrays%columns(row, role) < 0) cycle
        if (arrays%columns(row, role) == ncol .and. (arrays%layers(row, role) <= 0 .or. arrays%layers(row, role) == nlay)) cycle
        write (fault, '(2a,i0,a,i0,a,i0,a,i0,a)') name_of(role, row), ' was linked to an array of shape (', &
          arrays%columns(row, role), ',', arrays%layers(row, role), '), the columns have (', ncol, ',', nlay, ')'
        return
      end do
    end do
    if (arrays%flag_columns >= 0 .and. any(roles == 3)) then
      if (arrays%flag_columns /= ncol .or. arrays%flag_layers /= nlay) then
        fault = 'the flag was linked to an array of another shape than the columns; its shape is (ncol,nlay)'
        return
      end if
    end if
    stat = calcisol_ok
  end subroutine check_shapes

  function name_of(role, row) result(name)
    integer, intent(in) :: role, row
    character(len=:), allocatable :: name
    type(info_t) :: info
    name = 'a variable'
    if (c_variable_get(int(role, c_int32_t), int(row - 1, c_int32_t), info) == calcisol_ok) name = text_of(info%name)
  end function name_of

end module calcisol_linking
