#include "judge.h"

#include <stdlib.h>
#include <string.h>

#include <astray/endpoint.h>

#include "role.h"

/* An item under judgement. */
struct trial {
    struct judge *judge;
    const struct scan_item *item;
    enum role role;
    enum scan_form form;
    struct expand_result expanded;
    enum rule_id rule; /* the first that is broken; RULE_COUNT while none is */
    enum rule_level level;
    bool reported;
    struct slice where; /* what the finding is about */
};

void judge_start(struct judge *judge, const struct judge_settings *settings)
{
    *judge = (struct judge){.settings = settings};
}

void judge_stop(struct judge *judge)
{
    expand_free(&judge->values);
    buffer_free(&judge->text);
    buffer_free(&judge->piece);
    buffer_free(&judge->message);
}

static bool broken(struct trial *trial, enum rule_id rule, struct slice where)
{
    if (trial->rule != RULE_COUNT || rule == RULE_COUNT || !trial->judge->settings->enabled[rule])
        return false;
    trial->rule = rule;
    trial->level = rules[rule].level;
    trial->where = where;
    return true;
}

static bool has(struct slice text, const char *needle)
{
    return text.length > 0 && memmem(text.data, text.length, needle, strlen(needle)) != NULL;
}

static bool has_byte(struct slice text, char byte)
{
    return slice_find(text, byte) < text.length;
}

/* Does TEXT hold what nobody can know? Marks that were nested too deep count as well. */
static bool is_open(struct slice text)
{
    for (size_t i = 0; i < text.length; i++)
        if ((unsigned char)text.data[i] >= 0xF8)
            return true;
    return false;
}

static bool is_all(struct slice text, char byte)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] != byte)
            return false;
    return text.length > 0;
}

/* ---- words ------------------------------------------------------------------- */

static bool is_null_word(struct slice text)
{
    static const char *const words[] = {
        "undefined", "null",  "None", "nil",    "NaN",        "NULL",      "(null)",
        "<nil>",     "(nil)", "Null", "<none>", "<no value>", "<novalue>", "[object Object]",
        "<null>"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (slice_equal(text, slice_of(words[i])))
            return true;
    return false;
}

static bool is_wrapped(struct slice text, const char *open, const char *close)
{
    const char *start =
        text.length == 0 ? NULL : memmem(text.data, text.length, open, strlen(open));
    if (start == NULL)
        return false;
    struct slice rest = slice_from(text, (size_t)(start - text.data) + strlen(open));
    return has(rest, close);
}

/* $NAME, ${NAME}, $(NAME), {{name}}, <name>, %NAME%, @NAME@ where nothing replaces them. */
static bool is_placeholder(struct slice text)
{
    size_t dollar = slice_find(text, '$');
    if (dollar + 1 < text.length) {
        char next = text.data[dollar + 1];
        if (next == '{' || next == '(' || scan_name_length(slice_from(text, dollar + 1)) > 0)
            return true;
    }
    if (is_wrapped(text, "{{", "}}") || is_wrapped(text, "<", ">"))
        return true;
    if (text.length > 2 && text.data[0] == '%' && text.data[text.length - 1] == '%')
        return true;
    if (is_wrapped(text, "%(", ")s") || (text.length > 4 && slice_starts_with(text, SLICE("__")) &&
                                         slice_ends_with(text, SLICE("__"))))
        return true;
    if (text.length > 2 && text.data[0] == '@' && text.data[text.length - 1] == '@')
        return true;
    return text.length > 2 && text.data[0] == '{' && text.data[text.length - 1] == '}';
}

/* A digit that is not ASCII, or a full stop that is not: Unicode's decimal digits (Nd), circled
 * and superscript ones (No), and the three full stops that UTS 46 maps to '.'. */
static bool is_foreign_digit(unsigned long code)
{
    static const unsigned short starts[] = {
        0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6,
        0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090,
        0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40,
        0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
    };
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (code >= starts[i] && code < starts[i] + 10UL)
            return true;
    return (code >= 0x2460 && code <= 0x2473) || code == 0x24EA ||
           (code >= 0x2070 && code <= 0x2089) || code == 0xB2 || code == 0xB3 || code == 0xB9 ||
           code == 0x3002 || code == 0xFF0E || code == 0xFF61 ||
           (code >= 0x1D7CE && code <= 0x1D7FF);
}

static bool has_foreign_digit(struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        size_t more = c >= 0xF0 && c < 0xF8 ? 3 : c >= 0xE0 ? 2 : c >= 0xC0 ? 1 : 0;
        if (c < 0xC0 || c >= 0xF8 || i + more >= text.length)
            continue;
        unsigned long code = c & (0x3FU >> more);
        for (size_t k = 1; k <= more; k++)
            code = code << 6 | ((unsigned char)text.data[i + k] & 0x3F);
        if (is_foreign_digit(code))
            return true;
    }
    return false;
}

