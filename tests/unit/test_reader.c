#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "reader.h"

#include "guard.h"
#include "tsv.h"

/* The columns of readers.tsv behind the text. */
static const struct {
    const char *key;
    bool url; /* was given a URL, not the text alone */
} columns[] = {{"curl", true},    {"wget", true},  {"go", false},    {"java", false},
               {"python", false}, {"node", false}, {"browser", true}};
enum { COLUMNS = sizeof columns / sizeof *columns };

static const struct reader *reader_of(const char *key)
{
    for (size_t i = 0; i < reader_count; i++)
        if (strcmp(readers[i].key, key) == 0)
            return &readers[i];
    ck_abort_msg("no reader %s", key);
    return NULL;
}

/* "0.0.0.0", "name", "refused"; nothing when it does not parse. */
static const char *read_text(const char *key, const char *text, size_t length, int32_t *port)
{
    static char address[ADDR_TEXT_SIZE];
    struct endpoint endpoint;
    if (!endpoint_parse(guard_copy(text, length), length, &endpoint))
        return "";
    struct reader_result result = reader_read(reader_of(key), &endpoint);
    if (port != NULL)
        *port = result.port;
    if (result.kind != READER_ADDRESS)
        return reader_kind_name(result.kind);
    result.addr.scope = 0;
    addr_format(&result.addr, address);
    return address;
}

static bool agrees(const char *read, const char *measured)
{
    if (strcmp(measured, "?") == 0)
        return true;
    if (strcmp(measured, "-") == 0)
        return strcmp(read, "name") == 0 || strcmp(read, "refused") == 0;
    if (strncmp(read, "::ffff:", 7) == 0 && strchr(measured, ':') == NULL)
        read += 7;
    return strcmp(read, measured) == 0;
}

START_TEST(reads_as_the_clients_were_measured_to)
{
    struct tsv tsv;
    int rows = 0;
    tsv_open(&tsv, "readers.tsv");
    for (; tsv_next(&tsv, COLUMNS + 1); rows++) {
        char url[256], plain[256];
        tsv_unescape(tsv.column[0]);
        snprintf(url, sizeof url, "http://%s:8099/", tsv.column[0]);
        snprintf(plain, sizeof plain, "%s:8099", tsv.column[0]);
        for (size_t i = 0; i < COLUMNS; i++) {
            const char *text = columns[i].url ? url : plain;
            const char *read = read_text(columns[i].key, text, strlen(text), NULL);
            ck_assert_msg(agrees(read, tsv.column[i + 1]), "line %d: %s: %s reads %s, not %s",
                          tsv.number, tsv.column[0], columns[i].key, read, tsv.column[i + 1]);
        }
    }
    ck_assert_int_ge(rows, 75);
}
END_TEST

