#!/usr/bin/env bash
# compile_fail.sh <compiler> <file> <include folder>…
# Succeeds when the file does not compile and the errors match the pattern of its first line, `// expect: <regex>`.
set -euo pipefail

compiler=$1 file=$2
shift 2
pattern=$(sed -nE '1s|^// expect: *(.*)$|\1|p' "$file")
if [[ -z $pattern ]]; then
  echo "$file: the first line must be '// expect: <extended regex>'" >&2
  exit 1
fi
if output=$("$compiler" -std=c++20 -stdlib=libstdc++ -fsyntax-only -ferror-limit=0 \
  "${@/#/-I}" "$file" 2>&1); then
  echo "$file: compiled, but must not" >&2
  exit 1
fi
# Only the diagnostics count, not the source lines that the compiler quotes (the pattern is one of them). No -q in a pipe:
# it ends at the first match, and what still writes into the pipe then dies of SIGPIPE.
diagnostics=$(grep -E '(error|note):' <<<"$output" || true)
if ! grep -qE -- "$pattern" <<<"$diagnostics"; then
  printf '%s: the errors do not match: %s\n%s\n' "$file" "$pattern" "$output" >&2
  exit 1
fi
