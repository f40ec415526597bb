PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo-run

.PHONY: install tools demo test check clean

install: $(VENV)/ready

$(VENV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q -c constraints.txt -e ".[dev]"
	touch $@

# other people's tools that a run opens in; without them their tests are skipped
tools: install
	$(BIN)/python -m pip install -q -c constraints.txt -e ".[dev,tools]"

# train two minutes on the shipped corpus but for its last 200 sentences, then rebuild those
demo: install
	rm -rf $(DEMO)
	$(BIN)/python scripts/experiments/hold_out.py data/sentences.en.txt 200 $(DEMO)
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

clean:
	rm -rf $(VENV) $(DEMO) build dist *.egg-info
