"""The command ``calcisol``: one entry, one sentence when something is wrong.

What:    run, check, validate, describe, config, bench here; ensemble, train, evaluate, export in the emulator, loaded only then.
Errors:  one sentence on stderr, exit code 2; a stopped run exits with 130 and says how to go on.
Source:  DESIGN.md 7. ``run``, ``check`` and ``describe`` never import torch.
Use:     ``calcisol run --out out/europe``; ``calcisol COMMAND --help`` shows one example each.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from .errors import CalcisolError


def _run(args: argparse.Namespace) -> int:
    from .config import load_config

    config = load_config(
        Path(args.config) if args.config else None,
        scenarios=tuple(args.scenario) if args.scenario else None,
        out=args.out,
        data=args.data,
        workers=args.workers,
        dask=args.dask,
        bundle=args.bundle[0] if args.bundle else None,
        ensemble=tuple(args.bundle[1:]) if args.bundle and len(args.bundle) > 1 else None,
        domain="all" if args.all else None,
        plots=False if args.no_plots else None,
    )
    if config.forcing:
        from .columns_run import run_forcing

        run_forcing(config)
    else:
        from .run import run_europe

        run_europe(config, resume=args.resume)
    return 0


def _check(args: argparse.Namespace) -> int:
    from . import fields
    from .check import describe, inspect
    from .forcing import ForcingError

    path = Path(args.forcing)
    text = path.suffix.lower() in (".csv", ".tsv", ".txt", ".tif", ".tiff")
    if text and not path.is_file():
        raise ForcingError(f"{path} does not exist; give the path of a GeoTIFF or a table")
    findings = [] if text else inspect_or_fields(path)
    if not any(f.found for f in findings):  # no forcing: a map or table of fields
        rows = fields.look(path)
        if rows:
            print(f"{'field':16s} {'unit of a run':16s} {'from':40s} values")
            print("\n".join(rows))
            names = ", ".join(r.split()[0] for r in rows)
            print(
                "fields for a European run: put `[fields]` and e.g. "
                f'`{names.split(",")[0]} = "{args.forcing}"` in a configuration'
            )
            return 0
        if text:
            raise ForcingError(f"{path.name} holds no field that a run uses; see examples/05_europe for what is read")
    findings = findings or inspect(path)
    print(describe(path))
    print(f"{'variable':16s} {'units':12s} {'status':12s} {'in the file':16s} values or default")
    for finding in findings:
        print(finding.line())
    problems = [f.problem for f in findings if f.problem]
    for problem in problems:
        print(f"calcisol: {problem}", file=sys.stderr)
    if not problems:
        print('this file can run: put `forcing = "' + args.forcing + '"` in a configuration')
    return 2 if problems else 0


def inspect_or_fields(path: Path) -> list[Any]:
    """Findings of a forcing file; none where the file is a map of fields, which may have no time."""
    from .check import inspect
    from .fields import look
    from .forcing import Forcing, ForcingError

    with Forcing(path) as forcing:
        held = [n for n in forcing.names if n not in ("clay", "sand", "caco3", "soc", "bulk_density")]
    try:
        return inspect(path) if held else []
    except ForcingError:
        try:  # a map has no steps; what is neither is a forcing file with a fault
            rows = look(path)
        except CalcisolError:
            rows = []
        if rows:
            return []
        raise


def _describe(args: argparse.Namespace) -> int:
    import json

    from ..emulator.bundle import default_bundle, read_contract
    from ..emulator.variables import ROLES

    if args.host:
        from .host_maps import lines

        print("\n".join(lines(args.host)))
        return 0
    contract = read_contract(args.bundle or default_bundle())
    if args.json:
        print(json.dumps(contract, indent=1))
        return 0
    for key, value in contract.items():
        if key in (*ROLES, "state", "flags"):
            continue
        text = json.dumps(value) if isinstance(value, (dict, list)) else str(value)
        print(f"{key}: {text if len(text) < 400 else text[:400] + ' ...'}")
    for role in (*ROLES, "state", "flags"):
        print(f"\n{role}")
        for v in contract.get(role, []):
            valid = f"{v['valid'][0]:g} to {v['valid'][1]:g}" if v.get("valid") else ""
            default = v["default"] if v.get("default") is not None else ""
            print(f"  {v['name']:16s} {v.get('units', ''):14s} {valid:22s} {default!s:10s} {v['long_name']}".rstrip())
    return 0


CONFIG_ITEMS = (
    "cflags",
    "fflags",
    "libs",
    "stub-libs",
    "include-dir",
    "library-dir",
    "fortran-dir",
    "fortran-sources",
    "pkgconfig-dir",
    "cmake-dir",
    "bundle",
)


def _config(args: argparse.Namespace) -> int:
    from .install import config

    items = [name for name in CONFIG_ITEMS if getattr(args, name.replace("-", "_"))]
    if items:
        print(" ".join(config(name) for name in items))
    else:
        for name in CONFIG_ITEMS:
            print(f"{name}: {config(name)}")
    return 0


def _validate(args: argparse.Namespace) -> int:
    from .config import RunConfig, load_config
    from .domain import data_folder
    from .errors import CalcisolError
    from .run import version
    from .validation import write

    data = data_folder(RunConfig(data=args.data or ""))
    if data is None:
        raise CalcisolError("validation needs the real data; name their folder with --data or CALCISOL_DATA")
    config = load_config(None, bundle=args.bundle)
    print(f"validation: {write(data, Path(args.results) if args.results else None, Path(args.out), config, version())}")
    return 0


def _bench(args: argparse.Namespace) -> int:
    from .bench import run

    return run(args)


def _compile(args: argparse.Namespace) -> int:
    from .compile import run

    return run(args.bundle, args.out)


def _explain(args: argparse.Namespace) -> int:
    import os

    from ..emulator.bundle import default_bundle
    from ..emulator.commands import explain
    from .config import load_config
    from .march import open_march
    from .virtual import write_points, write_world

    out = Path(args.out)
    bundles = tuple(Path(b) for b in args.bundle) if args.bundle else (default_bundle(),)
    config = load_config(None, data=args.data, bundle=str(bundles[0]))

    def say(text: str) -> None:
        print(f"calcisol: {text}", file=sys.stderr, flush=True)

    world, points = Path(args.world) if args.world else out / "world.nc", None
    if not args.world:
        say("writing the world: yearly cycles of forcing with and without each driver")
        write_world(world, config, args.columns)
        points = write_points(out / "points.nc", config)
    runs = Path(args.min3p_runs) if args.min3p_runs else out / "min3p"
    can = bool(os.environ.get("MIN3P_EXE") and os.environ.get("MIN3P_DB")) or args.min3p_runs
    report = explain(
        out,
        say,
        world=world,
        points=points,
        bundles=bundles,
        physical=args.physical,
        years=args.years,
        spin_up=args.spin_up,
        workers=args.workers,
        min3p_folder=runs if can and args.min3p > 0 else None,
        min3p_columns=args.min3p,
        open_engine=lambda bundle: open_march(bundle, args.workers),
    )
    print(f"report: {report}")
    return 0


def _add_own(commands: Any) -> None:
    def add(name: str, text: str, example: str, action: Any) -> argparse.ArgumentParser:
        parser = commands.add_parser(
            name,
            help=text,
            description=text[0].upper() + text[1:] + ".",
            epilog=f"example: {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        parser.set_defaults(action=action)
        return parser

    run = add(
        "run", "run Europe, or a forcing file, and write results", "calcisol run --scenario baseline --out out/europe", _run
    )
    run.add_argument("config", nargs="?", help="configuration (TOML); without one the default European run")
    run.add_argument(
        "--scenario", action="append", metavar="NAME", help="shipped scenario or path of a TOML file; may be repeated"
    )
    run.add_argument("--out", metavar="DIR", help="folder for results (default out/europe)")
    run.add_argument("--data", metavar="DIR", help='folder of real fields; "none" forces the embedded default')
    run.add_argument(
        "--bundle", action="append", metavar="FILE", help="emulator bundle; repeated: the others are members for the interval"
    )
    run.add_argument("--workers", type=int, metavar="N", help="processes (default 2); results do not depend on it")
    run.add_argument("--dask", metavar="ADDRESS", help="step on the workers of this Dask scheduler instead, e.g. tcp://host:8786")
    run.add_argument("--all", action="store_true", help="every cell with calcareous arable soil, however little")
    run.add_argument("--no-plots", action="store_true", help="no maps and no report")
    run.add_argument("--resume", action="store_true", help="go on where a stopped run left off, with identical results")

    check = add("check", "say what a forcing file or a map holds, and what is wrong with it", "calcisol check forcing.nc", _check)
    check.add_argument("forcing", help="CF NetCDF in any layout, or a GeoTIFF or table of fields")

    describe = add("describe", "print the contract inside a bundle", "calcisol describe", _describe)
    describe.add_argument("bundle", nargs="?", help="bundle file (default: the shipped one)")
    describe.add_argument("--json", action="store_true", help="everything, as JSON")
    describe.add_argument("--host", metavar="NAME", help="what a land model gives and takes: orchidee, ctsm, noahmp, lpjml")

    explain = add(
        "explain",
        "does space stand for time? temporal truth, attributions and maps compared, on a virtual Europe",
        "calcisol explain --out out/explain",
        _explain,
    )
    explain.add_argument("--out", metavar="DIR", default="out/explain", help="folder for report, numbers, figures (out/explain)")
    explain.add_argument(
        "--columns", type=int, default=120, metavar="N", help="cells of the default grid (default 120, at least 30)"
    )
    explain.add_argument("--years", type=int, default=20, metavar="N", help="years of every rollout (default 20, at least 1)")
    explain.add_argument("--spin-up", type=int, default=3000, metavar="N", help="years of leaching before (default 3000)")
    explain.add_argument("--world", metavar="FILE", help="a world file of your own instead of the default grid")
    explain.add_argument("--data", metavar="DIR", help='folder of real fields; "none" forces the embedded default')
    explain.add_argument("--bundle", action="append", metavar="FILE", help="bundle; repeated: members, the first is explained")
    explain.add_argument("--physical", action="store_true", help="explain the physical step (B0), no network")
    explain.add_argument(
        "--min3p", type=int, default=20, metavar="N", help="columns asked of MIN3P where MIN3P_EXE is set; 0: none"
    )
    explain.add_argument("--min3p-runs", metavar="DIR", help="folder of MIN3P runs to use and to add to (OUT/min3p)")
    explain.add_argument("--workers", type=int, default=2, metavar="N", help="threads and MIN3P runs at a time (default 2)")

    config = add(
        "config",
        "print paths and flags to compile and link against the library",
        "gfortran host.f90 $(calcisol config --fflags --libs)",
        _config,
    )
    for name in CONFIG_ITEMS:
        config.add_argument(f"--{name}", action="store_true", help=f"print {name}")

    validate = add(
        "validate",
        "compare with field experiments and published totals",
        "calcisol validate out/europe --out out/validation",
        _validate,
    )
    validate.add_argument("results", nargs="?", help="folder of a finished run with baseline and no_mineral_n")
    validate.add_argument("--data", metavar="DIR", help="folder of real data (default: CALCISOL_DATA or ../shared/data)")
    validate.add_argument("--out", metavar="DIR", default="out/validation", help="folder of the page (default out/validation)")
    validate.add_argument("--bundle", metavar="FILE", help="emulator bundle (default: the shipped one)")

    native = add(
        "compile",
        "compile a native engine for a bundle with another step graph than the shipped one",
        "export CALCISOL_ENGINE_LIBRARY=$(calcisol compile wide.calcisol)",
        _compile,
    )
    native.add_argument("bundle", help="bundle file, exported with this version of calcisol")
    native.add_argument("--out", metavar="FILE", help="library to write (default: in the cache, ~/.cache/calcisol)")

    bench = add("bench", "time the compiled step on this machine", "calcisol bench --columns 128", _bench)
    bench.add_argument("--peer", metavar="PROGRAM", help="time the network alone against this program (fortran_bridge/README.md)")
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
    from .replay import open_replay
    from .run import version

    parser = argparse.ArgumentParser(
        prog="calcisol",
        description="Soil pH and carbonate chemistry for land-surface models.",
        epilog="example: calcisol run --out out/europe",
    )
    parser.add_argument("--version", action="version", version=f"calcisol {version()}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_own(commands)
    for name, module in SUBCOMMANDS.items():
        sub = commands.add_parser(
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


def main(argv: list[str] | None = None) -> int:
    """Entry point. Returns the exit code: 0, 2 (an error, one sentence on stderr) or 130 (stopped)."""
    arguments = sys.argv[1:] if argv is None else argv
    from ..emulator.bundle import BundleError

    try:
        command = next((a for a in arguments if not a.startswith("-")), "")
        args = build_parser(command).parse_args(arguments)
        return int(args.action(args) or 0)
    except (CalcisolError, BundleError) as error:
        print(f"calcisol: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("calcisol: stopped; `calcisol run --resume` goes on", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader has gone (| head)
    except (OSError, ValueError) as error:
        # files and values: the text says which; a defect shows as another kind of error, with its traceback
        file, reason = getattr(error, "filename", None), getattr(error, "strerror", None)
        text = f"{file}: {reason}; give another path" if file and reason else " ".join(str(error).split())
        print(f"calcisol: {text}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
