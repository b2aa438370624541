#include "scan_quick.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>

/* Clients that take a bare host or port (of others, only whole addresses and URLs are judged, which
 * are odd by themselves), as words of their own. Compared without regard to case; '_' and '-' are
 * the same. */
static const char words[] =
    "curl curlie wget wget2 nc ncat netcat telnet tcping tcptraceroute paping cqlsh socat ssh "
    "autossh "
    "ssh-keyscan psql pg-isready pg-dump pg-dumpall pg-restore pgbench pgcli createdb dropdb "
    "createuser dropuser vacuumdb reindexdb clusterdb pg-basebackup mysql mysqldump mysqladmin "
    "mysqlcheck mysqlimport mysqlshow mysqlslap mariadb mariadb-dump mariadb-admin mariadb-check "
    "mycli "
    "mysqlsh redis-cli redis-benchmark valkey-cli keydb-cli mongo mongosh mongodump mongorestore "
    "mongoexport mongoimport mongostat mongotop ab wrk wrk2 bombardier h2load siege oha xh xhs "
    "lftp ftp ncftp tftp ping ping6 ping4 fping arping traceroute traceroute6 tracepath mtr "
    "ntpdate sntp rdate dig kdig nslookup openssl iperf iperf3 mosquitto-pub mosquitto-sub "
    "mosquitto-rr rabbitmqadmin amqp-publish amqp-consume amqp-get mqtt kcat kafkacat ldapsearch "
    "ldapadd ldapmodify ldapdelete ldapwhoami ldappasswd ldapcompare clickhouse-client influx "
    "nodetool chronyc ipmitool cypher-shell beeline etcdctl memcstat memcping memcached-tool "
    "grpcurl "
    "grpc-health-probe wait-for-it wait-for wait-port waitforit dockerize sslscan redli "
    "systemd-socket-proxyd hey";

/* What names of destinations end with (role.c): there, a bare number, null or placeholder counts.
 */
#define ENDING(text, strict)                                                                       \
    {                                                                                              \
        text, sizeof(text) - 1, strict                                                             \
    }
static const struct ending {
    const char *text;
    unsigned char length;
    bool strict; /* nobody binds there: ":80" counts, too */
} endings[] = {
    ENDING("url", true),       ENDING("urls", true),      ENDING("uri", true),
    ENDING("uris", true),      ENDING("dsn", true),       ENDING("endpoint", true),
    ENDING("endpoints", true), ENDING("proxy", true),     ENDING("callback", true),
    ENDING("webhook", true),   ENDING("host", false),     ENDING("hosts", false),
    ENDING("hostname", false), ENDING("hostaddr", false), ENDING("addr", false),
    ENDING("addrs", false),    ENDING("address", false),  ENDING("addresses", false),
    ENDING("server", false),   ENDING("servers", false),  ENDING("ip", false),
};

#define STATES 1024
#define CLASSES 32

