! The surface of CTSM's soil, for the check of its water: what passes it beside infiltration. Page: ctsm.md.
!
! What:    before_drainage and pass_surface take what CTSM holds of dew, frost, sublimation, snow, ponds; calcisol_ctsm compares.
! Shapes:  (begc:endc) of the clump, given as sections; columns outside the filter are not read.
! Units:   mm s-1, kg m-2.
! Errors:  stat = 0 is fine, else one sentence in message; an array that is not allocated or has another shape is one.
! Use:     call calcisol_clump(nc)%before_drainage(filter, h2osfc) ... call calcisol_clump(nc)%pass_surface(filter, dtime, ...)
module calcisol_ctsm_water
  use, intrinsic :: iso_c_binding, only: c_int32_t
  use shr_kind_mod, only: r8 => shr_kind_r8
  use calcisol, only: calcisol_error_argument
  use calcisol_ctsm_files, only: calcisol_ctsm_kept
  use calcisol_expect, only: expect, expect_step
  use calcisol_fit, only: fit, plus, sum_of, missing
  use calcisol_land, only: clear
  implicit none
  private
  public :: calcisol_ctsm_watched

  real(r8), parameter :: one = 1.0_r8, zero = 0.0_r8

  type, extends(calcisol_ctsm_kept) :: calcisol_ctsm_watched
  contains
    procedure :: before_drainage
    procedure :: pass_surface
    procedure :: forget_others
  end type calcisol_ctsm_watched

contains

  ! The water of a column outside the filter goes on without us: nothing to compare with when it comes back.
  subroutine forget_others(self, filter)
    class(calcisol_ctsm_watched), intent(inout) :: self
    integer, intent(in) :: filter(:)
    logical :: inside(self%ncol)
    integer :: k
    inside = .false.
    inside(filter - self%begc + 1) = .true.
    do k = 1, self%ncol
      if (.not. inside(k)) call self%water%forget(k)
    end do
  end subroutine forget_others

  ! Before HydrologyDrainage: h2osfc (ncol) [kg m-2]; what drainage adds to it has come up out of a full soil.
  subroutine before_drainage(self, filter, h2osfc)
    class(calcisol_ctsm_watched), intent(inout) :: self
    integer, intent(in) :: filter(:)
    real(r8), intent(in), optional :: h2osfc(:)
    integer :: i, k
    if (.not. self%on .or. .not. present(h2osfc)) return ! pass_surface says so
    do i = 1, size(filter)
      k = filter(i) - self%begc + 1
      if (k >= 1 .and. k <= min(self%ncol, size(h2osfc))) self%ponded(k) = fit(h2osfc(k), one)
    end do
  end subroutine before_drainage

  ! Before step: what passed the surface beside qflx_infl [mm s-1]: dew, frost and sublimation where no snow lies (snl = 0), the
  ! last of a snow pack and of a pond, ice and water that found no room. With it the water of the soil has to close.
  subroutine pass_surface(self, filter, dtime, snl, frac_h2osfc, liqdew, soliddew, solidevap, sl_top_soil, too_small, ice_xs, &
      h2osfc, stat, message)
    class(calcisol_ctsm_watched), intent(inout) :: self
    integer, intent(in) :: filter(:), snl(:)
    real(r8), intent(in) :: dtime
    real(r8), intent(in), optional :: frac_h2osfc(:), liqdew(:), soliddew(:), solidevap(:), sl_top_soil(:), too_small(:), &
      ice_xs(:), h2osfc(:)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    character(len=200) :: fault
    integer :: i, k
    real(r8) :: bare, risen
    stat = 0
    call clear(message)
    if (.not. self%on) return
    self%surface = missing
    self%told_surface = .true.
    fault = ''
    call expect_step(fault, 'dtime', dtime)
    call expect(fault, 'snl', [self%ncol], snl)
    call expect(fault, 'frac_h2osfc', [self%ncol], frac_h2osfc)
    call expect(fault, 'qflx_liqdew_to_top_layer', [self%ncol], liqdew)
    call expect(fault, 'qflx_soliddew_to_top_layer', [self%ncol], soliddew)
    call expect(fault, 'qflx_solidevap_from_top_layer', [self%ncol], solidevap)
    call expect(fault, 'qflx_sl_top_soil', [self%ncol], sl_top_soil)
    call expect(fault, 'qflx_too_small_h2osfc_to_soil', [self%ncol], too_small)
    call expect(fault, 'qflx_ice_runoff_xs', [self%ncol], ice_xs)
    call expect(fault, 'h2osfc', [self%ncol], h2osfc)
    stat = merge(0_c_int32_t, calcisol_error_argument, fault == '')
    message = trim(fault)
    if (stat /= 0) return
    do i = 1, size(filter)
      k = filter(i) - self%begc + 1
      if (k < 1 .or. k > self%ncol) cycle ! step says so
      bare = merge(plus(one, fit(frac_h2osfc(k), -one)), zero, snl(k) == 0)
      risen = fit(plus(fit(h2osfc(k), one), fit(self%ponded(k), -one)), one/dtime)
      self%surface(k) = sum_of([fit(liqdew(k), bare), fit(soliddew(k), bare), fit(solidevap(k), fit(bare, -one)), &
        fit(sl_top_soil(k), one), fit(too_small(k), one), fit(ice_xs(k), -one), fit(risen, -one)])
    end do
  end subroutine pass_surface

end module calcisol_ctsm_water
