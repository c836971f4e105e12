#!/usr/bin/env bash
# Makes the three lock files anew from pyproject.toml: versions and hashes, no addresses.
set -euo pipefail
cd "$(dirname "$0")/.."
lock() { uv pip compile pyproject.toml --extra build "$@" --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 --quiet >/dev/null; }
lock -o requirements/zhika.lock
lock --extra dev --extra pkcs11 --extra postgres -c requirements/zhika.lock -o requirements/dev.lock
lock --extra spark --extra pkcs11 --extra pcsc --extra postgres --extra sftp --extra dev -c requirements/dev.lock -o requirements/all.lock
