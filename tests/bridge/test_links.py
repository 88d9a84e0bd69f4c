"""Linked arrays: the compiler refuses what would be gone when it is read; sections, pointers and any bounds are fine."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from calcisol.coupler.library.install import fortran_sources
from helpers.hosts import compile_host, pkg_config, run

PROGRAM = """
program links
  use, intrinsic :: iso_c_binding
  use calcisol
  implicit none
  integer, parameter :: ncol = 3, nlay = 4
  real(c_double), target :: dz(ncol, nlay), w(ncol, nlay), t(ncol, nlay), qb(ncol), ph(ncol, nlay), plain(ncol, nlay)
  real(c_double), target :: wide(2*ncol, 3*nlay), far(7:9, -1:2)
  real(c_double) :: no_target(ncol, nlay), vol(ncol, nlay)
  real(c_double), allocatable, target :: never(:, :)
  real(c_double), pointer :: apart(:, :)
  type(calcisol_model) :: model
  type(calcisol_arrays) :: io
  character(len=:), allocatable :: message
  character(len=1024) :: bundle
  integer(c_int32_t) :: stat
  call get_command_argument(1, bundle)
  call model%open(bundle, stat, message)
  dz = spread([0.1d0, 0.2d0, 0.3d0, 0.4d0], 1, ncol)
  vol = reshape([0.2d0, 0.3d0, 0.25d0, 0.2d0, 0.3d0, 0.25d0, 0.2d0, 0.3d0, 0.25d0, 0.2d0, 0.3d0, 0.25d0], [ncol, nlay])
  w = 1000*vol*dz; no_target = w; t = 283.15d0; qb = 8.0d-6
  call fresh(); call io%link(calcisol_w_liq, w); call go(); plain = ph
  wide = -1; wide(1::2, 2::3) = w; far = w
  call fresh(); call io%link(calcisol_w_liq, wide(1::2, 2::3)); call same('section')
  wide(1:ncol, nlay:1:-1) = w
  call fresh(); call io%link(calcisol_w_liq, wide(1:ncol, nlay:1:-1)); call same('reversed')
  call fresh(); call io%link(calcisol_w_liq, far); call same('bounds')
  apart(100:, 0:) => w
  call fresh(); call io%link(calcisol_w_liq, apart); call same('pointer')
  call fresh(); call dummy(w); call same('dummy')
  call fresh(); call io%link(calcisol_w_liq, never); call go(); if (index(message, 'w_liq') == 0) print *, 'unallocated ', message
  LINE
contains
  subroutine dummy(a)
    real(c_double), intent(in), target :: a(ncol, nlay)
    call io%link(calcisol_w_liq, a)
  end subroutine
  subroutine fresh()
    call io%unlink()
    call io%link(calcisol_soil_dz, dz); call io%link(calcisol_t_soil, t)
    call io%link(calcisol_q_bot, qb); call io%link(calcisol_out_ph, ph)
  end subroutine
  subroutine same(what)
    character(*), intent(in) :: what
    call go()
    if (stat /= 0 .or. any(ph /= plain)) print *, what, message
  end subroutine
  subroutine go()
    type(calcisol_columns) :: soil
    call soil%create(model, ncol, nlay, io, stat, message)
    if (stat == 0) call soil%step(86400.0d0, io, stat, message)
    call soil%free()
  end subroutine
end program
"""


@pytest.mark.parametrize("flags", [("-O0", "-g", "-fcheck=all"), ("-O2",)], ids=["debug", "optimised"])
def test_arrays_of_any_shape_are_read_in_place(flags: tuple[str, ...], shipped: Path, tmp_path: Path) -> None:
    (tmp_path / "links.f90").write_text(PROGRAM.replace("LINE", ""))
    host = compile_host("gfortran", [*fortran_sources(), tmp_path / "links.f90"], tmp_path / "links", *flags, f"-J{tmp_path}")
    assert run(host, shipped) == ""


@pytest.mark.parametrize("what", ["1000*vol*dz", "transpose(t)", "no_target", "(w)", "spread(qb, 2, nlay)", "1.0d0"])
def test_what_is_gone_after_the_call_does_not_compile(what: str, tmp_path: Path) -> None:
    (tmp_path / "links.f90").write_text(PROGRAM.replace("LINE", f"call io%link(calcisol_w_liq, {what})"))
    words = ["gfortran", "-fsyntax-only", f"-J{tmp_path}", *map(str, fortran_sources()), str(tmp_path / "links.f90")]
    done = subprocess.run([*words, *pkg_config("--cflags", "calcisol")], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "GENERIC" in done.stderr
    assert "link" in done.stderr
