"""The `calcisol` subcommands that learn: what each is called, takes and does. Importing this loads no torch.

Use:     ``SUBCOMMANDS["train"].add_arguments(parser)``; ``SUBCOMMANDS["train"].run(args)`` returns the exit code.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pickle
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from .contract.errors import InputError
from .contract.extras import need
from .min3p.archive.commands import Archive, Learn

if TYPE_CHECKING:
    from .training.curriculum import TrainingConfig


class Subcommand(Protocol):
    """One subcommand: a line of help, its arguments, its action."""

    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""

    def run(self, args: argparse.Namespace) -> int:
        """Do it; 0 on success. User errors are ValueError or OSError with one sentence."""


def find_archive(given: str | None) -> Path:
    """The ensemble file: --data, else CALCISOL_ENSEMBLE. Raises ValueError."""
    named = given or os.environ.get("CALCISOL_ENSEMBLE")
    if not named:  # no default: a bundle judged on an archive of another chemistry would look wrong
        raise InputError("no MIN3P ensemble given: pass --data ENSEMBLE.nc or set CALCISOL_ENSEMBLE")
    return Path(named)


MEMBER = "member of an ensemble of cores: its own seed, and training columns drawn with replacement"


def training_config(args: argparse.Namespace) -> TrainingConfig:
    """The config of --config, as member --member where one is given. Raises ValueError naming an unknown key."""
    from dataclasses import replace

    from .training.curriculum import TrainingConfig

    try:
        config = TrainingConfig.from_toml(args.config) if args.config else TrainingConfig()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(
            f"training config {args.config} cannot be read ({error}); fix it or start from emulator/training/train.toml"
        ) from None
    return config if args.member is None else replace(config, seed=args.member, bootstrap=True)


class Train:
    """calcisol train"""

    HELP = "train the learned core on a MIN3P ensemble (resumable)"
    EPILOG = "example: calcisol train --config emulator/training/train.toml --data ens300/learning.nc --out runs/default"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--config", type=Path, help="training config (TOML); default: built-in values")
        parser.add_argument("--data", help="MIN3P ensemble (netCDF)")
        parser.add_argument("--member", type=int, help=MEMBER)
        parser.add_argument("--out", type=Path, required=True, help="folder for checkpoint and learning curve")

    def run(self, args: argparse.Namespace) -> int:
        """Train or resume."""
        need("calcisol train", "learn")
        from .training.curriculum import train
        from .training.learning_set import load_archive

        config = training_config(args)
        train(config, load_archive(find_archive(args.data)), args.out)
        return 0


class Export:
    """calcisol export"""

    HELP = "turn a training run into a bundle"
    EPILOG = (
        "example: calcisol export --run runs/default --config emulator/training/train.toml --data ens300/learning.nc "
        "--bundle my.calcisol"
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--run", type=Path, required=True, help="folder of `calcisol train`")
        parser.add_argument("--config", type=Path, help="the config it was trained with")
        parser.add_argument("--data", help="MIN3P ensemble (netCDF)")
        parser.add_argument("--member", type=int, help=MEMBER)
        parser.add_argument("--bundle", type=Path, required=True, help="file to write")

    def run(self, args: argparse.Namespace) -> int:
        """Export with scores."""
        need("calcisol export", "learn")
        import torch

        from .step.correction import Core
        from .training.export import export_bundle
        from .training.learning_set import load_archive

        config = training_config(args)
        checkpoint = args.run / "checkpoint.pt"
        if not checkpoint.exists():
            raise InputError(f"{checkpoint} does not exist; run `calcisol train --out {args.run}` first")
        core = Core(config.width, config.seed)
        try:
            core.load_state_dict(torch.load(checkpoint, weights_only=True)["best"]["core"])
        except (pickle.UnpicklingError, RuntimeError, LookupError, TypeError, EOFError):
            raise InputError(
                f"{checkpoint} is damaged or of another config (width {config.width} here); give the --config it was trained with"
            ) from None
        contract = export_bundle(core, config, load_archive(find_archive(args.data)), args.bundle)
        print(
            f"wrote {args.bundle} ({args.bundle.stat().st_size / 1000:.0f} kB), trained on {contract['data']['columns']} columns"
        )
        return 0


class Evaluate:
    """calcisol evaluate; ``args.open_replay`` is the compiled library's (coupler/explain_engine/replay.py)."""

    HELP = "free rollouts of a bundle against MIN3P, beside baseline B0: scorecard and plots"
    EPILOG = "example: calcisol evaluate --data ens300/learning.nc --out out/evaluate"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--data", help="MIN3P ensemble (netCDF)")
        parser.add_argument("--bundle", type=Path, help="bundle; default: the one that ships with calcisol")
        parser.add_argument(
            "--part", choices=("train", "validation", "test", "all"), default="test", help="columns to use (default: test)"
        )
        parser.add_argument("--twins", type=Path, help="the same members without nitrogen (calcisol ensemble --twin no_nitrogen)")
        parser.add_argument(
            "--members", type=Path, nargs="+", help="bundles of `calcisol train --member`: does their spread cover the error?"
        )
        parser.add_argument("--only-scores", action="store_true", help="leave out step lengths, layerings, the envelope")
        parser.add_argument("--out", type=Path, default=Path("out/evaluate"), help="folder for scorecard and plots")

    def run(self, args: argparse.Namespace) -> int:
        """Print the scorecard, write it and the plots."""
        need("calcisol evaluate", "learn")
        need("calcisol evaluate", "plots")
        from .evaluation.evaluate import evaluate

        compiled = getattr(args, "open_replay", None)
        data = find_archive(args.data)
        evaluate(data, args.bundle, args.part, args.out, args.twins, args.members, args.only_scores, compiled)
        return 0


