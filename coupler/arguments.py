"""The arguments of the driver's own commands, one function a command, in the order of ``calcisol --help``.

What:    ``add_own`` puts them into a parser; what each command does: commands.py.
Use:     ``add_own(parser.add_subparsers())``
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from . import commands

Add = Callable[[str, str, str, Any], argparse.ArgumentParser]


def add_own(into: Any) -> None:
    """All commands of the driver."""

    def add(name: str, text: str, example: str, action: Any) -> argparse.ArgumentParser:
        parser = into.add_parser(
            name,
            help=text,
            description=text[0].upper() + text[1:] + ".",
            epilog=f"example: {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        parser.set_defaults(action=action)
        return parser

    for arguments in (_run, _plot, _check, _describe, _hosts, _explain, _config, _validate, _native, _bench):
        arguments(add)


def _run(add: Add) -> None:
    run = add(
        "run",
        "run Europe, or a forcing file, and write results",
        "calcisol run --scenario baseline --out out/europe",
        commands.run,
    )
    run.add_argument("config", nargs="?", help="configuration (TOML); without one the default European run")
    run.add_argument(
        "--scenario", action="append", metavar="NAME", help="shipped scenario or path of a TOML file; may be repeated"
    )
    run.add_argument("--out", metavar="DIR", help="folder for results (default out/europe)")
    run.add_argument("--data", metavar="DIR", help='folder of real fields; "none" forces the embedded default')
    run.add_argument(
        "--bundle",
        action="append",
        metavar="FILE",
        help="emulator bundle; may be repeated: further ones widen the uncertainty interval",
    )
    run.add_argument("--workers", type=int, metavar="N", help="processes (default 2); results do not depend on it")
    run.add_argument("--dask", metavar="ADDRESS", help="run on the workers of this Dask scheduler instead, e.g. tcp://host:8786")
    run.add_argument("--all", action="store_true", help="every cell with calcareous arable soil, however little")
    run.add_argument("--no-plots", action="store_true", help="no maps and no report")
    run.add_argument("--resume", action="store_true", help="continue a stopped run; results are identical")


def _check(add: Add) -> None:
    check = add(
        "check",
        "list what a forcing file or a map contains, and what is wrong with it",
        "calcisol check forcing.nc",
        commands.check,
    )
    check.add_argument("forcing", help="CF NetCDF in any layout, or a GeoTIFF or table of fields")
    check.add_argument("beside", nargs="*", help="files with other variables of its places and steps: one variable each, or soil")
    check.add_argument("--nitrify", action="store_true", help="as for a run with nitrify = true in its configuration")


def _describe(add: Add) -> None:
    describe = add("describe", "print the contract inside a bundle", "calcisol describe", commands.describe)
    describe.add_argument("bundle", nargs="?", help="bundle file (default: the shipped one)")
    describe.add_argument("--json", action="store_true", help="everything, as JSON")
    describe.add_argument("--variables", action="store_true", help="a page of all variables, constants and limits, as Markdown")
    describe.add_argument("--host", metavar="NAME", help="what a land model provides and receives: orchidee, ctsm, noahmp, lpjml")


def _hosts(add: Add) -> None:
    hosts = add("hosts", "sources and maps for land models", "cp $(calcisol hosts sources orchidee) DIR", commands.hosts)
    commands.add_hosts_arguments(hosts)


def _explain(add: Add) -> None:
    explain = add(
        "explain",
        "test space-for-time substitution: simulated responses, attributions and maps compared on a virtual Europe",
        "calcisol explain --out out/explain",
        commands.explain,
    )
    explain.add_argument("--out", metavar="DIR", default="out/explain", help="folder for report, numbers, figures (out/explain)")
    explain.add_argument(
        "--columns", type=int, default=120, metavar="N", help="cells of the default grid (default 120, at least 30)"
    )
    explain.add_argument("--years", type=int, default=20, metavar="N", help="years of every rollout (default 20, at least 1)")
    explain.add_argument("--spin-up", type=int, default=3000, metavar="N", help="years of leaching before (default 3000)")
    explain.add_argument("--world", metavar="FILE", help="a world file of your own instead of the default grid")
    explain.add_argument("--data", metavar="DIR", help='folder of real fields; "none" forces the embedded default')
    explain.add_argument(
        "--bundle", action="append", metavar="FILE", help="bundle; may be repeated: the first is explained, all are compared"
    )
    explain.add_argument("--physical", action="store_true", help="explain the physical step (B0), no network")
    explain.add_argument(
        "--min3p", type=int, default=20, metavar="N", help="columns run again in MIN3P where MIN3P_EXE is set; 0: none"
    )
    explain.add_argument("--min3p-runs", metavar="DIR", help="folder of MIN3P runs to use and to add to (OUT/min3p)")
    explain.add_argument("--workers", type=int, default=2, metavar="N", help="threads, and MIN3P runs at a time (default 2)")


def _plot(add: Add) -> None:
    plot = add(
        "plot",
        "simulate a field plot from one file: soil, history by year, readings beside it",
        "calcisol plot SITE.toml --out out/plot",
        commands.plot,
    )
    plot.add_argument("site", help="file of the plot (TOML); coupler/docs/plot.md describes it")
    plot.add_argument("--out", metavar="DIR", default="out/plot", help="folder for tables, NetCDF and picture (default out/plot)")
    plot.add_argument(
        "--fit", metavar="NAMES", default="", help="parameters to fit to the readings of pH, e.g. lime_factor,cec_factor"
    )
    plot.add_argument("--bundle", metavar="FILE", help="emulator bundle (default: the shipped one)")


def _config(add: Add) -> None:
    config = add(
        "config",
        "print paths and flags to compile and link against the library",
        "gfortran host.f90 $(calcisol config --fflags --libs)",
        commands.config,
    )
    for name in commands.CONFIG_ITEMS:
        config.add_argument(f"--{name}", action="store_true", help=f"print {name}")


def _validate(add: Add) -> None:
    validate = add(
        "validate",
        "compare with field experiments and published totals",
        "calcisol validate out/europe --out out/validation",
        commands.validate,
    )
    validate.add_argument("results", nargs="?", help="folder of a finished run with baseline and no_mineral_n")
    validate.add_argument("--data", metavar="DIR", help="folder of real data (default: CALCISOL_DATA)")
    validate.add_argument("--out", metavar="DIR", default="out/validation", help="folder of the page (default out/validation)")
    validate.add_argument("--bundle", metavar="FILE", help="emulator bundle (default: the shipped one)")


def _native(add: Add) -> None:
    native = add(
        "compile",
        "compile a native engine for a bundle with another step graph than the shipped one",
        "export CALCISOL_ENGINE_LIBRARY=$(calcisol compile wide.calcisol)",
        commands.compile_engine,
    )
    native.add_argument("bundle", help="bundle file, exported with this version of calcisol")
    native.add_argument("--out", metavar="FILE", help="library to write (default: in the cache, ~/.cache/calcisol)")
    native.add_argument("--device", choices=("host", "cuda"), default="host", help="for CUDA devices too (needs nvcc, no GPU)")


def _bench(add: Add) -> None:
    bench = add("bench", "time the compiled step on this machine", "calcisol bench --columns 128", commands.bench)
    bench.add_argument(
        "--peer", metavar="PROGRAM", help="time the network alone against this program, called as PROGRAM core.pt features.txt"
    )
    bench.add_argument("--columns", type=int, help="columns (default: 1, 10, 100, 1,000 and 10,000)")
    bench.add_argument("--layers", type=int, default=11, help="layers (default 11)")
    bench.add_argument("--dt", type=float, default=365.0 / 12.0 * 86400.0, help="length of the step, s (default: a month)")
    bench.add_argument("--rounds", type=int, default=7, help="interleaved rounds (default 7)")
    bench.add_argument("--bundle", metavar="FILE", help="emulator bundle (default: the shipped one)")
    bench.add_argument("--peers", action="store_true", help="time PhreeqcRM in the same rounds (pip install phreeqcrm)")
    bench.add_argument("--device", choices=("host", "cuda", "emulated"), default="host", help="where to step (default host)")
    bench.add_argument("--sizes", type=int, nargs="+", metavar="N", help="columns of the table of a device (default 1k to 1M)")
    bench.add_argument("--repeat", type=int, default=100, help="timed steps of the table of a device (default 100)")
