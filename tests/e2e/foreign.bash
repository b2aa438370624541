#!/usr/bin/env bash
# The test suites of others under the library: CPython's own (Debian's libpython3.11-testsuite), and what
# IO::Socket's tests do. Each test has the same result in audit and in rewrite mode as without the library.
#
#   scripts/in-netns tests/e2e/foreign.bash RESULTS core|all
#
# Standard output is of the Test Anything Protocol, a line a module and mode. A test that differs is repeated, with
# and without the library: it is the library's doing when it has a result there that it never has without.
# Perl's own tests of IO::Socket are in no package of Debian's; clients/sockets.pl makes the same calls.
set -u

BATS_TEST_DIRNAME=$(cd "$(dirname "$0")" && pwd)
BATS_TEST_TMPDIR=
# shellcheck source=tests/e2e/helpers.bash
. "$BATS_TEST_DIRNAME/helpers.bash" || exit 1

python=/usr/bin/python3.11
tests=/usr/lib/python3.11/test
# The longest first, as they run side by side.
core='test_socket test_ftplib test_selectors test_poll test_poplib test_smtplib test_httplib test_urllib2_localnet
    test_asyncore test_asynchat test_select test_epoll test_telnetlib'
others='test_asyncio test_ssl test_imaplib test_xmlrpc test_subprocess test_httpservers test_signal test_logging test_socketserver
    test_nntplib test_docxmlrpc test_wsgiref test_urllib test_urllib2 test_urllibnet test_fork1 test_posix test_robotparser test_pty'

# under MODE COMMAND...: plain, audit or rewrite.
under()
{
    local mode=$1
    shift
    case $mode in
    plain) without_library "$@" ;;
    *)
        ASTRAY_MODE=$mode ASTRAY_FAILURES=1 ASTRAY_RATE=0 with_library "$results/$mode.ndjson" "$@"
        ;;
    esac
}

# Does a program in that mode have the library?
is_mapped()
{
    [ "$(under "$1" cat /proc/self/maps | grep -c '/libastray\.so$')" -gt 0 ]
}

# results_of XML: "name<TAB>result" of each test, sorted.
results_of()
{
    "$python" - "$1" <<'PYTHON'
import sys, xml.etree.ElementTree
rows = set()
for test in xml.etree.ElementTree.parse(sys.argv[1]).iter("testcase"):
    kinds = sorted({part.tag for part in test} & {"failure", "error", "skipped"})
    rows.add("%s\t%s %s" % (test.get("name"), test.get("result"), " ".join(kinds) or "ok"))
print("\n".join(sorted(rows)))
PYTHON
}

# run_module MODULE MODE OUT [OPTION...]: its results to the file OUT.
run_module()
{
    local module=$1 mode=$2 out=$3 resources=none
    shift 3
    if [ "$module" = perl ]; then
        TMPDIR=$results under "$mode" timeout -k 5 120 perl "$BATS_TEST_DIRNAME/clients/sockets.pl" </dev/null >"$out" 2>&1
        return
    fi
    [ "$module" != test_socketserver ] || resources=network # of this machine alone
    rm -f "$out.xml"
    # Not VSOCK's: its ports are one for the machine, whatever the network namespace.
    TMPDIR=$results under "$mode" timeout -k 5 900 "$python" -m test --junit-xml "$out.xml" -u "$resources" \
        --timeout 120 --ignore '*VSOCK*' "$@" "$module" </dev/null >"$out.log" 2>&1
    results_of "$out.xml" >"$out" 2>/dev/null
}

# The names of the tests that differ.
differing()
{
    diff "$1" "$2" | sed -n 's/^[<>] \([^\t]*\)\t.*/\1/p' | sort -u
}

# compare MODULE MODE: is the result the same? Says what is not.
compare()
{
    local module=$1 mode=$2 plain=$results/$1.plain ours=$results/$1.$2 options=() name try
    if [ ! -s "$plain" ]; then
        echo "# $module has no results without the library"
        return 1
    fi
    cmp -s "$plain" "$ours" && return
    cp "$plain" "$plain.all"
    cp "$ours" "$ours.all"
    if [ "$module" != perl ]; then
        while read -r name; do
            options+=(--match "$name")
        done < <(differing "$plain" "$ours")
        [ "${#options[@]}" -lt 100 ] || options=() # the whole module went wrong
    fi
    for try in 1 2 3; do
        run_module "$module" plain "$plain.$try" ${options[0]+"${options[@]}"}
        run_module "$module" "$mode" "$ours.$try" ${options[0]+"${options[@]}"}
        cat "$plain.$try" >>"$plain.all"
        cat "$ours.$try" >>"$ours.all"
    done
    # What the last three runs have in common with the library and not without it.
    comm -13 <(sort -u "$plain.all") <(sort "$ours".[123] | uniq -c | awk '$1 == 3' | sed 's/^ *3 //' | sort -u) >"$ours.differs"
    [ ! -s "$ours.differs" ] || {
        sed 's/^/# /' "$ours.differs"
        return 1
    }
}

report()
{
    local module mode count=0 number
    for module in $modules; do
        for mode in audit rewrite; do
            count=$((count + 1))
            if [ "$module" != perl ] && [ ! -e "$tests/$module.py" ] && [ ! -e "$tests/$module" ]; then
                echo "ok $count $module in $mode mode # skip (libpython3.11-testsuite is not here)"
            elif [ "$module" = perl ] && ! command -v perl >/dev/null; then
                echo "ok $count perl's sockets in $mode mode # skip (perl is not here)"
            else
                number=$(grep -c . "$results/$module.plain")
                if compare "$module" "$mode"; then
                    echo "ok $count $module: $number results in $mode mode as without the library"
                else
                    echo "not ok $count $module: $number results in $mode mode as without the library"
                fi
            fi
        done
    done
    echo "1..$count"
}

results=$(mkdir -p "$1" && cd "$1" && pwd)
case ${2-} in
core) modules="perl $core" ;;
all) modules="perl $core $others" ;;
--run)
    run_module "$3" "$4" "$results/$3.$4"
    exit 0
    ;;
*)
    echo 'usage: foreign.bash RESULTS core|all' >&2
    exit 2
    ;;
esac
rm -rf "${results:?}"/*
for mode in audit rewrite; do
    is_mapped "$mode" || {
        echo "foreign: no library in $mode mode" >&2
        exit 1
    }
done
for module in $modules; do
    [ "$module" != perl ] && [ ! -e "$tests/$module.py" ] && [ ! -e "$tests/$module" ] && continue
    printf '%s plain\n%s audit\n%s rewrite\n' "$module" "$module" "$module"
done | xargs -P "$(($(nproc) + 1))" -L 1 "$0" "$results" --run
report
