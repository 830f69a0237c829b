#!/usr/bin/env bash
# Says which tools are missing and how to get them, before anything is built.
set -u
missing=0

need() {
    printf '%s\n' "missing: $1" "  $2" >&2
    missing=1
}

at_least() { # VERSION MINIMUM: whether VERSION is not older than MINIMUM
    [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

minimum_rust=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
if ! command -v cargo >/dev/null; then
    need "cargo (Rust $minimum_rust or newer)" "install it with rustup: https://rustup.rs"
else
    version=$(cargo --version | cut -d' ' -f2)
    at_least "$version" "$minimum_rust" || need "Rust $minimum_rust or newer (this is $version)" "run: rustup update stable"
fi

python=${PYTHON:-python3}
if ! command -v "$python" >/dev/null; then
    need "Python 3.10 or newer" "install it from https://python.org or with your package manager"
elif ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
    need "Python 3.10 or newer (this is $("$python" --version))" "install a newer one, or name one: make PYTHON=python3.12 …"
elif ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    need "Python's venv module" "on Debian and Ubuntu: apt-get install python3-venv"
fi

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    need "Node.js 20 or newer, with npm" "install it from https://nodejs.org or with nvm"
else
    version=$(node --version)
    at_least "${version#v}" 20 || need "Node.js 20 or newer (this is $version)" "install a newer one from https://nodejs.org or with nvm"
fi

command -v cc >/dev/null || command -v gcc >/dev/null || command -v clang >/dev/null ||
    need "a C compiler" "on Debian and Ubuntu: apt-get install build-essential; on macOS: xcode-select --install"

exit $missing
