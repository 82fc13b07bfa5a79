# Everything goes through .venv, which `make setup` makes. Nothing is installed outside this folder.
PYTHON ?= python3
VENV := .venv
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --upgrade
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready-$(shell cksum < requirements-dev.txt | cut -d' ' -f1)-$(shell cksum < pyproject.toml | cut -d' ' -f1)

.PHONY: help setup run chat test check format lock audit catalogs clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

$(STAMP): requirements-dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; set PYTHON=...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@rm -f $(VENV)/.ready-*
	@touch $@

setup: $(STAMP) ## set everything up, into .venv

run: setup ## start the bot; the first start trains the model and takes a few minutes
	$(BIN)/bot run

chat: setup ## talk to the bot in the terminal
	$(BIN)/bot chat

test: setup ## run all tests, on all cores
	BOT_DATA_DIR=.bot $(BIN)/bot train # once, before several processes need the model
	$(BIN)/python -m pytest -n auto --dist loadfile

check: setup ## everything that must be green before a commit
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bot check
	$(MAKE) test

format: setup ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

catalogs: setup ## collect what the software says into locales/, for the translators
	$(BIN)/pybabel -q extract -k _ -k N_ --no-location --omit-header --sort-output -o locales/bot.pot bot
	for language in pl uk; do $(BIN)/pybabel -q update --no-fuzzy-matching --omit-header --ignore-obsolete -i locales/bot.pot -l $$language -o locales/$$language/LC_MESSAGES/bot.po; done

lock: ## pin the newest allowed versions with hashes, for every platform (needs uv)
	$(LOCK) pyproject.toml -o requirements.txt
	$(LOCK) --group dev pyproject.toml -o requirements-dev.txt

audit: ## compare the pinned packages with the known weaknesses (needs pip-audit and the network)
	@command -v pip-audit >/dev/null || { echo "pip-audit is missing. Install it outside this project, for instance by: pipx install pip-audit" >&2; exit 2; }
	pip-audit --require-hashes --disable-pip -r requirements.txt

clean: ## remove the virtual environment and the data of the bot
	rm -rf $(VENV) .bot