/* RFC 2606, RFC 6761 */
static bool is_reserved_name(struct slice host)
{
    static const char *const names[] = {"example",     "test",        "invalid",
                                        "example.com", "example.net", "example.org"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct slice name = slice_of(names[i]);
        if (slice_equal_fold(host, name))
            return true;
        if (host.length > name.length + 1 && host.data[host.length - name.length - 1] == '.' &&
            slice_equal_fold(slice_from(host, host.length - name.length), name))
            return true;
    }
    return false;
}

/* ---- schemes -------------------------------------------------------------------- */

/* Schemes whose authority is no host on the network, or may be empty by their own definition. */
static const struct scheme {
    const char *name;
    bool opaque;     /* the authority is something else */
    bool empty_fine; /* without any authority it means the local one */
} schemes[] = {
    {"file", true, true},
    {"unix", true, true},
    {"sqlite", true, true},
    {"sqlite3", true, true},
    {"data", true, true},
    {"about", true, true},
    {"chrome", true, true},
    {"s3", true, true},
    {"s3a", true, true},
    {"gs", true, true},
    {"gcs", true, true},
    {"az", true, true},
    {"abfs", true, true},
    {"abfss", true, true},
    {"wasb", true, true},
    {"docker", true, true},
    {"docker-daemon", true, true},
    {"docker-image", true, true},
    {"oci", true, true},
    {"oci-archive", true, true},
    {"dir", true, true},
    {"containerd", true, true},
    {"cri-o", true, true},
    {"memory", true, true},
    {"mem", true, true},
    {"mock", true, true},
    {"inproc", true, true},
    {"ipc", true, true},
    {"fd", true, true},
    {"npipe", true, true},
    {"null", true, true},
    {"classpath", true, true},
    {"resource", true, true},
    {"op", true, true},
    {"vault", true, true},
    {"secret", true, true},
    {"secrets", true, true},
    {"env", true, true},
    {"http+unix", true, true},
    {"https+unix", true, true},
    {"unixgram", true, true},
    {"unixpacket", true, true},
    {"duckdb", true, true},
    {"duck", true, true},
    {"bigquery", true, true},
    {"dynamodb", true, true},
    {"sqs", true, true},
    {"arn", true, true},
    {"app", true, true},
    {"ms-settings", true, true},
    {"intent", true, true},
    {"srv", true, true},
    {"spiffe", true, true},
    {"pulumi", true, true},
    {"journal", true, true},
    {"aws", true, true},
    {"awskms", true, true},
    {"gcpkms", true, true},
    {"cloudsql", true, true},
    {"pkcs11", true, true},
    {"tun", true, true},
    {"vsock", true, true},
    {"serial", true, true},
    {"git+file", true, true},
    {"hg+file", true, true},
    {"blob", true, true},
    {"jar", true, true},
    {"kms", true, true},
    {"azurekms", true, true},
    {"hcvault", true, true},
    {"postgres", false, true},
    {"postgresql", false, true},
    {"mysql", false, true},
    {"mysql2", false, true},
    {"mariadb", false, true},
    {"ldap", false, true},
    {"ldaps", false, true},
    {"ldapi", true, true},
    {"qemu", false, true},
    {"qemu+unix", true, true},
    {"lxc", false, true},
    {"xen", false, true},
    {"test", false, true},
    {"vbox", false, true},
    {"hdfs", false, true},
    {"viewfs", true, true},
    {"redis", false, true},
    {"amqp", false, true},
    {"dns", false, true},
    {"passthrough", false, true},
    {"xds", true, true},
    {"stdout", true, true},
    {"stderr", true, true},
    {"stdin", true, true},
    {"console", true, true},
    {"smb", false, true},
    {"zk", false, true},
    {"postgis", false, true},
    {"oracle", false, true},
    {"local", true, true},
    {"embedded", true, true},
    {"ssm", true, true},
};

static const struct scheme *scheme_of(struct slice name)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (slice_equal_fold(name, slice_of(schemes[i].name)))
            return &schemes[i];
    return NULL;
}

bool judge_names_no_host(const struct endpoint *endpoint)
{
    const struct scheme *scheme = scheme_of(endpoint->scheme);
    return scheme != NULL && (scheme->opaque || (scheme->empty_fine && endpoint->host.length == 0));
}

