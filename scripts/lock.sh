#!/bin/sh
# Pins every Python package with its hashes. The files name no registry's address.
set -eu
cd "$(dirname "$0")/.."
lock() { # FILE [OPTION...]
    file=$1; shift
    .venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
        --no-header "$@" pyproject.toml -o "$file"
}
lock requirements.lock
lock requirements-dev.lock --extra dev -c requirements.lock
lock requirements-node.lock --extra node -c requirements.lock
