! ORCHIDEE (2.2, v4): one call in sechiba_main after slowproc_main. Page: orchidee.md.
!
! What:    water at nodes to water in layers, thin layers joined; tiles and PFTs to the soil's mean; grams a step to kg a second.
! Shapes:  (kjpindex,nslm), (kjpindex,nslm,nstm), (kjpindex,nvm), grid cell to m2 of soil by vegtot; one soil per OpenMP thread.
! Units:   mc m3 m-3, rootsink kg m-2 dt-1 per tile, vevapnu and drainage kg m-2 dt-1, resp gC m-2 dt-1 per PFT, pb hPa, co2 ppm;
!          n gN m-2 dt-1 per PFT (v4): nitrification, mineralisation, uptake NH4, uptake NO3, denitrification, input.
! Use:     call calcisol_orchidee_step(...); ph_top to nitrogen_dynamics, co2_adj [gC m-2 dt-1] to the net carbon flux
module calcisol_orchidee
  use, intrinsic :: iso_c_binding, only: c_double, c_int32_t
  use calcisol_fit, only: fit, plus, total, is_missing
  use calcisol_land, only: calcisol_land_soil, molar_mass_n, clear
  use calcisol_merge, only: calcisol_merged, calcisol_merged_of
  use calcisol_nodes, only: water_of_layer
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
    real(c_double) :: joined(size(ph), size(dlh)) ! carbonate of our layers
    integer :: i, l, n
    calcisol_orchidee_layers = calcisol_merged_of(dlh, thinnest=0.02_c_double) ! m
    n = calcisol_orchidee_layers%nlay
    do l = 1, size(dlh)
      do i = 1, size(ph)
        call calcisol_orchidee_layers%add(l, fit(caco3(i, l), calcisol_orchidee_layers%share(l)), &
          joined(i, calcisol_orchidee_layers%layer(l)))
      end do
    end do
    call calcisol_orchidee_soil%start('calcisol.nml', size(ph), n, spread(calcisol_orchidee_layers%dz, 1, size(ph)), stat, &
      message, caco3=joined(:, :n), ph0=spread(ph, 2, n), clay=spread(clay, 2, n))
  end subroutine calcisol_orchidee_start

  ! ph_top [kjpindex]: ours where feedback is on, else ph; co2_adj [gC m-2 dt-1] per grid cell, + to the air, 0 where off.
  subroutine calcisol_orchidee_step(dt_sechiba, dnh, mc, mcl, stempdiag, rootsink, soiltile, vevapnu, drainage, resp, veget_max, &
      pb, ccanopy, ph, ph_top, co2_adj, stat, message, n)
    real(c_double), intent(in) :: dt_sechiba, dnh(:), mc(:, :), mcl(:, :), stempdiag(:, :), rootsink(:, :, :), soiltile(:, :)
    real(c_double), intent(in) :: vevapnu(:), drainage(:), resp(:, :), veget_max(:, :), pb(:), ccanopy(:), ph(:)
    real(c_double), intent(out) :: ph_top(:), co2_adj(:)
    integer(c_int32_t), intent(out) :: stat
    character(len=:), allocatable, intent(inout) :: message
    real(c_double), intent(in), optional :: n(:, :, :) ! (kjpindex,nvm,6)
    real(c_double), parameter :: gram = 1.0e-3_c_double, ppm = 1.0e-6_c_double, hpa = 100.0_c_double, least = 1.0e-6_c_double
    real(c_double) :: per_soil, sink, rate(6)
    integer :: i, k, l, q
    stat = 0
    call clear(message)
    ph_top = ph
    co2_adj = 0.0_c_double
    associate (soil => calcisol_orchidee_soil, layers => calcisol_orchidee_layers)
      if (.not. soil%on) return
      do i = 1, size(ph)
        per_soil = 1.0_c_double/max(sum(veget_max(i, :)), least) ! grid cell to soil: ice and lakes hold no water
        soil%active(i) = merge(1.0_c_double, 0.0_c_double, sum(veget_max(i, :)) > least)
        do l = 1, size(dnh)
          k = layers%layer(l)
          call layers%add(l, water_of_layer(l, dnh, per_soil, mcl(i, :)), soil%w_liq(i, k))
          call layers%add(l, water_of_layer(l, dnh, per_soil, mc(i, :), less=mcl(i, :)), soil%w_ice(i, k))
          call layers%add(l, fit(stempdiag(i, l), layers%share(l)), soil%t_soil(i, k))
          sink = total(rootsink(i, l, :), soiltile(i, :), 1.0_c_double/dt_sechiba) ! soiltile is a share of the soil
          if (l == 1) sink = plus(sink, fit(vevapnu(i), per_soil/dt_sechiba))
          call layers%add(l, sink, soil%w_sink(i, k))
        end do
        soil%q_bot(i) = fit(drainage(i), per_soil/dt_sechiba)
        soil%co2_src_total(i) = fit(total(resp(i, :), veget_max(i, :), gram/dt_sechiba), per_soil)
        soil%p_surf(i) = fit(pb(i), hpa)
        soil%co2_atm(i) = fit(ccanopy(i), ppm)
        if (.not. present(n)) cycle
        do q = 1, 6
          rate(q) = fit(total(n(i, :, q), veget_max(i, :), gram/dt_sechiba), per_soil)
        end do
        do l = 1, soil%nlay
          soil%n_nit(i, l) = fit(rate(1), soil%weight(i, l))
          soil%n_min(i, l) = fit(rate(2), soil%weight(i, l))
          soil%n_up_nh4(i, l) = fit(rate(3), soil%weight(i, l))
          soil%n_up_no3(i, l) = fit(rate(4), soil%weight(i, l))
          soil%n_den(i, l) = fit(rate(5), soil%weight(i, l))
        end do
        soil%dep_nh4(i) = fit(rate(6), 1.0_c_double/molar_mass_n)
      end do
      call soil%step(dt_sechiba, stat, message)
      if (stat /= 0) return
      do i = 1, size(ph)
        ph_top(i) = soil%ph_or(soil%ph_top(i), ph(i))
        per_soil = 1.0_c_double/max(sum(veget_max(i, :)), least)
        if (.not. is_missing(soil%co2_adj(i))) co2_adj(i) = soil%co2_adj(i)*dt_sechiba/(gram*per_soil)
      end do
    end associate
  end subroutine calcisol_orchidee_step

end module calcisol_orchidee