/* An Aho-Corasick automaton over the words: next[state][class of the byte]. */
static uint16_t next_state[STATES][CLASSES];
static bool accepts[STATES];
static unsigned char lengths[STATES]; /* of the word that a state accepts */
static unsigned char class_of[256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void build_classes(void)
{
    for (int c = 0; c < 26; c++)
        class_of['a' + c] = class_of['A' + c] = (unsigned char)(c + 1);
    class_of['-'] = class_of['_'] = 27;
    class_of['2'] = 28;
    class_of['3'] = 29;
    class_of['4'] = 30;
    class_of['6'] = 31;
}

static void build_trie(unsigned *count)
{
    struct slice rest = slice_of(words), word;
    *count = 1;
    while (slice_cut(&rest, ' ', &word)) {
        unsigned state = 0;
        for (size_t i = 0; i < word.length; i++) {
            uint16_t *to = &next_state[state][class_of[(unsigned char)word.data[i]]];
            if (*to == 0 && *count < STATES)
                *to = (uint16_t)(*count)++;
            state = *to;
        }
        accepts[state] = true;
        lengths[state] = (unsigned char)word.length;
    }
}

static void build(void)
{
    static uint16_t fail[STATES], queue[STATES];
    unsigned count, head = 0, tail = 0;
    build_classes();
    build_trie(&count);
    for (unsigned c = 0; c < CLASSES; c++)
        if (next_state[0][c] != 0)
            queue[tail++] = next_state[0][c];
    while (head < tail) {
        unsigned state = queue[head++];
        if (!accepts[state] && accepts[fail[state]]) {
            accepts[state] = true;
            lengths[state] = lengths[fail[state]];
        }
        for (unsigned c = 0; c < CLASSES; c++) {
            uint16_t to = next_state[state][c];
            if (to == 0) {
                next_state[state][c] = next_state[fail[state]][c];
                continue;
            }
            fail[to] = next_state[fail[state]][c];
            queue[tail++] = to;
        }
    }
}

static bool is_word_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Does a client stand in the line as a word of its own? */
static bool has_word(const char *at, const char *end)
{
    unsigned state = 0;
    for (const char *c = at; c < end; c++) {
        state = next_state[state][class_of[(unsigned char)*c]];
        if (!accepts[state])
            continue;
        const char *start = c - lengths[state] + 1;
        char before = start > at ? start[-1] : ' ', after = c + 1 < end ? c[1] : ' ';
        if (after == '.' && end - c > 3 && c[2] == 's' && c[3] == 'h')
            after = ' '; /* wait-for-it.sh */
        if (!is_word_byte(before) && !is_word_byte(after) && before != '.' && before != '-' &&
            after != ':' && after != '.' && after != '-')
            return true;
    }
    return false;
}

/* ---- what is odd by itself, and what is odd as an argument ---------------------------- */

enum oddity { NOTHING, ODD_ARGUMENT, ODD };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* An IPv4 address in a range where something is stray, or with a part that is octal. */
static bool is_odd_quad(const unsigned part[4], bool zeros)
{
    return zeros || part[0] == 0 || part[0] >= 224 || (part[0] == 192 && part[1] == 0) ||
           (part[0] == 192 && part[1] == 88) || (part[0] == 198 && part[1] == 51) ||
           (part[0] == 203 && part[1] == 0);
}

/* A number that begins a word at AT; *BEHIND is where it ends. */
static enum oddity judge_number(const char *at, const char *end, const char **behind)
{
    unsigned parts = 0, part[4] = {0};
    bool zeros = false;
    while (at < end && parts < 4) {
        const char *digits = at;
        unsigned value = 0;
        while (at < end && is_digit(*at))
            value = value < 1000000 ? value * 10 + (unsigned)(*at++ - '0') : (at++, value);
        if (at == digits)
            break;
        zeros = zeros || (digits[0] == '0' && at - digits > 1);
        part[parts++] = value;
        if (at + 1 < end && *at == '.' && is_digit(at[1]) && parts < 4)
            at++;
        else
            break;
    }
    *behind = at;
    bool prefix = at + 1 < end && *at == '/' && is_digit(at[1]);
    bool longer = at + 1 < end && *at == '.' && is_digit(at[1]);
    if (parts == 4)
        return !prefix && !longer && is_odd_quad(part, zeros) ? ODD : NOTHING;
    if (parts == 1 && part[0] == 0 && at + 1 < end && *at == ':' && is_digit(at[1]))
        return ODD; /* 0:80 */
    return ODD_ARGUMENT;
}

static bool is_null_word(const char *at, const char *end)
{
    if (at >= end || (*at != 'u' && *at != 'n' && *at != 'N'))
        return false;
    static const char *const nulls[] = {"undefined", "null", "None", "nil", "NaN", "NULL", "Null"};
    for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++) {
        size_t length = strlen(nulls[i]);
        if ((size_t)(end - at) >= length && memcmp(at, nulls[i], length) == 0 &&
            (at + length == end || !is_word_byte(at[length])))
            return true;
    }
    return false;
}

static bool is_null_before(const char *line, const char *at)
{
    const char *start = at;
    while (start > line && is_word_byte(start[-1]))
        start--;
    return is_null_word(start, at);
}

static bool ends_authority(char c)
{
    return memchr("/?# \"',;)]}\\`<>|\t\r&", c, 19) != NULL;
}

