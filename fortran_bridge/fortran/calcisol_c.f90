! The C ABI of calcisol.h as seen by Fortran: structs and bind(C) interfaces. Hosts use module calcisol instead.
!
! C kinds only: hosts compile with -fdefault-real-8 and the like, which would change the size of a default real.
module calcisol_c
  use, intrinsic :: iso_c_binding, only: c_ptr, c_funptr, c_null_ptr, c_null_funptr, c_char, &
    c_int32_t, c_int64_t, c_intptr_t, c_double, c_size_t, c_associated, c_f_pointer
  implicit none
  public
  private :: c_ptr, c_funptr, c_null_ptr, c_null_funptr, c_char, c_int32_t, c_int64_t, c_intptr_t, c_double, c_size_t, &
    c_associated, c_f_pointer

  integer(c_int32_t), parameter :: abi_version = 1, f64 = 0, f32 = 1, i32 = 2, on_device = 1, on_emulated = 3

  ! calcisol_view and calcisol_target of calcisol.h have one layout
  type, bind(c) :: view_t
    type(c_ptr) :: data = c_null_ptr
    integer(c_int32_t) :: dtype = 0
    integer(c_int32_t) :: memory = 0
    integer(c_int64_t) :: column_stride = 0
    integer(c_int64_t) :: layer_stride = 0
  end type view_t

  type, bind(c) :: options_t
    integer(c_int64_t) :: struct_size = 0
    integer(c_int32_t) :: device = 0, threads = 0, tile_columns = 0, device_index = 0
    type(c_funptr) :: log = c_null_funptr
    type(c_ptr) :: log_user = c_null_ptr
    integer(c_int32_t) :: device_graph = 0, engine = 0
    type(c_ptr) :: engine_library = c_null_ptr
  end type options_t

  type, bind(c) :: split_t
    type(c_ptr) :: pieces = c_null_ptr
    integer(c_int32_t) :: soil_by_piece = 0
  end type split_t

  type, bind(c) :: info_t
    type(c_ptr) :: name, units, long_name, standard_name
    real(c_double) :: fill, valid_low, valid_high
    integer(c_int32_t) :: layered, required
  end type info_t

  ! What happened in one call.
  type, bind(c) :: calcisol_report
    integer(c_int64_t) :: struct_size = 64
    integer(c_int64_t) :: columns_stepped = 0
    integer(c_int64_t) :: columns_inactive = 0
    integer(c_int64_t) :: columns_invalid = 0
    integer(c_int64_t) :: cells_clipped = 0
    integer(c_int64_t) :: cells_outside_envelope = 0
    integer(c_int64_t) :: cells_fallback = 0
    integer(c_int64_t) :: cells_residual = 0
  end type calcisol_report

  interface
    function c_abi_version() result(version) bind(c, name='calcisol_abi_version')
      import :: c_int32_t
      implicit none
      integer(c_int32_t) :: version
    end function c_abi_version
    function c_build_info() result(text) bind(c, name='calcisol_build_info')
      import :: c_ptr
      implicit none
      type(c_ptr) :: text
    end function c_build_info
    function c_last_error() result(text) bind(c, name='calcisol_last_error')
      import :: c_ptr
      implicit none
      type(c_ptr) :: text
    end function c_last_error
    function c_variable_get(role, row, info) result(stat) bind(c, name='calcisol_variable_get')
      import :: c_int32_t, info_t
      implicit none
      integer(c_int32_t), value :: role, row
      type(info_t), intent(out) :: info
      integer(c_int32_t) :: stat
    end function c_variable_get
    function c_options_init(options, struct_size) result(stat) bind(c, name='calcisol_options_init')
      import :: c_int32_t, c_int64_t, options_t
      implicit none
      type(options_t), intent(inout) :: options
      integer(c_int64_t), value :: struct_size
      integer(c_int32_t) :: stat
    end function c_options_init
    function c_open(path, options, model) result(stat) bind(c, name='calcisol_open')
      import :: c_int32_t, c_ptr, c_char, options_t
      implicit none
      character(kind=c_char), intent(in) :: path(*)
      type(options_t), intent(in) :: options
      type(c_ptr), intent(inout) :: model
      integer(c_int32_t) :: stat
    end function c_open
    function c_open_from_memory(bytes, size, options, model) result(stat) bind(c, name='calcisol_open_from_memory')
      import :: c_int32_t, c_int64_t, c_ptr, c_char, options_t
      implicit none
      character(kind=c_char), intent(in) :: bytes(*)
      integer(c_int64_t), value :: size
      type(options_t), intent(in) :: options
      type(c_ptr), intent(inout) :: model
      integer(c_int32_t) :: stat
    end function c_open_from_memory
    function c_device_of_rank(local_rank, device_index) result(stat) bind(c, name='calcisol_device_of_rank')
      import :: c_int32_t
      implicit none
      integer(c_int32_t), value :: local_rank
      integer(c_int32_t), intent(inout) :: device_index
      integer(c_int32_t) :: stat
    end function c_device_of_rank
    function c_warmup(columns) result(stat) bind(c, name='calcisol_warmup')
      import :: c_int32_t, c_ptr
      implicit none
      type(c_ptr), value :: columns
      integer(c_int32_t) :: stat
    end function c_warmup
    function c_set_stream(columns, stream) result(stat) bind(c, name='calcisol_set_stream')
      import :: c_int32_t, c_ptr
      implicit none
      type(c_ptr), value :: columns, stream
      integer(c_int32_t) :: stat
    end function c_set_stream
    function c_synchronize(columns) result(stat) bind(c, name='calcisol_synchronize')
      import :: c_int32_t, c_ptr
      implicit none
      type(c_ptr), value :: columns
      integer(c_int32_t) :: stat
    end function c_synchronize
    function c_describe(model, json) result(stat) bind(c, name='calcisol_describe')
      import :: c_int32_t, c_ptr
      implicit none
      type(c_ptr), value :: model
      type(c_ptr), intent(out) :: json
      integer(c_int32_t) :: stat
    end function c_describe
    subroutine c_close(model) bind(c, name='calcisol_close')
      import :: c_ptr
      implicit none
      type(c_ptr), intent(inout) :: model
    end subroutine c_close
    function c_columns_create_split(model, ncol, nlay, split, properties, n, report, columns) result(stat) &
        bind(c, name='calcisol_columns_create_split')
      import :: c_int32_t, c_int64_t, c_ptr, view_t, split_t, calcisol_report
      implicit none
      type(c_ptr), value :: model
      integer(c_int64_t), value :: ncol
      integer(c_int32_t), value :: nlay, n
      type(split_t), intent(in) :: split
      type(view_t), intent(in) :: properties(*)
      type(calcisol_report), intent(inout) :: report
      type(c_ptr), intent(inout) :: columns
      integer(c_int32_t) :: stat
    end function c_columns_create_split
    function c_pieces_of(nlay, dz, thickest, pieces) result(stat) bind(c, name='calcisol_pieces_of')
      import :: c_int32_t, c_double
      implicit none
      integer(c_int32_t), value :: nlay
      real(c_double), intent(in) :: dz(*)
      real(c_double), value :: thickest
      integer(c_int32_t), intent(inout) :: pieces(*)
      integer(c_int32_t) :: stat
    end function c_pieces_of
    function c_step(columns, dt, forcing, n_forcing, output, n_output, flag, report) result(stat) &
        bind(c, name='calcisol_step')
      import :: c_int32_t, c_double, c_ptr, view_t, calcisol_report
      implicit none
      type(c_ptr), value :: columns
      real(c_double), value :: dt
      integer(c_int32_t), value :: n_forcing, n_output
      type(view_t), intent(in) :: forcing(*), output(*), flag
      type(calcisol_report), intent(inout), optional :: report ! absent: NULL, and a device is not waited for
      integer(c_int32_t) :: stat
    end function c_step
    function c_laboratory_ph(columns, ph, n) result(stat) bind(c, name='calcisol_laboratory_ph')
      import :: c_int32_t, c_ptr, view_t
      implicit none
      type(c_ptr), value :: columns
      type(view_t), intent(in) :: ph(*)
      integer(c_int32_t), value :: n
      integer(c_int32_t) :: stat
    end function c_laboratory_ph
    function c_state_get(columns, slot, values) result(stat) bind(c, name='calcisol_state_get')
      import :: c_int32_t, c_ptr, view_t
      implicit none
      type(c_ptr), value :: columns
      integer(c_int32_t), value :: slot
      type(view_t), intent(in) :: values
      integer(c_int32_t) :: stat
    end function c_state_get
    function c_state_set(columns, slot, values) result(stat) bind(c, name='calcisol_state_set')
      import :: c_int32_t, c_ptr, view_t
      implicit none
      type(c_ptr), value :: columns
      integer(c_int32_t), value :: slot
      type(view_t), intent(in) :: values
      integer(c_int32_t) :: stat
    end function c_state_set
    function c_state_spread(columns, slot, values) result(stat) bind(c, name='calcisol_state_spread')
      import :: c_int32_t, c_ptr, view_t
      implicit none
      type(c_ptr), value :: columns
      integer(c_int32_t), value :: slot
      type(view_t), intent(in) :: values
      integer(c_int32_t) :: stat
    end function c_state_spread
    subroutine c_columns_free(columns) bind(c, name='calcisol_columns_free')
      import :: c_ptr
      implicit none
      type(c_ptr), intent(inout) :: columns
    end subroutine c_columns_free
    function c_strlen(text) result(length) bind(c, name='strlen')
      import :: c_ptr, c_size_t
      implicit none
      type(c_ptr), value :: text
      integer(c_size_t) :: length
    end function c_strlen
  end interface

contains

  ! Elements from one address to the next. A dimension of extent 1 gives 0, which is never stepped over.
  pure function stride(from, to, bytes) result(elements)
    type(c_ptr), intent(in) :: from, to
    integer(c_intptr_t), intent(in) :: bytes
    integer(c_int64_t) :: elements
    elements = int((transfer(to, bytes) - transfer(from, bytes))/bytes, c_int64_t)
  end function stride

  function text_of(pointer) result(text)
    type(c_ptr), intent(in) :: pointer
    character(len=:), allocatable :: text
    character(kind=c_char), pointer :: characters(:)
    integer :: i, length
    text = ''
    if (.not. c_associated(pointer)) return
    length = int(c_strlen(pointer))
    call c_f_pointer(pointer, characters, [length])
    text = repeat(' ', length)
    do i = 1, length
      text(i:i) = characters(i)
    end do
  end function text_of

end module calcisol_c
