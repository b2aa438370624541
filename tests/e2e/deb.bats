#!/usr/bin/env bats
# shellcheck disable=SC2016 # what stands in single quotes is expanded elsewhere, or not at all
# The Debian package: built by `make deb`, installed over a copy-on-write view of this machine in a mount
# namespace of the test's own, so that the machine itself stays as it is.

bats_require_minimum_version 1.5.0
load helpers

setup_file()
{
    [ -d "$ROOT/debian" ] || return 0
    command -v dpkg-buildpackage dh lintian fakeroot >/dev/null || return 0
    make -s -C "$ROOT" deb >"$BATS_FILE_TMPDIR/deb.log" 2>&1 || cat "$BATS_FILE_TMPDIR/deb.log" >&2
}

setup()
{
    cd "$BATS_TEST_TMPDIR" || return
    need dpkg-buildpackage dh lintian fakeroot
    set -- "$ROOT"/build/deb/astray_*.deb
    DEB=$1
    [ -e "$DEB" ]
}

# in_copy COMMAND: in a root that shows this machine and keeps what is written to itself.
in_copy()
{
    unshare -m sh -c '
        set -e
        mount -t tmpfs tmpfs "$1"
        mkdir "$1/upper" "$1/work" "$1/root"
        mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" overlay "$1/root"
        mount --bind /dev "$1/root/dev"
        mount -t proc proc "$1/root/proc"
        mount -t tmpfs tmpfs "$1/root/tmp"
        mkdir "$1/root/tmp/given"
        cp "$2" "$1/root/tmp/given/astray.deb"
        cp -r "$3/debian" "$1/root/tmp/given/"
        exec chroot "$1/root" /bin/sh -c "$4"' sh "$PWD/copy" "$DEB" "$ROOT" "$1"
}

need_copy()
{
    mkdir -p copy
    [ "$(id -u)" -eq 0 ] || skip 'root is needed'
    in_copy true 2>/dev/null || skip 'no overlay file system here'
}

@test "lintian finds nothing" {
    run lintian --allow-root --fail-on error,warning "$ROOT"/build/deb/astray_*.changes
    is "$status" 0 "$output"
    is "$output" ''
}

@test "the library is in a folder of its own, and the path is built in" {
    triplet=$(dpkg-architecture -q DEB_HOST_MULTIARCH)
    dpkg-deb -x "$DEB" files
    [ -f "files/usr/lib/$triplet/astray/libastray.so" ]
    is "$(find files -name '*.so*' | wc -l)" 1
    grep -q "/usr/lib/$triplet/astray/libastray.so" files/usr/bin/astray
    grep -q "LD_PRELOAD=/usr/lib/$triplet/astray/libastray.so" files/usr/share/doc/astray/examples/systemd/astray.conf
    [ -z "$(find files -path '*systemd/system*')" ]
    [ ! -e files/var ]
}

@test "the files of the package are those of make install" {
    dpkg-deb -x "$DEB" files
    make -s -C "$ROOT" install prefix=/usr libdir=/usr/lib/x DESTDIR="$PWD/wanted" >/dev/null
    (cd wanted && find usr -type f ! -name libastray.so | sort) >wanted.list
    (cd files && find usr -type f ! -path 'usr/share/doc/*' ! -path 'usr/share/lintian/*' ! -name libastray.so ! -path '*/build-id/*' | sed 's/\.gz$//' | sort) >got.list
    diff -u wanted.list got.list
}

@test "it is installed, runs curl, and is removed without a trace" {
    need_copy
    need curl unshare
    # Debian's own tools, and what the package is about to be tested by.
    run in_copy 'set -e
        export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin
        dpkg --force-depends -i /tmp/given/astray.deb >/dev/null
        stat -c "%a %U" /var/log/astray
        sh /tmp/given/debian/tests/curl && echo tested
        dpkg -r astray >/dev/null; [ -d /var/log/astray ] && echo kept
        dpkg -P astray >/dev/null 2>&1; [ ! -e /var/log/astray ] && echo gone
        find / -xdev -path "*astray*" -newer /tmp/given/astray.deb -not -path "/tmp/*" -not -path "/proc/*" 2>/dev/null | grep -E "^/(usr|etc|var/log)/" || echo nothing left'
    is "$status" 0 "$output"
    has "$output" $'1733 root\n'
    has "$output" $'tested\nkept\ngone\nnothing left'
}

@test "it is not removed from under a host that preloads it" {
    need_copy
    run in_copy 'PATH=/usr/sbin:/usr/bin:/sbin:/bin
        dpkg --force-depends -i /tmp/given/astray.deb >/dev/null
        sh /usr/share/doc/astray/examples/host-preload install "$(dpkg -L astray | grep "libastray.so$")" || exit 1
        dpkg -r astray 2>&1 | grep -o "remove that line first"
        sh /usr/share/doc/astray/examples/host-preload remove >/dev/null
        dpkg -r astray >/dev/null 2>&1 && echo removed'
    has "$output" $'remove that line first\nremoved'
    [ ! -e /etc/ld.so.preload ]
}
