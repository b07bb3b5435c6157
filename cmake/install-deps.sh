#!/bin/sh
# Installs what PetRL is built and tested with, on Debian and its descendants. Does nothing when all is there.
set -eu

packages="petsc-dev libfftw3-dev libtorch-dev libhdf5-openmpi-dev libyaml-cpp-dev zlib1g-dev
  libopenmpi-dev openmpi-bin libgtest-dev libbenchmark-dev libcli11-dev cmake ninja-build make ccache g++ git pkg-config
  python3-h5py python3-matplotlib python3-numpy python3-yaml python3-petsc4py python3-pip"

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "install-deps.sh: this script knows Debian's packages only (no dpkg and apt-get here)." >&2
  echo "Install the equivalents of: $(echo $packages)" >&2
  exit 1
fi

missing=
for package in $packages; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  # A virtual or transitional package (pkg-config) counts as there when its tool is.
  if [ "$status" != installed ] && ! { [ "$package" = pkg-config ] && command -v pkg-config >/dev/null; }; then
    missing="$missing $package"
  fi
done
[ -n "$missing" ] || exit 0

sudo=
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "install-deps.sh: not root and no sudo; install:$missing" >&2; exit 1; }
  sudo=sudo
fi
echo "install-deps.sh: installing$missing"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
# shellcheck disable=SC2086
$sudo apt-get install -y -qq --no-install-recommends $missing </dev/null