static bool is_datagram(struct slice scheme)
{
    return slice_starts_with(scheme, SLICE("udp")) || slice_starts_with(scheme, SLICE("rtp")) ||
           slice_starts_with(scheme, SLICE("igmp"));
}

/* ---- addresses -------------------------------------------------------------------- */

static bool is_digits(struct slice text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    return text.length > 0;
}

/* A part of a dotted IPv4 address that is read as octal, and so means another number than it
 * shows. */
static bool has_octal(struct slice host)
{
    struct slice part;
    while (slice_cut(&host, '.', &part)) {
        size_t zeros = 0;
        while (zeros < part.length && part.data[zeros] == '0')
            zeros++;
        struct slice digits = slice_from(part, zeros);
        if (zeros > 0 && digits.length > 1 && is_digits(digits))
            return true;
    }
    return false;
}

static size_t part_count(struct slice host)
{
    size_t count = 0;
    struct slice part;
    while (slice_cut(&host, '.', &part))
        count++;
    return count;
}

static bool has_hexadecimal(struct slice host)
{
    return has(host, "0x") || has(host, "0X");
}

/* Does HOST, a literal of IPv4, show another address than it is? */
static bool is_legacy(struct slice host, const struct addr *addr)
{
    if (has_octal(host) || has_hexadecimal(host))
        return true;
    size_t parts = part_count(host);
    if (parts == 4)
        return false;
    return parts == 1 || addr->bytes[0] != 127;
}

static void judge_literal(struct trial *trial, const struct endpoint *endpoint)
{
    const struct policy *policy = &trial->judge->settings->policy;
    struct policy_facts facts = {
        .socket = is_datagram(endpoint->scheme) ? POLICY_SOCKET_DATAGRAM : POLICY_SOCKET_STREAM,
        .call = POLICY_CONNECT,
    };
    struct destination destination = {.addr = endpoint->addr, .port = 1};
    if (endpoint->port > 0)
        destination.port = (uint16_t)endpoint->port;
    struct verdict verdict = {.action = POLICY_NONE};
    if (policy_suspects(policy, &destination))
        verdict = policy_judge(policy, &destination, &facts);
    struct slice host = endpoint->host;
    bool number = is_digits(host) && host.length <= 5 && host.data[0] != '0';
    if (endpoint->addr.family == ADDR_IPV4 && number)
        broken(trial, RULE_PORT_AS_HOST, host);
    if (endpoint->addr.family == ADDR_IPV6 && !endpoint->bracketed && endpoint->scheme.length > 0)
        broken(trial, RULE_UNBRACKETED_IPV6, host);
    enum rule_id rule = verdict.action == POLICY_NONE ? RULE_COUNT : rules_of_class(verdict.class);
    if ((rule == RULE_DOCUMENTATION && trial->judge->example) ||
        (rule != RULE_COUNT && !trial->judge->settings->enabled[rule]))
        return;
    broken(trial, rule, host);
    if (endpoint->addr.family == ADDR_IPV4 && is_legacy(host, &endpoint->addr))
        broken(trial, RULE_LEGACY_ADDRESS, host);
}

static void unset(struct trial *trial, struct slice name)
{
    static const enum rule_level levels[] = {[EXPAND_POSSIBLE] = RULE_NOTE,
                                             [EXPAND_MISSING] = RULE_WARNING,
                                             [EXPAND_PROVEN] = RULE_ERROR};
    if (broken(trial, RULE_UNSET_VARIABLE, name))
        trial->level = levels[trial->expanded.proof];
}

/* The value "0" of a variable that the user gave is the whole host. */
static bool is_given_zero(const struct trial *trial, struct slice host)
{
    const struct expand_result *expanded = &trial->expanded;
    const char *base = trial->judge->text.data;
    return expanded->zero.length > 0 && host.length == 1 && host.data[0] == '0' &&
           (host.data == base + expanded->zero_at || trial->judge->piece.length > 0);
}

static void placeholder(struct trial *trial, struct slice text)
{
    bool filled = trial->judge->template == JUDGE_TEMPLATE ||
                  (trial->judge->template == JUDGE_TEMPLATE_KUBERNETES && !has(text, "$("));
    if (trial->judge->example || filled)
        return;
    broken(trial, RULE_UNEXPANDED_VARIABLE, text);
}

