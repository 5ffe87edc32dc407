#!/usr/bin/env bash
# rootfs_finish.sh ROOT PUBLIC_KEY <accounts: turns a fresh Debian into the lab's: accounts, no keys,
# no identity and no archive of its own. Accounts: name, key 0|1, sudo, password or -, comment (tabs).
set -euo pipefail
root=$1 key=$2

while IFS=$'\t' read -r name with_key sudo password comment; do
  chroot "$root" useradd --create-home --shell /bin/bash --comment "$comment" "$name"
  [ "$password" = - ] || printf '%s:%s\n' "$name" "$password" | chroot "$root" chpasswd
  if [ "$with_key" = 1 ]; then
    install -d -m 700 "$root/home/$name/.ssh"
    printf '%s\n' "$key" >"$root/home/$name/.ssh/authorized_keys"
    chmod 600 "$root/home/$name/.ssh/authorized_keys"
    chroot "$root" chown -R "$name:$name" "/home/$name/.ssh"
  fi
  case $sudo in
  free) printf '%s ALL=(ALL:ALL) NOPASSWD: ALL\n' "$name" >"$root/etc/sudoers.d/10-$name" ;;
  password) printf '%s ALL=(ALL:ALL) ALL\n' "$name" >"$root/etc/sudoers.d/10-$name" ;;
  refused) continue ;;
  esac
  chmod 440 "$root/etc/sudoers.d/10-$name"
done

# each host gets its own when it is made
rm -f "$root"/etc/ssh/ssh_host_*
: >"$root/etc/machine-id"
: >"$root/etc/resolv.conf"
: >"$root/etc/apt/sources.list"
