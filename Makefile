# make demo: the whole road on synthetic phantoms.  make test: the tests.  Each sets up .venv when it is not there.
# make test-jax: the training's tests with Keras on JAX, in an environment of its own that holds no TensorFlow.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)
EXTRAS ?= train,pretrained,dicom,dev
BIN := .venv/bin
READY := .venv/ready
EXTRAS_JAX := jax,pretrained,dev
READY_JAX := .venv-jax/ready
# What JAX must do as TensorFlow does: trainings, and the commands up to the verdict on a run. Not whether each backbone
# is built right, which takes longest to compile and is the same network whoever computes it.
OF_BACKBONES := $(addprefix tests/training/test_,against_torch.py backbones.py lite.py published.py weights.py)
ON_JAX := $(filter-out $(OF_BACKBONES),$(wildcard tests/training/test_*.py)) \
	$(addprefix tests/cli/test_,phantoms.py prepare.py recipes.py train.py calibrate.py evaluate.py)
# Most of the time is compiling: what one test had compiled the next one reads, and small networks need no fast code.
COMPILING := JAX_COMPILATION_CACHE_DIR=$(CURDIR)/.venv-jax/compiled JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS=0 \
	JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES=-1 XLA_FLAGS=--xla_backend_optimization_level=0

.PHONY: demo test test-jax lint setup clean

demo: $(READY)
	@$(BIN)/tflite-mammo demo

test: $(READY)
	@$(BIN)/python -m pytest

test-jax: $(READY_JAX)
	@! .venv-jax/bin/python -c 'import tensorflow' 2>/dev/null || { echo "error: .venv-jax holds TensorFlow; remove it" >&2; exit 2; }
	@KERAS_BACKEND=jax $(COMPILING) .venv-jax/bin/python -m pytest $(ON_JAX)

lint: $(READY)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	$(call install,.venv,$(EXTRAS),530)

$(READY_JAX): pyproject.toml constraints.txt
	$(call install,.venv-jax,$(EXTRAS_JAX),290)

define install
@test -n "$(PYTHON)" || { echo "error: no Python 3.11 to 3.13 found; install one, or run: make PYTHON=/path/to/python3" >&2; exit 2; }
@test -x $(1)/bin/python || $(PYTHON) -m venv $(1) || { rm -rf $(1); \
	echo "error: $(PYTHON) cannot make a virtual environment; on Debian or Ubuntu: apt install python3-venv" >&2; exit 2; }
@echo "installing into $(1): about $(3) MB to download the first time" >&2
@$(1)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[$(2)]"
@touch $(1)/ready
endef

clean:
	rm -rf .venv .venv-jax demo-out .mypy_cache .ruff_cache .pytest_cache
