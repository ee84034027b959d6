#!/bin/sh
# Makes sure that node (20 or newer) and npm are there: the machine's own, or those of a Python wheel in .venv.
set -eu
cd "$(dirname "$0")/.."
if command -v npm >/dev/null && node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' 2>/dev/null; then
    exit 0
fi
echo "No Node.js 20 or newer here: installing one into .venv …"
.venv/bin/python -m pip -q --disable-pip-version-check install --require-hashes -r requirements-node.lock
