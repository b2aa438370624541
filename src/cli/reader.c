#include "reader.h"

#include <string.h>

#include <astray/host.h>

/* ---- hosts on their way through a client -------------------------------- */

/* The longest name of the DNS, escapes and multi-byte digits in it included. */
enum { HOST_SIZE = 1024 };

struct host_text {
    char bytes[HOST_SIZE];
    struct text text;
    bool broken; /* what no client takes: a NUL, or bytes that are no UTF-8 */
};

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Adds HOST with each %XX replaced; what is no escape stays. */
static void add_decoded(struct text *out, struct slice host)
{
    for (size_t i = 0; i < host.length; i++) {
        int high = -1, low = -1;
        if (host.data[i] == '%' && host.length - i > 2) {
            high = hex_digit(host.data[i + 1]);
            low = hex_digit(host.data[i + 2]);
        }
        if (high >= 0 && low >= 0) {
            text_char(out, (char)(high << 4 | low));
            i += 2;
        } else {
            text_char(out, host.data[i]);
        }
    }
}

/* Characters that internationalised names (UTS #46) take for ASCII ones: FIRST to LAST stand for
 * AS and its successors. Digits, full stops, and letters that occur in numbers. */
static const struct {
    uint32_t first, last;
    char as;
} alike[] = {
    {0xff10, 0xff19, '0'},   {0xff21, 0xff3a, 'a'},   {0xff41, 0xff5a, 'a'},
    {0xff0e, 0xff0e, '.'},   {0x3002, 0x3002, '.'},   {0xff61, 0xff61, '.'},
    {0x24ea, 0x24ea, '0'},   {0x2460, 0x2468, '1'},   {0x2070, 0x2070, '0'},
    {0x00b9, 0x00b9, '1'},   {0x00b2, 0x00b3, '2'},   {0x2074, 0x2079, '4'},
    {0x2080, 0x2089, '0'},   {0x1d7ce, 0x1d7d7, '0'}, {0x1d7d8, 0x1d7e1, '0'},
    {0x1d7e2, 0x1d7eb, '0'}, {0x1d7ec, 0x1d7f5, '0'}, {0x1d7f6, 0x1d7ff, '0'},
    {0x1fbf0, 0x1fbf9, '0'},
};

/* Characters that such a name loses: soft hyphen, zero-width space, word joiner, byte order mark.
 */
static bool is_ignored(uint32_t code)
{
    return code == 0xad || code == 0x200b || code == 0x2060 || code == 0xfeff;
}

/* Cuts one character of UTF-8 (RFC 3629) off *REST; false when there is none. */
static bool cut_character(struct slice *rest, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char lead = (unsigned char)rest->data[0];
    size_t length = lead < 0x80 ? 1 : lead < 0xc0 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (length == 0 || lead > 0xf4 || length > rest->length)
        return false;
    uint32_t value = length == 1 ? lead : lead & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if (((unsigned char)rest->data[i] & 0xc0) != 0x80)
            return false;
        value = value << 6 | ((unsigned char)rest->data[i] & 0x3f);
    }
    if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return false;
    *code = value;
    *rest = slice_from(*rest, length);
    return true;
}

static void add_folded(struct text *out, uint32_t code, struct slice character)
{
    if (is_ignored(code))
        return;
    for (size_t i = 0; code >= 0x80 && i < sizeof alike / sizeof *alike; i++) {
        if (code >= alike[i].first && code <= alike[i].last) {
            text_char(out, (char)(alike[i].as + (char)(code - alike[i].first)));
            return;
        }
    }
    text_slice(out, character);
}

/* HOST as internationalised names fold it. */
static void fold(struct slice host, struct host_text *out)
{
    text_start(&out->text, out->bytes, sizeof out->bytes);
    out->broken = memchr(host.length > 0 ? host.data : "", '\0', host.length) != NULL;
    while (host.length > 0 && !out->broken) {
        struct slice character = {.data = host.data};
        uint32_t code = 0;
        out->broken = !cut_character(&host, &code);
        character.length = (size_t)(host.data - character.data);
        if (!out->broken)
            add_folded(&out->text, code, character);
    }
    out->broken |= out->text.cut;
}

/* The same with escapes replaced first, as URLs have them. */
static void decode_and_fold(struct slice host, struct host_text *out)
{
    char bytes[HOST_SIZE];
    struct text decoded;
    text_start(&decoded, bytes, sizeof bytes);
    add_decoded(&decoded, host);
    fold(text_done(&decoded), out);
    out->broken |= decoded.cut;
}

