#!/usr/bin/env bats
# The rules of the layout, held against the object files and the sources: one way only, preload -> sys
# -> core and cli -> sys -> core; what runs in foreign programs imports next to nothing.

ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
DATA=$ROOT/tests/data
BUILD=$ROOT/build

setup()
{
    cd "$ROOT" || return
}

# The names in a data file, without its comments.
listed()
{
    sed 's/#.*//; s/[[:space:]]*$//; /^$/d' "$1" | LC_ALL=C sort -u
}

# imports FILE...: the undefined symbols of objects, versions left out
imports()
{
    nm -u "$@" | sed -n 's/^ *[Uw] \([^@]*\).*/\1/p' | LC_ALL=C sort -u
}

# defined FILE...: the global symbols that objects define
defined()
{
    nm --defined-only -g "$@" | sed -n 's/^[0-9a-f]* [A-Z] \(.*\)/\1/p' | LC_ALL=C sort -u
}

# nothing LIST: fails, and prints it, unless LIST is empty
nothing()
{
    [ -z "$1" ] || {
        printf '%s\n' "$1"
        return 1
    }
}

need_nm()
{
    command -v nm >/dev/null || skip "nm is not here"
}

@test "core imports nothing but pure functions of the C library" {
    need_nm
    nothing "$(imports "$BUILD"/src/core/*.o | comm -23 - <(
        { listed "$DATA/core-imports.txt"; defined "$BUILD"/src/core/*.o; } | LC_ALL=C sort -u))"
}

@test "core has no data that can be written" {
    need_nm
    nothing "$(nm -f sysv "$BUILD"/src/core/*.o | awk -F'|' '$7 ~ /^\.(data|bss|tdata|tbss)/ && $7 !~ /^\.data\.rel\.ro/')"
}

@test "sys uses core and the C library, neither preload nor cli" {
    need_nm
    nothing "$(imports "$BUILD"/src/sys/*.o |
        comm -12 - <(defined "$BUILD"/src/preload/*.o "$BUILD"/src/cli/*.o | comm -23 - <(defined "$BUILD"/src/sys/*.o "$BUILD"/src/core/*.o)))"
}

@test "cli uses nothing of preload, and preload nothing of cli" {
    need_nm
    nothing "$(imports "$BUILD"/src/cli/*.o | comm -12 - <(defined "$BUILD"/src/preload/*.o | comm -23 - <(listed "$DATA/library-exports.txt")))"
    nothing "$(imports "$BUILD"/src/preload/*.o | comm -12 - <(defined "$BUILD"/src/cli/*.o))"
}

@test "a file exports only what its own header declares" {
    need_nm
    local object name stem
    for object in "$BUILD"/src/core/*.o "$BUILD"/src/sys/*.o; do
        stem=$(basename "$object" .o)
        for name in $(defined "$object"); do
            # record_decode.c belongs to record.h; core's own headers stand beside their source.
            grep -qw "$name" "include/astray/${stem%%_*}.h" src/*/"$stem.h" 2>/dev/null || {
                echo "$object exports $name"
                return 1
            }
        done
    done
}

@test "includes go one way only" {
    # Which folder's own headers (those outside include/astray) may be included from where.
    nothing "$(grep -nE '#include <(sys/(socket|stat|mman|types|time|resource|wait)\.h|unistd\.h|stdio\.h|fcntl\.h|signal\.h|pthread\.h|dlfcn\.h|locale\.h|time\.h)>' src/core/*.c |
        grep -vE '<sys/(socket|types)\.h>' || true)"
    nothing "$(grep -nE '#include [<"](\.\./|src/)' src/*/*.[ch] || true)"
    local folder foreign header
    for folder in core sys preload cli; do
        for foreign in core sys preload cli; do
            [ "$folder" != "$foreign" ] || continue
            for header in "src/$foreign"/*.h; do
                [ -e "$header" ] || continue
                [ ! -e "src/$folder/$(basename "$header")" ] || continue
                nothing "$(grep -nE "#include \"([^\"]*/)?$(basename "$header")\"" "src/$folder"/*.[ch] 2>/dev/null || true)"
            done
        done
    done
}

@test "core includes only what core implements" {
    # A contract of sys or preload in a source of core would be the wrong way round.
    local source
    for source in src/sys/*.c src/preload/*.c src/cli/*.c; do
        nothing "$(grep -n "#include <astray/$(basename "$source" .c)\.h>" src/core/*.[ch] || true)"
    done
}

@test "the library imports only what stands in library-imports.txt" {
    need_nm
    nothing "$(nm -D -u "$BUILD/libastray.so" | sed -n 's/^ *[Uw] \([^@]*\).*/\1/p' | LC_ALL=C sort -u |
        comm -23 - <(listed "$DATA/library-imports.txt"))"
}

