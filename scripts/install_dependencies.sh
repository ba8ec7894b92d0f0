#!/usr/bin/env bash
# Installs what is missing for SET (build, or test: both), saying what and why. Root or sudo is used
# for apt-get alone. Does nothing, fast, when nothing is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
wanted=${1:-build}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else
    echo "error: installing packages needs root or sudo: run as root: apt-get install $missing" >&2
    exit 1
  fi
}

installed() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'install ok installed'; }
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -1)" = "$2" ]; }

missing=""
need() {
  missing="$missing $1"
  printf '  %-20s %s\n' "$1" "$2"
}

collect() {
  while IFS='|' read -r group package _ reason; do
    group=$(echo $group); package=$(echo $package)
    [ -n "$group" ] && [ "${group#\#}" = "$group" ] || continue
    [ "$group" = build ] || [ "$wanted" = test ] || continue
    installed "$package" || need "$package" "$(echo $reason)"
  done <scripts/dependencies.txt
  # Any cargo from 1.85 on will do; Debian 12's own is older, its cargo-web is not.
  version=$( (cargo --version || cargo-web --version) 2>/dev/null | awk '{print $2}' || true)
  if [ -z "$version" ] || ! at_least "$version" 1.85; then
    need cargo-web "Rust build tool for src/text/bridge (no cargo >= 1.85 is here)"
    need rustc-web "Rust compiler for src/text/bridge"
  fi
  version=$(node --version 2>/dev/null | sed 's/^v//' || true)
  if [ -z "$version" ] || ! at_least "$version" 18 || ! command -v npm >/dev/null; then
    need nodejs "builds the web console (no node >= 18 with npm is here)"
    need npm "fetches the console's packages"
  fi
}

found=$(collect)
[ -z "$found" ] && exit 0
echo "Installing what is missing, with apt-get:"
echo "$found"
missing=$(echo "$found" | awk '{print $1}' | tr '\n' ' ')
as_root apt-get update -q >/dev/null
as_root env DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends $missing \
  >/tmp/redline-apt.$$.log 2>&1 || { tail -20 /tmp/redline-apt.$$.log >&2; exit 1; }
rm -f /tmp/redline-apt.$$.log
echo "Installed."
