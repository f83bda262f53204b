# Everything starts here: each target does its own set-up (scripts/setup; idempotent).
#   make          build             make demo     a real sweep, leaderboard and report
#   make test     build and test    make format   clang-format over all sources
#   make chaos    200 random kills while sweeps run
#   make bench    what the engine itself costs
#   make fuzz     five minutes of damaged checkpoints, with sanitizers
#   make install  into PREFIX (/usr/local), under DESTDIR if given
#   make wheel    one file in dist/ that pip installs without root, compiler or Debian
# LABELS chooses tests: fast, mpi, e2e (whole sweeps; these three by default), slow (minutes), gpu (they skip themselves
# where there is none).
# MPI=debian builds with Debian's Open MPI 4.1.4 instead of the wheel's 5.0.11.
MPI ?= wheel
BUILD ?= $(if $(filter debian,$(MPI)),build-debian,build)
JOBS ?= $(shell nproc)
LABELS ?= fast|mpi|e2e
# The build sees nothing of the caller's environment but this.
CLEAN_ENV = env -i PATH=/usr/bin:/bin HOME="$$HOME" LANG=C.UTF-8 $(if $(CCACHE_DIR),CCACHE_DIR="$(CCACHE_DIR)")

.PHONY: build setup test chaos bench fuzz demo programs install wheel format clean
build: setup
	@$(CLEAN_ENV) cmake --preset $(MPI) -B $(BUILD) --log-level=WARNING > /dev/null
	@$(CLEAN_ENV) cmake --build $(BUILD) -j $(JOBS)

setup:
	@scripts/setup

test: build
	@cd $(BUILD) && ctest --output-on-failure -j $(JOBS) -L '$(LABELS)'

# Kills stages, workers, coordinators and mpirun at random while sweeps run; KILLS in all.
KILLS ?= 200
chaos: build
	@cd $(BUILD) && ZEROSWEEP_CHAOS_KILLS=$(KILLS) ctest --output-on-failure --timeout 3000 -R 'chaos_test'

# What the engine itself costs (docs/performance.md).
bench: build
	@$(CLEAN_ENV) cmake --build $(BUILD) -j $(JOBS) --target benches
	@scripts/bench $(BUILD)

# Mutations of real checkpoints (tests/golden/checkpoints): no crash, bounded memory.
FUZZ_SECONDS ?= 300
fuzz: setup
	@$(CLEAN_ENV) cmake --preset $(MPI) -B $(BUILD) --log-level=WARNING > /dev/null
	@$(CLEAN_ENV) cmake --build $(BUILD) -j $(JOBS) --target checkpoint_fuzz
	@ASAN_OPTIONS=detect_leaks=0:max_allocation_size_mb=512:hard_rss_limit_mb=1500 ZEROSWEEP_SOURCE=$(CURDIR) \
	  $(BUILD)/bin/checkpoint_fuzz --seconds $(FUZZ_SECONDS)

demo: build
	@scripts/demo $(BUILD)

programs: setup
	@$(CLEAN_ENV) cmake --preset $(MPI) -B $(BUILD) --log-level=WARNING > /dev/null
	@$(CLEAN_ENV) cmake --build $(BUILD) -j $(JOBS) --target zerosweep zerosweep-stage

PREFIX ?= /usr/local
install: programs
	@DESTDIR="$(DESTDIR)" cmake --install $(BUILD) --prefix "$(PREFIX)" > /dev/null
	@echo "installed in $(DESTDIR)$(PREFIX); LibTorch and Open MPI stay those of $(CURDIR)/.venv, which must stay there"

# Whatever MPI says: a wheel depends on wheels alone.
wheel: override MPI = wheel
wheel: programs
	@scripts/wheel $(BUILD)

format:
	@git ls-files '*.h' '*.cc' | xargs clang-format -i

clean:
	rm -rf build build-debian build-debug dist
