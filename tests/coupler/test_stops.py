"""A run that meets another run, SIGTERM, a full disk or a lost scheduler: one sentence, nothing lost, the same bits after."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from calcisol.coupler.errors import CalcisolError
from calcisol.coupler.europe.load import load_domain
from calcisol.coupler.offline import chunks, folder_lock, on_dask, results
from helpers.small_runs import run_small, small_config, variables

pytestmark = pytest.mark.usefixtures("shipped")
RUN = {
    "scenarios": ["baseline"], "start_year": 2000, "end_year": 2011, "spinup_years": 1, "uncertainty": 0, "coverage": 0.1,
    "chunk": 8, "checkpoint_years": 1, "plots": False, "data": "none",
}  # fmt: skip


def start(tmp_path, *options, out="out", limit=None, **changes):
    """A run in a process of its own, as a user starts it."""
    config = {**RUN, **changes, "out": str(tmp_path / out)}
    text = "\n".join(f"{k} = {str(v).lower() if isinstance(v, bool) else repr(v)}" for k, v in config.items()).replace("'", '"')
    toml = tmp_path / f"{len(list(tmp_path.glob('*.toml')))}.toml"
    toml.write_text(text + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "calcisol.coupler.cli", "run", str(toml), *options]
    before = (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))) if limit else None
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=before
    )


def wait_for(process, folder, pattern):
    deadline = time.monotonic() + 120
    while not list(folder.glob(pattern)):
        assert process.poll() is None and time.monotonic() < deadline, "the run ended before it could be met"
        time.sleep(0.02)


def end(process, timeout=120):
    """Exit code and last line on stderr; nothing may have printed a traceback."""
    _, error = process.communicate(timeout=timeout)
    assert "Traceback" not in error, error
    return process.returncode, error.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    assert end(start(folder, workers=1))[0] == 0
    return variables(folder / "out" / "baseline.nc")


def test_a_second_run_is_refused_and_the_first_is_whole(tmp_path, whole):
    first = start(tmp_path, workers=1)
    wait_for(first, tmp_path / "out", ".work/*/chunk_*")
    first.send_signal(signal.SIGSTOP)  # so that it cannot end before the others have come
    for second in [start(tmp_path, workers=1, scenarios=s) for s in (["baseline"], ["baseline", "no_mineral_n"])]:
        code, said = end(second)
        assert code == 2 and f"is in use by another run (process {first.pid} on" in said and "give another --out" in said
    first.send_signal(signal.SIGCONT)
    assert end(first)[0] == 0 and variables(tmp_path / "out" / "baseline.nc") == whole
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [folder_lock.LOCK_NAME, "baseline.nc", "summary.csv"]


def test_sigterm_to_all_processes_keeps_what_is_done(tmp_path, whole):
    process = start(tmp_path, workers=2)
    wait_for(process, tmp_path / "out", ".work/*/chunk_*_baseline*.npz")
    os.killpg(process.pid, signal.SIGTERM)  # as a batch system does before it kills
    assert end(process, 30) == (143, "calcisol: stopped; continue with the same command and --resume")
    kept = {p: p.read_bytes() for p in (tmp_path / "out").glob(".work/*/chunk_*.npz")}
    code, said = end(start(tmp_path, workers=1))  # without --resume: neither deleted nor mixed up
    assert code == 2 and "holds the work of an earlier run of this configuration; continue it with --resume" in said
    assert kept and all(p.read_bytes() == content for p, content in kept.items())
    assert end(start(tmp_path, "--resume", workers=2))[0] == 0
    assert variables(tmp_path / "out" / "baseline.nc") == whole and not (tmp_path / "out" / ".work").exists()


def test_work_of_another_configuration_stays(tmp_path):
    other = tmp_path / "out" / ".work" / "0123456789ab" / "chunk_0000_baseline.npz"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"of a run that will go on")
    run_small(tmp_path / "out", scenarios=("baseline",), end_year=2020, coverage=0.02)
    assert other.read_bytes() == b"of a run that will go on" and [p.name for p in other.parents[1].iterdir()] == [
        other.parent.name
    ]


def test_a_killed_worker_is_one_sentence(tmp_path, whole):
    process = start(tmp_path, workers=2)
    wait_for(process, tmp_path / "out", ".work/*/chunk_*_baseline*.npz")
    listed = subprocess.run(
        ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(process.pid)], capture_output=True, text=True, check=True
    )
    worker = next(int(line.split()[0]) for line in listed.stdout.splitlines() if "spawn_main" in line)
    os.kill(worker, signal.SIGKILL)  # as the kernel does when memory is short
    code, said = end(process, 30)
    assert code == 2 and said.startswith("calcisol: a worker was killed (out of memory?)") and "--resume" in said
    assert end(start(tmp_path, "--resume", workers=1))[0] == 0 and variables(tmp_path / "out" / "baseline.nc") == whole


def test_a_quota_is_one_sentence_and_the_run_goes_on_after_it(tmp_path, whole):
    code, said = end(start(tmp_path, workers=2, limit=20_000))  # files of more bytes than that cannot be written
    assert code == 2 and "chunk_" in said
    assert "the disk is full or over its quota; free some space; what is done is kept: continue with" in said
    assert not [p.name for p in (tmp_path / "out").rglob("*.part")]
    assert end(start(tmp_path, "--resume", workers=1))[0] == 0 and variables(tmp_path / "out" / "baseline.nc") == whole


@contextmanager
def small_disk(folder, size):
    """A file system of ``size`` bytes below ``folder``; skips where this machine lets nobody mount one."""
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True).returncode:
        pytest.skip("no right to mount a tmpfs")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


@pytest.mark.parametrize("size", [300_000, 450_000], ids=["maps", "results"])
def test_a_full_disk_is_one_sentence_and_last_week_stays(tmp_path, whole, size):
    with small_disk(tmp_path / "disk", size):
        out = tmp_path / "disk" / "out"
        out.mkdir()
        (out / "baseline.nc").write_bytes(b"of last week")
        code, said = end(start(tmp_path, out="disk/out", workers=1))
        assert code == 2 and "cannot be written" in said and "the disk is full" in said and "--resume" in said
        assert (out / "baseline.nc").read_bytes() == b"of last week"
        subprocess.run(["mount", "-o", "remount,size=64m", str(tmp_path / "disk")], check=True)
        assert end(start(tmp_path, "--resume", out="disk/out", workers=1))[0] == 0
        assert variables(out / "baseline.nc") == whole


def test_a_map_on_a_full_disk_never_ends_by_sigbus(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "posix_fallocate", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(folder_lock.OutputError, match="the disk is full or over its quota"):
        run_small(tmp_path / "out", scenarios=("baseline",), end_year=2020, coverage=0.02)
    config = small_config(tmp_path / "out", scenarios=("baseline",), end_year=2020, coverage=0.02)
    domain = load_domain(config)
    monkeypatch.undo()
    folder = chunks.run(domain, config, resume=True)
    assert len(results.gather(domain, config, folder, chunks.load_scenarios(("baseline",))[0]).years) == 1


SCHEDULER = "import sys; from distributed.cli.dask_scheduler import main; main(['--port', '0', '--no-dashboard', '--no-show'])"


@contextmanager
def scheduler(folder):
    """A Dask scheduler without workers in a process of its own; gives the process and its address."""
    pytest.importorskip("distributed", reason="needs the package distributed (make test installs it)")
    file = folder / "scheduler.json"
    code = SCHEDULER.replace("'--no-show'", f"'--scheduler-file', {str(file)!r}")
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not (file.is_file() and file.stat().st_size):
            assert process.poll() is None and time.monotonic() < deadline, "the scheduler does not start"
            time.sleep(0.05)
        yield process, json.loads(file.read_text())["address"]
    finally:
        process.kill()
        process.wait()


def test_without_workers_the_run_says_that_it_waits_and_a_dead_scheduler_ends_it(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(on_dask, "TELL_SECONDS", 1.0)
    monkeypatch.setattr(on_dask, "POLL_SECONDS", 0.2)
    monkeypatch.setattr(on_dask, "LOST_SECONDS", 1.0)
    config = small_config(tmp_path / "out", scenarios=("baseline",), coverage=0.02)
    tasks = chunks.make_tasks(load_domain(config), config, tmp_path)
    with scheduler(tmp_path) as (process, address):
        arriving = on_dask.on_dask(chunks._worker, tasks, address)
        look = on_dask._Watch.look
        looks = []

        def counted(self, left):
            looks.append(left)
            if len(looks) == 15:
                process.kill()
            look(self, left)

        monkeypatch.setattr(on_dask._Watch, "look", counted)
        with pytest.raises(CalcisolError, match=f"the Dask scheduler at {address} is gone.*--resume") as caught:
            next(arriving)
    assert "\n" not in str(caught.value)
    told = [x for x in capfd.readouterr().err.splitlines() if "no Dask worker" in x]
    assert len(told) >= 2 and told[0] == f"calcisol: no Dask worker at {address}; {len(tasks)} chunks wait for one"


def test_workers_that_die_at_a_chunk_are_one_sentence(tmp_path):
    """A worker that is killed at every attempt, as by a machine out of memory."""
    import dask
    from distributed import LocalCluster

    def dies(task):
        import os

        os._exit(1)

    config = small_config(tmp_path / "out", scenarios=("baseline",), coverage=0.02)
    tasks = chunks.make_tasks(load_domain(config), config, tmp_path)[:1]
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
    ):
        with pytest.raises(CalcisolError, match=r"the Dask workers die at chunk \d+ \(out of memory\?\);.*--resume") as caught:
            list(on_dask.on_dask(dies, tasks, cluster.scheduler_address))
    assert "\n" not in str(caught.value)