static void judge_host(struct trial *trial, const struct endpoint *endpoint, struct slice text)
{
    struct slice host = endpoint->host;
    const struct scheme *scheme = scheme_of(endpoint->scheme);
    if (host.length == 0) {
        bool bare = endpoint->userinfo.length == 0 && endpoint->port_text.length == 0;
        bool unsure = trial->role == ROLE_UNKNOWN || trial->role == ROLE_DUAL;
        bool known = endpoint_default_port(endpoint->scheme) != ENDPOINT_NO_PORT ||
                     slice_equal_fold(endpoint->scheme, SLICE("tcp")) ||
                     slice_equal_fold(endpoint->scheme, SLICE("grpc"));
        bool fine = (bare && (unsure || !known || (scheme != NULL && scheme->empty_fine))) ||
                    trial->role == ROLE_ADVERTISED;
        if (!fine)
            broken(trial, RULE_EMPTY_HOST, text);
    } else if (is_all(host, EXPAND_UNSET)) {
        unset(trial, trial->expanded.unset);
    } else if (is_open(host)) {
        return;
    } else if (is_given_zero(trial, host)) {
        trial->expanded.proof = EXPAND_PROVEN;
        unset(trial, trial->expanded.zero);
    } else if (is_null_word(host)) {
        /* in typed files a bare null is what it says: no value */
        bool bare = endpoint->scheme.length == 0 && endpoint->port == ENDPOINT_NO_PORT;
        if (bare && trial->judge->template == JUDGE_TEMPLATE)
            return;
        if (broken(trial, RULE_NULL_HOST, host) && endpoint->scheme.length == 0 &&
            endpoint->port == ENDPOINT_NO_PORT)
            trial->level = RULE_WARNING;
    } else if (is_placeholder(host)) {
        placeholder(trial, host);
    } else if (has_foreign_digit(host)) {
        broken(trial, RULE_NON_ASCII_DIGITS, host);
    } else if (endpoint->addr.family != ADDR_NONE) {
        judge_literal(trial, endpoint);
    } else if (is_reserved_name(host)) {
        broken(trial, RULE_RESERVED_NAME, host);
    }
}

static void judge_port(struct trial *trial, const struct endpoint *endpoint)
{
    struct slice port = endpoint->port_text;
    if (endpoint->port == 0)
        broken(trial, RULE_PORT_ZERO, port);
    if (endpoint->port != ENDPOINT_BAD_PORT || is_open(port))
        return;
    if (is_placeholder(port))
        placeholder(trial, port);
    else if (is_digits(port) || endpoint->scheme.length > 0)
        broken(trial, RULE_BAD_PORT, port);
}

/* ---- texts -------------------------------------------------------------------------- */

/* Is this worth taking for host[:port]: no path, no sentence, no bare word or number where these
 * mean something else? */
static bool looks_like_endpoint(const struct trial *trial, const struct endpoint *endpoint,
                                struct slice text)
{
    bool url = endpoint->scheme.length > 0 || slice_starts_with(text, SLICE("//"));
    bool addressed = url || endpoint->port != ENDPOINT_NO_PORT;
    bool loose = trial->role == ROLE_LOOSE || trial->role == ROLE_UNKNOWN;
    if (trial->form == SCAN_URL || trial->role == ROLE_UNKNOWN)
        return url;
    if ((text.data[0] == '/' && !url) || text.data[0] == '.' || text.data[0] == '-')
        return false;
    bool number = is_digits(endpoint->host) && !addressed;
    bool listens = endpoint->host.length == 0 && !url;
    struct slice name = trial->item->name;
    bool counted = number && (endpoint->host.data[0] != '0' || slice_ends_with(name, SLICE("IP")) ||
                              slice_ends_with(name, SLICE("ip")));
    if (trial->role == ROLE_DUAL && (counted || listens))
        return false; /* a count, a port; where to listen */
    if (trial->role == ROLE_SERVICE && listens)
        return false;
    if (!loose || addressed)
        return true;
    /* a bare number is a count, a bare 1.2.3 a version */
    return endpoint->addr.family == ADDR_IPV6 || part_count(endpoint->host) == 4;
}

/* Several colons: an IPv6 address whose port cannot be told from it. */
static void judge_colons(struct trial *trial, struct slice text)
{
    const char *slashes = memmem(text.data, text.length, "://", 3);
    struct slice rest =
        slashes == NULL ? text : slice_from(text, (size_t)(slashes - text.data) + 3);
    for (size_t i = 0; i < rest.length; i++)
        if (memchr("/?#", rest.data[i], 3) != NULL)
            rest.length = i;
    const char *at = rest.length == 0 ? NULL : memrchr(rest.data, '@', rest.length);
    if (at != NULL)
        rest = slice_from(rest, (size_t)(at - rest.data) + 1);
    size_t colons = 0;
    for (size_t i = 0; i < rest.length; i++) {
        char c = rest.data[i];
        colons += c == ':';
        bool fits = c == ':' || c == '.' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
                    (c >= 'A' && c <= 'F');
        if (!fits)
            return;
    }
    if (colons >= 2 && has(rest, "::") && (slashes != NULL || trial->form != SCAN_URL))
        broken(trial, RULE_UNBRACKETED_IPV6, rest);
}