static enum reader_kind literal(struct slice host, uint8_t family, enum reader_kind otherwise,
                                struct addr *out)
{
    struct host read;
    if (!host_parse(host.data, host.length, &read) || read.addr.family != family)
        return otherwise;
    *out = read.addr;
    return READER_ADDRESS;
}

/* Did it stand in brackets, or is it an IPv6 literal, which has to? */
static bool is_bracketed(const struct endpoint *endpoint)
{
    return endpoint->bracketed || endpoint->addr.family == ADDR_IPV6;
}

static bool has_zone(const struct endpoint *endpoint)
{
    return slice_find(endpoint->host, '%') < endpoint->host.length;
}

static enum reader_kind read_brackets(const struct endpoint *endpoint, bool zones, struct addr *out)
{
    if (endpoint->addr.family != ADDR_IPV6 || (!zones && has_zone(endpoint)))
        return READER_REFUSES;
    *out = endpoint->addr;
    return READER_ADDRESS;
}

/* ---- the C library, and what asks it ------------------------------------ */

static enum reader_kind read_libc(const struct endpoint *endpoint, struct addr *out)
{
    *out = endpoint->addr;
    if (endpoint->addr.family != ADDR_NONE)
        return READER_ADDRESS;
    return endpoint->host.length == 0 ? READER_REFUSES : READER_NAME;
}

static enum reader_kind read_wildcard(struct addr *out)
{
    *out = (struct addr){.family = ADDR_IPV4};
    return READER_ADDRESS;
}

/* Folds the name, then asks libc. */
static enum reader_kind read_folded(const struct endpoint *endpoint, struct addr *out)
{
    struct host_text host;
    if (is_bracketed(endpoint) || endpoint->host.length == 0)
        return read_libc(endpoint, out);
    fold(endpoint->host, &host);
    return host.broken ? READER_NAME : literal(text_done(&host.text), ADDR_IPV4, READER_NAME, out);
}

/* socket.connect(("", port)) is 0.0.0.0; the modules that take URLs refuse it. */
static enum reader_kind read_python(const struct endpoint *endpoint, struct addr *out)
{
    if (endpoint->host.length == 0 && endpoint->scheme.length == 0)
        return read_wildcard(out);
    return read_folded(endpoint, out);
}

static enum reader_kind read_ruby(const struct endpoint *endpoint, struct addr *out)
{
    return endpoint->host.length == 0 ? read_wildcard(out) : read_libc(endpoint, out);
}

static enum reader_kind read_wget(const struct endpoint *endpoint, struct addr *out)
{
    struct host_text host;
    if (is_bracketed(endpoint))
        return read_brackets(endpoint, false, out);
    decode_and_fold(endpoint->host, &host);
    if (endpoint->host.length == 0)
        return READER_REFUSES;
    return host.broken ? READER_NAME : literal(text_done(&host.text), ADDR_IPV4, READER_NAME, out);
}

/* What curl's hostname_check() does not let through. */
static bool curl_refuses(struct slice host)
{
    static const char bad[] = " \r\n\t/:#?!@{}[]\\$'\"^`*<>=;,+&()";
    for (size_t i = 0; i < host.length; i++)
        if (host.data[i] != '\0' && strchr(bad, host.data[i]) != NULL)
            return true;
    return false;
}

static enum reader_kind read_curl(const struct endpoint *endpoint, struct addr *out)
{
    struct host_text host;
    if (is_bracketed(endpoint))
        return read_brackets(endpoint, true, out);
    decode_and_fold(endpoint->host, &host);
    if (endpoint->host.length == 0 || curl_refuses(text_done(&host.text)))
        return READER_REFUSES;
    return host.broken ? READER_NAME : literal(text_done(&host.text), ADDR_IPV4, READER_NAME, out);
}

/* ---- Go ----------------------------------------------------------------- */

/* Four decimal parts without leading zeros (netip.ParseAddr). */
static bool parse_strict(struct slice text, struct addr *out)
{
    struct addr addr = {.family = ADDR_IPV4};
    struct slice part;
    unsigned count = 0;
    uint64_t value;
    while (slice_cut(&text, '.', &part)) {
        if (count == 4 || part.length > 3 || (part.length > 1 && part.data[0] == '0') ||
            !slice_number(part, 255, &value))
            return false;
        addr.bytes[count++] = (uint8_t)value;
    }
    if (count == 4)
        *out = addr;
    return count == 4;
}

