! The arrays an adapter fills and reads, linked to the library: forcing by name, results by name.
!
! What:    calcisol_exchange_t, one block of forcing and one of results for a set of columns; the named components point into
!          them. Where a step gathers several calls of the host, sums over them are kept beside, and their means take the
!          place of what was given last when the step is due.
! Shapes:  (ncol,nlay), layer 1 at the surface, or (ncol); SI, rates are means over the call, per m2 of soil.
! Errors:  make and release allocate and free everything there is; release twice is fine. Nothing stops or prints.
! Use:     through calcisol_land, whose type extends this one: soil%w_liq(i, l) = fit(wliq(i, l), 1.0_c_double)
module calcisol_exchange
  use, intrinsic :: iso_c_binding, only: c_double, c_int32_t
  use calcisol
  use calcisol_fit, only: fit, over, missing
  implicit none
  private
  public :: calcisol_exchange_t, n_layered_sums, n_single_sums

  ! Given in layers: first contents, taken as they stand at the end of a step, then a mean, then rates; per column likewise.
  integer(c_int32_t), parameter :: layered_id(11) = [calcisol_w_liq, calcisol_w_ice, calcisol_t_soil, calcisol_w_sink, &
    calcisol_q_lat, calcisol_co2_src, calcisol_n_nit, calcisol_n_min, calcisol_n_up_nh4, calcisol_n_up_no3, calcisol_n_den]
  integer(c_int32_t), parameter :: single_id(8) = [calcisol_active, calcisol_p_surf, calcisol_co2_atm, calcisol_q_bot, &
    calcisol_co2_src_total, calcisol_dep_nh4, calcisol_dep_no3, calcisol_lime]
  integer, parameter :: layered_contents = 2, layered_means = 3, single_contents = 1, single_means = 3 ! last of each kind
  integer, parameter :: layered_always = 4, single_always = 5 ! last of those that every host gives
  integer(c_int32_t), parameter :: profile_id(4) = [calcisol_out_ph, calcisol_out_sic, calcisol_out_dic, calcisol_out_pco2]
  integer(c_int32_t), parameter :: border_id(9) = [calcisol_out_ph_top, calcisol_out_co2_adj, calcisol_out_dic_leach, &
    calcisol_out_alk_leach, calcisol_out_ca_leach, calcisol_out_ca_sink, calcisol_out_no3_leach, calcisol_out_nh4_leach, &
    calcisol_out_n_sink]
  integer, parameter :: n_layered = size(layered_id), n_single = size(single_id)
  ! how many of them are summed over the calls of a step
  integer, parameter :: n_layered_sums = n_layered - layered_contents, n_single_sums = n_single ! the last is the active time

  type :: calcisol_exchange_t
    integer :: ncol = 0, nlay = 0
    ! forcing, at its default until the adapter fills it
    real(c_double), pointer, dimension(:, :) :: w_liq => null(), w_ice => null(), t_soil => null(), w_sink => null(), &
      q_lat => null(), co2_src => null(), n_nit => null(), n_min => null(), n_up_nh4 => null(), n_up_no3 => null(), &
      n_den => null()
    real(c_double), pointer, dimension(:) :: active => null(), q_bot => null(), co2_src_total => null(), p_surf => null(), &
      co2_atm => null(), dep_nh4 => null(), dep_no3 => null(), lime => null()
    ! results; NaN in an invalid column, of its last step in an inactive one (co2_adj: missing)
    real(c_double), pointer, dimension(:, :) :: ph => null(), sic => null(), dic => null(), pco2 => null()
    real(c_double), pointer, dimension(:) :: ph_top => null(), co2_adj => null(), dic_leach => null(), alk_leach => null(), &
      ca_leach => null(), ca_sink => null(), no3_leach => null(), nh4_leach => null(), n_sink => null()
    type(calcisol_arrays) :: io
    logical :: gives_layered(n_layered) = .false., gives_single(n_single) = .false.
    real(c_double), pointer, contiguous :: layered(:, :, :) => null(), single(:, :) => null() ! given: (ncol,nlay,11), (ncol,8)
    ! over the calls gathered so far
    real(c_double), pointer, contiguous :: layered_sum(:, :, :) => null(), single_sum(:, :) => null()
    real(c_double), pointer, private :: layered_out(:, :, :) => null(), single_out(:, :) => null()
  contains
    procedure :: make => exchange_make
    procedure :: give => exchange_give
    procedure :: release => exchange_release
    procedure :: gather => exchange_gather
    procedure :: average => exchange_average
    procedure :: gives_sum => exchange_gives_sum
  end type calcisol_exchange_t

