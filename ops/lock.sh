#!/bin/sh
# requirements.in -> requirements.txt: every package that is installed, with its hashes, for Python 3.11 and 3.12.
# No index is named in it: where packages come from is the machine's own affair.
set -eu
cd "$(dirname "$0")/.."
command -v uv >/dev/null || { echo "missing: uv, which resolves the lock. pipx install uv" >&2; exit 78; }
uv pip compile requirements.in --quiet --universal --python-version 3.11 --generate-hashes \
    --no-header --no-emit-index-url --output-file requirements.txt "$@"