/* What net/url lets stand in a host. */
static bool go_refuses(struct slice host)
{
    static const char good[] = "-_.~!$&'()*+,;=:[]<>\"";
    for (size_t i = 0; i < host.length; i++) {
        unsigned char c = (unsigned char)host.data[i];
        char lower = (char)(c | 0x20);
        if (c < 0x80 && !(c >= '0' && c <= '9') && !(lower >= 'a' && lower <= 'z') &&
            (c == '\0' || strchr(good, c) == NULL))
            return true;
    }
    return false;
}

/* net.Dial with an empty host dials 0.0.0.0. */
static enum reader_kind read_go(const struct endpoint *endpoint, struct addr *out)
{
    if (endpoint->host.length == 0)
        return read_wildcard(out);
    if (endpoint->addr.family == ADDR_IPV6) {
        *out = endpoint->addr;
        return READER_ADDRESS;
    }
    if (parse_strict(endpoint->host, out))
        return READER_ADDRESS;
    return endpoint->scheme.length > 0 && go_refuses(endpoint->host) ? READER_REFUSES : READER_NAME;
}

/* ---- Java --------------------------------------------------------------- */

/* InetAddress takes one to four decimal parts, zeros before them or not; the last one fills the
 * remaining bytes. */
static bool parse_java(struct slice text, struct addr *out)
{
    uint64_t whole = 0, value;
    struct slice part;
    unsigned count = 0;
    if (text.length > 15)
        return false;
    while (slice_cut(&text, '.', &part)) {
        bool last = text.data == NULL;
        uint64_t max = last && count < 4 ? UINT32_MAX >> 8 * count : 255;
        if (count == 4 || !slice_number(part, max, &value))
            return false;
        whole = last ? whole << 8 * (4 - count) | value : whole << 8 | value;
        count++;
    }
    *out = (struct addr){.family = ADDR_IPV4};
    for (unsigned i = 0; i < 4; i++)
        out->bytes[i] = (uint8_t)(whole >> (24 - 8 * i));
    return true;
}

/* An empty host is the loopback address. Octal and hex parts are refused since 2024
 * (jdk.net.allowAmbiguousIPAddressLiterals); older ones hand them to libc. */
static enum reader_kind read_java(const struct endpoint *endpoint, struct addr *out)
{
    if (is_bracketed(endpoint))
        return read_brackets(endpoint, true, out);
    if (endpoint->host.length == 0) {
        *out = (struct addr){.bytes = {127, 0, 0, 1}, .family = ADDR_IPV4};
        return READER_ADDRESS;
    }
    if (parse_java(endpoint->host, out))
        return READER_ADDRESS;
    return endpoint->addr.family == ADDR_IPV4 ? READER_REFUSES : READER_NAME;
}

/* ---- browsers: the WHATWG's URL standard -------------------------------- */

/* A part of an IPv4 address, by its "IPv4 number parser"; too large ones become UINT64_MAX. */
static bool parse_part(struct slice part, uint64_t *out)
{
    unsigned base = 10;
    uint64_t value = 0;
    if (part.length == 0)
        return false;
    if (part.length > 1 && part.data[0] == '0') {
        bool hex = part.data[1] == 'x' || part.data[1] == 'X';
        base = hex ? 16 : 8;
        part = slice_from(part, hex ? 2 : 1);
    }
    for (size_t i = 0; i < part.length; i++) {
        int digit = hex_digit(part.data[i]);
        if (digit < 0 || (unsigned)digit >= base)
            return false;
        value = value > UINT32_MAX ? UINT64_MAX >> 8 : value * base + (unsigned)digit;
    }
    *out = value;
    return true;
}

static bool is_decimal(struct slice text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    return text.length > 0;
}

/* "Ends in a number": then it must be an IPv4 address. One full stop at the end does not count. */
static bool ends_in_number(struct slice host)
{
    struct slice rest = host, part, last = {0};
    uint64_t value;
    while (slice_cut(&rest, '.', &part))
        if (rest.data != NULL || part.length > 0)
            last = part;
    return is_decimal(last) || (last.length > 1 && last.data[0] == '0' &&
                                (last.data[1] | 0x20) == 'x' && parse_part(last, &value));
}

