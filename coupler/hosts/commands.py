"""``calcisol hosts``: the sources of an adapter, and soil maps on the grid of a land model.

Use:     ``calcisol hosts sources orchidee``; ``calcisol hosts map --grid wrfinput.nc --ph soil.nc --caco3 soil.nc --out map.nc``
"""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The two subcommands."""
    into = parser.add_subparsers(title="what", metavar="WHAT", required=True)
    sources = into.add_parser("sources", help="print the paths of the Fortran or C sources a host compiles, in their order")
    sources.add_argument("host", help="orchidee, ctsm, noahmp, jules, lpjml")
    sources.set_defaults(what="sources")
    example = "calcisol hosts map --grid wrfinput_d01 --ph soil.nc --caco3 soil.nc --out calcisol_soil.nc"
    maps = into.add_parser("map", help="write pH, carbonate, clay ... on the grid of a host", epilog=f"example: {example}")
    maps.add_argument("--grid", required=True, metavar="FILE", help="any NetCDF file of the host that has its lat and lon")
    kinds = "NetCDF, GeoTIFF or table, as `calcisol check` reads; or one number for all cells"
    maps.add_argument("--ph", required=True, metavar="FILE", help=f"map of pH: {kinds}")
    maps.add_argument("--caco3", required=True, metavar="FILE", help="map of carbonate, likewise")
    maps.add_argument("--clay", metavar="FILE", help="map of clay, for hosts without one and for the exchange capacity")
    maps.add_argument("--soc", metavar="FILE", help="map of soil organic carbon, for the exchange capacity")
    maps.add_argument("--bulk-density", metavar="FILE", help="map of bulk density")
    maps.add_argument("--out", default="calcisol_soil.nc", metavar="FILE", help="file to write (default calcisol_soil.nc)")
    maps.set_defaults(what="map")


def run(args: argparse.Namespace) -> int:
    """Print the sources, or write the map and report how many cells it covers."""
    if args.what == "sources":
        from .sources import host_sources

        print(" ".join(map(str, host_sources(args.host))))
        return 0
    from .grid_map import write_map

    files = {"ph_survey": args.ph, "caco3": args.caco3, "clay": args.clay, "soc": args.soc, "bulk_density": args.bulk_density}
    for line in write_map(Path(args.grid), {field: Path(file) for field, file in files.items() if file}, Path(args.out)):
        print(line)
    return 0
