#!/usr/bin/env bash
# One namespace host, seen from the lab's own mount, PID and network namespaces.
#   host.sh prepare BASE MEGABYTES <files.tar   its root: BASE, overlaid with a tmpfs, and the files
#   host.sh boot INDEX ADDRESS                  becomes (exec) the parent of the host's PID 1
#   host.sh discard                             forgets the root
# Environment: NAME, PRIVATE (the lab's tmpfs), GROUP (the lab's control group), HERE, DROP.
set -euo pipefail
place=$PRIVATE/hosts/$NAME

forget_network() {
  # Its wire first: the kernel takes back a deleted namespace when it finds the time, and until
  # then the other end would be in the way of the next boot's.
  [ ! -e "/run/netns/$NAME" ] || ip -n "$NAME" link del eth0 2>/dev/null || true
  [ ! -e "/run/netns/$NAME" ] || ip netns del "$NAME"
}

forget_group() { # of an earlier boot; the kernel removes a process a moment after it died
  [ -d "$GROUP/$NAME" ] || return 0
  for _ in $(seq 100); do
    find "$GROUP/$NAME" -depth -type d -exec rmdir {} \; 2>/dev/null || true
    [ -d "$GROUP/$NAME" ] || return 0
    sleep 0.02
  done
}

case $1 in
prepare)
  mkdir -p "$place"
  mount -t tmpfs -o "mode=755,size=$3m" esms-lab "$place"
  mkdir "$place"/{upper,work,root}
  mount -t overlay overlay "$place/root" \
    -o "lowerdir=$2,upperdir=$place/upper,workdir=$place/work,redirect_dir=on"
  tar --extract --directory="$place/root" --file=-
  ;;
boot)
  # A new network every time: what was set in the old one (net.* keys, nftables) must not outlive
  # the boot, as it would not on a real machine.
  forget_network
  forget_group
  mkdir "$GROUP/$NAME"
  ip netns add "$NAME"
  mac=$(printf '02:00:00:00:00:%02x' "$2") # the same at each boot: neighbours remember it
  ip -n switch -batch - <<EOF
link add v$2 type veth peer name eth0 address $mac netns $NAME
link set v$2 master br0 up
EOF
  ip -n "$NAME" -batch - <<EOF
link set lo up
addr add $3/24 dev eth0
link set eth0 up
EOF
  echo 0 >"$GROUP/$NAME/cgroup.procs"
  exec nsenter --net="/run/netns/$NAME" \
    unshare --mount --pid --uts --ipc --cgroup --fork --kill-child -- \
    bash "$HERE/hostinit.sh" "$place/root" "$NAME"
  ;;
discard)
  forget_network
  forget_group
  umount --recursive "$place"
  rmdir "$place"
  ;;
*) exit 2 ;;
esac
