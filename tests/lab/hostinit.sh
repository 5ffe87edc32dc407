#!/usr/bin/env bash
# hostinit.sh ROOT NAME: PID 1 of new mount, PID, UTS, IPC and cgroup namespaces. Makes ROOT a
# machine called NAME and becomes its systemd. Environment: DROP, capabilities for setpriv; HERE,
# the folder of this file.
set -euo pipefail
root=$1
hostname "$2"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys"
# A cgroup2 view without controllers: systemd 252 is content with it, also on a v1 machine.
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"

mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mkdir "$root"/dev/{pts,shm}
for device in null zero full random urandom tty; do
  : >"$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
for link in 0:stdin 1:stdout 2:stderr; do
  ln -s "/proc/self/fd/${link%:*}" "$root/dev/${link#*:}"
done
mount -t tmpfs -o nosuid,nodev,mode=1777 tmpfs "$root/dev/shm"
mount -t tmpfs -o nosuid,nodev,mode=755 tmpfs "$root/run"

# All of /proc/sys but net belongs to the whole machine. The host gets its own copy of the values,
# modes included, so that writing them works, is seen by nobody else and is gone at the next boot.
# They are files, not a kernel: no range checks, no one-way keys; the QEMU host has those.
for folder in /proc/sys/*/; do
  folder=${folder%/}
  [ "$folder" != /proc/sys/net ] || continue
  mount -t tmpfs -o nosuid,nodev,noexec,mode=555 sysctl "$root$folder"
  cp --recursive --preserve=mode "$folder/." "$root$folder/" 2>/dev/null || true
done
kernel=$root/proc/sys/kernel
for live in hostname domainname random/uuid; do
  mount --bind "/proc/sys/kernel/$live" "$kernel/$live"
done
# The host's own boot, so that a reboot can be seen to have happened.
boot_id=$(</proc/sys/kernel/random/uuid)
chmod u+w "$kernel/random/boot_id"
echo "$boot_id" >"$kernel/random/boot_id"
# What Debian 12's kernel says, whatever kernel this machine has.
mkdir -p "$kernel/yama"
while IFS='=' read -r key value; do
  case $key in '' | '#'*) continue ;; esac
  echo "$value" >"$root/proc/sys/$key"
done <"$HERE/sysctl.debian12"
# Doors to the machine that no namespace guards.
for door in sysrq-trigger irq scsi mtrr acpi bus; do
  [ ! -d "$root/proc/$door" ] || mount -t tmpfs -o ro,mode=555 none "$root/proc/$door"
  [ ! -f "$root/proc/$door" ] || mount --bind /dev/null "$root/proc/$door"
done

cd "$root"
mkdir -p .old
pivot_root . .old
umount -l /.old
rmdir /.old
exec setpriv --bounding-set="$DROP" --inh-caps="$DROP" \
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root container=esms-lab /sbin/init
