! What a host writes down of its soil columns: restart variables by name, the log line, which bundle it was.
!
! What:    restart variable i = 1 to n_variables: the state (calcisol_n_state slots, each in as many sheets as calcisol_pieces
!          says); a fingerprint of the soil map it was made with; where calls are gathered to a step, what has been gathered
!          so far. All float64 (ncol,nlay), bit for bit.
! Missing: -9999 where a column has no state; so are NaN and a host's own fill (999999, |x| >= 1e19) on the way in.
! Errors:  stat = 0 is fine; a restart of another soil map is calcisol_error_state. Nothing stops or prints.
! Use:     do i = 1, soil%n_variables(); call soil%get(i, values, stat, message) ... soil%variable_name(i), units(i), long_name(i)
module calcisol_record
  use, intrinsic :: iso_c_binding, only: c_double, c_int32_t, c_int64_t
  use calcisol
  use calcisol_exchange, only: n_layered_sums
  use calcisol_fit, only: fit, is_missing
  use calcisol_names, only: calcisol_named_t, n_kept, n_sums, state_id
  use calcisol_water, only: calcisol_water_budget
  implicit none
  private
  public :: calcisol_recorder

  type, extends(calcisol_named_t) :: calcisol_recorder
    character(len=:), allocatable :: identity ! of the bundle: name, version and hash, for log and output
    type(calcisol_water_budget) :: water ! of the host's soil, where the adapter checks it
    real(c_double), allocatable, private :: map(:) ! (ncol) fingerprint of the soil properties of a column
  contains
    procedure :: know_bundle => record_know_bundle
    procedure :: know_map => record_know_map
    procedure :: n_variables => record_n_variables
    procedure :: get => record_get
    procedure :: set => record_set
    procedure :: line => record_line
    procedure :: log_is_due => record_log_is_due
  end type calcisol_recorder