/* "::1:8080" reads as one address, and means another. */
static bool hides_port(const struct endpoint *endpoint)
{
    struct slice host = endpoint->host;
    if (endpoint->addr.family != ADDR_IPV6 || endpoint->bracketed ||
        !slice_starts_with(host, SLICE("::1:")))
        return false;
    struct slice last = slice_from(host, 4);
    return last.length >= 2 && last.length <= 4 && is_digits(last);
}

/* One destination. */
static void judge_endpoint(struct trial *trial, struct slice text)
{
    struct endpoint endpoint;
    text = slice_trim(text);
    if (trial->rule != RULE_COUNT || text.length == 0)
        return;
    if (!endpoint_parse(text.data, text.length, &endpoint)) {
        if (is_null_word(text) || has(text, "[object Object]"))
            broken(trial, RULE_NULL_HOST, text);
        else if (!is_open(text))
            judge_colons(trial, text);
        return;
    }
    if (trial->form == SCAN_HOST && endpoint.scheme.length == 0 && !endpoint.bracketed &&
        endpoint.port_text.length > 0 && !has_byte(text, '[')) {
        /* a host alone may not hold a port: leave the last word to the program that reads it */
        trial->form = SCAN_ENDPOINT;
    }
    const struct scheme *scheme = scheme_of(endpoint.scheme);
    if ((scheme != NULL && scheme->opaque) || !looks_like_endpoint(trial, &endpoint, text))
        return;
    if (is_open(endpoint.host) && endpoint.scheme.length == 0 &&
        endpoint.port == ENDPOINT_NO_PORT && trial->form != SCAN_HOST)
        return; /* the whole of it is one variable */
    if (hides_port(&endpoint) && trial->form != SCAN_HOST)
        broken(trial, RULE_UNBRACKETED_IPV6, endpoint.host);
    judge_host(trial, &endpoint, text);
    judge_port(trial, &endpoint);
}

/* scheme://a:1,b:2/rest: each of them is a destination. */
static bool judge_authorities(struct trial *trial, struct slice text)
{
    const char *slashes = memmem(text.data, text.length, "://", 3);
    if (slashes == NULL)
        return false;
    size_t start = (size_t)(slashes - text.data) + 3, end = start;
    while (end < text.length && memchr("/?#", text.data[end], 3) == NULL)
        end++;
    struct slice authority = {.data = text.data + start, .length = end - start};
    const char *at = authority.length == 0 ? NULL : memrchr(authority.data, '@', authority.length);
    if (at != NULL)
        authority = slice_from(authority, (size_t)(at - authority.data) + 1);
    struct slice rest = authority, piece;
    if (!has_byte(authority, ','))
        return false;
    while (trial->rule == RULE_COUNT && slice_cut(&rest, ',', &piece)) {
        if (has(piece, "://"))
            return false;
        struct buffer *one = &trial->judge->piece;
        one->length = 0;
        buffer_bytes(one, text.data, start);
        buffer_slice(one, piece);
        judge_endpoint(trial, buffer_all(one));
    }
    return true;
}

static void judge_one(struct trial *trial, struct slice text)
{
    if (!judge_authorities(trial, text))
        judge_endpoint(trial, text);
}

/* Several URLs: each begins with its scheme; a comma inside of one is its own. */
static void judge_urls(struct trial *trial, struct slice text)
{
    size_t start = 0;
    for (size_t i = 1; i < text.length; i++) {
        char c = text.data[i];
        if (c != ',' && c != ';' && c != ' ' && c != '|' && c != '\n')
            continue;
        size_t next = i + 1;
        while (next < text.length && (text.data[next] == ' ' || text.data[next] == ','))
            next++;
        size_t word = next;
        while (word < text.length &&
               ((text.data[word] >= 'a' && text.data[word] <= 'z') ||
                (text.data[word] >= 'A' && text.data[word] <= 'Z') || text.data[word] == '_' ||
                text.data[word] == '+' || (text.data[word] >= '0' && text.data[word] <= '9')))
            word++;
        if (word == next || !slice_starts_with(slice_from(text, word), SLICE("://")))
            continue;
        judge_one(trial, (struct slice){.data = text.data + start, .length = i - start});
        start = next;
        i = next;
    }
    judge_one(trial, slice_from(text, start));
}

