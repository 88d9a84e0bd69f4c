"""`calcisol archive` and `calcisol learn`: their arguments, and what they print.

Use:     ``Archive().add_arguments(parser)``; ``Archive().run(args)``
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np

from ...contract.errors import InputError


class Archive:
    """calcisol archive"""

    HELP = "what a folder of MIN3P runs holds: whole or cut, what drives them, what they teach; --propose writes a map"
    EPILOG = "example: calcisol archive runs --propose map.toml"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("folder", type=Path, metavar="DIR", help="folder of one run, or any tree of them")
        parser.add_argument(
            "--propose", type=Path, metavar="MAP.toml", help="write a map from their names to calcisol's, to edit"
        )

    def run(self, args: argparse.Namespace) -> int:
        """Print the inventory; write the proposal."""
        from .proposal import propose
        from .show import Inventory

        if args.propose is not None and args.propose.exists():
            raise InputError(f"{args.propose} exists and may have been edited; give another name, or remove it first")
        found = Inventory(args.folder)
        print("\n".join(found.lines()))
        if args.propose is None:
            return 0
        text = propose(found.examples(), str(args.folder))
        part = args.propose.with_name(f"{args.propose.name}.{os.getpid()}.part")
        part.write_text(text, encoding="utf-8")
        os.replace(part, args.propose)
        if found.learnable:
            print(f"\nwrote {args.propose}; read it through, then\n"
                  f"  calcisol learn {args.folder} --map {args.propose} --out learning.nc")  # fmt: skip
        else:
            print(f"\nwrote {args.propose}: what has a counterpart in calcisol and what not; none of the runs can be "
                  "learned from as they are, for the reasons above")  # fmt: skip
        return 0


class Learn:
    """calcisol learn; ``args.domain`` gives the drivers of Europe (coupler/europe/drivers.py)"""

    HELP = "make a learning file of somebody else's MIN3P runs, through a map of `calcisol archive --propose`"
    EPILOG = "example: calcisol learn runs --map map.toml --out learning.nc"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("folder", type=Path, metavar="DIR", help="folder of the runs")
        parser.add_argument("--map", type=Path, required=True, metavar="MAP.toml", help="the map, edited")
        parser.add_argument("--out", type=Path, required=True, metavar="FILE.nc", help="learning file to write")

    def run(self, args: argparse.Namespace) -> int:
        """Read, close, write; say what was taken and what not."""
        from ...contract.extras import need

        need("calcisol learn", "learn")
        from .learn import Summary, learn
        from .mapping import read_mapping

        summary: Summary = learn(args.folder, read_mapping(args.map), args.out, print)
        print("\n".join(_told(summary)))
        from .data_card import write_card

        domain = args.domain() if hasattr(args, "domain") else None
        print(f"data card: {write_card(args.out, domain)}")
        return 0


def _told(summary) -> list[str]:
    """The summary of a learning file, a line each."""
    taken, refused = summary.taken, [r for r in summary.rows if not r.taken]
    lines = ["", f"{len(taken)} of {len(summary.rows)} runs are in {summary.target}, intervals of {summary.days:g} days"]
    lines += [f"  refused: {row.name}: {row.reason}" for row in refused]
    lines += ["budgets, open share of what moved (median, largest):"]
    pools = {p: [abs(r.closure.pools[p]) for r in taken if p in r.closure.pools] for p in taken[0].closure.pools}
    pools["water"] = [abs(r.closure.water) for r in taken]
    lines += [f"  {pool:6s} {np.median(v):.1e} {max(v):.1e}" for pool, v in pools.items()]
    lines += ["layers, flux through the lower face against water x concentration (median over runs, from the top):"]
    for pool in taken[0].closure.faces:
        same = [r.closure.faces[pool] for r in taken if len(r.closure.faces[pool]) == len(taken[0].closure.faces[pool])]
        lines.append(f"  {pool:6s} " + " ".join(f"{v:.0%}" for v in np.median(np.stack(same), axis=0)))
    lines += ["extents: " + "; ".join(f"{name} from {how}" for name, how in taken[0].how.items())]
    stated = summary.constants.stated
    lines += [
        f"constants: {stated.source}; {f'exchangeable Al by {stated.aluminium}' if stated.has_aluminium else 'no aluminium'}"
    ]
    notes = [*summary.constants.notes, *dict.fromkeys(note for row in taken for note in row.notes)]
    lines += [f"note: {note}" for note in notes]
    lines += [f"every run and layer: {summary.target.with_suffix('.closure.csv')}"]
    return lines
