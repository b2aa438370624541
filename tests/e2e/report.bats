#!/usr/bin/env bats
# astray summary --format html: the page, as a browser shows it.

bats_require_minimum_version 1.5.0
load helpers

DATA=$ROOT/tests/data

setup()
{
    cd "$BATS_TEST_TMPDIR" || return
    export LC_ALL=C.UTF-8
}

# page LOG [OPTION...]: page.html
page()
{
    local log=$1
    shift
    "$ASTRAY" summary --format html "$@" "$log" >page.html
}

browser()
{
    need chromium
    timeout -k 5 120 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
        --disable-background-networking --disable-component-update --disable-sync \
        --user-data-dir="$BATS_TEST_TMPDIR/profile" "$@" 2>browser.log
}

# drive SCRIPT: what the page holds after SCRIPT ran behind its own, to dom.html; SCRIPT leaves
# its answer with answer().
drive()
{
    need chromium python3
    {
        sed '/^<\/body>$/,$d' page.html
        printf '<script>\n'
        echo 'function answer(value) { document.body.append(Object.assign(document.createElement("pre"), {id: "answer", textContent: JSON.stringify(value)})); }'
        printf '%s\n</script></body></html>\n' "$1"
    } >driven.html
    browser --dump-dom "file://$PWD/driven.html" >dom.html
    python3 - <<'PYTHON'
import html, re
found = re.search(r'<pre id="answer">(.*?)</pre>', open("dom.html", encoding="utf-8").read(), re.S)
print(html.unescape(found[1]))
PYTHON
}

ROWS='[...document.querySelectorAll("#findings tbody")].map(body => [...body.querySelectorAll("tr:first-child td")].map(cell => cell.textContent))'

@test "counts what the text counts" {
    page "$DATA/summary.ndjson"
    grep -q '<h1>117 connections went astray</h1>' page.html
    grep -q '<b>112</b> of them failed' page.html
    grep -q '<b>2</b> outcome unknown' page.html
    grep -q '<b>12</b> over the rate limit' page.html
    answer=$(drive "answer($ROWS)")
    is "$(jq length <<<"$answer")" 7
    is "$(jq -c '.[0][:4]' <<<"$answer")" \
        '["112","0.0.0.0:80 (written \"0\"), unspecified","curl in deploy.sh, ingest.service, on web-10","API_ADDR, set in deploy.sh"]'
    is "$(jq '[.[][0] | tonumber] | add' <<<"$answer")" 120
    has "$(cat dom.html)" 'deploy.sh[4710] ← cron[812] ← systemd[1]'
}

@test "each fix is the one that the text tells" {
    page "$DATA/summary.ndjson"
    drive 'answer([...document.querySelectorAll("#findings .fix dd")].map(cell => cell.textContent))' |
        jq -r '.[]' | sort >got
    "$ASTRAY" summary --format json "$DATA/summary.ndjson" | jq -r '.groups[].fix // empty' | sort >wanted
    diff -u wanted got
    [ -s got ]
}

@test "nothing is loaded from elsewhere" {
    page "$DATA/summary.ndjson"
    run grep -Ei '<(link|img|iframe|object|embed|base)|src=|href=|url\(|@import|https?:' page.html
    is "$output" ''
    grep -q "default-src 'none'" page.html
}

@test "texts of hostile records are shown, and never run" {
    python3 "$BATS_TEST_DIRNAME/many_groups.py" 40 hostile >log.ndjson
    page log.ndjson
    is "$(grep -c '</script>' page.html)" 2 'only our own scripts end'
    run grep -nP '[\x{202a}-\x{202e}\x{2066}-\x{2069}\x{2028}\x00-\x08\x0b-\x1f]' page.html
    is "$output" ''
    answer=$(drive 'answer({title: document.title, scripts: document.scripts.length,
        foreign: document.querySelectorAll("img, b:not(.facts b), [onmouseover], [onerror]").length,
        texts: document.getElementById("findings").textContent})')
    is "$(jq -r .title <<<"$answer")" '40 connections went astray'
    is "$(jq -r .scripts <<<"$answer")" 3
    is "$(jq -r .foreign <<<"$answer")" 0
    has "$(jq -r .texts <<<"$answer")" "<script>document.title='owned'</script>"
    has "$(jq -r .texts <<<"$answer")" '&lt;b&gt;'
    has "$(jq -r .texts <<<"$answer")" '\u202egnp.exe\u2066'
}