@test "no name on that list allocates, locks, prints or waits" {
    nothing "$(listed "$DATA/library-imports.txt" |
        grep -E '^(malloc|calloc|realloc|free|pthread_|f?printf|sn?printf|vsn?printf|fopen|open|write|read|close|getenv|setlocale|exit|abort|.*_chk)$' |
        grep -vxF __stack_chk_fail || true)"
}

@test "musl has every function that the library imports" {
    need_nm
    local musl='' candidate
    for candidate in /usr/lib/*-linux-musl/libc.so /lib/ld-musl-*.so.1; do
        [ ! -e "$candidate" ] || musl=$candidate
    done
    [ -n "$musl" ] || skip "musl is not here"
    nothing "$(nm -D -u "$BUILD/libastray.so" | sed -n 's/^ *U \([^@]*\).*/\1/p' | LC_ALL=C sort -u |
        comm -23 - <(nm -D --defined-only "$musl" | awk '{ print $3 }' | LC_ALL=C sort -u))"
}

@test "the library exports what stands in library-exports.txt, no more and no less" {
    need_nm
    diff <(listed "$DATA/library-exports.txt") \
        <(nm -D --defined-only "$BUILD/libastray.so" | awk '{ print $3 }' | LC_ALL=C sort -u)
}

@test "the library needs the C library alone" {
    command -v readelf >/dev/null || skip "readelf is not here"
    local needed
    needed=$(readelf -d "$BUILD/libastray.so" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
    case $needed in
    libc.so.6 | '') ;; # none but glibc, see the Makefile
    *) echo "needed: $needed" && return 1 ;;
    esac
}

@test "the library has no static thread-local storage, no text relocations, no executable stack" {
    command -v readelf >/dev/null || skip "readelf is not here"
    nothing "$(readelf -lW "$BUILD/libastray.so" | grep -E ' TLS |GNU_STACK.*RWE' || true)"
    nothing "$(readelf -d "$BUILD/libastray.so" | grep -E 'TEXTREL|STATIC_TLS' || true)"
    readelf -d "$BUILD/libastray.so" | grep -q 'BIND_NOW\|FLAGS.*NOW'
    readelf -lW "$BUILD/libastray.so" | grep -q GNU_RELRO
}

# A page fault, an mmap(2) or an mprotect(2) costs a microsecond, in every program that is started.
@test "loading maps two segments, and writes one page of the file and two of variables at the most" {
    command -v readelf >/dev/null || skip "readelf is not here"
    segments=$(readelf -lW "$BUILD/libastray.so" | grep '^ *LOAD ')
    [ "$(wc -l <<<"$segments")" -eq 2 ]
    read -r _ _ address _ file _ < <(grep ' RW ' <<<"$segments")
    [ $((address / 4096)) -eq $(((address + file - 1) / 4096)) ]
    variables=$(nm -S "$BUILD/libastray.so" |
        awk '$4 ~ /^(looking|main_top|main_thread|real_found|state_phase|state)(\.|$)/ { print $1 }')
    [ "$(wc -l <<<"$variables")" -eq 6 ]
    [ "$(cut -c 1-13 <<<"$variables" | sort -u | wc -l)" -le 2 ]
}

@test "no function of the library takes more than 1 KiB of stack" {
    command -v gcc >/dev/null || skip "gcc is not here"
    need_nm
    local source
    mkdir -p "$BATS_TEST_TMPDIR/su"
    for source in src/core/*.c src/sys/*.c src/preload/*.c; do
        gcc -Iinclude -Isrc/preload -D_GNU_SOURCE -std=gnu11 -O2 -fPIC -U_FORTIFY_SOURCE -fstack-usage -c \
            -o "$BATS_TEST_TMPDIR/su/$(basename "$source" .c).o" "$source"
    done
    # What only the command calls is not in the library, and may take more.
    nm "$BUILD/libastray.so" | awk '{ print $NF }' | LC_ALL=C sort -u >"$BATS_TEST_TMPDIR/inside"
    nothing "$(awk -F'\t' '
        NR == FNR { inside[$1] = 1; next }
        { name = $1; sub(/.*:/, "", name); plain = name; sub(/\..*/, "", plain) }
        $2 > 1088 && (name in inside || plain in inside) { print $1, $2 }' "$BATS_TEST_TMPDIR/inside" "$BATS_TEST_TMPDIR"/su/*.su)"
    # The check would see one: some function of the library takes more than 100 bytes.
    awk -F'\t' '$2 > 100 { found = 1 } END { exit !found }' "$BATS_TEST_TMPDIR"/su/*.su
}
