#!/usr/bin/env bash
# node_test.sh <file.test.mjs>: runs it with node's test runner; exits 77 (skipped) where what it needs is not installed.
set -euo pipefail
packages=$(dirname "$0")/../tests/node

skip() {
  echo "SKIPPED: $1. Nothing of $2 was tested; scripts/setup-node says more."
  exit 77
}
command -v node >/dev/null || skip 'there is no node' "$1"
"$(dirname "$0")/../scripts/setup-node" --check || skip "the npm packages of $packages are not installed" "$1"
exec node --test "$1"
