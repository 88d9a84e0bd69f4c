! The arrays of calcisol_orchidee looked at before they are read: the first that is not there or has another shape.
module calcisol_orchidee_look
  use defprec, only: r_std
  use calcisol_expect, only: expect, expect_step, any_extent
  use calcisol_fit, only: is_missing
  implicit none
  private
  public :: look_at, look_at_more

contains

  ! points, levels: those the columns were made for.
  subroutine look_at(fault, points, levels, iroot, dt, dnh, mc, mcl, stempdiag, rootsink, soiltile, vevapnu, drainage, resp, &
      root, veget_max, pb, ccanopy)
    character(len=*), intent(inout) :: fault
    integer, intent(in) :: points, levels, iroot
    real(r_std), intent(in) :: dt, dnh(:)
    real(r_std), intent(in), optional :: mc(:, :), mcl(:, :), stempdiag(:, :), rootsink(:, :, :), soiltile(:, :), vevapnu(:), &
      drainage(:), resp(:, :), root(:, :, :), veget_max(:, :), pb(:), ccanopy(:)
    if (as_started()) return
    call expect_step(fault, 'dt_sechiba', dt)
    call expect(fault, 'dnh', [levels], dnh)
    call expect(fault, 'mc_layh', [points, levels], mc)
    call expect(fault, 'mcl_layh', [points, levels], mcl)
    call expect(fault, 'stempdiag', [points, levels], stempdiag)
    call expect(fault, 'rootsink', [points, levels, any_extent], rootsink)
    call expect(fault, 'soiltile', [points, any_extent], soiltile)
    call expect(fault, 'vevapnu', [points], vevapnu)
    call expect(fault, 'drainage', [points], drainage)
    call expect(fault, 'resp_hetero_radia', [points, any_extent], resp)
    call expect(fault, 'resp_maint_part_radia', [points, any_extent, any_extent], root)
    call expect(fault, 'veget_max', [points, any_extent], veget_max)
    call expect(fault, 'pb', [points], pb)
    call expect(fault, 'ccanopy', [points], ccanopy)
    if (fault == '') call expect(fault, 'soiltile', [points, size(rootsink, 3)], soiltile)
    if (fault == '') call expect(fault, 'resp_hetero_radia', [points, size(veget_max, 2)], resp)
    if (fault == '') call expect(fault, 'resp_maint_part_radia', [points, size(veget_max, 2), max(size(root, 3), iroot)], root)

  contains

    ! The usual case, in a few instructions: every array is there in its shape. The list again; the sweep tests both.
    function as_started() result(fine)
      logical :: fine
      fine = present(mc) .and. present(mcl) .and. present(stempdiag) .and. present(rootsink) .and. present(soiltile) .and. &
        present(vevapnu) .and. present(drainage) .and. present(resp) .and. present(root) .and. present(veget_max) .and. &
        present(pb) .and. present(ccanopy) .and. .not. is_missing(dt)
      if (.not. fine) return
      associate (p => points, l => levels)
        fine = dt > 0.0_r_std .and. size(dnh) == l .and. all(shape(mc) == [p, l]) .and. all(shape(mcl) == [p, l]) .and. &
          all(shape(stempdiag) == [p, l]) .and. all(shape(rootsink) == [p, l, size(soiltile, 2)]) .and. &
          size(soiltile, 1) == p .and. size(vevapnu) == p .and. size(drainage) == p .and. size(veget_max, 1) == p .and. &
          all(shape(resp) == shape(veget_max)) .and. all(shape(root) == [shape(veget_max), max(size(root, 3), iroot)]) .and. &
          size(pb) == p .and. size(ccanopy) == p
      end associate
    end function as_started

  end subroutine look_at

  ! What a host may give, and what CALCISOL_TILES needs.
  subroutine look_at_more(fault, extent, nvm, soiltile, n, lime, tile_mc, tile_mcl, tile_drainage, tile_evap, tile_bare, &
      tile_of, tile_rain, tile_runoff, tile_waiting, routed, irrigation)
    character(len=*), intent(inout) :: fault
    integer, intent(in) :: extent(3), nvm ! points, levels, tiles
    real(r_std), intent(in) :: soiltile(:, :)
    real(r_std), intent(in), optional :: n(:, :, :), lime(:), tile_mc(:, :, :), tile_mcl(:, :, :), tile_drainage(:, :), &
      tile_evap(:, :), tile_bare(:, :), tile_rain(:, :), tile_runoff(:, :), tile_waiting(:, :), routed(:), irrigation(:)
    integer, intent(in), optional :: tile_of(:)
    integer :: by_tile(2)
    if (present(n)) call expect(fault, 'n', [extent(1), nvm, 7], n)
    if (present(lime)) call expect(fault, 'lime', extent(:1), lime)
    by_tile = [extent(1), size(soiltile, 2)]
    if (present(tile_rain) .or. present(tile_runoff) .or. present(tile_waiting)) then
      call expect(fault, 'precisol_ns', by_tile, tile_rain)
      call expect(fault, 'ru_ns', by_tile, tile_runoff)
      call expect(fault, 'water2infilt', by_tile, tile_waiting)
    end if
    if (present(routed)) call expect(fault, 'returnflow + reinfiltration', extent(:1), routed)
    if (present(irrigation)) call expect(fault, 'irrigation', extent(:1), irrigation)
    if (extent(3) == 1) return
    call expect(fault, 'soiltile', [extent(1), extent(3)], soiltile)
    call expect(fault, 'mc', extent, tile_mc)
    call expect(fault, 'mcl', extent, tile_mcl)
    call expect(fault, 'dr_ns', [extent(1), extent(3)], tile_drainage)
    call expect(fault, 'ae_ns', [extent(1), extent(3)], tile_evap)
    call expect(fault, 'frac_bare_ns', [extent(1), extent(3)], tile_bare)
    call expect(fault, 'pref_soil_veg', [nvm], tile_of)
    if (fault /= '') return
    if (any(tile_of < 1 .or. tile_of > extent(3))) fault = 'pref_soil_veg names a tile that soiltile does not have: what its '// &
      'PFTs respire would be lost'
  end subroutine look_at_more

end module calcisol_orchidee_look