/* host=... port=..., Server=...;Port=..., mysql:host=...;port=...: connection strings of libpq,
 * ADO.NET and PDO. False when TEXT is none. */
static bool judge_connection(struct trial *trial, struct slice text)
{
    static const char *const keys[] = {"host",        "hostaddr",   "server",   "data source",
                                       "addr",        "address",    "endpoint", "datasource",
                                       "remote_host", "client_host"};
    bool found = false;
    struct slice rest = text, piece;
    char separator = has_byte(text, ';') ? ';' : ' ';
    if (!has_byte(text, '='))
        return false;
    while (slice_cut(&rest, separator, &piece)) {
        size_t equals = slice_find(piece, '=');
        struct slice key = slice_trim((struct slice){.data = piece.data, .length = equals});
        size_t colon = slice_find(key, ':');
        if (colon < key.length)
            key = slice_from(key, colon + 1);
        if (equals >= piece.length)
            continue;
        struct slice value = slice_trim(slice_from(piece, equals + 1));
        if (slice_starts_with(value, SLICE("tcp:")))
            value = slice_from(value, 4);
        value.length = slice_find(value, ','); /* SQL Server: host,port */
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
            if (slice_equal_fold(key, slice_of(keys[i]))) {
                found = true;
                trial->form = SCAN_HOST;
                judge_endpoint(trial, value);
            }
        if (slice_equal_fold(key, SLICE("port")) && slice_equal(value, SLICE("0")))
            broken(trial, RULE_PORT_ZERO, value);
    }
    return found;
}

/* user:password@tcp(host:port)/name: Go's driver for MySQL. */
static bool judge_go_dsn(struct trial *trial, struct slice text)
{
    const char *tcp = memmem(text.data, text.length, "tcp(", 4);
    if (tcp == NULL || (tcp != text.data && tcp[-1] != '@'))
        return false;
    struct slice inner = slice_from(text, (size_t)(tcp - text.data) + 4);
    inner.length = slice_find(inner, ')');
    judge_endpoint(trial, inner);
    return true;
}

static void judge_list(struct trial *trial, struct slice text)
{
    size_t start = 0;
    for (size_t i = 0; i <= text.length; i++) {
        if (i < text.length && memchr(",; \t\n|", text.data[i], 6) == NULL)
            continue;
        judge_endpoint(trial, (struct slice){.data = text.data + start, .length = i - start});
        start = i + 1;
    }
}

static bool is_sentence(struct slice text)
{
    size_t words = 0;
    struct slice piece;
    while (slice_cut(&text, ' ', &piece))
        if (piece.length > 0 && piece.data[0] >= 'a' && piece.data[0] <= 'z' &&
            !has_byte(piece, ':') && !has_byte(piece, '.'))
            words++;
    return words > 1;
}

static void judge_value(struct trial *trial, struct slice text)
{
    if (text.length == 0 || text.length > 4096)
        return;
    if (slice_starts_with(text, SLICE("jdbc:")))
        text = slice_from(text, 5);
    if (trial->form != SCAN_HOST &&
        (judge_go_dsn(trial, text) || (!has(text, "://") && judge_connection(trial, text))))
        return;
    if (has(text, "://")) {
        const char *slashes = memmem(text.data, text.length, "://", 3);
        const char *blank = memchr(text.data, ' ', (size_t)(slashes - text.data));
        if (blank == NULL)
            judge_urls(trial, text);
    } else if (trial->form == SCAN_ENDPOINTS) {
        if (!is_sentence(text))
            judge_list(trial, text);
    } else {
        judge_endpoint(trial, text);
    }
}

/* A port alone; ranges and lists of them are fine. */
static void judge_port_text(struct trial *trial, struct slice text)
{
    uint64_t number;
    bool named = trial->item->role == SCAN_NAMED;
    if (text.length == 0 || is_open(text))
        return;
    bool large = is_digits(text) && !slice_number(text, 65535, &number);
    if (large || (has(text, "://") && named))
        broken(trial, RULE_BAD_PORT, text);
    else if (is_digits(text) && slice_number(text, 65535, &number) && number == 0 && !named)
        broken(trial, RULE_PORT_ZERO, text);
    else if (is_placeholder(text) && !named)
        placeholder(trial, text);
}

/* ---- messages ------------------------------------------------------------------------ */

