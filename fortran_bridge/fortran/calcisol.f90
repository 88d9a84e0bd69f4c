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
! Thick layers may be split inside into pieces (calcisol.h): soil%create(..., pieces=pieces), calcisol_pieces_of proposes them.
! Soil is then linked by layer (ncol,nlay) or by piece (ncol,soil%state_layers()); the state is by piece.
!
! Linked arrays are read and written in place at every step: declare them TARGET (pointers are fine) and keep them alive; the
! compiler refuses an expression. Compile these sources with the host's own compiler and flags; C kinds only. One columns
! object per thread.
module calcisol
  use, intrinsic :: iso_c_binding, only: c_ptr, c_null_ptr, c_int32_t, c_int64_t, c_intptr_t, c_double, c_loc, c_associated
  use calcisol_variables
  use calcisol_linking
  use calcisol_bundle
  use calcisol_c, only: view_t, split_t, calcisol_report, f64, c_last_error, c_columns_create_split, c_pieces_of, c_step, &
    c_laboratory_ph, c_state_get, c_state_set, c_state_spread, c_columns_free, c_warmup, c_set_stream, c_synchronize, &
    c_strlen, stride, text_of
  implicit none
  public
  private :: c_ptr, c_null_ptr, c_int32_t, c_int64_t, c_intptr_t, c_double, c_loc, c_associated
  private :: view_t, split_t, f64, c_last_error, c_columns_create_split, c_pieces_of, c_step, c_laboratory_ph, c_state_get, &
    c_state_set, c_state_spread, c_columns_free, c_warmup, c_set_stream, c_synchronize, c_strlen, stride, text_of, check_shapes

  ! Static soil and state of ncol columns of nlay layers.
  type :: calcisol_columns
    private
    type(c_ptr) :: handle = c_null_ptr
    integer(c_int64_t) :: ncol = 0
    integer(c_int32_t) :: nlay = 0, layers = 0 ! of the host; of the state
  contains
    procedure :: create => columns_create
    procedure :: step => columns_step
    procedure :: warmup => columns_warmup
    procedure :: set_stream => columns_set_stream
    procedure :: synchronize => columns_synchronize
    procedure :: laboratory_ph => columns_laboratory_ph
    procedure :: get_state => columns_get_state
    procedure :: set_state => columns_set_state
    procedure :: spread_state => columns_spread_state
    procedure :: state_layers => columns_state_layers
    procedure :: free => columns_free
    procedure, private :: columns_no_copy
    generic :: assignment(=) => columns_no_copy
    final :: columns_final
  end type calcisol_columns

  private :: columns_create, columns_step, columns_warmup, columns_set_stream, columns_synchronize, columns_laboratory_ph, &
    columns_get_state, columns_set_state, columns_spread_state, columns_state_layers, columns_free, columns_no_copy, &
    columns_final, state_view, state_row