/* What stands behind "://": a plain name is fine, with a plain port. */
static bool is_odd_authority(const char *at, const char *end)
{
    if (at >= end || *at == '_' || is_null_word(at, end))
        return true;
    for (const char *c = at; c < end && !ends_authority(*c); c++) {
        if (*c == '@' && (c + 1 == end || !is_word_byte(c[1]) || is_null_word(c + 1, end)))
            return true;
        if (*c != ':')
            continue;
        const char *port = c + 1;
        bool zero = port < end && *port == '0';
        while (port < end && is_digit(*port))
            port++;
        bool closed = port == end || ends_authority(*port) || *port == '@';
        if (zero || port - c > 5 || !closed || port == c + 1)
            return memchr(c, '@', (size_t)(end - c)) == NULL || zero || port - c > 5;
    }
    if (!is_digit(*at))
        return !is_word_byte(*at);
    const char *behind;
    return judge_number(at, end, &behind) != NOTHING; /* a short form, or an odd address */
}

static bool equal_fold(const char *at, const char *lower, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((at[i] | 0x20) != lower[i] && at[i] != lower[i])
            return false;
    return true;
}

/* The ending of the name before AT, a '=' or ':', when it is one of a destination's; it has to be a
 * word of its own: API_URL, apiUrl, url. */
static const struct ending *ending_before(const char *start, const char *at)
{
    while (at > start && memchr(" \t\"'", at[-1], 4) != NULL)
        at--;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t length = endings[i].length;
        const char *word = at - length;
        if ((size_t)(at - start) < length || (at[-1] | 0x20) != endings[i].text[length - 1] ||
            !equal_fold(word, endings[i].text, length))
            continue;
        bool capital = *word >= 'A' && *word <= 'Z';
        if (word == start || !is_word_byte(word[-1]) || word[-1] == '_' || is_digit(word[-1]) ||
            (capital && word[-1] >= 'a' && word[-1] <= 'z') ||
            strcmp(endings[i].text, "host") == 0) /* PGHOST */
            return &endings[i];
    }
    return NULL;
}

/* Is the value behind the '=' or ':' at AT odd for such a name? */
static bool is_value_odd(const char *at, const char *end, bool dollars, bool strict)
{
    at++;
    while (at < end && memchr(" \t\"'[-", *at, 6) != NULL)
        at++;
    if (at == end)
        return false;
    if (is_digit(*at)) {
        const char *behind;
        enum oddity number = judge_number(at, end, &behind);
        return number != NOTHING && (behind == end || !is_word_byte(*behind) || *behind == 'x');
    }
    if (*at == ':' || (unsigned char)*at >= 0x80)
        return *at != ':' || strict;
    return (dollars && memchr("$<{%@(", *at, 6) != NULL) || is_null_word(at, end);
}

/* `value: 0` below `name: API_HOST`, as Kubernetes lists variables. */
static bool is_listed_value(const char *line, const char *at, const char *before)
{
    while (line < at && (*line == ' ' || *line == '\t' || *line == '-'))
        line++;
    if (before == NULL || at - line < 5 || memcmp(line, "value", 5) != 0)
        return false;
    while (*before == ' ' || *before == '-')
        before++;
    const char *end = strchrnul(before, '\n');
    return memcmp(before, "name", end - before > 4 ? 4 : 0) == 0 &&
           ending_before(before, end) != NULL;
}

/* "::" as an address has it. */
static bool is_double_colon(const char *line, const char *at, const char *end)
{
    char before = at > line ? at[-1] : ' ', after = at + 2 < end ? at[2] : ' ';
    bool fits_before = !is_word_byte(before) || is_digit(before) ||
                       ((before | 0x20) >= 'a' && (before | 0x20) <= 'f');
    bool fits_after =
        !is_word_byte(after) || is_digit(after) || ((after | 0x20) >= 'a' && (after | 0x20) <= 'f');
    return fits_before && fits_after;
}

static bool is_odd_pair(const char *line, const char *at, const char *end, const char *before,
                        bool dollars)
{
    if (!is_value_odd(at, end, dollars, true))
        return false;
    const struct ending *ending = ending_before(line, at);
    bool listed = ending == NULL && is_listed_value(line, at, before);
    return (listed || ending != NULL) &&
           is_value_odd(at, end, dollars, ending != NULL && ending->strict);
}

/* NAME_PORT=tcp://... */
static bool is_port_name(const char *line, const char *at)
{
    while (at > line && (is_word_byte(at[-1]) && at[-1] != '_'))
        at--;
    while (at > line && memchr(" \t\"'=:", at[-1], 6) != NULL)
        at--;
    return at - line >= 4 && equal_fold(at - 4, "port", 4);
}

