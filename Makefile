# make install | demo | test | bench | screenshots | clean. Python 3.11 or 3.12 on Linux; see README for others.
SHELL := /bin/bash
PYTHON ?= $(shell for p in python3.11 python3.12 python3; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' \
	2>/dev/null && echo $$p && break; done)
VENV := .venv
RUN := $(VENV)/bin/python
OUT ?= demo-out
TORCH := $(shell sed -n 's/^torch==//p' requirements.lock)
PIP := $(RUN) -m pip install --quiet --disable-pip-version-check

.PHONY: install demo demo-server test lint bench screenshots clean graphics

install: graphics $(VENV)/.installed

$(VENV)/.installed: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or 3.12 with venv is needed: on Debian, apt-get install python3 python3-venv"; exit 2; }
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@echo "Installing torch $(TORCH) ..."
	@if $(RUN) -c "import torch, sys; sys.exit(torch.__version__.split('+')[0] != '$(TORCH)')" 2>/dev/null; then :; \
	elif command -v nvidia-smi >/dev/null; then $(PIP) torch==$(TORCH); \
	else $(PIP) --no-deps "torch==$(TORCH)+cpu" 2>/dev/null \
	  || { $(PIP) uv && UV_HTTP_RETRIES=0 $(VENV)/bin/uv pip install --quiet --python $(RUN) --torch-backend cpu torch==$(TORCH) 2>/dev/null; } \
	  || $(PIP) torch==$(TORCH); fi
	@echo "Installing the other packages ..."
	@$(PIP) --constraint requirements.lock --editable '.[test]'
	@touch $@

# Off-screen pictures need one of EGL or OSMesa; without it VTK would crash at the first picture.
graphics:
	@ldconfig -p 2>/dev/null | grep -qE 'libEGL\.so|libOSMesa\.so' && exit 0; \
	case "$$(uname -s)" in Linux) ;; *) exit 0;; esac; \
	as_root=$$([ "$$(id -u)" = 0 ] && echo env || echo "sudo -n"); \
	if command -v apt-get >/dev/null && $$as_root true 2>/dev/null; then \
	  $$as_root apt-get update -qq && $$as_root apt-get install -y -qq --no-install-recommends libegl1 libgl1-mesa-dri >/dev/null; \
	else echo "For pictures of scenes install libegl1 and libgl1-mesa-dri (or libosmesa6) by your package manager, for example: sudo apt-get install libegl1 libgl1-mesa-dri"; fi

demo: install
	@$(VENV)/bin/medimage demo -o $(OUT)

# Uses what is there of: apt-get install orthanc orthanc-dicomweb dcmtk chromium
demo-server: install
	@rm -rf $(OUT)-server
	@$(RUN) Testing/Benchmarks/server_demo.py $(OUT)-server

test: install lint
	@$(RUN) -m pytest

lint: install
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy

# Peers are installed without what they drag along: their architectures alone are measured.
bench: install
	@$(PIP) --no-deps dynamic-network-architectures==0.4.4
	@$(RUN) Testing/Benchmarks/networks.py
	@$(RUN) Testing/Benchmarks/cine_indices.py

# PySide6 stands for the application's Qt, in pictures only.
screenshots: install
	@$(PIP) PySide6_Essentials==6.12.0
	@$(RUN) Testing/Slicer/screenshots.py -o docs/pictures

clean:
	rm -rf $(VENV) $(OUT) $(OUT)-server
