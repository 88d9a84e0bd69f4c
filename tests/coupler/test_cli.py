"""The command line: help with an example everywhere, no torch where none is needed."""

import subprocess
import sys

import pytest
from calcisol.coupler import cli, commands


@pytest.mark.parametrize("command", ["run", "check", "describe", "config", "bench", "compile"])
def test_every_command_has_help_with_one_example(command, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([command, "--help"])
    assert stop.value.code == 0
    assert "example: " in capsys.readouterr().out


def test_version(capsys):
    from importlib.metadata import version

    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out.strip() == f"calcisol {version('calcisol')}"


def test_all_commands_are_listed(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    text = capsys.readouterr().out
    for name in ("run", "check", "describe", "config", "ensemble", "train", "evaluate", "export", "bench", "compile"):
        assert f"\n    {name} " in text


def test_describe_config_and_check_never_import_torch(shipped, tmp_path):
    code = (
        "import sys; from calcisol.coupler.cli import main; "
        "assert main(['describe']) == 0; assert main(['config', '--cflags']) == 0; assert main(['check', 'absent.nc']) == 2; "
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "w_liq" in done.stdout and "-I" in done.stdout


def test_run_never_imports_torch(shipped, tmp_path):
    code = (
        "import sys; from calcisol.coupler.config import load_config; from calcisol.coupler.run import run_europe; "
        "run_europe(load_config(None, data='none', coverage=0.001, spinup_years=0, start_year=2020, end_year=2020, workers=1, "
        "uncertainty=0, plots=False, "
        "scenarios=('baseline',), out='x')); assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_numbers_that_leave_nothing_to_time(capsys):
    for option in ("--columns", "--layers", "--rounds", "--repeat"):
        assert cli.main(["bench", option, "0"]) == 2
        assert f"{option} 0 must be 1 or more" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path, capsys, shipped):
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    assert cli.main(["run", "--data", "none", "--out", str(tmp_path / "file" / "out")]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.endswith("Not a directory; give another path") and "Errno" not in last


def test_learning_commands_name_their_file(tmp_path, capsys):
    (tmp_path / "bad.toml").write_text("seed =", encoding="utf-8")
    for config in ("bad.toml", "none.toml"):
        assert cli.main(["train", "--config", str(tmp_path / config), "--data", "x.nc", "--out", str(tmp_path / "run")]) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1 and config in error and "emulator/training/train.toml" in error
    (tmp_path / "checkpoint.pt").write_text("garbage", encoding="utf-8")
    assert cli.main(["export", "--run", str(tmp_path), "--data", "x.nc", "--bundle", str(tmp_path / "x.calcisol")]) == 2
    assert "checkpoint.pt is damaged or of another config" in capsys.readouterr().err
    (tmp_path / "world.nc").write_text("garbage", encoding="utf-8")
    assert cli.main(["explain", "--world", str(tmp_path / "world.nc"), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_damaged_member_of_the_ensemble_ends_the_run_before_it_begins(tmp_path, capsys, shipped):
    (tmp_path / "x.calcisol").write_bytes(b"PK\x03\x04nothing")
    bundles = ["--bundle", str(shipped), "--bundle", str(tmp_path / "x.calcisol")]
    assert cli.main(["run", *bundles, "--out", str(tmp_path / "o")]) == 2
    assert "damaged" in capsys.readouterr().err and not (tmp_path / "o").exists()


def test_damaged_bundle_is_one_sentence(tmp_path, capsys):
    (tmp_path / "x.calcisol").write_bytes(b"PK\x03\x04nothing")
    assert cli.main(["describe", str(tmp_path / "x.calcisol")]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "damaged" in error
    assert cli.main(["run", "--bundle", str(tmp_path / "y.calcisol"), "--data", "none", "--out", str(tmp_path)]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_a_defect_shows_its_traceback(monkeypatch, capsys):
    def defect(args):
        raise ValueError("operands could not be broadcast together")

    monkeypatch.setattr(commands, "describe", defect)
    with pytest.raises(ValueError, match="broadcast"):
        cli.main(["describe"])
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("command", "words"), [("run", "the same command and --resume"), ("describe", "stopped\n")])
def test_ctrl_c_advice_fits_the_command(monkeypatch, capsys, command, words):
    def stopped(args):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, command, stopped)
    assert cli.main([command]) == 130
    error = capsys.readouterr().err
    assert words in error and (command == "run" or "resume" not in error)


def test_sigterm_ends_as_ctrl_c_does(monkeypatch, capsys):
    import os
    import signal
    import time

    def waits(args):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(commands, "run", waits)
    assert cli.main(["run"]) == 143
    assert "continue with the same command and --resume" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(28, "No space left on device", "/x/y.nc"), "the disk is full or over its quota below /x/y.nc"),
        (PermissionError(13, "Permission denied", "/x"), "/x: Permission denied; give another path"),
        (MemoryError("Unable to allocate 9. TiB"), "out of memory (Unable to allocate 9. TiB)"),
    ],
)
def test_errors_of_the_system_are_one_sentence(monkeypatch, capsys, error, words):
    def failing(args):
        raise error

    monkeypatch.setattr(commands, "run", failing)
    assert cli.main(["run"]) == 2
    text = capsys.readouterr().err
    assert words in text and text.count("\n") == 1
