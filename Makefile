# Each line can be typed by hand, too. set-up.sh makes .venv, and ends at once when nothing has changed.
# Another Python: make run PYTHON=python3.12
.PHONY: help run admin test torture bench lint format set-up set-up-tools set-up-test
.NOTPARALLEL:

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-7s %s\n", $$1, $$2}' Makefile

run: set-up  ## start the playground (the first time: install it)
	@.venv/bin/python manage.py run

admin: set-up  ## make an account that may do everything
	@.venv/bin/python manage.py migrate --verbosity 0
	@.venv/bin/python manage.py createsuperuser

test: set-up-test lint  ## run every check and every test
	.venv/bin/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

torture: set-up-test  ## kill the worker's processes at random, twice for ten minutes, and count what was lost
	.venv/bin/python -m bench.torture
	.venv/bin/python -m bench.torture --big

bench: set-up-test  ## measure this machine: twenty minutes, best with nothing else running (BENCHMARKS.md)
	.venv/bin/python -m bench.engine
	.venv/bin/python -m bench.levers
	.venv/bin/python -m bench.latency
	.venv/bin/python -m bench.idle --jobs 200
	.venv/bin/python -m bench.library 0 1000
	.venv/bin/python -m bench.countdown
	.venv/bin/python -m bench.visitors
	.venv/bin/python -m bench.scale

lint: set-up-tools  ## check style, types, migrations and settings
	.venv/bin/python -m ruff check
	.venv/bin/python -m ruff format --check
	.venv/bin/python -m mypy
	.venv/bin/python manage.py makemigrations --check --dry-run
	.venv/bin/python manage.py check

format: set-up-tools  ## put the code in its usual form
	.venv/bin/python -m ruff check --fix
	.venv/bin/python -m ruff format

set-up:
	@sh set-up.sh

set-up-tools:
	@sh set-up.sh tools

set-up-test:
	@sh set-up.sh test
