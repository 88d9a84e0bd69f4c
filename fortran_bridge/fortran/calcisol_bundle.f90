! A bundle, loaded, from Fortran: open, describe, close; and the choices an open can make.
!
! Errors:  every call gives a status, 0 = ok, and in errmsg one sentence. Nothing stops or prints.
! Use:     through module calcisol, which hands everything public on:
!          call model%open('default.calcisol', stat, errmsg, engine=calcisol_engine_native)
module calcisol_bundle
  use, intrinsic :: iso_c_binding, only: c_ptr, c_funptr, c_null_ptr, c_null_char, c_char, c_int32_t, c_int64_t, c_loc, &
    c_associated
  use calcisol_linking, only: calcisol_ok, calcisol_error_argument
  use calcisol_c, only: options_t, abi_version, c_abi_version, c_build_info, c_last_error, c_options_init, c_open, &
    c_open_from_memory, c_describe, c_close, c_device_of_rank, on_device, on_emulated, text_of
  implicit none
  private
  public :: calcisol_model, calcisol_build_info, calcisol_device_of_rank
  public :: calcisol_on_host, calcisol_on_device, calcisol_on_emulated
  public :: calcisol_engine_auto, calcisol_engine_torchscript, calcisol_engine_native

  ! for `device` of open: the host, a CUDA device, or the device path on the host (to test a GPU host without a GPU)
  integer(c_int32_t), parameter :: calcisol_on_host = 0, calcisol_on_device = on_device, &
    calcisol_on_emulated = on_emulated
  ! for `engine` of open: what steps. Auto: native where the library has a kernel of the bundle's step, else TorchScript,
  ! the reference. Native where it does not fit is an error: no silent fall-back. describe() says which one runs.
  integer(c_int32_t), parameter :: calcisol_engine_auto = 0, calcisol_engine_torchscript = 1, calcisol_engine_native = 2

  character(len=*), parameter :: other_version = &
    'libcalcisol has another ABI version than calcisol.f90; compile the one installed with it'

  ! A bundle, loaded. Free it with close; the finalizer does so too where the compiler calls it. Use the procedures: the
  ! handle is open to module calcisol only because Fortran has no friends.
  type :: calcisol_model
    type(c_ptr) :: handle = c_null_ptr
  contains
    procedure :: open => model_open
    procedure :: open_bytes => model_open_bytes
    procedure :: describe => model_describe
    procedure :: close => model_close
    procedure, private :: model_no_copy
    generic :: assignment(=) => model_no_copy
    final :: model_final
  end type calcisol_model

contains

  ! ---------------------------------------------------------------------------------------------------- the library
  ! Version, ABI, schema and torch of the linked library, as one line.
  function calcisol_build_info() result(text)
    character(len=:), allocatable :: text
    text = text_of(c_build_info())
  end function calcisol_build_info

  ! ---------------------------------------------------------------------------------------------------- model
  ! Load and check a bundle. tile_columns: columns handed to the emulator at once, 128; fewer suits hosts of few columns.
  ! device, device_index: where the state lives. engine: what steps, calcisol_engine_auto. engine_library: file made by
  ! `calcisol compile`. log: c_funloc of a bind(c) procedure (user, level, text), see calcisol.h.
  subroutine model_open(self, path, stat, errmsg, tile_columns, threads, device, device_index, log, &
      engine, engine_library)
    class(calcisol_model), intent(inout) :: self
    character(len=*), intent(in) :: path
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(out), optional :: errmsg
    integer, intent(in), optional :: tile_columns, threads
    integer(c_int32_t), intent(in), optional :: device, device_index, engine
    type(c_funptr), intent(in), optional :: log
    character(len=*), intent(in), optional :: engine_library
    character(kind=c_char), allocatable, target :: library(:)
    type(options_t) :: options
    call set_options(options, stat, library, tile_columns, threads, device, device_index, log, engine, engine_library)
    if (stat == calcisol_ok) stat = c_open(trim(path)//c_null_char, options, self%handle)
    if (present(errmsg)) errmsg = text_of(c_last_error())
    if (c_abi_version() == abi_version) return
    if (present(errmsg)) errmsg = other_version
  end subroutine model_open

  ! The same from memory: one rank reads the file, broadcasts its bytes, all open.
  subroutine model_open_bytes(self, bytes, stat, errmsg, tile_columns, threads, device, device_index, log, &
      engine, engine_library)
    class(calcisol_model), intent(inout) :: self
    character(kind=c_char), intent(in) :: bytes(:)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(out), optional :: errmsg
    integer, intent(in), optional :: tile_columns, threads
    integer(c_int32_t), intent(in), optional :: device, device_index, engine
    type(c_funptr), intent(in), optional :: log
    character(len=*), intent(in), optional :: engine_library
    character(kind=c_char), allocatable, target :: library(:)
    type(options_t) :: options
    call set_options(options, stat, library, tile_columns, threads, device, device_index, log, engine, engine_library)
    if (stat == calcisol_ok) stat = c_open_from_memory(bytes, size(bytes, kind=c_int64_t), options, self%handle)
    if (present(errmsg)) errmsg = text_of(c_last_error())
    if (c_abi_version() == abi_version) return
    if (present(errmsg)) errmsg = other_version
  end subroutine model_open_bytes

  subroutine set_options(options, stat, library, tile_columns, threads, device, device_index, log, engine, engine_library)
    type(options_t), intent(inout) :: options
    integer(c_int32_t), intent(out) :: stat
    character(kind=c_char), allocatable, target, intent(out) :: library(:) ! what options point to: keep it for the call
    integer, intent(in), optional :: tile_columns, threads
    integer(c_int32_t), intent(in), optional :: device, device_index, engine
    type(c_funptr), intent(in), optional :: log
    character(len=*), intent(in), optional :: engine_library
    stat = calcisol_error_argument
    if (c_abi_version() /= abi_version) return
    stat = c_options_init(options, storage_size(options, kind=c_int64_t)/8)
    if (present(tile_columns)) options%tile_columns = int(tile_columns, c_int32_t)
    if (present(threads)) options%threads = int(threads, c_int32_t)
    if (present(device)) options%device = device
    if (present(device_index)) options%device_index = device_index
    if (present(log)) options%log = log
    if (present(engine)) options%engine = engine
    if (.not. present(engine_library)) return
    library = transfer(trim(engine_library)//c_null_char, [c_null_char])
    options%engine_library = c_loc(library)
  end subroutine set_options

  ! CUDA device of an MPI rank: its rank within the node (-1: as the launcher says) modulo the devices there are.
  subroutine calcisol_device_of_rank(local_rank, device_index, stat, errmsg)
    integer, intent(in) :: local_rank
    integer(c_int32_t), intent(out) :: device_index, stat
    character(len=:), allocatable, intent(out), optional :: errmsg
    device_index = -1
    stat = c_device_of_rank(int(local_rank, c_int32_t), device_index)
    if (present(errmsg)) errmsg = text_of(c_last_error())
  end subroutine calcisol_device_of_rank

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

end module calcisol_bundle
