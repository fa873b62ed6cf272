# The commands for people. Each installs what is missing, builds what it needs and runs.
JOBS ?= $(shell nproc)
BIN := build/release/bin

.PHONY: help setup demo run test test-all sim bench check format clean
.DEFAULT_GOAL := help

help:
	@echo 'make demo      the order service, killed and restarted under load'
	@echo 'make test      build and run the tests'
	@echo 'make test-all  also the long suites'
	@echo 'make sim       the example services under faults, from 100,000 seeds or for 10 minutes'
	@echo 'make run       the order service at http://localhost:9000'
	@echo 'make bench     the benchmarks'
	@echo 'make check     layers, headers, format, lint and the instructions of the hot path'
	@echo 'make format    format the sources'
	@echo 'make setup     install the packages that are missing'
	@echo 'make clean     remove build/'

setup:
	@scripts/setup

# Ninja runs cmake again when a CMake file changes, but does not know of the presets.
build/%/build.ninja: CMakePresets.json | setup
	@cmake --preset $* --log-level=WARNING >/dev/null
	@touch $@

demo: build/release/build.ninja
	@cmake --build --preset release -j $(JOBS) --target orders orders-demo
	@$(BIN)/orders-demo

run: build/release/build.ninja
	@cmake --build --preset release -j $(JOBS) --target orders
	@exec $(BIN)/orders serve --listen 127.0.0.1:9000

test: build/dev/build.ninja
	@cmake --build --preset dev -j $(JOBS)
	@scripts/run-tests dev $(JOBS)

test-all: build/dev/build.ninja
	@cmake --build --preset dev -j $(JOBS)
	@scripts/run-tests dev-all $(JOBS)

sim: build/release/build.ninja
	@cmake --build --preset release -j $(JOBS)
	@scripts/sim $(BIN)

bench: build/release/build.ninja
	@cmake --build --preset release -j $(JOBS) --target eventual-bench eventual-cli
	@bench/run

check: build/dev/build.ninja
	@scripts/check

format: setup
	@scripts/sources | xargs clang-format-19 -i

clean:
	@rm -rf build
