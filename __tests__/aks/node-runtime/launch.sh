#!/bin/sh
# First process of a pod's mount and pid namespaces: lays the pod's file system and becomes its command.
#   POD_DIR     where to mount; IMAGE the root folder that pods start from
#   PROC_DIR    a folder that stands in for /proc; the kernel's own /proc is then at /.proc. Empty: none
#   BINDS       lines "source target": files over others below the kernel's /proc
#   SYS         rw or ro: whether /proc/sys can be written
#   ROOT        rw or ro: whether the root file system can be written
#   MESSAGE     the file that is mounted at MESSAGE_PATH
#   VOLUMES     lines "rw|ro source target": folders
#   LOOPBACK    up: the network namespace is new
# File descriptor 3 gets "pid <number>", as the machine sees it, and "ready" when all is in place.
set -eu
read -r pid _ </proc/self/stat
echo "pid $pid" >&3

mount -n -t tmpfs -o mode=755 tmpfs "$POD_DIR"
mkdir "$POD_DIR/upper" "$POD_DIR/work" "$POD_DIR/root"
root=$POD_DIR/root
mount -n -t overlay -o "lowerdir=$IMAGE,upperdir=$POD_DIR/upper,workdir=$POD_DIR/work" overlay "$root"

bind() { # mode source target
  mount -n -o bind "$2" "$3"
  [ "$1" = rw ] || mount -n -o remount,bind,ro "$3"
}

mount -n -t tmpfs -o mode=755,nosuid,size=256k tmpfs "$root/dev"
mknod -m 666 "$root/dev/null" c 1 3
mknod -m 666 "$root/dev/zero" c 1 5
mknod -m 666 "$root/dev/urandom" c 1 9
ln -s /proc/self/fd "$root/dev/fd"

kernel=$root/proc
if [ -n "$PROC_DIR" ]; then
  kernel=$root/.proc
  mkdir -p "$kernel"
  bind "$SYS" "$PROC_DIR" "$root/proc"
fi
mount -n -t proc -o nosuid,nodev,noexec proc "$kernel"
bind "$SYS" "$kernel/sys" "$kernel/sys"
[ "$LOOPBACK" != up ] || ip link set lo up

while read -r source target; do
  [ -z "$source" ] || bind "$SYS" "$source" "$kernel/$target"
done <<END
$BINDS
END
while read -r mode source target; do
  [ -n "$mode" ] || continue
  mkdir -p "$root$target"
  bind "$mode" "$source" "$root$target"
done <<END
$VOLUMES
END

mkdir -p "$root$(dirname "$MESSAGE_PATH")"
: >"$root$MESSAGE_PATH"
bind rw "$MESSAGE" "$root$MESSAGE_PATH"
[ "$ROOT" = rw ] || mount -n -o remount,bind,ro "$root"

echo ready >&3
exec 3>&-
exec chroot "$root" "$@"
