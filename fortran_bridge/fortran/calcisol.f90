! calcisol: soil pH and carbonate chemistry for land-surface models, from Fortran.
!
! What:    the C ABI of calcisol.h as three types: a model (bundle), columns (soil and state), arrays (what is exchanged).
! Shapes:  (ncol,nlay), layer 1 at the surface, or (ncol); real32 or real64; contiguous or strided, never copied.
!          Units, defaults and ranges: the constants of module calcisol_variables. SI; rates are means over the step.
! Errors:  every call gives a status, 0 = ok, and in errmsg one sentence. Nothing stops or prints.
!          stat = 0 with a text: a bad or clipped value was met; the report counts them, the flag says where.
! Use:     call model%open('default.calcisol', stat, errmsg)
!          call io%link(calcisol_soil_dz, dz);  call soil%create(model, ncol, nlay, io, stat, errmsg)
!          call io%link(calcisol_w_liq, w_liq); call io%link(calcisol_out_ph, ph)
!          call soil%step(dt, io, stat, errmsg)          ! once per time step; link again only where an array has moved
!
! Linked arrays are read and written in place at every step: declare them target (or pass allocated arrays) and keep them
! alive. Compile this file with the host's own compiler and flags; it uses C kinds only. One columns object per thread.
module calcisol
  use, intrinsic :: iso_c_binding, only: c_ptr, c_null_ptr, c_null_char, c_int32_t, c_int64_t, c_intptr_t, c_double, &
    c_float, c_loc, c_associated
  use calcisol_variables
  use calcisol_c, only: view_t, options_t, info_t, calcisol_report, abi_version, f64, f32, i32, c_abi_version, &
    c_build_info, c_last_error, c_variable_get, c_options_init, c_open, c_describe, c_close, c_columns_create, c_step, &
    c_laboratory_ph, c_state_get, c_state_set, c_columns_free, stride, text_of
  implicit none
  public
  private :: c_ptr, c_null_ptr, c_null_char, c_int32_t, c_int64_t, c_intptr_t, c_double, c_float, c_loc, c_associated
  private :: view_t, options_t, info_t, abi_version, f64, f32, i32, c_abi_version, c_build_info, c_last_error, &
    c_variable_get, c_options_init, c_open, c_describe, c_close, c_columns_create, c_step, c_laboratory_ph, &
    c_state_get, c_state_set, c_columns_free, stride, text_of

  ! calcisol_status_code of calcisol.h
  integer(c_int32_t), parameter :: calcisol_ok = 0, calcisol_error_argument = 1, calcisol_error_missing = 2, &
    calcisol_error_bundle = 3, calcisol_error_torch = 4, calcisol_error_model = 5, calcisol_error_memory = 6, &
    calcisol_error_unsupported = 7, calcisol_error_state = 8, calcisol_error_internal = 9
  integer, parameter, private :: n_roles = 5, n_max = 64 ! most variables of one role; checked in new_view

  ! A bundle, loaded. Free it with close; the finalizer does so too where the compiler calls it.
  type :: calcisol_model
    private
    type(c_ptr) :: handle = c_null_ptr
  contains
    procedure :: open => model_open
    procedure :: describe => model_describe
    procedure :: close => model_close
    procedure, private :: model_no_copy
    generic :: assignment(=) => model_no_copy
    final :: model_final
  end type calcisol_model

  ! The arrays of one columns object, by the ids of calcisol_variables.
  type :: calcisol_arrays
    private
    type(view_t) :: view(n_max, n_roles)
    integer(c_int64_t) :: columns(n_max, n_roles) = -1, layers(n_max, n_roles) = -1 ! -1: not linked
    type(view_t) :: flag_view
    integer(c_int64_t) :: flag_columns = -1, flag_layers = -1
    character(len=160) :: fault = '' ! first impossible link; create and step give it back
  contains
    procedure, private :: link_layer_64, link_layer_32, link_column_64, link_column_32
    generic :: link => link_layer_64, link_layer_32, link_column_64, link_column_32
    procedure :: link_flag
    procedure :: unlink => forget
  end type calcisol_arrays

  ! Static soil and state of ncol columns of nlay layers.
  type :: calcisol_columns
    private
    type(c_ptr) :: handle = c_null_ptr
    integer(c_int64_t) :: ncol = 0
    integer(c_int32_t) :: nlay = 0
  contains
    procedure :: create => columns_create
    procedure :: step => columns_step
    procedure :: laboratory_ph => columns_laboratory_ph
    procedure :: get_state => columns_get_state
    procedure :: set_state => columns_set_state
    procedure :: free => columns_free
    procedure, private :: columns_no_copy
    generic :: assignment(=) => columns_no_copy
    final :: columns_final
  end type calcisol_columns

  private :: model_open, model_describe, model_close, model_no_copy, model_final, columns_create, columns_step, &
    columns_laboratory_ph, columns_get_state, columns_set_state, columns_free, columns_no_copy, columns_final, &
    link_layer_64, link_layer_32, link_column_64, link_column_32, link_flag, forget, new_view, check_shapes, &
    name_of, state_view, state_row