contains

  ! Text for log and output out of the contract of the bundle (JSON).
  subroutine record_know_bundle(self, contract)
    class(calcisol_recorder), intent(inout) :: self
    character(len=*), intent(in) :: contract
    character(len=:), allocatable :: hash
    hash = entry_of(contract, 'records_sha256')
    self%identity = entry_of(contract, 'name')//' '//entry_of(contract, 'bundle_version')//', sha256 '//hash(:min(12, len(hash)))
  end subroutine record_know_bundle

  pure function entry_of(contract, key) result(text)
    character(len=*), intent(in) :: contract, key
    character(len=:), allocatable :: text
    integer :: first, length
    text = ''
    first = index(contract, '"'//key//'": "')
    if (first == 0) return
    first = first + len(key) + 5
    length = index(contract(first:), '"') - 1
    if (length > 0) text = contract(first:first + length - 1)
  end function entry_of

  ! The soil properties of each column, (ncol,nlay) each, and how layers are split, as one number: another map gives another.
  subroutine record_know_map(self, properties)
    class(calcisol_recorder), intent(inout) :: self
    real(c_double), intent(in) :: properties(:, :, :) ! (ncol,nlay,property)
    integer(c_int64_t), parameter :: prime = 2147483647_c_int64_t, step = 16807_c_int64_t
    integer(c_int64_t) :: hash, bits
    integer :: i, l, k, half
    if (.not. self%on) return
    if (.not. allocated(self%map)) allocate (self%map(self%ncol))
    do i = 1, self%ncol
      hash = 1
      do k = 1, size(properties, 3)
        do l = 1, size(properties, 2)
          bits = transfer(properties(i, l, k), bits)
          do half = 0, 1
            hash = mod(hash*step + ibits(bits, 32*half, 32), prime)
          end do
        end do
      end do
      do l = 1, merge(self%nlay, 0, self%pieces%sheets > 1)
        hash = mod(hash*step + self%pieces%of_layer(l), prime)
      end do
      self%map(i) = real(hash, c_double)
    end do
  end subroutine record_know_map

  ! ---------------------------------------------------------------------------------------------------- restart
  ! The same number on all processes at all times, whatever columns they have and however far they have gathered: hosts write
  ! together. Without gathering one more is asked for before the first step: whether another step was being gathered.
  function record_n_variables(self) result(n)
    class(calcisol_recorder), intent(in) :: self
    integer :: n, k
    n = 0
    if (.not. self%on) return
    n = self%map_variable()
    if (self%switch%step > 0.0_c_double) n = n + n_kept + count([(self%gives_sum(k) .or. .not. self%only_given, k=1, n_sums)])
    if (self%switch%step <= 0.0_c_double .and. self%steps == 0) n = n + 1
  end function record_n_variables

  ! Restart variable i, float64 (ncol,nlay).
  subroutine record_get(self, i, values, stat, message)
    class(calcisol_recorder), intent(inout) :: self
    integer, intent(in) :: i
    real(c_double), intent(inout) :: values(:, :)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    integer :: slot, sheet
    call check(self, i, shape(values), stat, message)
    if (stat /= calcisol_ok) return
    call self%slot_of(i, slot, sheet)
    if (slot > 0) then
      call self%pieces%sheet(self%columns, state_id(slot), sheet, values, stat, message)
    else if (i == self%map_variable()) then
      values = spread(self%map, 2, self%nlay)
    else
      call gathered(self, i - self%map_variable(), values, put=.false.)
    end if
  end subroutine record_get

  ! Set restart variable i. Set all, in their order: with the last of the state pH is there at once.
  subroutine record_set(self, i, values, stat, message)
    class(calcisol_recorder), intent(inout) :: self
    integer, intent(in) :: i
    real(c_double), intent(in) :: values(:, :)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    real(c_double) :: copy(size(values, 1), size(values, 2))
    integer :: slot, sheet
    call check(self, i, shape(values), stat, message)
    if (stat /= calcisol_ok) return
    call self%slot_of(i, slot, sheet)
    if (slot > 0) then
      call self%pieces%put_sheet(self%columns, state_id(slot), sheet, values, stat, message)
      if (stat /= calcisol_ok .or. i + 1 < self%map_variable()) return
      call self%take_stock()
      call self%pieces%mean(self%columns, calcisol_state_ph, self%ph, stat, message)
      if (stat == calcisol_ok) call self%read_ph(stat, message)
    else if (i == self%map_variable()) then
      call same_map(self, values, stat, message)
    else if (self%switch%step <= 0.0_c_double) then
      if (all(fit(values, 1.0_c_double) <= 0.0_c_double)) return
      stat = calcisol_error_state
      message = 'the restart was written within a step that was still being gathered; go on with the step it was written '// &
        'with, and choose another at the end of one'
    else
      copy = values
      call gathered(self, i - self%map_variable(), copy, put=.true.)
    end if
  end subroutine record_set

  subroutine check(self, i, extent, stat, message)
    class(calcisol_recorder), intent(in) :: self
    integer, intent(in) :: i, extent(2)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    character(len=120) :: text
    stat = calcisol_ok
    if (allocated(message)) message = ''
    if (self%on .and. i >= 1 .and. i <= self%n_variables() .and. all(extent == [self%ncol, self%nlay])) return
    stat = calcisol_error_argument
    write (text, '(5(a,i0))') 'restart variable ', i, ' of ', self%n_variables(), ' has the shape (ncol,nlay) = (', self%ncol, &
      ',', self%nlay, ')'
    message = trim(text)
    if (.not. self%on) message = 'calcisol is off: there is no restart variable to read or write'
  end subroutine check

  ! The state is that of another soil where the fingerprints differ; a column without a state begins anew, whatever the map.
  subroutine same_map(self, values, stat, message)
    class(calcisol_recorder), intent(in) :: self
    real(c_double), intent(in) :: values(:, :)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    character(len=200) :: text
    integer :: i, n
    n = 0
    do i = 1, self%ncol
      if (self%stock(i, 1) < 0.0_c_double) cycle
      if (.not. is_missing(values(i, 1))) then
        if (abs(values(i, 1) - self%map(i)) < 0.5_c_double) cycle
      end if
      n = n + 1
    end do
    stat = merge(calcisol_ok, calcisol_error_state, n == 0)
    if (n == 0) return
    write (text, '(2(a,i0),a)') 'the restart was made with another soil map (layers, carbonate, pH, clay ...) in ', n, ' of ', &
      self%ncol, ' columns, or with another thickest_layer; give those it was made with, or start without these variables'
    message = trim(text)
  end subroutine same_map

  ! Number k of what is gathered: the time, the carbon flux of the last step (in the first layer), sums in layers and per column.
  subroutine gathered(self, k, values, put)
    class(calcisol_recorder), intent(inout) :: self
    integer, intent(in) :: k
    real(c_double), intent(inout) :: values(:, :)
    logical, intent(in) :: put
    integer :: number, column
    number = self%sum_of_variable(k + self%map_variable())
    column = number - n_layered_sums
    if (put .and. k > n_kept .and. self%elapsed <= 0.0_c_double) return ! nothing gathered, or not in the file
    if (k == 1) then
      if (put) self%elapsed = max(maxval(fit(values(:, 1), 1.0_c_double)), 0.0_c_double)
      if (.not. put) values = self%elapsed
    else if (k == n_kept) then
      if (put) self%co2_adj = values(:, 1)
      if (.not. put) values = spread(self%co2_adj, 2, self%nlay)
    else if (column <= 0) then
      if (put) self%layered_sum(:, :, number) = values
      if (.not. put) values = self%layered_sum(:, :, number)
    else
      if (put) self%single_sum(:, column) = values(:, 1)
      if (.not. put) values = spread(self%single_sum(:, column), 2, self%nlay)
    end if
  end subroutine gathered

  ! ---------------------------------------------------------------------------------------------------- log
  function record_log_is_due(self) result(due)
    class(calcisol_recorder), intent(in) :: self
    logical :: due
    due = self%on .and. self%just_stepped .and. mod(self%steps, max(self%switch%log_every, 1)) == 0
  end function record_log_is_due

  ! One line for the host's log, made when it is asked for: formatting costs as much as half a column's step.
  function record_line(self) result(line)
    class(calcisol_recorder), intent(in) :: self
    character(len=:), allocatable :: line
    character(len=240) :: text
    line = 'calcisol off'
    if (.not. self%on) return
    write (text, '(a,i0,3(a,es8.1),5(a,i0))') 'calcisol step ', self%steps, ' residual C', self%last(1), ' Ca', self%last(2), &
      ' N', self%last(3), ' stepped ', self%report%columns_stepped, ' waiting ', self%waiting(), ' invalid ', &
      self%report%columns_invalid, ' clipped so far ', self%clipped, ' fallback cells ', self%report%cells_fallback
    line = trim(text)//self%water%text()
    if (self%steps <= max(self%switch%log_every, 1)) line = line//' ('//self%identity//')'
  end function record_line

end module calcisol_record