contains

  ! ---------------------------------------------------------------------------------------------------- columns
  ! Columns of the linked soil properties (calcisol_soil_...). ncol = 0 is fine. pieces (nlay): into how many pieces each layer
  ! is split inside, 1 = as it is.
  subroutine columns_create(self, model, ncol, nlay, arrays, stat, errmsg, report, pieces)
    class(calcisol_columns), intent(inout) :: self
    type(calcisol_model), intent(in) :: model
    integer, intent(in) :: ncol, nlay
    type(calcisol_arrays), intent(in) :: arrays
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(out), optional :: errmsg
    type(calcisol_report), intent(out), optional :: report
    integer(c_int32_t), intent(in), optional :: pieces(:)
    integer(c_int32_t), allocatable, target :: all_pieces(:)
    type(calcisol_report) :: counts
    type(split_t) :: split
    character(len=160) :: fault
    integer(c_int32_t) :: layers
    allocate (all_pieces(min(max(nlay, 1), int(calcisol_max_layers))), source=1_c_int32_t) ! the library refuses another nlay
    stat = calcisol_error_argument
    if (present(errmsg)) errmsg = 'pieces has another number of layers than the columns; its shape is (nlay)'
    if (present(pieces)) then
      if (size(pieces) /= nlay) return
      all_pieces = pieces
    end if
    layers = int(nlay, c_int32_t)
    if (any(arrays%layers(:, 1) == sum(all_pieces))) layers = sum(all_pieces)
    split%pieces = c_loc(all_pieces)
    split%soil_by_piece = merge(1_c_int32_t, 0_c_int32_t, layers /= nlay)
    call check_shapes(arrays, int(ncol, c_int64_t), layers, [1], stat, fault)
    if (present(errmsg)) errmsg = trim(fault)
    if (stat /= calcisol_ok) return
    stat = c_columns_create_split(model%handle, int(ncol, c_int64_t), int(nlay, c_int32_t), split, arrays%view(:, 1), &
      calcisol_n_static, counts, self%handle)
    if (present(errmsg)) errmsg = text_of(c_last_error())
    if (present(report)) report = counts
    if (stat /= calcisol_ok) return
    self%ncol = ncol
    self%nlay = int(nlay, c_int32_t)
    self%layers = sum(all_pieces)
  end subroutine columns_create

  ! Pieces for layers dz [m]: the fewest no thicker than thickest [m] (0.05 is good) plus a tenth of the depth at which their
  ! layer begins; thickest 0: one each.
  subroutine calcisol_pieces_of(dz, thickest, pieces, stat, errmsg)
    real(c_double), intent(in) :: dz(:), thickest
    integer(c_int32_t), intent(out) :: pieces(:)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(out), optional :: errmsg
    real(c_double) :: own(size(dz))
    stat = calcisol_error_argument
    if (present(errmsg)) errmsg = 'dz and pieces have another number of layers'
    if (size(dz) /= size(pieces)) return
    own = dz
    pieces = 1
    stat = c_pieces_of(int(size(dz), c_int32_t), own, thickest, pieces)
    if (present(errmsg)) errmsg = text_of(c_last_error())
  end subroutine calcisol_pieces_of

  ! One time step of dt seconds: reads the linked forcing, writes the linked outputs and flag. On a device a step with a report
  ! waits; one without is queued (set_stream, synchronize).
  subroutine columns_step(self, dt, arrays, stat, errmsg, report)
    class(calcisol_columns), intent(inout) :: self
    real(c_double), intent(in) :: dt
    type(calcisol_arrays), intent(in) :: arrays
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout), optional :: errmsg ! not out: that would free it
    type(calcisol_report), intent(out), optional :: report
    character(len=160) :: fault
    call check_shapes(arrays, self%ncol, self%nlay, [2, 3], stat, fault)
    if (present(errmsg)) then ! with care: an assignment allocates, and most steps have nothing to say
      if (.not. allocated(errmsg)) errmsg = ''
      if (len(errmsg) > 0 .or. stat /= calcisol_ok) errmsg = trim(fault)
    end if
    if (stat /= calcisol_ok) return
    stat = c_step(self%handle, dt, arrays%view(:, 2), calcisol_n_forcing, arrays%view(:, 3), calcisol_n_output, &
      arrays%flag_view, report)
    if (present(errmsg)) then
      if (c_strlen(c_last_error()) > 0) errmsg = text_of(c_last_error())
    end if
  end subroutine columns_step

  ! Take the cost of a first step now; state and bits stay as they are.
  subroutine columns_warmup(self, stat, errmsg)
    class(calcisol_columns), intent(inout) :: self
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(out), optional :: errmsg
    stat = c_warmup(self%handle)
    if (present(errmsg)) errmsg = text_of(c_last_error())
  end subroutine columns_warmup

  ! CUDA stream of the calls on these columns: acc_get_cuda_stream (OpenACC), or transfer of a CUDA Fortran stream.
  subroutine columns_set_stream(self, stream, stat, errmsg)
    class(calcisol_columns), intent(inout) :: self
    type(c_ptr), intent(in) :: stream
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(out), optional :: errmsg
    stat = c_set_stream(self%handle, stream)
    if (present(errmsg)) errmsg = text_of(c_last_error())
  end subroutine columns_set_stream

  ! Wait until everything queued by these columns is done.
  subroutine columns_synchronize(self, stat, errmsg)
    class(calcisol_columns), intent(inout) :: self
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(out), optional :: errmsg
    stat = c_synchronize(self%handle)
    if (present(errmsg)) errmsg = text_of(c_last_error())
  end subroutine columns_synchronize

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

  ! Layers of the state: the pieces where layers are split, else nlay.
  pure function columns_state_layers(self) result(layers)
    class(calcisol_columns), intent(in) :: self
    integer :: layers
    layers = int(self%layers)
  end function columns_state_layers

  ! One slot of the state (calcisol_state_...), (ncol,state_layers()), bit for bit; -9999 in columns without a state yet.
  subroutine columns_get_state(self, slot, values, stat, errmsg)
    class(calcisol_columns), intent(in) :: self
    integer(c_int32_t), intent(in) :: slot
    real(c_double), intent(inout), target :: values(:, :)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(out), optional :: errmsg
    type(view_t) :: view
    call state_view(self, values, self%layers, view, stat)
    if (present(errmsg)) errmsg = 'the array for the state has another shape than the columns; its shape is (ncol,state_layers())'
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
    call state_view(self, values, self%layers, view, stat)
    if (present(errmsg)) errmsg = 'the array for the state has another shape than the columns; its shape is (ncol,state_layers())'
    if (stat /= calcisol_ok) return
    stat = c_state_set(self%handle, state_row(slot), view)
    if (present(errmsg)) errmsg = text_of(c_last_error())
  end subroutine columns_set_state

  ! The same from values of the host's layers (ncol,nlay): amounts are shared out by thickness, the rest is repeated.
  subroutine columns_spread_state(self, slot, values, stat, errmsg)
    class(calcisol_columns), intent(inout) :: self
    integer(c_int32_t), intent(in) :: slot
    real(c_double), intent(in), target :: values(:, :)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(out), optional :: errmsg
    type(view_t) :: view
    call state_view(self, values, self%nlay, view, stat)
    if (present(errmsg)) errmsg = 'the array for the state has another shape than the columns; its shape is (ncol,nlay)'
    if (stat /= calcisol_ok) return
    stat = c_state_spread(self%handle, state_row(slot), view)
    if (present(errmsg)) errmsg = text_of(c_last_error())
  end subroutine columns_spread_state

  ! Free the columns. Freeing twice is fine.
  subroutine columns_free(self)
    class(calcisol_columns), intent(inout) :: self
    if (c_associated(self%handle)) call c_columns_free(self%handle)
    self%ncol = 0
    self%nlay = 0
    self%layers = 0
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
  subroutine state_view(self, values, layers, view, stat)
    class(calcisol_columns), intent(in) :: self
    real(c_double), intent(in), target :: values(:, :)
    integer(c_int32_t), intent(in) :: layers
    type(view_t), intent(out) :: view
    integer(c_int32_t), intent(out) :: stat
    stat = calcisol_error_argument
    if (size(values, 1) /= self%ncol .or. (size(values, 2) /= layers .and. self%ncol > 0)) return
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

end module calcisol
