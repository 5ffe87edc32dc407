#!/usr/bin/env bash
# qemu_image.sh OUT BASE ARCHIVE SUITE ADDRESS PACKAGE... <files.tar
# Makes OUT/disk.img: a GPT disk with an EFI system partition and an ext4 root, that a UEFI machine
# boots by itself. Run in a mount namespace of its own: what it mounts ends with it. No loop device.
set -euo pipefail
out=$1 base=$2 archive=$3 suite=$4 address=$5
shift 5
esp_mb=48 root_mb=2048
root_uuid=6c8e4bb5-7a0c-4d6c-9a35-2f1f0e57a001 esp_id=1AB0A001

work=$out/scratch root=$out/scratch/root
mkdir -p "$work"
mount -t tmpfs -o mode=755 none "$work"
mkdir "$work"/{upper,overlay,root}
mount -t overlay -o "lowerdir=$base,upperdir=$work/upper,workdir=$work/overlay" overlay "$root"
tar --extract --directory="$root" --file=-

mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
cp /etc/resolv.conf "$root/etc/resolv.conf"
echo "deb $archive $suite main" >"$root/etc/apt/sources.list"
[ ! -f /etc/ssl/certs/ca-certificates.crt ] ||
  install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
mv "$root/etc/apt/sources.list.d" "$work/sources.list.d" # the lab's archive is for later
# a small initial RAM disk: nothing but what this disk needs, and fast to unpack
mkdir -p "$root/etc/initramfs-tools/conf.d"
printf 'MODULES=list\nCOMPRESS=gzip\n' >"$root/etc/initramfs-tools/conf.d/lab"
printf 'virtio_pci\nvirtio_blk\next4\n' >"$root/etc/initramfs-tools/modules"
chroot "$root" env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 sh -euc '
  apt-get update -q
  apt-get install -y -q --no-install-recommends "$@"
  apt-get clean
  rm -rf /var/lib/apt/lists/*' sh "$@"
: >"$root/etc/apt/sources.list"
: >"$root/etc/resolv.conf"
rm -rf "$root/etc/apt/sources.list.d" "$root/etc/ssl/certs/ca-certificates.crt"
cp -a "$work/sources.list.d" "$root/etc/apt/sources.list.d"

cat >"$root/etc/fstab" <<EOF
UUID=$root_uuid / ext4 errors=remount-ro 0 1
UUID=${esp_id:0:4}-${esp_id:4} /boot/efi vfat umask=0077 0 1
EOF
mkdir -p "$root/boot/efi"
# networkd and not ifupdown: the latter waits for every device event, 12 s under emulation
cat >"$root/etc/systemd/network/lab.network" <<EOF
[Match]
Type=ether
[Network]
Address=$address/24
EOF
chroot "$root" systemctl --quiet disable networking.service
chroot "$root" systemctl --quiet enable systemd-networkd.service
# On a busy machine emulation can take minutes: no unit or disk is to be given up meanwhile.
mkdir -p "$root/etc/systemd/system.conf.d"
printf '[Manager]\nDefaultTimeoutStartSec=900\nDefaultTimeoutStopSec=300\n' \
  >"$root/etc/systemd/system.conf.d/lab.conf"
cat >"$root/etc/default/grub" <<EOF
GRUB_DEFAULT=0
GRUB_TIMEOUT=0
GRUB_DISTRIBUTOR=Debian
GRUB_CMDLINE_LINUX_DEFAULT="quiet"
GRUB_CMDLINE_LINUX="console=ttyS0"
GRUB_TERMINAL=console
GRUB_DISABLE_OS_PROBER=true
EOF
# What grub-install would have put there. The menu is written by hand only this once: update-grub
# needs a booted system to ask, and has one from the first boot on.
kernel=$(basename "$(ls "$root"/boot/vmlinuz-*)")
mkdir -p "$root/boot/grub"
cp -r "$root/usr/lib/grub/x86_64-efi" "$root/boot/grub/x86_64-efi"
cat >"$root/boot/grub/grub.cfg" <<EOF
set timeout=0
menuentry "Debian" {
  search --no-floppy --fs-uuid --set=root $root_uuid
  linux /boot/$kernel root=UUID=$root_uuid ro console=ttyS0 quiet
  initrd /boot/${kernel/vmlinuz/initrd.img}
}
EOF
cat >"$root/boot/embedded.cfg" <<EOF
search --no-floppy --fs-uuid --set=root $root_uuid
set prefix=(\$root)/boot/grub
configfile \$prefix/grub.cfg
EOF
chroot "$root" grub-mkimage --format=x86_64-efi --prefix=/boot/grub --config=/boot/embedded.cfg \
  --output=/boot/bootx64.efi \
  part_gpt fat ext2 search search_fs_uuid configfile normal linux echo test gzio all_video
mv "$root/boot/bootx64.efi" "$work/bootx64.efi"
rm "$root/boot/embedded.cfg"
umount "$root/proc" "$root/dev"

disk=$out/disk.img
truncate -s $((esp_mb + root_mb + 3))M "$disk"
sfdisk --quiet "$disk" <<EOF
label: gpt
start=1MiB, size=${esp_mb}MiB, type=uefi
start=$((esp_mb + 1))MiB, size=${root_mb}MiB, type=linux
EOF
truncate -s ${esp_mb}M "$work/esp.img"
mkfs.vfat -F 32 -i "$esp_id" "$work/esp.img" >/dev/null
mmd -i "$work/esp.img" ::EFI ::EFI/BOOT
mcopy -i "$work/esp.img" "$work/bootx64.efi" ::EFI/BOOT/BOOTX64.EFI
dd if="$work/esp.img" of="$disk" bs=1M seek=1 conv=notrunc,sparse status=none
mke2fs -q -t ext4 -U "$root_uuid" -d "$root" -E "offset=$(((esp_mb + 1) << 20))" \
  "$disk" ${root_mb}M
umount "$root" "$work"
rmdir "$work"
