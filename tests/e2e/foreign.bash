#!/usr/bin/env bash
# The test suites of others under the library: CPython's own (Debian's libpython3.11-testsuite) and those of Perl's
# IO, IO::Socket::IP and Socket. Each test has the same result in audit and in rewrite mode as without the library.
#
#   scripts/in-netns tests/e2e/foreign.bash RESULTS core|all
#
# Standard output is of the Test Anything Protocol, a line a module and mode; exit status 1 when one is "not ok".
# Each interpreter looks into its own maps first: the library is there, or without it is not.
# A module with a result that differs is run again as a whole, with the library and without, side by side: it is
# the library's doing when it happens three times and never without, before it is twice as without. What was
# only unsteady is said, and decides nothing.
# Perl's are those that scripts/perl-tests has brought; clients/sockets.pl makes their calls, and some to 0.0.0.0.
set -u

BATS_TEST_DIRNAME=$(cd "$(dirname "$0")" && pwd)
BATS_TEST_TMPDIR=
# shellcheck source=tests/e2e/helpers.bash
. "$BATS_TEST_DIRNAME/helpers.bash" || exit 1

python=/usr/bin/python3.11
tests=/usr/lib/python3.11/test
perl_tests=$ROOT/build/foreign/perl
# A module each, as CPython has them: perl-NAME, in cpan/NAME or dist/NAME.
perl='perl-IO perl-IO-Socket-IP perl-Socket'
# The longest first, as they run side by side.
core='test_socket test_ssl test_selectors test_asyncio.test_events test_poll test_ftplib test_poplib test_asyncio.test_sock_lowlevel
    test_asyncio.test_sendfile test_asyncio.test_streams test_asyncio.test_base_events test_asyncio.test_server test_smtplib
    test_httplib test_urllib2_localnet test_asyncore test_asynchat test_select test_epoll test_telnetlib'
others="test_signal $(echo test_asyncio.test_{ssl,sslproto,tasks,subprocess,unix_events,selector_events,proactor_events,buffered_proto,runners,threads,transports,protocols})
    test_subprocess test_imaplib test_xmlrpc test_logging test_httpservers test_socketserver test_nntplib test_docxmlrpc
    test_wsgiref test_urllib test_urllib2 test_urllibnet test_fork1 test_posix test_robotparser test_pty"

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

# The proof, and then what `python3.11 -m test` does.
# shellcheck disable=SC2089 # of Python
start='
import sys
with open("/proc/self/maps") as maps, open(sys.argv.pop(1), "w") as proof:
    proof.writelines(line for line in maps if line.endswith("/libastray.so\n"))
from test.libregrtest import main
main()'

# results_of XML: "name<TAB>result" of each test.
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

# Shows its maps, and becomes what it is given.
# shellcheck disable=SC2016 # of Perl
become='open my $maps, "<", "/proc/self/maps" or die; open my $proof, ">>", shift or die;
    print $proof grep { m{/libastray\.so$} } <$maps>; close $proof; exec @ARGV'

