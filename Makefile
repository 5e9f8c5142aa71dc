# Needs Python 3.11 to 3.13 and make; everything else is fetched into .venv and ~/.cache.
PYTHON ?= python3
BIN := .venv/bin
# One more than two cores: tests wait for browsers and for processes that they start.
WORKERS ?= 3
CODE := mediabuyer campaigns creatives portfolio memory collaboration

# Many images forbid bytecode; then each of the many processes of a run and of the suite would compile every package
# and every test again, which takes longer than all else that they do before they are ready.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: setup run test lint types bench clients ci lock lock-neo4j clean

setup:
	@PYTHON="$(PYTHON)" sh requirements/install.sh requirements/dev.txt

run: setup
	@exec $(BIN)/python -m mediabuyer.lib.servers.run

test: setup
	@$(BIN)/python -m mediabuyer.lib.servers.neo4j_jars fetch || echo "Neo4j cannot be fetched; its tests say so."
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	git ls-files -z -- '*.html' | xargs -0 $(BIN)/djade --target-version 5.2 --check
	$(BIN)/bandit -q -c pyproject.toml -r $(CODE) -ll
	$(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	DEPLOYED=1 SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))') \
		FIELD_ENCRYPTION_KEYS=$$($(BIN)/python -c 'from cryptography.fernet import Fernet as f; print(f.generate_key().decode())') \
		$(BIN)/python manage.py check --deploy --fail-level WARNING

types: setup
	$(BIN)/mypy

bench: setup
	$(BIN)/python -m bench

clients: setup
	$(BIN)/python -m bench.clients

ci:
	bash .ci/run

# New versions: edit pyproject.toml, then this. One list for every platform and Python, with hashes, without addresses.
UV := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	--no-emit-find-links
lock:
	@command -v uv >/dev/null || { echo "make lock needs uv: python3 -m pip install uv"; exit 1; }
	$(UV) pyproject.toml --output-file requirements/base.txt
	$(UV) pyproject.toml --extra embedded --extra test --output-file requirements/dev.txt

lock-neo4j: setup
	$(BIN)/python -m mediabuyer.lib.servers.neo4j_jars lock 5.26.30 > neo4j.lock.new
	mv neo4j.lock.new mediabuyer/lib/servers/neo4j.lock

# Run-time data (var/) stays: it may hold somebody's work.
clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
