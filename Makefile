# Everything starts here: each target does its own set-up (scripts/setup; idempotent).
#   make          builds the programs    make demo     a real sweep, leaderboard and report
#   make test     builds and tests       make format   clang-format over all sources
#   make chaos    200 random kills while sweeps run
#   make bench    what the engine itself costs
#   make fuzz     damaged checkpoints and networks, five minutes of each kind, with sanitizers
#   make install  into PREFIX (/usr/local), under DESTDIR if given
#   make wheel    one file in dist/ that pip installs without root, compiler or Debian
# CUDA=0 builds without the CUDA back end: 0.6 GB of wheels instead of 3. A build folder keeps the choice.
# LABELS chooses tests: fast, mpi, e2e (whole sweeps; these three by default), slow (minutes), gpu (they skip themselves
# where there is none).
# MPI=debian builds with Debian's Open MPI 4.1.4 instead of the wheel's 5.0.11.
# WERROR=ON makes warnings errors.
MPI ?= wheel
BUILD ?= $(if $(filter debian,$(MPI)),build-debian,build)
CUDA ?= $(if $(shell grep -s '^ZEROSWEEP_CUDA:BOOL=OFF' $(BUILD)/CMakeCache.txt),0,1)
WITHOUT_CUDA = $(filter 0 off OFF no,$(CUDA))
JOBS ?= $(shell nproc)
LABELS ?= fast|mpi|e2e
SETUP_OPTIONS = $(if $(filter debian,$(MPI)),--debian-mpi) $(if $(WITHOUT_CUDA),--no-cuda)
SETUP = scripts/setup $(SETUP_OPTIONS)
OPTIONS = -DZEROSWEEP_CUDA=$(if $(WITHOUT_CUDA),OFF,ON) -DZEROSWEEP_WERROR=$(or $(WERROR),OFF) -DZEROSWEEP_UNITY=ON
# The build sees nothing of the caller's environment but this.
CLEAN_ENV = env -i PATH=/usr/bin:/bin HOME="$$HOME" LANG=C.UTF-8 $(if $(CCACHE_DIR),CCACHE_DIR="$(CCACHE_DIR)")
CONFIGURE = $(CLEAN_ENV) cmake --preset $(MPI) -B $(BUILD) --log-level=WARNING $(OPTIONS)
COMPILE = $(CLEAN_ENV) cmake --build $(BUILD) -j $(JOBS)
# Says how long a step took, but for one that finds everything in place.
TIMED = scripts/timed
# The first line says what is ahead; no target but these has a time of its own.
AHEAD = $(or $(filter demo setup,$(MAKECMDGOALS)),$(if $(filter test,$(MAKECMDGOALS)),$(if $(filter file,$(origin LABELS)),test)))
FORECAST = scripts/forecast $(BUILD) $(JOBS) "$(firstword $(AHEAD))"

.PHONY: build with-cuda setup test-build test chaos bench fuzz demo install wheel format clean
build: setup
	@$(CONFIGURE) > /dev/null
	@$(TIMED) 'compiled the programs' $(COMPILE) --target zerosweep

setup:
	@$(FORECAST) $(SETUP_OPTIONS)
	@$(TIMED) 'set the machine up' $(SETUP)

# The programs and all tests, in the same folder.
test-build:
	@$(FORECAST) $(SETUP_OPTIONS) --tests
	@$(TIMED) 'set the machine up' $(SETUP) --tests
	@$(CONFIGURE) -DZEROSWEEP_TESTS=ON > /dev/null
	@$(TIMED) 'compiled the programs and the tests' $(COMPILE)

test: test-build
	@cd $(BUILD) && ctest --output-on-failure -j $(JOBS) -L '$(LABELS)'

# Kills stages, workers, coordinators and mpirun at random while sweeps run; KILLS in all.
KILLS ?= 200
chaos: test-build
	@cd $(BUILD) && ZEROSWEEP_CHAOS_KILLS=$(KILLS) ctest --output-on-failure --timeout 3000 -R 'chaos_test'

# What the engine itself costs (docs/performance.md).
bench: test-build
	@$(COMPILE) --target benches
	@scripts/bench $(BUILD)

# Mutations of real checkpoints and networks (tests/golden/checkpoints, onnx, pt2): no crash, bounded memory.
FUZZ_SECONDS ?= 300
FUZZED = checkpoint onnx pt2
fuzz:
	@$(SETUP) --tests
	@$(CONFIGURE) -DZEROSWEEP_TESTS=ON > /dev/null
	@$(COMPILE) --target $(FUZZED:%=%_fuzz)
	@for kind in $(FUZZED); do \
	  OMP_NUM_THREADS=1 ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:max_allocation_size_mb=1500:hard_rss_limit_mb=5000 ZEROSWEEP_SOURCE=$(CURDIR) \
	    $(BUILD)/bin/$${kind}_fuzz --seconds $(FUZZ_SECONDS) || exit 1; \
	done

demo: build
	@scripts/demo $(BUILD)

PREFIX ?= /usr/local
install: build
	@$(COMPILE) --target read_by_shells > /dev/null
	@DESTDIR="$(DESTDIR)" cmake --install $(BUILD) --prefix "$(PREFIX)" > /dev/null
	@echo "installed in $(DESTDIR)$(PREFIX); its libraries stay those of $(CURDIR)/.venv, which must stay there"

# Whatever MPI says: a wheel depends on wheels alone.
wheel: override MPI = wheel
wheel: with-cuda build
	@scripts/wheel $(BUILD)

with-cuda:
	@$(if $(WITHOUT_CUDA),echo 'a wheel has the CUDA back end: make CUDA=1 wheel' >&2; exit 2)

format:
	@git ls-files '*.h' '*.cc' | xargs clang-format -i

clean:
	rm -rf build build-debian build-debug build-clang build-no-cuda dist
