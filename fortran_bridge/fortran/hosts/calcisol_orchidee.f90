! ORCHIDEE (2.2, v4): one call in sechiba_main after slowproc_main. Page: orchidee.md.
!
! What:    water at nodes to water in layers, thin layers joined; tiles and PFTs to the soil's mean; grams a step to kg a second.
! Shapes:  the host's: (kjpindex,nslm), (kjpindex,nslm,nstm), (kjpindex,nvm); grid-cell amounts become amounts per m2 of soil
!          by vegtot. One soil per OpenMP thread, as all of ORCHIDEE's module data.
! Units:   mc m3 m-3, rootsink kg m-2 dt-1 per tile, vevapnu and drainage kg m-2 dt-1, resp gC m-2 dt-1 per PFT, pb hPa, co2 ppm;
!          n gN m-2 dt-1 per PFT (v4): nitrification, mineralisation, uptake NH4, uptake NO3, denitrification, input.
! Use:     call calcisol_orchidee_step(...); ph_top to nitrogen_dynamics, co2_adj [gC m-2 dt-1] to the net carbon flux
module calcisol_orchidee
  use, intrinsic :: iso_c_binding, only: c_double, c_int32_t
  use calcisol_fit, only: fit, plus, total, is_missing
  use calcisol_land, only: calcisol_land_soil, molar_mass_n
  use calcisol_merge, only: calcisol_merged, calcisol_merged_of
  implicit none
  private
  public :: calcisol_orchidee_start, calcisol_orchidee_step, calcisol_orchidee_soil, calcisol_orchidee_layers

  type(calcisol_land_soil), save, target :: calcisol_orchidee_soil ! for restput/restget and history: see the page
  type(calcisol_merged), save :: calcisol_orchidee_layers ! 1, 3, 6, 12 mm ... of nslm make one; %back(values) gives nslm again
  !$omp threadprivate(calcisol_orchidee_soil, calcisol_orchidee_layers)

contains

  ! After the restart file is open. dlh: thickness [m]; ph: the host's own map (kjpindex), caco3 [kg kg-1], clay [1].
  subroutine calcisol_orchidee_start(dlh, ph, caco3, clay, stat, message)
    real(c_double), intent(in) :: dlh(:), ph(:), caco3(:, :), clay(:)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(out) :: message
    integer :: n
    calcisol_orchidee_layers = calcisol_merged_of(dlh, thinnest=0.02_c_double) ! m
    n = calcisol_orchidee_layers%nlay
    call calcisol_orchidee_soil%start('calcisol.nml', size(ph), n, spread(calcisol_orchidee_layers%dz, 1, size(ph)), stat, &
      message, caco3=calcisol_orchidee_layers%mean(caco3), ph0=spread(ph, 2, n), clay=spread(clay, 2, n))
  end subroutine calcisol_orchidee_start

  ! ph_top [kjpindex]: ours where feedback is on, else ph; co2_adj [gC m-2 dt-1] per grid cell, + to the air, 0 where off.
  subroutine calcisol_orchidee_step(dt_sechiba, dnh, mc, mcl, stempdiag, rootsink, soiltile, vevapnu, drainage, resp, veget_max, &
      pb, ccanopy, ph, ph_top, co2_adj, stat, message, n)
    real(c_double), intent(in) :: dt_sechiba, dnh(:), mc(:, :), mcl(:, :), stempdiag(:, :), rootsink(:, :, :), soiltile(:, :)
    real(c_double), intent(in) :: vevapnu(:), drainage(:), resp(:, :), veget_max(:, :), pb(:), ccanopy(:), ph(:)
    real(c_double), intent(out) :: ph_top(:), co2_adj(:)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(out) :: message
    real(c_double), intent(in), optional :: n(:, :, :) ! (kjpindex,nvm,6)
    real(c_double), parameter :: gram = 1.0e-3_c_double, ppm = 1.0e-6_c_double, hpa = 100.0_c_double, least = 1.0e-6_c_double
    real(c_double) :: per_soil(size(ph)), rate(size(ph), 6), sink(size(ph), size(dnh))
    integer :: l, q
    stat = 0
    message = ''
    ph_top = ph
    co2_adj = 0.0_c_double
    associate (soil => calcisol_orchidee_soil, layers => calcisol_orchidee_layers)
      if (.not. soil%on) return
      per_soil = 1.0_c_double/max(sum(veget_max, 2), least) ! grid cell to soil: ice and lakes hold no water
      soil%active = merge(1.0_c_double, 0.0_c_double, sum(veget_max, 2) > least)
      soil%w_liq = layers%amount(water(mcl, dnh, per_soil))
      soil%w_ice = layers%amount(water(max(mc - mcl, 0.0_c_double), dnh, per_soil))
      soil%t_soil = layers%mean(stempdiag)
      do l = 1, size(dnh)
        sink(:, l) = total(rootsink(:, l, :), soiltile, 1.0_c_double/dt_sechiba) ! soiltile is a share of the soil
      end do
      sink(:, 1) = plus(sink(:, 1), fit(vevapnu, per_soil/dt_sechiba))
      soil%w_sink = layers%amount(sink)
      soil%q_bot = fit(drainage, per_soil/dt_sechiba)
      soil%co2_src_total = fit(total(resp, veget_max, gram/dt_sechiba), per_soil)
      soil%p_surf = fit(pb, hpa)
      soil%co2_atm = fit(ccanopy, ppm)
      if (present(n)) then
        do q = 1, 6
          rate(:, q) = fit(total(n(:, :, q), veget_max, gram/dt_sechiba), per_soil)
        end do
        soil%n_nit = soil%share(rate(:, 1))
        soil%n_min = soil%share(rate(:, 2))
        soil%n_up_nh4 = soil%share(rate(:, 3))
        soil%n_up_no3 = soil%share(rate(:, 4))
        soil%n_den = soil%share(rate(:, 5))
        soil%dep_nh4 = fit(rate(:, 6), 1.0_c_double/molar_mass_n)
      end if
      call soil%step(dt_sechiba, stat, message)
      if (stat /= 0) return
      ph_top = soil%ph_top_or(ph)
      where (.not. is_missing(soil%co2_adj)) co2_adj = soil%co2_adj*dt_sechiba/(gram*per_soil)
    end associate
  end subroutine calcisol_orchidee_step

  ! Water of the layers [kg m-2 of soil] from contents at nodes; dnh [m]: distance to the node above, as in hydrol.
  pure function water(mc, dnh, per_soil)
    real(c_double), intent(in) :: mc(:, :), dnh(:), per_soil(:)
    real(c_double) :: water(size(mc, 1), size(mc, 2))
    integer :: l
    water = 0.0_c_double
    do l = 2, size(mc, 2)
      associate (eighth => 125.0_c_double*dnh(l)*per_soil) ! 1000 kg m-3 / 8
        water(:, l - 1) = plus(water(:, l - 1), plus(fit(mc(:, l - 1), 3.0_c_double*eighth), fit(mc(:, l), eighth)))
        water(:, l) = plus(water(:, l), plus(fit(mc(:, l), 3.0_c_double*eighth), fit(mc(:, l - 1), eighth)))
      end associate
    end do
  end function water

end module calcisol_orchidee
