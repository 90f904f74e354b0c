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
# For machines without an NVIDIA card. torch's default build for Linux is linked to most of NVIDIA's libraries and does not
# start without them; these it starts without (measured with torch 2.15: `import torch`, computing on the CPU).
idle=(triton nvidia-cusolver nvidia-curand nvidia-cuda-cccl nvidia-nvtx cuda-bindings cuda-pathfinder cuda-toolkit)
without() { # without SOURCE NAME_PATTERN...: the lock file without these packages
    awk -v names="^($(IFS='|'; echo "${*:2}"))==" '/^[a-z0-9]/ { keep = $0 !~ names } /^[^a-z0-9 ]/ { keep = 1 } keep' \
        "$folder/$1"
}
without run.lock "${idle[@]}" >$folder/small.lock
# torch and torchvision come from an index with builds for the CPU here, whose files have checksums of their own.
without run.lock torch torchvision triton 'nvidia-[a-z0-9-]*' 'cuda-[a-z]*' >$folder/cpu.lock
compile test.lock pyproject.toml - --extra test \
    --constraints <(grep -E '^[a-z0-9]' $folder/run.lock | sed 's/ *\\$//') "$@" <<<$'hatchling\neditables'
