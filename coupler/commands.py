"""What each command of ``calcisol`` does, given its arguments; cli.py says which arguments there are.

What:    one function a command, in the order of ``calcisol --help``; each answers with the exit code.
Errors:  raised with one sentence, which cli.py prints.
Limits:  what a command needs is imported by it alone: ``run``, ``check`` and ``describe`` never import torch.
Use:     ``commands.describe(args)``, as ``cli.main`` does with the arguments of ``calcisol describe``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .errors import CalcisolError


def run(args: argparse.Namespace) -> int:
    """Europe, or the columns of a forcing file."""
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
        from .run_forcing import run_forcing

        run_forcing(config, resume=args.resume)
    else:
        from .run import run_europe

        run_europe(config, resume=args.resume)
    return 0


def plot(args: argparse.Namespace) -> int:
    """A field plot from one file."""
    from ..emulator.contract.extras import need

    need("calcisol plot", "plots")
    from .plot.command import run
    from .run import version

    return run(Path(args.site), Path(args.out), args.bundle, args.fit, version())


def check(args: argparse.Namespace) -> int:
    """What a file contains, line by line; 2 where it cannot run."""
    from .forcing.fault import ForcingError

    path = Path(args.forcing)
    text = path.suffix.lower() in (".csv", ".tsv", ".txt", ".tif", ".tiff")
    if text and not path.is_file():
        raise ForcingError(f"{path} does not exist; give the path of a GeoTIFF or a table")
    if not text:
        found = _check_forcing(path, args)
        if found is not None:
            return found
    return _check_fields(path, args.forcing)


def _check_forcing(path: Path, args: argparse.Namespace) -> int | None:
    """The exit code of a forcing file; None where the file is a map of fields, which may have no time."""
    from .europe.own_maps import look
    from .forcing.check import TEXTURE, describe
    from .forcing.fault import ForcingError
    from .forcing.forcing_file import ForcingFile

    def is_map() -> bool:  # a map has no steps; what is neither is a forcing file with a fault
        try:
            return bool(look(path)[0])
        except CalcisolError:
            return False

    try:
        with ForcingFile(path, [Path(name) for name in args.beside]) as forcing:
            forcing.nitrify = args.nitrify
            if {n for n, s in forcing.sources.items() if s.how != "bounds"} <= set(TEXTURE):
                return None
            seen = forcing.survey
            first = describe(forcing, seen)
    except ForcingError:
        if path.is_file() and is_map():
            return None
        raise
    print(first)
    print(f"{'variable':16s} {'units':12s} {'status':12s} {'in the file':16s} values or default")
    for finding in seen.findings:
        print(finding.line())
    for line in seen.budget:
        print(line)
    for remark in seen.remarks:
        print(f"note: {remark}")
    for problem in seen.problems:
        print(f"calcisol: {problem}", file=sys.stderr)
    if not seen.problems:
        also = f" and `forcing_beside = {args.beside}`" if args.beside else ""
        print('this file can run: put `forcing = "' + args.forcing + '"`' + also + " in a configuration")
    return 2 if seen.problems else 0


def _check_fields(path: Path, given: str) -> int:
    """The exit code of a map or table of fields."""
    from .europe import own_maps
    from .forcing.fault import ForcingError

    rows, problems = own_maps.look(path)
    if not rows and path.suffix.lower().startswith(".nc"):
        raise ForcingError(f"{path.name} holds no variable that is known; `calcisol describe` lists names and units")
    if not rows and path.suffix.lower() in (".tif", ".tiff"):  # a raster does not say what it holds
        raise ForcingError(f'{path.name} names no field; put e.g. `caco3 = "{path.name}"` under [fields] in a configuration')
    if not rows:
        raise ForcingError(f"{path.name} holds no field that a run uses; see examples/05_europe for what is read")
    print(f"{'field':16s} {'unit of a run':16s} {'from':40s} values")
    print("\n".join(rows))
    for problem in problems:
        print(f"calcisol: {problem}", file=sys.stderr)
    if problems:
        return 2
    name = rows[0].split()[0]
    print(f'fields for a European run: put `[fields]` and e.g. `{name} = "{given}"` in a configuration')
    return 0


def describe(args: argparse.Namespace) -> int:
    """The contract of a bundle, a page of all variables, or what a land model provides and receives."""
    import json

    from ..emulator.contract.bundle import default_bundle, read_contract
    from ..emulator.contract.variables import ROLES

    if args.host:
        from .hosts.maps import lines

        print("\n".join(lines(args.host)))
        return 0
    if args.variables:
        print(Path(__file__).parents[1].joinpath("docs", "variables.md").read_text(encoding="utf-8"), end="")
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


def add_hosts_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``calcisol hosts``."""
    from .hosts.commands import add_arguments

    add_arguments(parser)


