#!/usr/bin/env bash
# Makes run.lock and test.lock anew from pyproject.toml. Needs uv on the PATH (pip install uv).
# hatchling and editables are in both, so that Samelight itself is built with pinned packages too.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=installer/requirements

compile() { # compile LOCK CONSTRAINTS [OPTIONS...]
    local lock=$1 constraints=$2
    shift 2
    printf 'hatchling\neditables\n' | uv pip compile pyproject.toml - "$@" --universal --python-version 3.10 \
        --constraints "$constraints" --generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links \
        --custom-compile-command "$folder/update.sh" --quiet --output-file "$folder/$lock"
}

compile run.lock $folder/constraints.txt "$@"
compile test.lock <(grep -E '^[a-z0-9]' $folder/run.lock | sed 's/ *\\$//') --extra test "$@"