@test "hostile names of logs are escaped" {
    cp "$DATA/summary.ndjson" '<b>"x&.ndjson'
    page '<b>"x&.ndjson'
    grep -q '<code>&lt;b&gt;&quot;x&amp;.ndjson</code>' page.html
}

@test "search and sort" {
    page "$DATA/summary.ndjson"
    answer=$(drive "
        const search = document.getElementById('search'), seen = {};
        search.value = 'PSQL api';
        search.dispatchEvent(new Event('input'));
        seen.none = $ROWS.length;
        search.value = 'psql Deploy';
        search.dispatchEvent(new Event('input'));
        seen.one = $ROWS;
        search.value = '';
        search.dispatchEvent(new Event('input'));
        document.querySelector('th.title button').click();
        seen.up = $ROWS.map(row => row[1]);
        document.querySelector('th.title button').click();
        seen.down = $ROWS.map(row => row[1]);
        seen.sorted = [...document.querySelectorAll('#findings th')].map(head => head.getAttribute('aria-sort'));
        answer(seen);")
    is "$(jq .none <<<"$answer")" 0
    is "$(jq '.one | length' <<<"$answer")" 1
    is "$(jq -r '.one[0][4]' <<<"$answer")" blocked
    jq -e '.up == (.up | sort) and .down == (.up | reverse) and (.up | length) == 7' <<<"$answer"
    is "$(jq -c .sorted <<<"$answer")" '["none","descending","none","none","none","none"]'
}

@test "heads have a scope, and what can be changed has a label" {
    page "$DATA/summary.ndjson"
    answer=$(drive 'answer({
        heads: [...document.querySelectorAll("th")].every(head => head.scope !== ""),
        labels: [...document.querySelectorAll("input, select")].every(field => field.labels.length === 1),
        tables: [...document.querySelectorAll("table")].every(table => table.caption),
        chart: document.querySelector("svg[role=img]").getAttribute("aria-label"),
        language: document.documentElement.lang})')
    is "$(jq -c '[.heads, .labels, .tables, .language]' <<<"$answer")" '[true,true,true,"en"]'
    has "$(jq -r .chart <<<"$answer")" 'Attempts over time'
}

# contrast SCHEME: the least contrast of text against what is behind it (WCAG 2.2), as the browser
# computes the colours.
contrast()
{
    drive '
        function light(color) {
            const parts = color.match(/[\d.]+/g).slice(0, 3).map(part => {
                part /= 255;
                return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
            });
            return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
        }
        function ground(node) {
            for (; node; node = node.parentElement) {
                const color = getComputedStyle(node).backgroundColor;
                if (!/, 0\)$/.test(color)) return color;
            }
            return "rgb(255, 255, 255)";
        }
        let least = 99;
        for (const node of document.querySelectorAll("body *")) {
            if (node.closest("script, style, noscript, svg") || node.id === "answer") continue;
            const own = [...node.childNodes].some(child => child.nodeType === 3 && child.data.trim() !== "");
            const behind = node.matches("#tops th button") ? getComputedStyle(document.querySelector(".bar")).backgroundColor : ground(node);
            const a = light(getComputedStyle(node).color), b = light(behind);
            if (own) least = Math.min(least, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
        }
        answer({least, dark: matchMedia("(prefers-color-scheme: dark)").matches});'
}

@test "texts stand out, in light and in dark" {
    page "$DATA/summary.ndjson"
    answer=$(contrast)
    jq -e '.least >= 4.5 and (.dark | not)' <<<"$answer"
    eval "$(declare -f browser | sed 's/--headless/--headless --blink-settings=preferredColorScheme=0/')"
    answer=$(contrast)
    jq -e '.least >= 4.5 and .dark' <<<"$answer"
}

