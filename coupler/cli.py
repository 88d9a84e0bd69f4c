"""The command ``calcisol``: one entry, one sentence when something is wrong.

What:    the arguments of every command, and the exit code. What each does: commands.py; ensemble, train, evaluate and export are
         the emulator's, loaded only then.
Errors:  one sentence on stderr, exit code 2; a stopped run exits with 130 (Ctrl-C) or 143 (SIGTERM) and says how to continue.
Limits:  ``run``, ``check`` and ``describe`` never import torch.
Use:     ``calcisol run --out out/europe``; ``calcisol COMMAND --help`` shows one example each.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from . import commands
from .errors import CalcisolError
from .offline.folder_lock import NO_SPACE


def _add_own(into: Any) -> None:
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

    check = add(
        "check",
        "list what a forcing file or a map contains, and what is wrong with it",
        "calcisol check forcing.nc",
        commands.check,
    )
    check.add_argument("forcing", help="CF NetCDF in any layout, or a GeoTIFF or table of fields")
    check.add_argument("--nitrify", action="store_true", help="as for a run with nitrify = true in its configuration")

    describe = add("describe", "print the contract inside a bundle", "calcisol describe", commands.describe)
    describe.add_argument("bundle", nargs="?", help="bundle file (default: the shipped one)")
    describe.add_argument("--json", action="store_true", help="everything, as JSON")
    describe.add_argument("--variables", action="store_true", help="a page of all variables, constants and limits, as Markdown")
    describe.add_argument("--host", metavar="NAME", help="what a land model provides and receives: orchidee, ctsm, noahmp, lpjml")

    hosts = add("hosts", "sources and maps for land models", "cp $(calcisol hosts sources orchidee) DIR", commands.hosts)
    commands.add_hosts_arguments(hosts)

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

    config = add(
        "config",
        "print paths and flags to compile and link against the library",
        "gfortran host.f90 $(calcisol config --fflags --libs)",
        commands.config,
    )
    for name in commands.CONFIG_ITEMS:
        config.add_argument(f"--{name}", action="store_true", help=f"print {name}")

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

    native = add(
        "compile",
        "compile a native engine for a bundle with another step graph than the shipped one",
        "export CALCISOL_ENGINE_LIBRARY=$(calcisol compile wide.calcisol)",
        commands.compile_engine,
    )
    native.add_argument("bundle", help="bundle file, exported with this version of calcisol")
    native.add_argument("--out", metavar="FILE", help="library to write (default: in the cache, ~/.cache/calcisol)")

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


def build_parser(command: str = "") -> argparse.ArgumentParser:
    """The parser; an emulator command gets its arguments only when it is the one called (that imports torch)."""
    from ..emulator.commands import SUBCOMMANDS
    from .explain_engine.replay import open_replay
    from .run import version

    parser = argparse.ArgumentParser(
        prog="calcisol",
        description="Soil pH and carbonate chemistry for land-surface models.",
        epilog="example: calcisol run --out out/europe",
    )
    parser.add_argument("--version", action="version", version=f"calcisol {version()}")
    into = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_own(into)
    for name, module in SUBCOMMANDS.items():
        sub = into.add_parser(
            name,
            help=module.HELP,
            description=module.HELP,
            epilog=getattr(module, "EPILOG", None),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name == command:  # the arguments of some live in modules that import torch
            module.add_arguments(sub)
            sub.set_defaults(action=module.run, open_replay=open_replay)  # the library, for those that roll out a bundle
    return parser


GO_ON = {  # what a stopped command says: how to continue
    "run": "continue with the same command and --resume",
    "train": "the same command continues from its last checkpoint",
    "ensemble": "the same command continues from here",
    "explain": "the same command begins again; MIN3P runs that are done are kept",
}


class Terminated(KeyboardInterrupt):
    """SIGTERM, as batch systems send it before they kill: the run ends as after Ctrl-C, and keeps what is done."""


def _terminate(*_: object) -> None:
    raise Terminated


@contextmanager
def _hearing_sigterm() -> Iterator[None]:
    """SIGTERM raises Terminated meanwhile; in a thread, where no signal can be caught, nothing changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _say(sentence: str) -> None:
    print(f"calcisol: {sentence}", file=sys.stderr)


def main(argv: list[str] | None = None) -> int:
    """Entry point. Returns the exit code: 0, 2 (an error, one sentence on stderr), 130 (Ctrl-C) or 143 (SIGTERM).

    Only our own errors and those of the operating system become a sentence; any other is a defect and shows its traceback.
    """
    arguments = sys.argv[1:] if argv is None else argv
    from ..emulator.contract.errors import InputError
    from ..emulator.contract.extras import missing_extra

    command = next((a for a in arguments if not a.startswith("-")), "")
    try:
        with _hearing_sigterm():
            args = build_parser(command).parse_args(arguments)
            return int(args.action(args) or 0)
    except (CalcisolError, InputError) as error:
        _say(str(error))
    except ModuleNotFoundError as error:
        told = missing_extra(error)
        if told is None:
            raise  # a dependency of calcisol itself: the installation is broken
        _say(str(told))
    except KeyboardInterrupt as stop:
        _say(f"stopped; {GO_ON[command]}" if command in GO_ON else "stopped")
        return 143 if isinstance(stop, Terminated) else 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader has gone (| head)
    except MemoryError as error:
        _say(f"out of memory ({' '.join(str(error).split()) or 'no more is given'}); give it fewer columns or a larger machine")
    except OSError as error:
        if error.errno in NO_SPACE:
            where = f" below {error.filename}" if error.filename else ""
            _say(f"the disk is full or over its quota{where}; free some space; {GO_ON.get(command, 'then start again')}")
        elif error.filename and error.strerror:
            _say(f"{error.filename}: {error.strerror}; give another path")
        else:
            _say(" ".join(str(error).split()))
    return 2


if __name__ == "__main__":
    sys.exit(main())
