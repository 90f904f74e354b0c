#!/usr/bin/env bash
# Makes the lock files anew. Needs uv on the PATH (pip install uv). Options go to uv, for instance --upgrade.
# hatchling and editables are in run.lock and test.lock, so that Samelight itself is built with pinned packages too;
# pip.lock holds the pip that installs them, because the one that comes with Python may not resume broken downloads.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=installer/requirements

compile() { # compile LOCK SOURCE... [OPTIONS...]
    local lock=$1
    shift
    uv pip compile "$@" --universal --python-version 3.10 --generate-hashes --no-annotate --no-emit-index-url \
        --no-emit-find-links --custom-compile-command "$folder/update.sh" --quiet --output-file "$folder/$lock"
}

compile pip.lock - "$@" <<<"pip>=25.1"
compile run.lock pyproject.toml - --constraints $folder/constraints.txt "$@" <<<$'hatchling\neditables'
compile test.lock pyproject.toml - --extra test \
    --constraints <(grep -E '^[a-z0-9]' $folder/run.lock | sed 's/ *\\$//') "$@" <<<$'hatchling\neditables'
