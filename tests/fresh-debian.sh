#!/usr/bin/env bash
# Do the two commands of the README work on a new machine? Each one runs in a minimal Debian 12 of its own, in a clean
# clone of this repository's HEAD.
set -euo pipefail

usage() {
  cat <<END
Usage: tests/fresh-debian.sh [FOLDER] [-- COMMAND [ARGUMENT ...]]

Makes a minimal Debian 12 (debootstrap; git is all that is added) in FOLDER (default: ${TMPDIR:-/tmp}/petrl-fresh-debian)
and runs in fresh copies of it, in clean clones of HEAD,

    bash tutorials/quickstart.sh
    bash tests/run.sh

or COMMAND instead. Needs root, debootstrap and 10 GB; the two take half an hour on two cores. FOLDER keeps the minimal
system, the downloaded packages and the logs; the copies are removed. SUITE (bookworm) and MIRROR (default: the one
that this machine's apt uses, or debootstrap's) may be set.
Exit status: 0 when all commands succeed, that of the first one that fails, 2 where nothing could be run.
END
}
refuse() { echo "fresh-debian.sh: $*" >&2; exit 2; }

folder=${TMPDIR:-/tmp}/petrl-fresh-debian
command=()
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --) shift; [ $# -gt 0 ] || refuse "a command is missing after --"; command=("$@"); break ;;
    -*) refuse "unknown option '$1' (--help tells more)" ;;
    *) folder=$1 ;;
  esac
  shift
done
[ "$(id -u)" = 0 ] || refuse "needs root (chroot and mount): sudo $0"
for tool in debootstrap git unshare; do
  command -v "$tool" >/dev/null || refuse "needs $tool: apt-get install $tool"
done
source=$(git -C "$(dirname "${BASH_SOURCE[0]}")" rev-parse --show-toplevel)
[ -z "$(git -C "$source" status --porcelain)" ] || echo "fresh-debian.sh: tests HEAD, not what is not committed" >&2
mkdir -p "$folder/archives"
folder=$(cd "$folder" && pwd)
suite=${SUITE:-bookworm}
mirror=${MIRROR:-$(apt-cache policy base-files 2>/dev/null | grep -oE 'https?://[^ ]+/debian\b' | head -1 || true)}

base=$folder/$suite
if [ ! -e "$base.complete" ]; then
  echo "fresh-debian.sh: making a minimal $suite (log: $base.log)"
  rm -rf "$base"
  debootstrap --variant=minbase --include=ca-certificates,git "$suite" "$base" ${mirror:+"$mirror"} \
    >"$base.log" 2>&1 </dev/null || { tail -5 "$base.log" >&2; refuse "debootstrap failed"; }
  touch "$base.complete"
fi

system=$folder/system
# The mounts below live in name spaces that end with the command: none is left here, whatever happens.
trap 'rm -rf --one-file-system "$system"' EXIT
trap 'exit 130' INT TERM

# try NAME COMMAND ...: its output is shown and kept in FOLDER/NAME.log.
try() {
  local name=$1 status=0
  shift
  echo "fresh-debian.sh: $* (log: $folder/$name.log)"
  rm -rf --one-file-system "$system"
  cp -a "$base" "$system"
  for file in /etc/resolv.conf /etc/hosts; do
    [ ! -e $file ] || cp -L $file "$system$file"
  done
  # Proxies, as this machine's apt has them.
  apt-config dump 2>/dev/null | grep -E '^Acquire::(https?|Retries)' >"$system/etc/apt/apt.conf.d/99host" || true
  git clone -q --no-hardlinks "$source" "$system/root/petrl"
  # shellcheck disable=SC2016
  unshare --mount --pid --fork --kill-child bash -c '
    set -e
    system=$1 archives=$2
    shift 2
    mount -t proc proc "$system/proc"
    mount --rbind /sys "$system/sys"
    mount --rbind /dev "$system/dev"
    mount --bind "$archives" "$system/var/cache/apt/archives"
    exec chroot "$system" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
      bash -c "cd /root/petrl && exec \"\$@\"" bash "$@"' \
    bash "$system" "$folder/archives" "$@" </dev/null 2>&1 | tee "$folder/$name.log" || status=$?
  echo "fresh-debian.sh: $*: $([ "$status" = 0 ] && echo works || echo "FAILED, exit status $status")"
  return "$status"
}

if [ ${#command[@]} -gt 0 ]; then
  try command "${command[@]}"
else
  try quickstart bash tutorials/quickstart.sh
  try tests bash tests/run.sh
fi