@test "on a phone nothing is wider than the screen" {
    python3 "$BATS_TEST_DIRNAME/many_groups.py" 20 hostile >log.ndjson
    page log.ndjson
    eval "$(declare -f browser | sed 's/--headless/--headless --window-size=500,900/')"
    answer=$(drive 'answer([document.documentElement.scrollWidth, innerWidth])')
    jq -e '.[0] <= .[1] and .[1] <= 500' <<<"$answer"
}

@test "10,000 groups are one file under 2 MB that can be searched" {
    python3 "$BATS_TEST_DIRNAME/many_groups.py" 10000 >log.ndjson
    page log.ndjson
    [ "$(stat -c %s page.html)" -lt 2000000 ]
    answer=$(drive "
        const seen = {first: $ROWS.length, ready: Math.round(performance.now())};
        const search = document.getElementById('search');
        search.value = 'SERVICE_500_ADDR';
        const before = performance.now();
        search.dispatchEvent(new Event('input'));
        seen.search = Math.round(performance.now() - before);
        seen.shown = document.getElementById('shown').textContent;
        answer(seen);")
    echo "# ready after $(jq .ready <<<"$answer") ms, a search takes $(jq .search <<<"$answer") ms" >&3
    is "$(jq .first <<<"$answer")" 100
    is "$(jq -r .shown <<<"$answer")" '10 of 10,000 findings, 10 attempts'
}

@test "what does not fit is counted, not cut" {
    python3 - >log.ndjson <<'PYTHON'
import json
for number in range(3000):
    print(json.dumps({"@timestamp": "2026-09-21T08:00:00Z",
        "event": {"module": "astray", "type": ["connection", "start"], "action": "detected"},
        "destination": {"ip": "0.0.0.0", "port": 80}, "process": {"name": f"{number:04}" * 300},
        "astray": {"class": "unspecified"}}))
PYTHON
    page log.ndjson
    [ "$(stat -c %s page.html)" -lt 2000000 ]
    left=$(sed -n 's/^<p class="left">\([0-9,]*\) more in \([0-9,]*\) other groups are not in this page.*/\1 \2/p' page.html)
    [ -n "$left" ]
    shown=$(python3 -c 'import json, re, sys
data = re.search(r"id=\"data\">(.*?)</script>", sys.stdin.read(), re.S)[1]
print(len(json.loads(data)["rows"]))' <page.html)
    left=${left% *}
    is "$((${left//,/} + shown))" 3000 'shown and left out'
}

@test "by something else, and of nothing" {
    page "$DATA/summary.ndjson" --by variable
    answer=$(drive "answer($ROWS)")
    is "$(jq -c '.[0][:2]' <<<"$answer")" '["112","API_ADDR"]'
    : >empty.ndjson
    page empty.ndjson
    grep -q '<h1>0 connections went astray</h1>' page.html
    has "$(drive 'answer(document.getElementById("findings").textContent)')" 'Nothing here.'
}

@test "prints on paper" {
    page "$DATA/summary.ndjson"
    need chromium pdftotext
    browser --no-pdf-header-footer --print-to-pdf=page.pdf "file://$PWD/page.html"
    pdftotext -layout page.pdf page.txt
    has "$(tr -s ' \n' '  ' <page.txt)" 'write localhost or the server'
}

@test "on paper each page of a long table has its head" {
    need chromium pdftotext
    python3 "$BATS_TEST_DIRNAME/many_groups.py" 60 >many.ndjson
    page many.ndjson
    browser --no-pdf-header-footer --print-to-pdf=page.pdf "file://$PWD/page.html"
    pdftotext -layout page.pdf page.txt
    pages=$(tr -cd '\f' <page.txt | wc -c)
    [ "$pages" -ge 3 ]
    is "$(grep -c 'Last seen' page.txt)" "$pages"
}
