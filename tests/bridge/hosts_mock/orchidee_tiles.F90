! Tiles of ORCHIDEE as columns of their own: alike they are the mean; ground that moves takes its state along; restarts.
program orchidee_tiles
  use, intrinsic :: iso_c_binding, only: c_int32_t
  use defprec, only: r_std
  use calcisol, only: calcisol_n_state, calcisol_role
  use calcisol_orchidee
  use calcisol_tiles, only: tile_suffix
  use ioipsl_para, only: kept, n_kept, most, widest
  use mod_orchidee_para_var, only: index_g, iim_g, nbp_glo
  use sweep_tools
  implicit none
  integer, parameter :: n = 2, nslm = 11, nstm = 3, nvm = 4, iroot = 6
  real(r_std), parameter :: veget(4) = [0.2_r_std, 0.2_r_std, 0.3_r_std, 0.3_r_std], day = 86400.0_r_std
  real(r_std), allocatable :: dlh(:), dnh(:), mc(:, :, :), t(:, :), sink(:, :, :), tile(:, :), drain(:, :), ae(:, :), resp(:, :), &
    root(:, :, :), veget_max(:, :), clay(:), zero(:), bare(:, :), rain(:, :), waiting(:, :)
  real(r_std) :: watered = 0.0_r_std
  integer :: irrigated = 0, tile_of(nvm) = [1, 3, 2, 1]
  logical :: leaking = .false.
  type(calcisol_orchidee_soil) :: mean, tiles, again
  character(len=:), allocatable :: message
  integer(c_int32_t) :: stat
  character(len=512) :: bundle
  integer :: step, lines

  call get_command_argument(1, bundle)
  iim_g = n
  nbp_glo = n
  index_g = [1, 2]
  allocate (kept(n, widest, most), source=999999.0_r_std)
  call make_arrays()

  ! alike, they are the mean of the point
  call begin(mean, .false., 0.0_r_std)
  call begin(tiles, .true., 0.0_r_std)
  call must(tiles%ncol == n*nstm .and. mean%ncol == n, 'columns')
  do step = 1, 48
    call advance(mean)
    call advance(tiles)
  end do
  call must(maxval(abs(mean%profile('ph') - tiles%profile('ph'))) < 1.0e-9_r_std, 'alike, tiles have the pH of the mean')
  call must(maxval(abs(mean%profile('sic') - tiles%profile('sic'))) < 1.0e-9_r_std, 'and its carbonate')
  call must(maxval(abs(mean%co2_to_air - tiles%co2_to_air)) < 1.0e-9_r_std*maxval(abs(mean%co2_to_air)), 'and its flux')
  call mean%finish()

  ! unlike, they part; what evaporates is shared out as ae_ns says
  mc(:, :, 2) = 0.35_r_std
  rain(:, 2) = rain(:, 2) + 50.0_r_std*sum(dlh) ! which infiltrates at once
  resp(:, 3) = 10.0_r_std*resp(:, 3) ! the PFT of the second tile
  do step = 1, 96
    call advance(tiles)
    if (step == 1) rain(:, 2) = rain(:, 2) - 50.0_r_std*sum(dlh)
  end do
  call must(all(tiles%profile('pco2', 2) > tiles%profile('pco2', 1)), 'a tile that respires more has more carbon dioxide')
  call must(maxval(tiles%worst) < 1.0e-10_r_std, 'budgets: '//tiles%line())

  leaking = .true.
  tile_of(2) = 4
  call advance(tiles)
  call must(stat /= 0 .and. index(message, 'pref_soil_veg') > 0, 'a PFT on a tile that there is not: '//message)
  tile_of(2) = 3
  leaking = .false.

  call restarts()
  call move_ground(0.0_r_std)
  call tiles%finish()
  call begin(tiles, .true., day)
  lines = 0
  do step = 1, 60 ! the ground moves at six of the second day
    call advance(tiles)
    if (tiles%log_is_due()) lines = lines + 1
  end do
  call must(lines == 1, 'a line of the log for each step, not for each call that is gathered')
  call move_ground(day)
  call partly()
  call tiles%finish()
  call leaks(.false.)
  call leaks(.true.)
  call begin(again, .true., day, 'OK_NUDGE_MC = y')
  call must(stat /= 0 .and. index(message, 'OK_NUDGE_MC') > 0 .and. .not. again%on, 'water past the fluxes: '//message)
  call must(tile_suffix(9) == '_9' .and. tile_suffix(10) == '_10' .and. tile_suffix(128) == '_128', 'names of many tiles')
  print '(i0,a,i0,a)', calls, ' calls, ', wrong, ' wrong'
  if (wrong > 0) stop 1

contains

  subroutine make_arrays()
    integer :: l
    allocate (dlh(nslm), dnh(nslm))
    do l = 1, nslm
      dnh(l) = merge(0.0_r_std, 2.0_r_std**(l - 2)*0.00195_r_std, l == 1)
    end do
    dlh = 0.5_r_std*(dnh + [dnh(2:), 0.0_r_std])
    allocate (mc(n, nslm, nstm), source=0.3_r_std)
    allocate (t(n, nslm), source=285.0_r_std)
    allocate (sink(n, nslm, nstm), source=1.0e-3_r_std)
    allocate (drain(n, nstm), ae(n, nstm), source=0.02_r_std)
    tile = spread([0.5_r_std, 0.3_r_std, 0.2_r_std], 1, n)
    veget_max = spread(veget, 1, n)
    allocate (resp(n, nvm), source=0.05_r_std)
    allocate (root(n, nvm, 8), source=0.0_r_std)
    allocate (clay(n), source=0.2_r_std)
    allocate (zero(n), source=0.0_r_std)
    allocate (bare(n, nstm), source=0.5_r_std)
    allocate (waiting(n, nstm), source=0.0_r_std)
    rain = drain + ae + sum(sink, 2) ! a soil at rest
  end subroutine make_arrays

  subroutine begin(soil, by_tile, seconds, more)
    type(calcisol_orchidee_soil), intent(inout) :: soil
    logical, intent(in) :: by_tile
    real(r_std), intent(in) :: seconds
    character(len=*), intent(in), optional :: more
    integer :: unit
    open (newunit=unit, file='run.def', action='write')
    write (unit, '(a)') 'CALCISOL_BUNDLE = '//trim(bundle), 'CALCISOL_PH = 6.5', 'CALCISOL_CACO3 = 0.01', &
      'CALCISOL_CHECK_EVERY = 1', 'CALCISOL_LOG_EVERY = 1', &
      'CALCISOL_TILE_COLUMNS = 8', 'CALCISOL_CEC = 0.11', 'CALCISOL_CEC_VARIABLE = 0.9', &
      'CALCISOL_TILES = '//merge('y', 'n', by_tile)
    write (unit, '(a,f0.1)') 'CALCISOL_STEP = ', seconds
    if (present(more)) write (unit, '(a)') more
    close (unit)
    call soil%start(0, 1, dlh, clay, stat, message, soiltile=tile)
  end subroutine begin

  ! The mean of the tiles' arrays is what the host gives of the point.
  subroutine advance(soil)
    type(calcisol_orchidee_soil), intent(inout) :: soil
    real(r_std) :: mc_mean(n, nslm)
    integer :: i
    do i = 1, n
      mc_mean(i, :) = matmul(mc(i, :, :), tile(i, :))
    end do
    call soil%step(1800.0_r_std, dnh, mc_mean, mc_mean, t, sink, tile, sum(ae*tile, 2), sum(drain*tile, 2), resp, root, iroot, &
      veget_max, zero + 1000.0_r_std, zero + 400.0_r_std, stat, message, tile_mc=mc, tile_mcl=mc, tile_drainage=drain, &
      tile_evap=ae*bare, tile_bare=bare, tile_of=tile_of, tile_rain=rain, tile_runoff=0.0_r_std*rain, &
      tile_waiting=waiting, irrigation=zero + watered, irrigated=irrigated)
    call must(stat == 0 .or. leaking, 'a step: '//message)
  end subroutine advance

  ! Every slot of the state times the fractions, summed over the tiles of each point.
  function held(soil) result(amount)
    type(calcisol_orchidee_soil), intent(inout) :: soil
    real(r_std) :: amount(n, calcisol_n_state), slot(soil%ncol, soil%nlay)
    integer :: k, i, m
    amount = 0.0_r_std
    do k = 1, calcisol_n_state
      call soil%columns%get_state(5_c_int32_t*calcisol_role + int(k, c_int32_t), slot, stat)
      do m = 1, nstm
        do i = 1, n
          amount(i, k) = amount(i, k) + max(soil%tiles%fraction(i, m), 0.0_r_std)*sum(slot((m - 1)*n + i, :))
        end do
      end do
    end do
  end function held

  ! What the soil of a point holds stays; a tile that ends keeps nothing that counts, one that begins is like those it came from.
  subroutine move_ground(seconds)
    real(r_std), intent(in) :: seconds
    real(r_std) :: before(n, calcisol_n_state), after(n, calcisol_n_state), gathered
    integer :: i
    gathered = tiles%elapsed
    call must((gathered > 0.0_r_std) .eqv. (seconds > 0.0_r_std), 'calls gathered')
    do i = 1, 3
      select case (i)
      case (1)
        tile = spread([0.3_r_std, 0.6_r_std, 0.1_r_std], 1, n)
      case (2)
        tile = spread([0.4_r_std, 0.6_r_std, 0.0_r_std], 1, n)
      case (3)
        tile = spread([0.4_r_std, 0.2_r_std, 0.4_r_std], 1, n)
      end select
      call tiles%flush(stat, message)
      before = held(tiles)
      call tiles%move_ground(tile, stat, message)
      after = held(tiles)
      call must(all(abs(after - before) <= 1.0e-13_r_std*abs(before)), 'what a point holds moves with its ground')
      call must(tiles%elapsed <= 0.0_r_std, 'what was gathered was stepped before')
      do step = 1, 48
        call advance(tiles)
      end do
      call must(maxval(tiles%worst) < 1.0e-10_r_std, 'budgets after the ground moved: '//tiles%line())
      call must(tiles%report%columns_inactive == merge(n, 0, i == 2), 'a tile without ground is not stepped')
    end do
  end subroutine move_ground

  ! A point whose fractions no restart held leaves the ground of the other to move; the line of a step taken for that is due.
  subroutine partly()
    real(r_std) :: before(n, calcisol_n_state), after(n, calcisol_n_state)
    tiles%tiles%fraction(1, :) = -9999.0_r_std
    call advance(tiles)
    tile = spread([0.6_r_std, 0.3_r_std, 0.1_r_std], 1, n)
    tiles%tiles%fraction(1, :) = -9999.0_r_std
    lines = tiles%steps
    call tiles%flush(stat, message)
    before = held(tiles)
    call tiles%move_ground(tile, stat, message)
    after = held(tiles)
    call must(all(abs(after(2, :) - before(2, :)) <= 1.0e-13_r_std*abs(before(2, :))), 'the ground of the other point moves')
    call must(tiles%steps == lines + 1, 'a step before the ground moves')
    call advance(tiles)
    call must(tiles%log_is_due(), 'and its line is due')
    call advance(tiles)
    call must(.not. tiles%log_is_due(), 'once')
  end subroutine partly

  ! The water that the soil takes in is that which the host lets infiltrate, by tile as for the mean; what leaves another way is
  ! told once more than 10 mm are missed, which no check saw before.
  subroutine leaks(by_tile)
    logical, intent(in) :: by_tile
    real(r_std) :: base(n, nstm)
    integer :: k
    mc = 0.3_r_std
    tile = spread([0.5_r_std, 0.3_r_std, 0.2_r_std], 1, n)
    bare = spread([0.1_r_std, 0.5_r_std, 0.9_r_std], 1, n) ! ae_ns of each is multiplied by another
    ae = spread([0.0_r_std, 0.02_r_std, 0.05_r_std], 1, n)
    rain = drain + ae + sum(sink, 2)
    irrigated = 2
    watered = 0.003_r_std
    rain(:, 2) = rain(:, 2) - watered/0.3_r_std ! comes to its surface by irrigation
    base = rain
    call begin(again, by_tile, 0.0_r_std)
    call must(stat == 0, 'start: '//message)
    do k = 1, 48
      waiting = 0.1_r_std*mod(k, 2)
      rain = base + 0.1_r_std*merge(1, -1, mod(k, 2) == 1)
      call advance(again)
      if (k == 1) call must(index(again%line(), 'water not checked') > 0, 'nothing to compare with: '//again%line())
    end do
    call must(maxval(again%water%gap) < 1.0e-9_r_std .and. minval(again%water%into) > 1.0_r_std, 'it closes: '//again%line())
    call must(index(again%line(), 'water missed') > 0, 'and the log says so: '//again%line())
    rain = base
    tile = spread([0.4_r_std, 0.3_r_std, 0.3_r_std], 1, n) ! ground that moves is no leak
    if (by_tile) mc(:, :, 3) = 0.25_r_std
    call advance(again)
    rain(:, 2) = rain(:, 2) + (watered/0.3_r_std - watered/tile(:, 2))
    do k = 1, 4
      call advance(again)
    end do
    if (by_tile) call must(maxval(again%water%gap) < 1.0e-9_r_std, 'ground that moves: '//again%line())
    leaking = .true.
    drain(:, 3) = drain(:, 3) - 0.1_r_std
    do k = 1, 1000
      call advance(again)
      if (stat /= 0) exit
    end do
    call must(stat /= 0 .and. index(message, 'does not close') > 0 .and. index(message, 'OK_NUDGE_MC') > 0, 'a leak: '//message)
    if (by_tile) call must(k > 96 .and. k < 130 .and. index(message, 'column 5') > 0, 'in the third tile: '//message)
    leaking = .false.
    drain(:, 3) = drain(:, 3) + 0.1_r_std
    call again%finish()
  end subroutine leaks

  subroutine restarts()
    n_kept = 0
    call tiles%write_restart(0, 1, stat, message)
    call must(stat == 0, 'a restart: '//message)
    call begin(again, .true., 0.0_r_std)
    call must(stat == 0, 'start from a restart: '//message)
    call advance(tiles)
    call advance(again)
    call must(all(abs(tiles%profile('ph', 2) - again%profile('ph', 2)) <= 0.0_r_std), 'the same bits after a restart')
    call again%finish()
    call begin(again, .false., 0.0_r_std)
    call must(stat /= 0 .and. index(message, 'CALCISOL_TILES') > 0, 'a restart of tiles without CALCISOL_TILES: '//message)
    call again%finish()
    n_kept = 0
  end subroutine restarts

end program orchidee_tiles