def physical_bundle(bundle: Path) -> bytes:
    """The bundle with its network silent: the physical step (B0), for the library to open. Raises BundleError, MissingExtra."""
    need("the physical step beside a bundle", "learn")
    from .training.scripted import physical_weights, with_weights

    return with_weights(bundle, physical_weights(bundle))


class FromModule:
    """A subcommand whose HELP, EPILOG, add_arguments and run live in a module of their own, which imports torch."""

    def __init__(self, module: str, help_text: str) -> None:
        self.module = module
        self.HELP = help_text

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments. Raises MissingExtra."""
        need(parser.prog, "learn")
        importlib.import_module(self.module, __package__).add_arguments(parser)

    def run(self, args: argparse.Namespace) -> int:
        """Do it."""
        return int(importlib.import_module(self.module, __package__).run(args))


def explain(out: Path, say: Callable[[str], None], **settings: Any) -> Path:
    """The analysis of ``calcisol explain`` on a world file; returns the report. ``settings`` as ``explain.settings.Settings``.

    Torch keeps to one thread meanwhile: its operators here are too small to share, and idle threads that wait for each other
    cost more than they bring. Raises MissingExtra when the optional libraries are missing, ValueError when
    MIN3P is asked for runs it cannot make.
    """
    need("calcisol explain", "explain")
    import torch

    from .explain.analysis import analyse
    from .explain.report import write
    from .explain.settings import Settings
    from .min3p.runner import RunnerError
    from .min3p.store import EnsembleError

    runs = settings.get("min3p_folder")
    if runs is not None and not os.environ.get("MIN3P_EXE") and not runs.is_dir():
        raise InputError(f"--min3p-runs {runs} is no folder of MIN3P runs, and MIN3P_EXE is not set to make them; set it")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return write(out, analyse(Settings(**settings), say))
    except (EnsembleError, RunnerError) as error:
        raise InputError(str(error)) from None
    finally:
        torch.set_num_threads(threads)


SUBCOMMANDS: dict[str, Subcommand] = {
    "archive": Archive(),
    "learn": Learn(),
    "ensemble": FromModule(".min3p.ensemble", "run MIN3P columns and collect them into a training archive"),
    "train": Train(),
    "evaluate": Evaluate(),
    "export": Export(),
}