static void quote(struct buffer *out, struct slice text)
{
    buffer_byte(out, '"');
    for (size_t i = 0; i < text.length && i < 120; i++) {
        if ((unsigned char)text.data[i] < 0xF8)
            buffer_byte(out, text.data[i]);
        else
            buffer_string(out, "...");
    }
    buffer_byte(out, '"');
}

static void put_address(struct buffer *out, struct slice where)
{
    char text[ADDR_TEXT_SIZE];
    struct endpoint endpoint;
    if (!endpoint_parse(where.data, where.length, &endpoint) ||
        addr_format(&endpoint.addr, text) == 0 || slice_equal(slice_of(text), where))
        return;
    buffer_string(out, " is ");
    buffer_string(out, text);
    buffer_byte(out, ',');
}

static void put_message(struct trial *trial)
{
    struct buffer *out = &trial->judge->message;
    const struct rule *rule = &rules[trial->rule];
    out->length = 0;
    if (trial->rule == RULE_UNSET_VARIABLE) {
        static const char *const states[] = {[EXPAND_POSSIBLE] =
                                                 " is not set here: empty, it leaves no host",
                                             [EXPAND_MISSING] = " is not set in ",
                                             [EXPAND_PROVEN] = " is empty, 0 or not set in "};
        buffer_slice(out, trial->where);
        buffer_string(out, states[trial->expanded.proof]);
        if (trial->expanded.proof != EXPAND_POSSIBLE)
            buffer_string(out, trial->expanded.source == NULL ? "the environment"
                                                              : trial->expanded.source);
    } else {
        quote(out, trial->where);
        if (trial->where.length > 0)
            put_address(out, trial->where);
        if (out->data[out->length - 1] != ',')
            buffer_byte(out, ':');
        buffer_byte(out, ' ');
        buffer_string(out, rule->summary);
    }
    if (trial->expanded.shown.length > 0 && trial->rule != RULE_UNSET_VARIABLE) {
        buffer_string(out, " (from ");
        buffer_slice(out, trial->expanded.shown);
        buffer_byte(out, ')');
    }
    buffer_finish(out);
}

static void report(struct trial *trial)
{
    const struct scan_item *item = trial->item;
    put_message(trial);
    struct finding finding = {
        .rule = trial->rule,
        .level = trial->level,
        .line = item->line,
        .column = item->column,
        .length = item->length,
        .first_line = item->first_line,
        .text = trial->where,
        .name = item->name,
        .message = trial->judge->message.data,
    };
    trial->judge->found(trial->judge->context, &finding);
    trial->reported = true;
}

/* ---- items --------------------------------------------------------------------------- */

static void judge_text_as(struct trial *trial, struct slice text)
{
    trial->rule = RULE_COUNT;
    trial->form = trial->item->form;
    trial->judge->piece.length = 0;
    if (trial->form == SCAN_PORT || trial->role == ROLE_PORT)
        judge_port_text(trial, text);
    else
        judge_value(trial, text);
}

/* Service links of Docker and Kubernetes in a live environment: as the platform made them. */
static bool is_platform_link(const struct trial *trial)
{
    return trial->rule == RULE_BAD_PORT && trial->role == ROLE_PORT &&
           slice_starts_with(trial->item->name, SLICE("KUBERNETES_"));
}

/* Nobody binds to "0": what is written so is not meant as 0.0.0.0. */
static bool is_never_bound(const struct trial *trial)
{
    return trial->rule == RULE_UNSPECIFIED && !slice_equal(trial->where, SLICE("0.0.0.0")) &&
           !has_byte(trial->where, ':');
}

static void judge_destination(struct trial *trial, struct slice text)
{
    struct judge *judge = trial->judge;
    /* A first look with the widest reading: most are fine, whatever their names say. */
    trial->role = ROLE_DESTINATION;
    judge_text_as(trial, text);
    bool named = trial->item->role == SCAN_NAMED;
    if (trial->rule == RULE_COUNT && !named)
        return;
    if (trial->rule == RULE_COUNT && !has(text, "://") && !is_digits(text))
        return; /* not even a bad port */
    if (named) {
        trial->role = role_of_name(trial->item->name);
        if (trial->role == ROLE_BOTH)
            trial->role = judge->service ? ROLE_DUAL : ROLE_DESTINATION;
        if (trial->role == ROLE_NONE)
            return;
        judge_text_as(trial, text);
    } else if (trial->item->role == SCAN_UNKNOWN) {
        trial->role = ROLE_UNKNOWN;
        judge_text_as(trial, text);
    }
    if (trial->rule == RULE_COUNT || trial->expanded.told.length > 0 || is_platform_link(trial))
        return;
    if ((trial->role == ROLE_DUAL && !is_never_bound(trial)) || trial->role == ROLE_UNKNOWN ||
        (judge->live && trial->rule == RULE_BAD_PORT))
        trial->level = RULE_NOTE;
    report(trial);
}

