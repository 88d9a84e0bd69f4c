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
  use calcisol_land, only: calcisol_land_soil, clear
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
    call calcisol_noahmp_soil%start('calcisol.nml', size(ph), size(dzs), spread(real(dzs, c_double), 1, size(ph)), &
      stat, message, caco3=spread(reshape(fit(caco3, one), [size(ph)]), 2, size(dzs)), &
      ph0=spread(reshape(fit(ph, one), [size(ph)]), 2, size(dzs)))
  end subroutine calcisol_noahmp_start

  ! ph (i,k,j), co2_adj (i,j) [gC m-2 s-1, + to the air]: -9999 where off, water or not stepped. ratio = dt_soil / dt_main.
  subroutine calcisol_noahmp_step(dt, ratio, dzs, smois, sh2o, tslb, etrani, qseva, runsb, nee, npp, psfc, xland, ph, co2_adj, &
      stat, message)
    real(c_float), intent(in) :: dt, ratio, dzs(:), smois(:, :, :), sh2o(:, :, :), tslb(:, :, :), etrani(:, :, :), qseva(:, :), &
      runsb(:, :), nee(:, :), npp(:, :), psfc(:, :), xland(:, :)
    real(c_float), intent(out) :: ph(:, :, :), co2_adj(:, :)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    real(c_double), parameter :: water = 1000.0_c_double, gram = 1.0e-3_c_double, c_per_co2 = 12.011_c_double/44.009_c_double
    integer :: i, j, l, c
    stat = 0
    call clear(message)
    ph = real(missing, c_float)
    co2_adj = real(missing, c_float)
    associate (soil => calcisol_noahmp_soil)
      if (.not. soil%on) return
      do c = 1, soil%ncol
        i = mod(c - 1, size(xland, 1)) + 1
        j = (c - 1)/size(xland, 1) + 1
        soil%active(c) = merge(one, 0.0_c_double, xland(i, j) < 1.5_c_float)
        do l = 1, soil%nlay
          soil%w_liq(c, l) = fit(sh2o(i, l, j), water*real(dzs(l), c_double))
          soil%w_ice(c, l) = max(plus(fit(smois(i, l, j), water*real(dzs(l), c_double)), -soil%w_liq(c, l)), 0.0_c_double)
          soil%t_soil(c, l) = fit(tslb(i, l, j), one)
          soil%w_sink(c, l) = fit(etrani(i, l, j), water/real(ratio, c_double))
        end do
        soil%w_sink(c, 1) = plus(soil%w_sink(c, 1), fit(qseva(i, j), water/real(ratio, c_double)))
        soil%q_bot(c) = fit(runsb(i, j), one/real(dt, c_double))
        soil%co2_src_total(c) = plus(fit(nee(i, j), gram*c_per_co2), fit(npp(i, j), gram)) ! respiration
        if (.not. is_missing(soil%co2_src_total(c))) soil%co2_src_total(c) = max(soil%co2_src_total(c), 0.0_c_double)
        soil%p_surf(c) = fit(psfc(i, j), one)
      end do
      call soil%step(real(dt, c_double), stat, message)
      if (stat /= 0) return
      do c = 1, soil%ncol
        i = mod(c - 1, size(xland, 1)) + 1
        j = (c - 1)/size(xland, 1) + 1
        if (is_missing(soil%ph_top(c))) cycle
        ph(i, :, j) = real(soil%ph(c, :), c_float)
        co2_adj(i, j) = real(soil%co2_adj(c)/gram, c_float)
      end do
    end associate
  end subroutine calcisol_noahmp_step

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
    real(c_double) :: whole(size(part, 1), size(part, 2), size(part, 3)) ! our columns are (i,j)
    whole = real(part(:, :, :, 1), c_double) + (real(part(:, :, :, 2), c_double) + real(part(:, :, :, 3), c_double))
    call calcisol_noahmp_soil%set_slot(slot, reshape(reshape(whole, [size(part, 1), size(part, 3), size(part, 2)], &
      order=[1, 3, 2]), [size(part, 1)*size(part, 3), size(part, 2)]), stat)
  end subroutine calcisol_noahmp_set

end module calcisol_noahmp