/* Without a host the clients were measured too; the rest is by their documentation. */
static const struct {
    const char *text;
    const char *key;
    const char *want;
    const char *why;
} known[] = {
    {":8099", "curl", "refused", "an empty host"},
    {"http://:8099/", "curl", "refused", "an empty host"},
    {"http://:8099/", "wget", "refused", "an empty host"},
    {":8099", "libc", "refused", "getaddrinfo finds no empty name"},
    {":8099", "go", "0.0.0.0", "net.Dial dials this host"},
    {"http://:8099/", "go", "0.0.0.0", "and so does net/http"},
    {":8099", "python", "0.0.0.0", "socket.connect"},
    {"http://:8099/", "python", "refused", "urllib and requests"},
    {":8099", "ruby", "0.0.0.0", "TCPSocket"},
    {"http://:8099/", "ruby", "0.0.0.0", "Net::HTTP"},
    {":8099", "java", "127.0.0.1", "Socket"},
    {"http://:8099/", "java", "127.0.0.1", "URL"},
    {":8099", "node", "name", "net.connect takes localhost"},
    {"http://:8099/", "node", "refused", "URL"},
    {"http://:8099/", "browser", "refused", "URL"},
    {"tcp://0:80", "curl", "nothing", "no scheme of curl's"},
    {"tcp://0:80", "wget", "nothing", "no scheme of wget's"},
    {"tcp://0:80", "browser", "nothing", "no scheme of a browser's"},
    {"tcp://0:80", "libc", "0.0.0.0", "programs that take it apart themselves"},
    {"HTTP://0:80", "browser", "0.0.0.0", "letters of either case"},
    {"redis://0:80", "node", "0.0.0.0", "a client's library asks libc"},
    {"::1", "curl", "::1", "an address alone, which has to stand in brackets"},
    {"::1", "browser", "::1", "the same"},
    {"http://\xc2\xad"
     "0/",
     "browser", "0.0.0.0", "a soft hyphen is lost"},
    {"http://\xf0\x9d\x9f\x98/", "browser", "0.0.0.0", "a mathematical digit"},
    {"http://\xff/", "browser", "refused", "no UTF-8"},
    {"http://a%00b/", "browser", "refused", "a NUL"},
    {"http://a%zz/", "browser", "refused", "no escape"},
    {"http://a%41/", "browser", "name", "an escape"},
    {"http://0xffffffffff/", "browser", "refused", "too great"},
    {"http://foo.0x./", "browser", "refused", "ends in a number"},
    {"http://0x7f.0x0.0x0.0x1/", "browser", "127.0.0.1", "hex parts"},
};

START_TEST(reads_what_is_no_plain_host)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const char *read = read_text(known[i].key, known[i].text, strlen(known[i].text), NULL);
        ck_assert_msg(strcmp(read, known[i].want) == 0, "%s, %s (%s): %s", known[i].key,
                      known[i].text, known[i].why, read);
    }
}
END_TEST

static const struct {
    const char *text;
    int32_t port;
} ports[] = {
    {"http://0", 80}, {"https://0/x", 443}, {"http://0:8099", 8099},  {"0", ENDPOINT_NO_PORT},
    {"0:0", 0},       {"redis://0", 6379},  {"0:", ENDPOINT_NO_PORT},
};

START_TEST(takes_the_port_of_the_scheme)
{
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
        int32_t port = 99;
        read_text("libc", ports[i].text, strlen(ports[i].text), &port);
        ck_assert_msg(port == ports[i].port, "%s: %d", ports[i].text, (int)port);
    }
}
END_TEST

START_TEST(survives_long_and_strange_hosts)
{
    char text[3072];
    static const char fills[] = {'0', '.', '%', 'a', (char)0xef};
    for (size_t fill = 0; fill < sizeof fills; fill++) {
        memset(text, fills[fill], sizeof text);
        for (size_t i = 0; i < reader_count; i++) {
            read_text(readers[i].key, text, sizeof text, NULL);
            read_text(readers[i].key, text, 1, NULL);
        }
    }
    for (size_t i = 0; i < reader_count; i++) {
        ck_assert_str_eq(read_text(readers[i].key, "", 0, NULL), "");
        read_text(readers[i].key, "a\0b:80", 6, NULL);
    }
}
END_TEST

START_TEST(a_mapped_address_is_the_same)
{
    struct endpoint endpoint;
    ck_assert(endpoint_parse("[::ffff:0.0.0.0]", 16, &endpoint));
    struct reader_result mapped = reader_read(&readers[0], &endpoint);
    ck_assert(endpoint_parse("0", 1, &endpoint));
    struct reader_result plain = reader_read(&readers[0], &endpoint);
    ck_assert(reader_same(&mapped, &plain));
    ck_assert(endpoint_parse("1", 1, &endpoint));
    struct reader_result other = reader_read(&readers[0], &endpoint);
    ck_assert(!reader_same(&other, &plain));
}
END_TEST

static const TTest *const tests[] = {
    reads_as_the_clients_were_measured_to, reads_what_is_no_plain_host,
    takes_the_port_of_the_scheme,          survives_long_and_strange_hosts,
    a_mapped_address_is_the_same,
};
UNIT_MAIN("reader", tests)
