! Noah-MP in HRLDAS: one call in module_NoahMP_hrldas_driver.F after NoahmpDriverMain. Page: noahmp.md.
!
! What:    real(4) arrays in the order (i,k,j) to columns; respiration from the carbon balance; a restart in real(4) variables.
! Shapes:  (i,k,j) and (i,j) as NoahmpIO holds them; our column (j-1) ni + i. Water (XLAND = 2) is inactive.
! Units:   SMOIS, SH2O m3 m-3; TSLB K; ETRANI, QSEVA m s-1 x ratio; RUNSB kg m-2 per soil step; NEE gCO2, NPP gC m-2 s-1; P Pa.
! First:   fields of the first step are -9999: those columns wait, by themselves.
! Use:     call calcisol_noahmp_step(NoahmpIO%DZS, NoahmpIO%SMOIS, ...); ph(i,k,j), co2_adj(i,j) to the output list
module calcisol_noahmp
  use, intrinsic :: iso_c_binding, only: c_double, c_float, c_int32_t
  use calcisol_fit, only: fit, plus, is_missing, missing
  use calcisol_land, only: calcisol_land_soil
  implicit none
  private
  public :: calcisol_noahmp_start, calcisol_noahmp_step, calcisol_noahmp_get, calcisol_noahmp_set, calcisol_noahmp_soil

  real(c_double), parameter :: one = 1.0_c_double
  type(calcisol_land_soil), save, target :: calcisol_noahmp_soil

contains

  ! Noah-MP has no soil pH and no carbonate: ph (1) and caco3 [kg kg-1] (i,j) come from a survey.
  subroutine calcisol_noahmp_start(dzs, ph, caco3, stat, message)
    real(c_float), intent(in) :: dzs(:), ph(:, :), caco3(:, :)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(out) :: message
    integer :: n
    n = size(ph)
    call calcisol_noahmp_soil%start('calcisol.nml', n, size(dzs), spread(real(dzs, c_double), 1, n), stat, message, &
      caco3=spread(reshape(fit(caco3, one), [n]), 2, size(dzs)), ph0=spread(reshape(fit(ph, one), [n]), 2, size(dzs)))
  end subroutine calcisol_noahmp_start

  ! ph (i,k,j), co2_adj (i,j) [gC m-2 s-1, + to the air]: -9999 where off, water or not stepped. ratio = dt_soil / dt_main.
  subroutine calcisol_noahmp_step(dt, ratio, dzs, smois, sh2o, tslb, etrani, qseva, runsb, nee, npp, psfc, xland, ph, co2_adj, &
      stat, message)
    real(c_float), intent(in) :: dt, ratio, dzs(:), smois(:, :, :), sh2o(:, :, :), tslb(:, :, :), etrani(:, :, :), qseva(:, :), &
      runsb(:, :), nee(:, :), npp(:, :), psfc(:, :), xland(:, :)
    real(c_float), intent(out) :: ph(:, :, :), co2_adj(:, :)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(out) :: message
    real(c_double), parameter :: water = 1000.0_c_double, gram = 1.0e-3_c_double, c_per_co2 = 12.011_c_double/44.009_c_double
    real(c_double) :: thick(size(xland), size(dzs)), respiration(size(xland))
    logical :: without(size(xland))
    stat = 0
    message = ''
    ph = real(missing, c_float)
    co2_adj = real(missing, c_float)
    associate (soil => calcisol_noahmp_soil)
      if (.not. soil%on) return
      thick = spread(water*real(dzs, c_double), 1, size(xland))
      soil%active = merge(one, 0.0_c_double, reshape(xland, [soil%ncol]) < 1.5_c_float)
      soil%w_liq = fit(columns(sh2o), thick)
      soil%w_ice = max(plus(fit(columns(smois), thick), -soil%w_liq), 0.0_c_double)
      soil%t_soil = fit(columns(tslb), one)
      soil%w_sink = fit(columns(etrani), water/real(ratio, c_double))
      soil%w_sink(:, 1) = plus(soil%w_sink(:, 1), fit(reshape(qseva, [soil%ncol]), water/real(ratio, c_double)))
      soil%q_bot = fit(reshape(runsb, [soil%ncol]), one/real(dt, c_double))
      respiration = plus(fit(reshape(nee, [soil%ncol]), gram*c_per_co2), fit(reshape(npp, [soil%ncol]), gram))
      soil%co2_src_total = merge(respiration, max(respiration, 0.0_c_double), is_missing(respiration))
      soil%p_surf = fit(reshape(psfc, [soil%ncol]), one)
      call soil%step(real(dt, c_double), stat, message)
      if (stat /= 0) return
      without = is_missing(soil%ph_top)
      ph = reshape(real(merge(missing, soil%ph, spread(without, 2, size(dzs))), c_float), shape(ph), order=[1, 3, 2])
      co2_adj = reshape(real(merge(missing, soil%co2_adj/gram, without), c_float), shape(xland))
    end associate
  end subroutine calcisol_noahmp_step

  ! (i,k,j) to our (ncol,nlay)
  pure function columns(field) result(rows)
    real(c_float), intent(in) :: field(:, :, :)
    real(c_float) :: rows(size(field, 1)*size(field, 3), size(field, 2))
    rows = reshape(reshape(field, [size(field, 1), size(field, 3), size(field, 2)], order=[1, 3, 2]), shape(rows))
  end function columns

  ! Slot of the state as three real(4) variables (i,k,j) whose sum is the real(8) value, bit for bit: HRLDAS restarts are real(4).
  subroutine calcisol_noahmp_get(slot, part, stat)
    integer, intent(in) :: slot
    real(c_float), intent(out) :: part(:, :, :, :) ! (i,k,j,3)
    integer(c_int32_t), intent(out) :: stat
    real(c_double) :: values(size(part, 1)*size(part, 3), size(part, 2)), rest(size(part, 1), size(part, 2), size(part, 3))
    integer :: p
    call calcisol_noahmp_soil%get_slot(slot, values, stat)
    rest = reshape(values, shape(rest), order=[1, 3, 2])
    do p = 1, 3
      part(:, :, :, p) = real(rest, c_float)
      rest = rest - real(part(:, :, :, p), c_double)
    end do
  end subroutine calcisol_noahmp_get

  subroutine calcisol_noahmp_set(slot, part, stat)
    integer, intent(in) :: slot
    real(c_float), intent(in) :: part(:, :, :, :)
    integer(c_int32_t), intent(out) :: stat
    real(c_double) :: whole(size(part, 1)*size(part, 3), size(part, 2))
    whole = real(columns(part(:, :, :, 1)), c_double) + (real(columns(part(:, :, :, 2)), c_double) + &
      real(columns(part(:, :, :, 3)), c_double))
    call calcisol_noahmp_soil%set_slot(slot, whole, stat)
  end subroutine calcisol_noahmp_set

end module calcisol_noahmp