static bool is_odd_sign(const char *line, const char *at, const char *end, const char *before,
                        bool dollars)
{
    char c = *at;
    if (c == ':' && at + 1 < end && at[1] == ':')
        return is_double_colon(line, at, end);
    if (c == ':' && end - at > 3 && at[1] == '/' && at[2] == '/' && at[3] == '/' &&
        at - line >= 4 && memcmp(at - 4, "file", 4) == 0)
        return false;
    if (c == ':' && end - at > 2 && at[1] == '/' && at[2] == '/')
        return is_port_name(line, at) ||
               ((dollars || end - at == 3 || at[3] != '$') && is_odd_authority(at + 3, end));
    if (c == ':' && at > line && is_word_byte(at[-1]) && end - at > 1 && at[1] == '0' &&
        (end - at == 2 || !is_word_byte(at[2])))
        return true; /* port 0 */
    if (c == ':' && end - at > 1 && is_digit(at[1]) && is_null_before(line, at))
        return true; /* undefined:80 */
    if (c == '@' && end - at > 1)
        return at[1] == ':' || is_null_word(at + 1, end) || (dollars && at[1] == '$');
    if (c == '=' || c == ':')
        return is_odd_pair(line, at, end, before, dollars);
    return (unsigned char)c == 0xEF && end - at > 2 && (unsigned char)at[1] == 0xBC &&
           (unsigned char)at[2] >= 0x90 && (unsigned char)at[2] <= 0x99; /* full-width digits */
}

/* Bytes that are looked at; all others are passed over. */
static const bool is_sign[256] = {
    ['0'] = true, ['1'] = true, ['2'] = true,  ['3'] = true, ['4'] = true, ['5'] = true,
    ['6'] = true, ['7'] = true, ['8'] = true,  ['9'] = true, [':'] = true, ['='] = true,
    ['@'] = true, ['$'] = true, [0xEF] = true, ['/'] = true,
};

/* BEFORE is the line before, or NULL. */
static enum oddity judge_line(const char *line, const char *end, const char *before, bool dollars)
{
    enum oddity found = NOTHING;
    for (const char *at = line; at < end; at++) {
        char c = *at;
        if (!is_sign[(unsigned char)c])
            continue;
        if (c == '$') {
            found = dollars ? ODD_ARGUMENT : found;
        } else if (c == '/') {
            if (end - at > 9 && memcmp(at, "/dev/", 5) == 0 &&
                (memcmp(at + 5, "tcp/", 4) == 0 || memcmp(at + 5, "udp/", 4) == 0))
                return ODD;
        } else if (is_digit(c)) {
            const char *behind;
            char left = at > line ? at[-1] : ' ';
            bool option = at - line > 2 && at[-2] == '-'; /* -h0.0.0.0 */
            if (!option && (is_word_byte(left) || left == '.')) {
                while (at + 1 < end && is_digit(at[1]))
                    at++;
                continue;
            }
            enum oddity number = judge_number(at, end, &behind);
            if (number == ODD)
                return ODD;
            found = number > found ? number : found;
            at = behind - 1;
        } else if (is_odd_sign(line, at, end, before, dollars)) {
            return ODD;
        }
    }
    return found;
}

bool scan_quick(struct slice text, bool dollars)
{
    const char *at = text.data, *end = text.data + text.length;
    const char *last = NULL, *last_end = NULL;
    bool near = false; /* a client stands in an earlier line of the statement */
    pthread_once(&once, build);
    if (text.length == 0)
        return false;
    if (memmem(text.data, text.length, "astray:", 7) != NULL)
        return true;
    for (; at < end; at = last_end + 1) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        if (line_end == NULL)
            line_end = end;
        const char *first = at;
        while (first < line_end && (*first == ' ' || *first == '\t'))
            first++;
        bool comment = first < line_end && *first == '#';
        enum oddity oddity = comment ? NOTHING : judge_line(at, line_end, last, dollars);
        bool item = first + 1 < line_end && *first == '-' && first[1] == ' ';
        bool goes_on = last_end != NULL && last_end > last && last_end[-1] == '\\';
        /* Lines of one command, or of one list, share their client. */
        near = (item || goes_on) && (near || (last != NULL && has_word(last, last_end)));
        if (oddity == ODD || (oddity == ODD_ARGUMENT && (near || has_word(at, line_end))))
            return true;
        last = at;
        last_end = line_end;
    }
    return false;
}