static bool parse_whatwg(struct slice host, struct addr *out)
{
    uint64_t parts[4] = {0}, whole = 0;
    unsigned count = 0;
    struct slice part;
    if (host.length > 0 && host.data[host.length - 1] == '.')
        host.length--;
    while (slice_cut(&host, '.', &part))
        if (count == 4 || !parse_part(part, &parts[count++]))
            return false;
    for (unsigned i = 0; i + 1 < count; i++) {
        if (parts[i] > 255)
            return false;
        whole |= parts[i] << (24 - 8 * i);
    }
    if (count == 0 || parts[count - 1] > UINT32_MAX >> 8 * (count - 1))
        return false;
    whole |= parts[count - 1];
    *out = (struct addr){.family = ADDR_IPV4};
    for (unsigned i = 0; i < 4; i++)
        out->bytes[i] = (uint8_t)(whole >> (24 - 8 * i));
    return true;
}

/* "Forbidden domain code points", and what cannot be a name. */
static bool browser_refuses(struct slice host)
{
    static const char bad[] = " #/:<>?@[\\]^|%\x7f";
    for (size_t i = 0; i < host.length; i++)
        if ((unsigned char)host.data[i] < ' ' || strchr(bad, host.data[i]) != NULL)
            return true;
    return host.length == 0;
}

static enum reader_kind read_browser(const struct endpoint *endpoint, struct addr *out)
{
    struct host_text host;
    if (is_bracketed(endpoint))
        return read_brackets(endpoint, false, out);
    decode_and_fold(endpoint->host, &host);
    struct slice text = text_done(&host.text);
    if (host.broken || browser_refuses(text))
        return READER_REFUSES;
    if (!ends_in_number(text))
        return READER_NAME;
    return parse_whatwg(text, out) ? READER_ADDRESS : READER_REFUSES;
}

static bool is_scheme(struct slice scheme, const char *list)
{
    struct slice rest = slice_of(list), name;
    while (slice_cut(&rest, ' ', &name))
        if (slice_equal_fold(scheme, name))
            return true;
    return false;
}

static bool browser_knows(struct slice scheme)
{
    return is_scheme(scheme, "http https ws wss ftp") || scheme.length == 0;
}

/* URLs as a browser; net.connect() as libc, with names folded, and an empty host as localhost. */
static enum reader_kind read_node(const struct endpoint *endpoint, struct addr *out)
{
    if (endpoint->scheme.length > 0 && browser_knows(endpoint->scheme))
        return read_browser(endpoint, out);
    return endpoint->host.length == 0 ? READER_NAME : read_folded(endpoint, out);
}

/* ---- the table ---------------------------------------------------------- */

static bool curl_knows(struct slice scheme)
{
    return is_scheme(scheme, "http https ftp ftps ws wss dict file gopher gophers imap imaps ldap "
                             "ldaps mqtt pop3 pop3s rtmp rtsp scp sftp smb smbs smtp smtps telnet "
                             "tftp") ||
           scheme.length == 0;
}

static bool wget_knows(struct slice scheme)
{
    return is_scheme(scheme, "http https ftp ftps") || scheme.length == 0;
}

const struct reader readers[] = {
    {"libc", "libc", "getaddrinfo(3), and with it most programs", NULL, read_libc},
    {"curl", "curl", "and programs that use libcurl", curl_knows, read_curl},
    {"wget", "wget", "GNU Wget", wget_knows, read_wget},
    {"go", "Go", "net.Dial and net/http", NULL, read_go},
    {"java", "Java", "InetAddress", NULL, read_java},
    {"python", "Python", "socket, and what is built upon it", NULL, read_python},
    {"ruby", "Ruby", "TCPSocket, Net::HTTP", NULL, read_ruby},
    {"node", "Node", "fetch and http with a URL, net.connect with a host", NULL, read_node},
    {"browser", "a browser", "the WHATWG's URL standard", browser_knows, read_browser},
};
const size_t reader_count = sizeof readers / sizeof *readers;

struct reader_result reader_read(const struct reader *reader, const struct endpoint *endpoint)
{
    struct reader_result result = {.kind = READER_NOTHING, .port = endpoint->port};
    if (reader->knows != NULL && !reader->knows(endpoint->scheme))
        return result;
    if (result.port < 0)
        result.port = endpoint_default_port(endpoint->scheme);
    result.kind = reader->read(endpoint, &result.addr);
    if (result.kind != READER_ADDRESS)
        result.addr = (struct addr){0};
    return result;
}

bool reader_same(const struct reader_result *a, const struct reader_result *b)
{
    struct addr left = a->addr, right = b->addr;
    addr_unmap(&a->addr, &left);
    addr_unmap(&b->addr, &right);
    return a->kind == b->kind && addr_equal(&left, &right) && left.scope == right.scope;
}

const char *reader_kind_name(enum reader_kind kind)
{
    static const char *const names[] = {"nothing", "address", "name", "refused"};
    return names[kind];
}