contains

  ! gathered: calls are summed up before a step.
  subroutine exchange_make(self, ncol, nlay, gathered)
    class(calcisol_exchange_t), intent(inout) :: self
    integer, intent(in) :: ncol, nlay
    logical, intent(in) :: gathered
    real(c_double), parameter :: zero = 0.0_c_double
    self%ncol = ncol
    self%nlay = nlay
    allocate (self%layered(ncol, nlay, n_layered), self%single(ncol, n_single), source=zero)
    allocate (self%layered_out(ncol, nlay, size(profile_id)), self%single_out(ncol, size(border_id)), source=missing)
    if (gathered) allocate (self%layered_sum(ncol, nlay, n_layered_sums), self%single_sum(ncol, n_single_sums), source=zero)
    call name_arrays(self)
    self%w_liq = missing
    self%t_soil = missing
    self%q_bot = missing
    self%active = 1.0_c_double
    self%p_surf = 101325.0_c_double
    self%co2_atm = 4.2e-4_c_double
    call link_arrays(self)
  end subroutine exchange_make

  subroutine name_arrays(self)
    class(calcisol_exchange_t), intent(inout) :: self
    self%w_liq => self%layered(:, :, 1)
    self%w_ice => self%layered(:, :, 2)
    self%t_soil => self%layered(:, :, 3)
    self%w_sink => self%layered(:, :, 4)
    self%q_lat => self%layered(:, :, 5)
    self%co2_src => self%layered(:, :, 6)
    self%n_nit => self%layered(:, :, 7)
    self%n_min => self%layered(:, :, 8)
    self%n_up_nh4 => self%layered(:, :, 9)
    self%n_up_no3 => self%layered(:, :, 10)
    self%n_den => self%layered(:, :, 11)
    self%active => self%single(:, 1)
    self%p_surf => self%single(:, 2)
    self%co2_atm => self%single(:, 3)
    self%q_bot => self%single(:, 4)
    self%co2_src_total => self%single(:, 5)
    self%dep_nh4 => self%single(:, 6)
    self%dep_no3 => self%single(:, 7)
    self%lime => self%single(:, 8)
    self%ph => self%layered_out(:, :, 1)
    self%sic => self%layered_out(:, :, 2)
    self%dic => self%layered_out(:, :, 3)
    self%pco2 => self%layered_out(:, :, 4)
    self%ph_top => self%single_out(:, 1)
    self%co2_adj => self%single_out(:, 2)
    self%dic_leach => self%single_out(:, 3)
    self%alk_leach => self%single_out(:, 4)
    self%ca_leach => self%single_out(:, 5)
    self%ca_sink => self%single_out(:, 6)
    self%no3_leach => self%single_out(:, 7)
    self%nh4_leach => self%single_out(:, 8)
    self%n_sink => self%single_out(:, 9)
  end subroutine name_arrays

  subroutine link_arrays(self)
    class(calcisol_exchange_t), intent(inout) :: self
    integer :: k
    self%gives_layered = .false.
    self%gives_single = .false.
    call self%give([layered_id(:layered_always), single_id(:single_always)])
    do k = 1, size(profile_id)
      call self%io%link(profile_id(k), self%layered_out(:, :, k))
    end do
    do k = 1, size(border_id)
      call self%io%link(border_id(k), self%single_out(:, k))
    end do
  end subroutine link_arrays

  ! These variables are given from now on; naming one again changes nothing.
  subroutine exchange_give(self, ids)
    class(calcisol_exchange_t), intent(inout) :: self
    integer(c_int32_t), intent(in) :: ids(:)
    integer :: k
    if (.not. associated(self%layered)) return
    do k = 1, n_layered
      if (self%gives_layered(k) .or. .not. any(ids == layered_id(k))) cycle
      self%gives_layered(k) = .true.
      call self%io%link(layered_id(k), self%layered(:, :, k))
    end do
    do k = 1, n_single
      if (self%gives_single(k) .or. .not. any(ids == single_id(k))) cycle
      self%gives_single(k) = .true.
      call self%io%link(single_id(k), self%single(:, k))
    end do
  end subroutine exchange_give

  ! Add what was given for dt seconds to the columns that are active; a missing value leaves its column missing.
  subroutine exchange_gather(self, dt)
    class(calcisol_exchange_t), intent(inout) :: self
    real(c_double), intent(in) :: dt
    logical :: on(self%ncol)
    integer :: k
    on = self%single(:, 1) >= 0.5_c_double .or. self%single(:, 1) <= missing ! missing: the library will refuse it
    do k = layered_contents + 1, n_layered
      if (.not. self%gives_layered(k)) cycle
      call add(self%nlay, self%layered(:, :, k), self%layered_sum(:, :, k - layered_contents))
    end do
    do k = single_contents + 1, n_single
      if (self%gives_single(k)) call add(1, self%single(:, k:k), self%single_sum(:, k - single_contents:k - single_contents))
    end do
    where (on) self%single_sum(:, n_single_sums) = self%single_sum(:, n_single_sums) + dt

  contains

    subroutine add(n, given, sums)
      integer, intent(in) :: n
      real(c_double), intent(in) :: given(self%ncol, n)
      real(c_double), intent(inout) :: sums(self%ncol, n)
      integer :: i, l
      do l = 1, n
        do i = 1, self%ncol ! what the adapters give is a number or `missing`
          if (.not. on(i)) cycle
          if (given(i, l) <= missing .or. sums(i, l) <= missing) then
            sums(i, l) = missing
          else
            sums(i, l) = sums(i, l) + given(i, l)*dt
          end if
        end do
      end do
    end subroutine add

  end subroutine exchange_gather

  ! The means in the place of what was given last: of rates over all elapsed seconds, of temperature and air over those in
  ! which the column was active.
  subroutine exchange_average(self, elapsed)
    class(calcisol_exchange_t), intent(inout) :: self
    real(c_double), intent(in) :: elapsed
    real(c_double) :: all_of_it, active
    integer :: i, l, k
    all_of_it = 1.0_c_double/elapsed
    do i = 1, self%ncol
      active = over(1.0_c_double, self%single_sum(i, n_single_sums), 0.0_c_double)
      do k = 1, n_layered_sums
        if (.not. self%gives_layered(k + layered_contents)) cycle
        do l = 1, self%nlay
          self%layered(i, l, k + layered_contents) = fit(self%layered_sum(i, l, k), &
            merge(active, all_of_it, k + layered_contents <= layered_means))
        end do
      end do
      do k = 1, n_single_sums - 1
        if (.not. self%gives_single(k + single_contents)) cycle
        self%single(i, k + single_contents) = fit(self%single_sum(i, k), &
          merge(active, all_of_it, k + single_contents <= single_means))
      end do
    end do
    self%layered_sum = 0.0_c_double
    self%single_sum = 0.0_c_double
  end subroutine exchange_average

  ! Whether the host gives what sum k holds (layered ones first); the last is the active time.
  pure function exchange_gives_sum(self, k) result(given)
    class(calcisol_exchange_t), intent(in) :: self
    integer, intent(in) :: k
    logical :: given
    given = k == n_layered_sums + n_single_sums
    if (given) return
    if (k <= n_layered_sums) given = self%gives_layered(k + layered_contents)
    if (k > n_layered_sums) given = self%gives_single(k - n_layered_sums + single_contents)
  end function exchange_gives_sum

  ! Free all arrays; their names point nowhere after it.
  subroutine exchange_release(self)
    class(calcisol_exchange_t), intent(inout) :: self
    call self%io%unlink()
    if (associated(self%layered)) deallocate (self%layered, self%single, self%layered_out, self%single_out)
    if (associated(self%layered_sum)) deallocate (self%layered_sum, self%single_sum)
    self%ncol = 0
    self%nlay = 0
    nullify (self%w_liq, self%w_ice, self%t_soil, self%w_sink, self%q_lat, self%co2_src, self%n_nit, self%n_min, self%n_up_nh4, &
      self%n_up_no3, self%n_den, self%active, self%q_bot, self%co2_src_total, self%p_surf, self%co2_atm, self%dep_nh4, &
      self%dep_no3, self%lime, self%ph, self%sic, self%dic, self%pco2, self%ph_top, self%co2_adj, self%dic_leach, &
      self%alk_leach, self%ca_leach, self%ca_sink, self%no3_leach, self%nh4_leach, self%n_sink)
  end subroutine exchange_release

end module calcisol_exchange
