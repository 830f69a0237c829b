#!/usr/bin/env bash
# Runs the fuzz targets under libFuzzer: fuzz/run.sh SECONDS [TARGET …]
#
# The stable compiler can do it: sancov is a pass of LLVM, and libfuzzer-sys brings the fuzzer itself. What is found stays in
# target/fuzz-work/TARGET; inputs that broke something are written there as crash-*, to be kept in fuzz/corpus/TARGET.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-180}
shift || true
host=$(rustc -vV | sed -n 's/^host: //p')
export CARGO_TARGET_DIR=$PWD/target/fuzz
# For the host by name, so that the flags are not those of build scripts as well.
RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
  -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing" \
  cargo build --release --quiet --target "$host" --manifest-path fuzz/fuzz_targets/Cargo.toml
program=target/fuzz/$host/release/libfuzzer
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  for folder in fuzz/corpus/*/; do targets+=("$(basename "$folder")"); done
fi
failed=0
for target in "${targets[@]}"; do
  work=target/fuzz-work/$target
  mkdir -p "$work/found"
  echo "== $target"
  XANO_FUZZ_TARGET=$target "$program" "$work/found" "fuzz/corpus/$target" -artifact_prefix="$work/" \
    -max_total_time="$seconds" -max_len=4096 -timeout=25 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 \
    2> "$work/log" || { failed=1; echo "$target broke: see $work"; tail -40 "$work/log"; }
  grep -E "stat::(number_of_executed_units|new_units_added|peak_rss_mb)|cov:" "$work/log" | tail -4 || true
done
exit $failed
