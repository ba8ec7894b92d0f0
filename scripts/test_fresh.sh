#!/usr/bin/env bash
# Proves the README on a machine that has nothing: a Debian 12 chroot made by debootstrap, a clean
# clone, `make up`, the printed lines, `make down`, and with FULL=1 also `make test`.
# Needs root. Package clients inside use the same mirrors as outside.
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "error: make test-fresh needs root (debootstrap, chroot)" >&2; exit 1; }
command -v debootstrap >/dev/null || apt-get install -yq debootstrap >/dev/null
root=${FRESH_ROOT:-$(mktemp -d)}
mirror=$( (cat /etc/apt/sources.list /etc/apt/sources.list.d/*.sources 2>/dev/null || true) |
  awk '/^(deb |URIs:)/ {print $2; exit}')
cleanup() {
  chroot "$root" /redline/build/release/redline down >/dev/null 2>&1 || true
  # Whatever is mounted in there, so that nothing outside is removed with it.
  awk -v root="$root/" 'index($5, root) == 1 {print $5}' /proc/self/mountinfo | sort -r |
    xargs -r -n 1 umount -l
  [ -n "${KEEP:-}" ] || rm -rf --one-file-system "$root"
}
trap cleanup EXIT
echo "== debootstrap"
debootstrap --variant=minbase --include=make,git,ca-certificates bookworm "$root" "$mirror" \
  >"$root.log" 2>&1 || { tail -20 "$root.log" >&2; exit 1; }
for mount in proc sys dev dev/pts; do mount --bind "/$mount" "$root/$mount"; done
# The network as this machine has it: names, certificates, package clients' settings.
for file in /etc/resolv.conf /etc/hosts /etc/apt/sources.list /etc/apt/sources.list.d \
            /etc/apt/apt.conf.d /etc/apt/preferences.d /usr/share/keyrings /etc/pip.conf /etc/ssl/certs \
            /usr/local/share/ca-certificates "$HOME/.npmrc" "$HOME/.cargo/config.toml"; do
  [ -e "$file" ] || continue
  target=$root$file
  case $file in "$HOME"/*) target=$root/root/${file#"$HOME"/} ;; esac
  mkdir -p "$(dirname "$target")"
  cp -aT "$file" "$target" 2>/dev/null || cp -a "$file" "$(dirname "$target")/"
done
ls "$root"/etc/apt/sources.list.d/*.sources >/dev/null 2>&1 && rm -f "$root/etc/apt/sources.list"
git clone -q . "$root/redline"
if [ -d ../shared ]; then
  mkdir -p "$root/shared"
  cp -a ../shared/data "$root/shared/"
fi
# Where this machine's clients find their certificates holds inside too.
certificates=$(env | grep -E '^[A-Z_]*(CERT|CERTS|CERT_FILE|CERT_DIR|CA_BUNDLE|CAINFO)=' || true)
run() {
  chroot "$root" env -i HOME=/root LANG=C.UTF-8 $certificates \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin bash -c "cd /redline && $*"
}
echo "== make up"
run "time make up PORT=18080" | tee "$root/up.out"
echo "== the printed lines"
grep -E '^  curl -s ' "$root/up.out" | sed 's/^  //' >"$root/printed.sh"
grep -E '^  [^ ]*redline chat ' "$root/up.out" | sed 's/^  //' >>"$root/printed.sh"
run "bash -e /printed.sh" | tee "$root/printed.out"
[ "$(grep -o Paris "$root/printed.out" | wc -l)" -ge 2 ] || { echo "error: no Paris" >&2; exit 1; }
echo "== second make up"
run "time make up PORT=18080 >/dev/null"
run "make down"
if [ -n "${FULL:-}" ]; then
  echo "== make test"
  run "time make test"
fi
echo "test-fresh: passed"