# run_perl MODULE MODE OUT: the tests of that module of Perl's, in a copy of their folder, as they leave files there.
run_perl()
{
    local folder test status switches
    folder=$(cd "$perl_tests"/*/"${1#perl-}" && pwd) || return
    rm -rf "$3.tree"
    cp -r "$folder" "$3.tree"
    cd "$3.tree" || return
    for test in t/*.t; do
        status=0
        switches=()
        ! head -n 1 "$test" | grep -q ' -T' || switches=(-T)
        TMPDIR=$results under "$2" timeout -k 5 120 perl -e "$become" "$3.maps" perl "${switches[@]}" "$test" \
            </dev/null >"$3.log" 2>&1 || status=$?
        sed -nE "s|^((not )?ok [0-9]+)( .*#( ?skip).*)?.*|${test#t/} \\1\t\\4|Ip" "$3.log" | sed -E 's/ (not ok|ok) ([0-9]+\t)/ \2\1/'
        printf '%s exit status\t%s\n' "${test#t/}" "$status"
    done >"$3"
    rm -rf "$3.tree"
}

# run_module MODULE MODE OUT: its results, the exit status among them, to the file OUT; what the interpreter has of
# the library to OUT.maps.
run_module()
{
    local module=$1 mode=$2 out=$3 resources=none status=0
    rm -f "$out.maps" "$out.xml"
    if [[ $module == perl-* ]]; then
        run_perl "$module" "$mode" "$out"
        return
    fi
    if [ "$module" = perl ]; then
        TMPDIR=$results under "$mode" timeout -k 5 120 perl "$BATS_TEST_DIRNAME/clients/sockets.pl" "$out.maps" \
            </dev/null >"$out.log" 2>&1 || status=$?
        sed -E '/^1\.\./d; s/^((not )?ok) ([^(]*)(.*)$/\3\t\1 \4/; /\t/!s/$/\tsaid/' "$out.log" >"$out"
        printf 'exit status\t%s\n' "$status" >>"$out"
        return
    fi
    [ "$module" != test_socketserver ] || resources=network # of this machine alone
    # The time-out is that of the module. Not VSOCK's: its ports are one for the machine, whatever the network namespace.
    TMPDIR=$results under "$mode" timeout -k 5 660 "$python" -c "$start" "$out.maps" --junit-xml "$out.xml" \
        -u "$resources" --timeout 600 --ignore '*VSOCK*' "$module" </dev/null >"$out.log" 2>&1 || status=$?
    results_of "$out.xml" >"$out" 2>/dev/null && printf 'exit status\t%s\n' "$status" >>"$out"
}

# is_proved MODE OUT: did that run have the library in its maps, and only then?
is_proved()
{
    case $1 in
    plain) [ -e "$2.maps" ] && [ ! -s "$2.maps" ] ;;
    *) [ -s "$2.maps" ] ;;
    esac || {
        echo "# $2: the library should$([ "$1" != plain ] || echo ' not') be in the maps"
        return 1
    }
}

# verdict PLAIN OURS TRY...: of each test that gave the library another result in some run: "differs", "unsteady" or,
# as long as that is open, "open", its name, and its results. A test that says nothing has the result "missing".
verdict()
{
    local plain=$1 ours=$2 try files
    shift 2
    files=("$plain" "$ours")
    for try in "$@"; do
        files+=("$plain.$try" "$ours.$try")
    done
    awk -F'\t' -v runs="$(($# + 1))" '
        { name[$1]; result[FILENAME, $1] = ((FILENAME, $1) in result ? result[FILENAME, $1] ", " : "") $2 }
        function of(file, test) { return (file, test) in result ? result[file, test] : "missing" }
        END {
            for (test in name) {
                split("", without)
                for (i = 1; i <= runs; i++) without[of(ARGV[2 * i - 1], test)]
                strange = same = 0
                first = ""
                for (i = 1; i <= runs; i++) {
                    if (of(ARGV[2 * i], test) in without) {
                        same += i > 1
                        continue
                    }
                    strange += i > 1
                    first = first == "" ? of(ARGV[2 * i], test) : first
                }
                if (strange >= 3) word = "differs"
                else if (same >= 2 && first != "") word = "unsteady"
                else if (first != "" && runs < 6) word = "open"
                else continue
                all = ""
                for (one in without) all = all (all == "" ? "" : " or ") one
                printf "%s %s: %s; without the library %s\n", word, test, first, all
            }
        }' "${files[@]}" | sort
}

# compare MODULE MODE: is the result the same? Says what is not.
compare()
{
    local module=$1 mode=$2 plain=$results/$1.plain ours=$results/$1.$2 try tries=()
    if [ ! -s "$plain" ]; then
        echo "# $module has no results without the library"
        return 1
    fi
    is_proved plain "$plain" && is_proved "$mode" "$ours" || return
    touch "$ours"
    for try in 1 2 3 4; do
        verdict "$plain" "$ours" ${tries[0]+"${tries[@]}"} >"$ours.verdict"
        grep -q '^open ' "$ours.verdict" || break
        run_module "$module" plain "$plain.$try" &
        run_module "$module" "$mode" "$ours.$try"
        wait "$!"
        touch "$plain.$try" "$ours.$try"
        is_proved plain "$plain.$try" && is_proved "$mode" "$ours.$try" || return
        tries+=("$try")
    done
    verdict "$plain" "$ours" ${tries[0]+"${tries[@]}"} >"$ours.verdict"
    sed -n "1,40{ s/^/# /; s/^# unsteady /# unsteady in $mode mode: /; p }" "$ours.verdict"
    ! grep -q '^differs ' "$ours.verdict"
}

# missing MODULE: why it cannot run, nothing when it can.
missing()
{
    case $1 in
    perl) command -v perl >/dev/null || echo 'perl is not here' ;;
    perl-*) [ -d "$perl_tests" ] || echo "Perl's own tests are not here: scripts/perl-tests ${perl_tests#"$ROOT/"} brings them" ;;
    *)
        [ -x "$python" ] || echo 'python3.11 is not here'
        [ -e "$tests/${1//.//}.py" ] || echo 'libpython3.11-testsuite is not here'
        ;;
    esac | head -n 1
}

# tell NUMBER GOOD WHAT
tell()
{
    if [ "$2" = yes ]; then
        echo "ok $1 $3"
    else
        failed=$((failed + 1))
        echo "not ok $1 $3"
    fi
}

# Every record is whole, and Perl's connections to 0.0.0.0 are among them: the library was at work.
are_whole()
{
    jq -es 'all(.[]; .astray.schema == 1 and .event.action != "misconfigured")
        and any(.[]; .process.name == "sockets.pl" and .astray.class == "unspecified")' "$1" >/dev/null
}

report()
{
    local module mode count=0 number compared=0 modules_compared=0 why good
    for module in $modules; do
        why=$(missing "$module")
        number=$(grep -c . "$results/$module.plain" 2>/dev/null)
        compared=$((compared + ${number:-0}))
        modules_compared=$((modules_compared + (${number:-0} > 0)))
        for mode in audit rewrite; do
            count=$((count + 1))
            if [ -n "$why" ]; then
                echo "ok $count $module in $mode mode # skip ($why)"
                continue
            fi
            good=yes
            compare "$module" "$mode" || good=no
            tell "$count" "$good" "$module: $number results in $mode mode as without the library"
        done
    done
    for mode in audit rewrite; do
        count=$((count + 1))
        if [ -n "$(missing perl)" ]; then
            echo "ok $count records in $mode mode # skip ($(missing perl))"
            continue
        fi
        good=yes
        are_whole "$results/$mode.ndjson" || good=no
        tell "$count" "$good" "$(wc -l <"$results/$mode.ndjson") records in $mode mode, each whole"
    done
    echo "# compared: $compared results of $modules_compared modules in audit and in rewrite mode with those without the library"
    echo "1..$count"
}

results=$(mkdir -p "$1" && cd "$1" && pwd)
case ${2-} in
core) modules="perl $perl $core" ;;
all) modules="perl $perl $core $others" ;;
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
failed=0
# More at a time than there are processors: most of the time they wait for their own time-outs.
for module in $modules; do
    [ -z "$(missing "$module")" ] || continue
    printf '%s plain\n%s audit\n%s rewrite\n' "$module" "$module" "$module"
done | xargs -P "$(($(nproc) * 3))" -L 1 "$0" "$results" --run
report
[ "$failed" -eq 0 ]
