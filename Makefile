# calcisol on a bare Debian or Ubuntu machine: `make europe` and `make test` do all their set-up, then their job.
#
#   make europe   offline run over Europe into out/europe: NetCDF, summary.csv, maps, report.html; with real data also
#                 out/validation/validation.html
#   make test     build, install, run the tests
#   make slow     the tests that take more than a minute
#   make fortran  the tests of the Fortran module and the adapters of land models
#   make bundle DATA=learning.nc   the default bundle again, from the learning file of `calcisol ensemble`
#   make explain  test space-for-time substitution: out/explain/report.html of the default bundle, and what the example prints
#   make setup    compiler, .venv, torch, build, install
#   make lint     all linters: Python, C++, Fortran, shell, workflows
#   make clean    remove .venv, build and out
#
# Stamps in .venv make repeated calls fast; the package is built again only when one of its files has changed.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
TORCH := 2.13.0
CPU_INDEX := https://download.pytorch.org/whl/cpu
SOURCES := $(shell find meson.build meson.options pyproject.toml VERSION LICENSE README.md emulator fortran_bridge coupler \
	-type f -not -name '*.pyc')
.DEFAULT_GOAL := help
.PHONY: help europe test slow fortran bundle explain setup lint clean

europe: $(VENV)/installed
	$(BIN)/calcisol run --out out/europe
	@! [ -d "$${CALCISOL_DATA:-../shared/data}/rothamsted" ] || $(BIN)/calcisol validate out/europe --out out/validation

# WORKERS=n: as many tests side by side, a file in one process (each takes up to 1.5 GB); COVERAGE=1: lines of Python that the tests
# ran, room by room, at the end
WORKERS := 2
test: $(VENV)/installed $(VENV)/test-tools
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile $(if $(COVERAGE),--cov --cov-report=)
	@$(if $(COVERAGE),$(BIN)/python .ci/coverage_by_room.py)

slow: $(VENV)/installed $(VENV)/test-tools
	$(BIN)/python -m pytest -q -m slow

# FFLAGS="-g -fcheck=all" builds the module, the adapters and the tests' hosts with checked bounds (after `make clean`)
fortran: $(VENV)/installed $(VENV)/test-tools
	$(BIN)/python -m pytest -q tests/bridge/test_hosts.py tests/bridge/test_hosts_mock.py tests/bridge/test_hosts_pages.py \
	  tests/bridge/test_downstream.py tests/test_examples.py

bundle: $(VENV)/installed
	$(BIN)/calcisol train --config emulator/training/train.toml --data $(DATA) --out out/train
	$(BIN)/calcisol export --run out/train --config emulator/training/train.toml --data $(DATA) --bundle out/default.calcisol

# MIN3P_RUNS=folder: MIN3P runs with and without nitrogen are read from there and, with MIN3P_EXE, made where they are missing
explain: $(VENV)/installed $(VENV)/test-tools
	$(BIN)/calcisol explain --out out/explain $(if $(MIN3P_RUNS),--min3p-runs $(MIN3P_RUNS))
	$(BIN)/python examples/07_explain/explain.py > out/explain/expected_output.txt
	mv out/explain/expected_output.txt examples/07_explain/expected_output.txt

setup: $(VENV)/installed

# every linter once; versions in pyproject.toml, group lint
lint: $(VENV)/installed $(VENV)/test-tools $(VENV)/lint-tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/clang-format --dry-run -Werror $$(find fortran_bridge/src coupler/land -name '*.[ch]pp')
	$(BIN)/fortitude check --quiet fortran_bridge examples tests
	$(BIN)/shellcheck .ci/run .ci/system $(wildcard findings/*.sh)
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/bug.yml .github/ISSUE_TEMPLATE/host.yml
	$(BIN)/zizmor --offline --quiet .github

clean:
	rm -rf $(VENV) build out

help:
	@sed -n '2,13s/^# \{0,1\}//p' Makefile

# compilers and a virtual environment, through apt where they are missing
$(VENV)/system:
	@.ci/system $(VENV)
	@touch $@

# torch for the CPU unless one is there (the first index has CUDA builds of gigabytes), and the build tools
$(VENV)/tools: $(VENV)/system
	@echo "installing torch and the build tools into $(VENV)"
	@$(PIP) install -U pip
	@$(BIN)/python -c 'from importlib.metadata import version; assert version("torch").startswith("2.13.")' 2>/dev/null \
	  || $(PIP) --retries 0 --timeout 15 install torch==$(TORCH) --extra-index-url $(CPU_INDEX) 2>/dev/null \
	  || $(PIP) install torch==$(TORCH)
	@$(PIP) install --group build
	@touch $@

$(VENV)/installed: $(VENV)/tools $(SOURCES)
	@echo "building and installing calcisol"
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(PIP) install --no-build-isolation -Cbuild-dir=build/wheel ".[maps,plots]"
	@touch $@

$(VENV)/test-tools: $(VENV)/tools pyproject.toml
	@$(PIP) install --group test
	@touch $@

$(VENV)/lint-tools: $(VENV)/tools pyproject.toml
	@$(PIP) install --group lint
	@touch $@