def hosts(args: argparse.Namespace) -> int:
    """Sources of an adapter, or a map on the grid of a host."""
    from .hosts.commands import run

    return run(args)


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


def config(args: argparse.Namespace) -> int:
    """Paths and flags of the installation."""
    from .library.install import config

    items = [name for name in CONFIG_ITEMS if getattr(args, name.replace("-", "_"))]
    if items:
        print(" ".join(config(name) for name in items))
    else:
        for name in CONFIG_ITEMS:
            print(f"{name}: {config(name)}")
    return 0


def validate(args: argparse.Namespace) -> int:
    """The page of field experiments and published totals."""
    from ..emulator.contract.extras import need
    from .config import MONTHLY, PLOUGH_LAYERS, RunConfig, load_config
    from .europe.load import data_folder
    from .evaluation.validation import write
    from .run import version

    data = data_folder(RunConfig(data=args.data or ""))
    if data is None:
        raise CalcisolError("validation needs the real data; name their folder with --data or CALCISOL_DATA")
    need("calcisol validate", "plots")
    config = load_config(None, bundle=args.bundle, weather=MONTHLY, layers=PLOUGH_LAYERS)
    print(f"validation: {write(data, Path(args.results) if args.results else None, Path(args.out), config, version())}")
    return 0


def add_daily_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``calcisol evaluate`` takes beside the emulator's own arguments."""
    from .evaluation.daily import add_arguments

    add_arguments(parser)


def evaluate(args: argparse.Namespace) -> int:
    """A folder of daily columns with --daily; else an ensemble, which is the emulator's business."""
    if args.daily is None:
        from ..emulator.commands import SUBCOMMANDS

        return SUBCOMMANDS["evaluate"].run(args)
    from .evaluation.daily import run

    return run(args)


def bench(args: argparse.Namespace) -> int:
    """The table of times."""
    from .bench.table import run

    return run(args)


def compile_engine(args: argparse.Namespace) -> int:
    """A native engine for a bundle; prints its path."""
    from .library.compile import run

    return run(args.bundle, args.out, args.device)


def explain(args: argparse.Namespace) -> int:
    """The report of ``calcisol explain``; the world is written first where none is given."""
    import os

    from ..emulator.commands import explain as analyse
    from ..emulator.contract.bundle import default_bundle
    from ..emulator.contract.extras import need
    from .config import MONTHLY, PLOUGH_LAYERS, load_config
    from .explain_engine.march import open_march
    from .explain_engine.virtual import write_points, write_world

    need("calcisol explain", "explain")  # before the world is written
    out = Path(args.out)
    bundles = tuple(Path(b) for b in args.bundle) if args.bundle else (default_bundle(),)
    config = load_config(None, data=args.data, bundle=str(bundles[0]), weather=MONTHLY, layers=PLOUGH_LAYERS)

    def say(text: str) -> None:
        print(f"calcisol: {text}", file=sys.stderr, flush=True)

    world, points = Path(args.world) if args.world else out / "world.nc", None
    if not args.world:
        say("writing the world: yearly cycles of forcing with and without each driver")
        write_world(world, config, args.columns)
        points = write_points(out / "points.nc", config)
    runs = Path(args.min3p_runs) if args.min3p_runs else out / "min3p"
    can = bool(os.environ.get("MIN3P_EXE") and os.environ.get("MIN3P_DB")) or args.min3p_runs
    report = analyse(
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
