"""The command ``calcisol``: one entry, one sentence when something is wrong.

What:    the parser and the exit code. Arguments: arguments.py; what each command does: commands.py; ensemble, train, evaluate and
         export are the emulator's, loaded only then.
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

from .arguments import add_own
from .errors import CalcisolError
from .offline.folder_lock import NO_SPACE


def build_parser(command: str = "") -> argparse.ArgumentParser:
    """The parser; an emulator command gets its arguments only when it is the one called (that imports torch)."""
    from ..emulator.commands import SUBCOMMANDS
    from . import commands
    from .europe.drivers import european_drivers
    from .explain_engine.replay import open_replay
    from .run import version

    parser = argparse.ArgumentParser(
        prog="calcisol",
        description="Soil pH and carbonate chemistry for land-surface models.",
        epilog="example: calcisol run --out out/europe",
    )
    parser.add_argument("--version", action="version", version=f"calcisol {version()}")
    into = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add_own(into)
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
            if name == "learn":
                sub.set_defaults(domain=european_drivers)
            if name == "evaluate":
                commands.add_daily_arguments(sub)
                sub.set_defaults(action=commands.evaluate)
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
