#!/bin/bash
# distributed.wait() and as_completed() do not know the client of the futures they are given.
#
# Versions:  distributed 2026.8.0 with dask 2026.8.0, Python 3.11; seen on 2026-11-30
# Behaviour: a client made with set_as_default=False submits a future. future.result() works and future.client is that client, but
#            wait([future]) and as_completed([future]) raise "ValueError: No clients found": both ask for the default client of
#            the process instead of the one that each future carries.
# Surprise:  Client offers set_as_default=False so that a library does not take over the default of the program around it; such a
#            library can wait for one future, and not for several. The message speaks of starting a client while one is running.
# Output:    result: 2
#            client of the future is running: True
#            wait: ValueError No clients found
#            as_completed: ValueError No clients found
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q --disable-pip-version-check install distributed==2026.8.0 dask==2026.8.0
cat > "$work/try.py" <<'PY'
from distributed import Client, as_completed, wait

if __name__ == "__main__":
    with Client(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None, set_as_default=False) as client:
        future = client.submit(lambda x: x + 1, 1)
        print("result:", future.result())
        print("client of the future is running:", future.client is client and client.status == "running")
        for function in (wait, as_completed):
            try:
                list(function([future]))
                print(f"{function.__name__}: works")
            except ValueError as error:
                print(f"{function.__name__}: ValueError", str(error).splitlines()[0])
PY
"$work/venv/bin/python" "$work/try.py" | tee "$work/out"
diff "$work/out" - <<'OUT'
result: 2
client of the future is running: True
wait: ValueError No clients found
as_completed: ValueError No clients found
OUT
