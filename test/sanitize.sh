#!/usr/bin/env bash
# The test suite on an addon built with sanitizers: bad memory accesses and undefined behaviour, then data races.
# Usage: test/sanitize.sh [address|thread]... [-- arguments of vitest]       (GCC on Linux)
# It works in copies of the sources, build-address/ and build-thread/, and leaves build/ alone.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

build() { # folder, sanitizers
  mkdir -p "$1"
  rm -rf "$1"/{native,lib,test,bench,docs,examples,dist,node_modules}
  local sources=(native lib test bench examples CMakeLists.txt ./*.json ./*.ts docs ./*.md)
  [ ! -d dist ] || sources+=(dist)
  tar -cf - "${sources[@]}" | tar -xf - -C "$1"
  ln -sfn "$root/node_modules" "$1/node_modules"
  (cd "$1" && node node_modules/cmake-js/bin/cmake-js rebuild -D "--CDNABLA_SANITIZE=$2" --log-level warn)
}

check() { # folder, runtime to preload, arguments of vitest
  local folder=$1 runtime=$2
  shift 2
  rm -f "$folder"/report.*
  local passed=true
  # A sanitizer's report ends the process it is in; the file outlives it.
  (
    cd "$folder"
    export LD_PRELOAD ASAN_OPTIONS TSAN_OPTIONS UBSAN_OPTIONS
    LD_PRELOAD=$(gcc -print-file-name="$runtime")
    ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:log_path=$PWD/report
    UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1:log_path=$PWD/report
    # Node itself is not instrumented, so what only Node's own code does is left out.
    TSAN_OPTIONS=ignore_noninstrumented_modules=1:log_path=$PWD/report
    local node=(node)
    # On newer kernels TSan's memory map does not bear address space randomisation.
    [ "$runtime" != libtsan.so ] || node=(setarch -R node)
    # NABLA_SLOW: wider time limits and fewer repetitions.
    NABLA_SLOW=1 NABLA_BACKEND=native "${node[@]}" node_modules/vitest/vitest.mjs run "$@"
  ) || passed=false
  if compgen -G "$folder/report.*" > /dev/null; then
    cat "$folder"/report.*
    passed=false
  fi
  $passed
}

which=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  which+=("$1")
  shift
done
[ $# -eq 0 ] || shift
[ ${#which[@]} -gt 0 ] || which=(address thread)

failed=()
for sanitizer in "${which[@]}"; do
  set +e # in a subshell of its own, not behind && or ||, where a failing command would not end it
  (
    set -e
    case $sanitizer in
      address) build build-address address,undefined; check build-address libasan.so "$@" ;;
      thread) build build-thread thread; check build-thread libtsan.so "$@" ;;
      *) echo "sanitizers: unknown: $sanitizer" >&2 && exit 2 ;;
    esac
  )
  [ $? = 0 ] || failed+=("$sanitizer")
  set -e
done
[ ${#failed[@]} -eq 0 ] || { echo "sanitizers: failed: ${failed[*]}" && exit 1; }
echo "sanitizers: nothing found by ${which[*]}"
