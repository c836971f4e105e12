#!/usr/bin/env bash
# Makes the virtual environment and installs what a lock file pins, by hash. Usage: environment.sh PYTHON VENV LOCK
set -euo pipefail
python=$1 venv=$2 lock=$3
"$python" -c 'import sys; sys.exit("Zhika needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
if [ ! -x "$venv/bin/pip" ]; then
    # Debian keeps venv's bootstrap in a package of its own.
    if ! "$python" -c 'import ensurepip' 2>/dev/null; then
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            apt-get update -qq
            DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null
        else
            echo "python3-venv is missing: run 'apt-get install python3-venv' as root, then again" >&2
            exit 1
        fi
    fi
    "$python" -m venv "$venv"
fi
"$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$lock"
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
# Compiled once, also where PYTHONDONTWRITEBYTECODE is set: every command starts a fifth faster.
"$venv/bin/python" -m compileall -q src