contains

  ! ---------------------------------------------------------------------------------------------------- the library
  ! Version, ABI, schema and torch of the linked library, as one line.
  function calcisol_build_info() result(text)
    character(len=:), allocatable :: text
    text = text_of(c_build_info())
  end function calcisol_build_info

  ! ---------------------------------------------------------------------------------------------------- model
  ! Load and check a bundle. tile_columns: columns handed to the emulator at once, 128; fewer suits hosts of few columns.
  subroutine model_open(self, path, stat, errmsg, tile_columns, threads)
    class(calcisol_model), intent(inout) :: self
    character(len=*), intent(in) :: path
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(out), optional :: errmsg
    integer, intent(in), optional :: tile_columns, threads
    type(options_t) :: options
    if (c_abi_version() /= abi_version) then
      stat = calcisol_error_argument
      if (present(errmsg)) errmsg = 'libcalcisol has another ABI version than calcisol.f90; compile the one installed with it'
      return
    end if
    stat = c_options_init(options)
    if (present(tile_columns)) options%tile_columns = int(tile_columns, c_int32_t)
    if (present(threads)) options%threads = int(threads, c_int32_t)
    stat = c_open(trim(path)//c_null_char, options, self%handle)
    if (present(errmsg)) errmsg = text_of(c_last_error())
  end subroutine model_open

  ! Contract of the bundle as JSON text; empty when no bundle is open.
  function model_describe(self) result(json)
    class(calcisol_model), intent(in) :: self
    character(len=:), allocatable :: json
    type(c_ptr) :: text
    json = ''
    if (c_describe(self%handle, text) == calcisol_ok) json = text_of(text)
  end function model_describe

  ! Free the model; columns made from it stay usable. Closing twice is fine.
  subroutine model_close(self)
    class(calcisol_model), intent(inout) :: self
    if (c_associated(self%handle)) call c_close(self%handle)
  end subroutine model_close

  impure elemental subroutine model_final(self)
    type(calcisol_model), intent(inout) :: self
    if (c_associated(self%handle)) call c_close(self%handle)
  end subroutine model_final

  ! A copied handle would be freed twice: assignment leaves the left side as it was. Pass the model by argument.
  subroutine model_no_copy(left, right)
    class(calcisol_model), intent(inout) :: left
    class(calcisol_model), intent(in) :: right
    if (c_associated(left%handle, right%handle)) return
  end subroutine model_no_copy

  ! ---------------------------------------------------------------------------------------------------- arrays
  ! Link an array of the host to a variable: array(ncol,nlay).
  subroutine link_layer_64(self, id, array)
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
  end subroutine link_layer_64

  subroutine link_layer_32(self, id, array)
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
  end subroutine link_layer_32

  ! Link an array of the host to a variable: array(ncol).
  subroutine link_column_64(self, id, array)
    class(calcisol_arrays), intent(inout) :: self
    integer(c_int32_t), intent(in) :: id
    real(c_double), intent(in), target :: array(:)
    type(c_ptr) :: corner(3)
    corner = c_null_ptr
    if (size(array) > 0) corner = [c_loc(array(1)), c_loc(array(min(2, size(array)))), c_loc(array(1))]
    call new_view(self, id, f64, 8_c_intptr_t, 1, corner, [size(array, kind=c_int64_t), 0_c_int64_t])
  end subroutine link_column_64

  subroutine link_column_32(self, id, array)
    class(calcisol_arrays), intent(inout) :: self
    integer(c_int32_t), intent(in) :: id
    real(c_float), intent(in), target :: array(:)
    type(c_ptr) :: corner(3)
    corner = c_null_ptr
    if (size(array) > 0) corner = [c_loc(array(1)), c_loc(array(min(2, size(array)))), c_loc(array(1))]
    call new_view(self, id, f32, 4_c_intptr_t, 1, corner, [size(array, kind=c_int64_t), 0_c_int64_t])
  end subroutine link_column_32

  ! Link the flag of the cells: array(ncol,nlay), bits calcisol_flag_...
  subroutine link_flag(self, array)
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
  end subroutine link_flag

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
    stat = calcisol_ok
    fault = arrays%fault
    do i = 1, size(roles)
      role = roles(i)
      do row = 1, n_max
        if (fault /= '') exit
        if (arrays%columns(row, role) < 0) cycle
        if (arrays%columns(row, role) /= ncol .or. (arrays%layers(row, role) > 0 .and. arrays%layers(row, role) /= nlay)) &
          write (fault, '(2a,i0,a,i0,a,i0,a,i0,a)') name_of(role, row), ' was linked to an array of shape (', &
          arrays%columns(row, role), ',', arrays%layers(row, role), '), the columns have (', ncol, ',', nlay, ')'
      end do
    end do
    if (fault == '' .and. arrays%flag_columns >= 0 .and. any(roles == 3)) then
      if (arrays%flag_columns /= ncol .or. arrays%flag_layers /= nlay) &
        fault = 'the flag was linked to an array of another shape than the columns; its shape is (ncol,nlay)'
    end if
    if (fault /= '') stat = calcisol_error_argument
  end subroutine check_shapes

  ! ---------------------------------------------------------------------------------------------------- columns
  ! Columns of the linked soil properties (calcisol_soil_...). ncol = 0 is fine.
  subroutine columns_create(self, model, ncol, nlay, arrays, stat, errmsg, report)
    class(calcisol_columns), intent(inout) :: self
    type(calcisol_model), intent(in) :: model
    integer, intent(in) :: ncol, nlay
    type(calcisol_arrays), intent(in) :: arrays
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(out), optional :: errmsg
    type(calcisol_report), intent(out), optional :: report
    type(calcisol_report) :: counts
    character(len=160) :: fault
    call check_shapes(arrays, int(ncol, c_int64_t), int(nlay, c_int32_t), [1], stat, fault)
    if (present(errmsg)) errmsg = trim(fault)
    if (stat /= calcisol_ok) return
    stat = c_columns_create(model%handle, int(ncol, c_int64_t), int(nlay, c_int32_t), arrays%view(:, 1), &
      calcisol_n_static, counts, self%handle)
    if (present(errmsg)) errmsg = text_of(c_last_error())
    if (present(report)) report = counts
    if (stat /= calcisol_ok) return
    self%ncol = ncol
    self%nlay = int(nlay, c_int32_t)
  end subroutine columns_create

  ! One time step of dt seconds: reads the linked forcing, writes the linked outputs and flag.
  subroutine columns_step(self, dt, arrays, stat, errmsg, report)
    class(calcisol_columns), intent(inout) :: self
    real(c_double), intent(in) :: dt
    type(calcisol_arrays), intent(in) :: arrays
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(out), optional :: errmsg
    type(calcisol_report), intent(out), optional :: report
    type(calcisol_report) :: counts
    character(len=160) :: fault
    call check_shapes(arrays, self%ncol, self%nlay, [2, 3], stat, fault)
    if (present(errmsg)) errmsg = trim(fault)
    if (stat /= calcisol_ok) return
    stat = c_step(self%handle, dt, arrays%view(:, 2), calcisol_n_forcing, arrays%view(:, 3), calcisol_n_output, &
      arrays%flag_view, counts)
    if (present(errmsg)) errmsg = text_of(c_last_error())
    if (present(report)) report = counts
  end subroutine columns_step

  ! Laboratory suspension pH of the soil as it is, into the linked calcisol_lab_... arrays.
  subroutine columns_laboratory_ph(self, arrays, stat, errmsg)
    class(calcisol_columns), intent(inout) :: self
    type(calcisol_arrays), intent(in) :: arrays
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(out), optional :: errmsg
    character(len=160) :: fault
    call check_shapes(arrays, self%ncol, self%nlay, [4], stat, fault)
    if (present(errmsg)) errmsg = trim(fault)
    if (stat /= calcisol_ok) return
    stat = c_laboratory_ph(self%handle, arrays%view(:, 4), calcisol_n_lab)
    if (present(errmsg)) errmsg = text_of(c_last_error())
  end subroutine columns_laboratory_ph

  ! One slot of the state (calcisol_state_...), bit for bit; -9999 in columns without a state yet.
  subroutine columns_get_state(self, slot, values, stat, errmsg)
    class(calcisol_columns), intent(in) :: self
    integer(c_int32_t), intent(in) :: slot
    real(c_double), intent(inout), target :: values(:, :)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(out), optional :: errmsg
    type(view_t) :: view
    call state_view(self, values, view, stat)
    if (present(errmsg)) errmsg = 'the array for the state has another shape than the columns; its shape is (ncol,nlay)'
    if (stat /= calcisol_ok) return
    stat = c_state_get(self%handle, state_row(slot), view)
    if (present(errmsg)) errmsg = text_of(c_last_error())
  end subroutine columns_get_state

  ! Set one slot; -9999 means: this column has no state. Set all slots of a column, or none.
  subroutine columns_set_state(self, slot, values, stat, errmsg)
    class(calcisol_columns), intent(inout) :: self
    integer(c_int32_t), intent(in) :: slot
    real(c_double), intent(in), target :: values(:, :)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(out), optional :: errmsg
    type(view_t) :: view
    call state_view(self, values, view, stat)
    if (present(errmsg)) errmsg = 'the array for the state has another shape than the columns; its shape is (ncol,nlay)'
    if (stat /= calcisol_ok) return
    stat = c_state_set(self%handle, state_row(slot), view)
    if (present(errmsg)) errmsg = text_of(c_last_error())
  end subroutine columns_set_state

  ! Free the columns. Freeing twice is fine.
  subroutine columns_free(self)
    class(calcisol_columns), intent(inout) :: self
    if (c_associated(self%handle)) call c_columns_free(self%handle)
    self%ncol = 0
    self%nlay = 0
  end subroutine columns_free

  impure elemental subroutine columns_final(self)
    type(calcisol_columns), intent(inout) :: self
    if (c_associated(self%handle)) call c_columns_free(self%handle)
  end subroutine columns_final

  ! A copied handle would be freed twice: assignment leaves the left side as it was. Use get_state and set_state.
  subroutine columns_no_copy(left, right)
    class(calcisol_columns), intent(inout) :: left
    class(calcisol_columns), intent(in) :: right
    if (c_associated(left%handle, right%handle)) return
  end subroutine columns_no_copy

  ! ---------------------------------------------------------------------------------------------------- helpers
  ! No helper takes errmsg on: gfortran 12 loses the length of an optional deferred-length argument passed through.
  ! View of an array for the state; stat is not 0 where its shape is not that of the columns.
  subroutine state_view(self, values, view, stat)
    class(calcisol_columns), intent(in) :: self
    real(c_double), intent(in), target :: values(:, :)
    type(view_t), intent(out) :: view
    integer(c_int32_t), intent(out) :: stat
    stat = calcisol_error_argument
    if (size(values, 1) /= self%ncol .or. (size(values, 2) /= self%nlay .and. self%ncol > 0)) return
    stat = calcisol_ok
    if (size(values) == 0) return
    view%data = c_loc(values(1, 1))
    view%dtype = f64
    view%column_stride = stride(c_loc(values(1, 1)), c_loc(values(min(2, size(values, 1)), 1)), 8_c_intptr_t)
    view%layer_stride = stride(c_loc(values(1, 1)), c_loc(values(1, min(2, size(values, 2)))), 8_c_intptr_t)
  end subroutine state_view

  pure function state_row(slot) result(row)
    integer(c_int32_t), intent(in) :: slot
    integer(c_int32_t) :: row
    row = slot - 5*calcisol_role - 1
  end function state_row

  function name_of(role, row) result(name)
    integer, intent(in) :: role, row
    character(len=:), allocatable :: name
    type(info_t) :: info
    name = 'a variable'
    if (c_variable_get(int(role, c_int32_t), int(row - 1, c_int32_t), info) == calcisol_ok) name = text_of(info%name)
  end function name_of

end module calcisol
