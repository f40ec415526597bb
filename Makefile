PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo-run
CORPUS ?= data/sentences.en.txt

.PHONY: install tools demo test check docs docs-serve wheel clean

install: $(VENV)/ready

# pip's own words about an old Python speak of packages in conflict, and Debian has venv in a package of its own
$(VENV)/ready: pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "error: there is no $(PYTHON); install Python 3.11 or later, or name one, as in PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: $$($(PYTHON) --version 2>&1) is too old; name a Python from 3.11 on, as in PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "error: $(PYTHON) has no venv; install it, as with apt install python3-venv" >&2; exit 1; }
	@echo "setting up $(VENV), which takes some minutes"
	$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q -c constraints.txt -e ".[dev]" || \
	{ echo "error: pip could not install everything (without a network it speaks of packages in conflict); make install tries again" >&2; exit 1; }
	touch $@

# other people's tools that a run opens in; and what builds the site; without them their tests are skipped
tools: install
	$(BIN)/python -m pip install -q -c constraints.txt -e ".[dev,tools,docs]"
	touch $(VENV)/docs

# train two minutes on the shipped corpus but for its last 200 sentences, then rebuild those; `make demo CORPUS=FILE` takes another
demo: install
	rm -rf $(DEMO)
	$(BIN)/python scripts/experiments/hold_out.py $(CORPUS) 200 $(DEMO)
	$(BIN)/textrae train $(DEMO)/train.txt -o $(DEMO)/run --minutes 2
	@echo; echo "sentence -> vector -> sentence, unseen:"
	@$(BIN)/textrae reconstruct $(DEMO)/run $(DEMO)/eight.txt | paste -d '\n' $(DEMO)/eight.txt - | sed 'n;s/^/  -> /'
	@echo
	$(BIN)/textrae evaluate $(DEMO)/run $(DEMO)/unseen.txt

test: install
	$(BIN)/python -m pytest -q

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# all pages as a site: open site/index.html; a browser shows no search for files, `make docs-serve` does
docs: $(VENV)/docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build -q

# the same on this machine's own address, with search, made again when a page changes
docs-serve: $(VENV)/docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve

$(VENV)/docs: $(VENV)/ready
	$(BIN)/python -m pip install -q -c constraints.txt -e ".[docs]"
	touch $@

# what users install; whether an index would show its page
wheel: install
	rm -rf dist
	$(BIN)/python -m build --outdir dist .
	$(BIN)/python -m twine check --strict dist/*

clean:
	rm -rf $(VENV) $(DEMO) build dist site *.egg-info
