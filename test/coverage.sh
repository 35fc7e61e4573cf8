#!/usr/bin/env bash
# Coverage of the test suite: branches of lib/ (V8) and lines of native/ (gcov), with the places that no test reaches.
# Usage: test/coverage.sh [arguments of vitest]       (GCC on Linux)
# It works in a copy of the sources, build-coverage/, and leaves build/ alone.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD folder=build-coverage

mkdir -p "$folder"
rm -rf "$folder"/{native,lib,test,bench,examples,dist,node_modules,coverage}
sources=(native lib test bench examples CMakeLists.txt ./*.json ./*.ts README.md)
[ ! -d dist ] || sources+=(dist)
tar -cf - "${sources[@]}" | tar -xf - -C "$folder"
ln -sfn "$root/node_modules" "$folder/node_modules"
cd "$folder"
node node_modules/cmake-js/bin/cmake-js rebuild -D --CDNABLA_COVERAGE=ON --log-level warn

# NABLA_SLOW: wider time limits and fewer repetitions, since counting is slow.
status=0
NABLA_SLOW=1 NABLA_BACKEND=native node node_modules/vitest/vitest.mjs run --root . --config test/coverage.config.ts "$@" || status=$?
node test/coverage.mjs || status=$?
exit "$status"