static void set_value(struct trial *trial, struct slice text)
{
    struct expand_values *values = &trial->judge->values;
    if (is_all(text, EXPAND_UNSET) && text.length == 1) {
        expand_set_unset(values, trial->item->name, trial->expanded.unset);
        return;
    }
    if (is_open(text))
        text = (struct slice){0};
    expand_set(values, trial->item->name, text, trial->reported);
}

/* {{ name | filter }}, ${env:NAME} and <the name>: blanks and what else ends a host are taken out
 * of them, so that they stay in one piece. */
static void join_placeholders(struct buffer *text)
{
    size_t to = 0, depth = 0;
    if (!has(buffer_all(text), "{") && !has(buffer_all(text), "<"))
        return;
    for (size_t i = 0; i < text->length; i++) {
        char c = text->data[i];
        depth += c == '{' || c == '<';
        depth -= depth > 0 && (c == '}' || c == '>');
        if (depth > 0 && (c == ' ' || c == '\t'))
            continue;
        text->data[to++] = depth > 0 && memchr(":/@?#[],;", c, 9) != NULL ? '_' : c;
    }
    text->length = to;
}

/* A word or a path, as most values are: it holds no address, no port and no placeholder. A long
 * one, blanks included, is a sentence. */
static bool is_plain(struct slice text)
{
    if (text.length == 0 || !((text.data[0] >= 'a' && text.data[0] <= 'z') ||
                              (text.data[0] >= 'A' && text.data[0] <= 'Z')))
        return text.length == 0;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '.' || c == '-' || c == '_' || c == '/';
        if (!plain)
            return false;
    }
    return !is_null_word(text) && !is_reserved_name(text) &&
           !slice_starts_with(text, SLICE("null")) && !slice_starts_with(text, SLICE("undefined"));
}

static void judge_expanded(struct trial *trial)
{
    struct judge *judge = trial->judge;
    const struct scan_item *item = trial->item;
    judge->text.length = 0;
    trial->rule = RULE_COUNT;
    if (item->role == SCAN_NAMED && !item->sets && is_plain(item->text))
        return;
    expand_text(&judge->text, item->text, &judge->values, judge->settings->given, &trial->expanded);
    buffer_finish(&judge->text);
    size_t length = judge->text.length;
    bool sets = item->sets || item->role == SCAN_SET;
    struct slice copy = {0};
    char *kept = NULL;
    if (sets && length > 0) {
        kept = buffer_copy(buffer_all(&judge->text));
        copy = (struct slice){.data = kept, .length = length};
    } else if (sets) {
        copy = SLICE("");
    }
    join_placeholders(&judge->text);
    if (item->role != SCAN_SET)
        judge_destination(trial, buffer_all(&judge->text));
    if (sets)
        set_value(trial, item->text.data == NULL ? (struct slice){0} : copy);
    free(kept);
}

static void trouble(struct judge *judge, const struct scan_item *item)
{
    struct finding finding = {
        .rule = RULE_UNPARSABLE,
        .level = rules[RULE_UNPARSABLE].level,
        .line = item->line,
        .column = item->column,
        .first_line = item->first_line,
        .message = judge->message.data,
    };
    judge->message.length = 0;
    buffer_slice(&judge->message, item->text);
    finding.message = buffer_finish(&judge->message);
    if (judge->settings->enabled[RULE_UNPARSABLE])
        judge->found(judge->context, &finding);
}

void judge_item(void *context, const struct scan_item *item)
{
    struct judge *judge = context;
    struct trial trial = {.judge = judge, .item = item, .form = item->form};
    switch (item->role) {
    case SCAN_DESTINATION:
    case SCAN_NAMED:
    case SCAN_UNKNOWN:
    case SCAN_SET:
        judge_expanded(&trial);
        break;
    case SCAN_BIND:
        break;
    case SCAN_GUARD:
        expand_guard(&judge->values, item->name);
        break;
    case SCAN_STRICT:
        judge->values.strict = true;
        break;
    case SCAN_SOURCED:
        judge->values.sourced = true;
        break;
    case SCAN_INCLUDE:
        if (judge->include != NULL)
            judge->include(judge->context, item->text);
        break;
    case SCAN_TROUBLE:
        trouble(judge, item);
        break;
    }
}
