#include <astray/spelling.h>

#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* No word of the tables below is longer. */
#define WORD_MAX 16

/* As far as a `port=` is looked for; keeps the time bounded. */
#define CONNINFO_MAX 1024

/* What the place of a text says about it. */
enum role {
    ROLE_NONE,
    ROLE_HOST,  /* a destination, whatever its port */
    ROLE_PROXY, /* the same of a proxy: without a port, the client's default */
};

/* ---- tables ----------------------------------------------------------- */

/* Texts are arrays, so that none needs a relocation in every program that is started. */

// clang-format off

/* The last word of the names of variables and options whose value is a destination. `strong`:
 * even a bare number is one (`API_HOST=0`), where others are switches (`MASTER=1`). */
static const struct {
    char word[16];
    enum role role;
    bool strong;
} role_words[] = {
    {"host", ROLE_HOST, true},         {"hosts", ROLE_HOST, true},
    {"hostname", ROLE_HOST, true},     {"hostnames", ROLE_HOST, true},
    {"hostaddr", ROLE_HOST, true},     {"pghost", ROLE_HOST, true},
    {"pghostaddr", ROLE_HOST, true},   {"dbhost", ROLE_HOST, true},
    {"proxy", ROLE_PROXY, true},       {"preproxy", ROLE_PROXY, true},
    {"server", ROLE_HOST, true},       {"servers", ROLE_HOST, true},
    {"addr", ROLE_HOST, true},         {"addrs", ROLE_HOST, true},
    {"address", ROLE_HOST, true},      {"addresses", ROLE_HOST, true},
    {"ip", ROLE_HOST, true},           {"ips", ROLE_HOST, true},
    {"url", ROLE_HOST, true},          {"urls", ROLE_HOST, true},
    {"baseurl", ROLE_HOST, true},      {"apiurl", ROLE_HOST, true},
    {"uri", ROLE_HOST, true},          {"uris", ROLE_HOST, true},
    {"endpoint", ROLE_HOST, true},     {"endpoints", ROLE_HOST, true},
    {"dsn", ROLE_HOST, true},          {"broker", ROLE_HOST, true},
    {"brokers", ROLE_HOST, true},      {"upstream", ROLE_HOST, true},
    {"upstreams", ROLE_HOST, true},    {"backend", ROLE_HOST, true},
    {"backends", ROLE_HOST, true},     {"nameserver", ROLE_HOST, true},
    {"nameservers", ROLE_HOST, true},  {"socks4", ROLE_PROXY, true},
    {"socks4a", ROLE_PROXY, true},     {"socks5", ROLE_PROXY, true},
    {"connect", ROLE_HOST, false},     {"connection", ROLE_HOST, false},
    {"target", ROLE_HOST, false},      {"targets", ROLE_HOST, false},
    {"peer", ROLE_HOST, false},        {"peers", ROLE_HOST, false},
    {"nodes", ROLE_HOST, false},       {"seeds", ROLE_HOST, false},
    {"gateway", ROLE_HOST, false},     {"master", ROLE_HOST, false},
    {"leader", ROLE_HOST, false},      {"primary", ROLE_HOST, false},
    {"sentinels", ROLE_HOST, false},   {"remote", ROLE_HOST, false},
    {"destination", ROLE_HOST, false}, {"dest", ROLE_HOST, false},
    {"registry", ROLE_HOST, false},    {"mirror", ROLE_HOST, false},
    {"resolver", ROLE_HOST, false},
};

/* Words that make a name a switch: their bare numbers are no hosts (`USE_PROXY=0`). */
static const char switch_words[][12] = {
    "use", "enable", "enabled", "disable", "disabled", "is", "has", "no", "with", "without", "run",
    "skip", "allow", "trust", "start", "force", "need", "check", "verify", "behind", "max", "min",
    "num", "count", "log", "debug", "in", "by", "per",
};

/* Words of addresses to listen on: a host alone says nothing of a destination. */
static const char listen_words[][12] = {
    "bind", "binds", "listen", "listener", "listeners", "listening", "interface", "publish",
};

/* Variables that never lead anywhere: exceptions, traces of others. */
static const char never[][16] = {
    "no_proxy", "noproxy", "ssh_client", "ssh_connection", "ls_colors", "display", "_",
    "shlvl", "pwd", "oldpwd", "columns", "lines", "ld_preload", "path", "ps1", "ps4",
};

/* How clients read the value of http_proxy and its like: the port of one without a port, and
 * which forms they take. Measured; tests/data/env-proxy.tsv holds the measurements. */
enum { NEEDS_SCHEME = 1, NO_PROXIES = 2, DOTTED_ONLY = 4, EMPTY_IS_ANY = 8, EMPTY_IS_LOOPBACK = 16,
       NO_IPV6 = 32 };

static const struct client {
    char programs[40];
    uint16_t port;
    uint8_t flags;
} clients[] = {
    {"curl* git git-* php*",                1080, 0},
    {"wget* busybox python* pypy*",         80,   0},
    {"ruby* jruby",                         80,   NEEDS_SCHEME | EMPTY_IS_ANY},
    {"perl*",                               80,   NEEDS_SCHEME | EMPTY_IS_LOOPBACK},
    {"w3m",                                 80,   NEEDS_SCHEME},
    {"apt apt-* aptitude http https http+*", 80,  NEEDS_SCHEME},
    {"lftp",                                3128, NO_IPV6},
    {"go docker kubectl terraform helm",    80,   DOTTED_ONLY | EMPTY_IS_ANY},
    {"node nodejs",                         80,   NO_PROXIES},
};

/* The ports that a proxy of a client that is not in the table may have by default. */
static const uint16_t proxy_ports[] = {80, 1080, 3128};

/* What a bare operand is to a command. */
enum operand { OPERAND_URL, OPERAND_HOST_PORT, OPERAND_LOGIN, OPERAND_HOST, OPERAND_AT_HOST };

/* Commands whose operands are destinations; OPERAND_HOST: each is a host, whatever the port.
 * `values`: the letters that take the next argument, which is no operand then. `port`: of an operand without one; 0 for none. Source: their manuals. */
static const struct command {
    char programs[28];
    char values[32];
    uint16_t port;
    enum operand operand;
} commands[] = {
    {"curl*",                   "AbcCdDeEFhHKmoPQrtTuUwxXyYz", 80,   OPERAND_URL},
    {"wget*",                   "aoeitOTwQPUlADIXBR",           80,   OPERAND_URL},
    {"http https xh xhs",       "oaAps",                        80,   OPERAND_URL},
    {"w3m lynx links elinks",   "TIolcHg",                      80,   OPERAND_URL},
    {"ab wrk hey siege",        "nctsbTvCAHPXpumwxyzgedf",      80,   OPERAND_URL},
    {"lftp",                    "fecpu",                        21,   OPERAND_URL},
    {"telnet telnet.*",         "beElnSX",                      23,   OPERAND_HOST_PORT},
    {"ftp tnftp lukemftp",      "NoPqrsTuw",                    21,   OPERAND_HOST_PORT},
    {"nc nc.* ncat netcat",     "eGgIiMmOPpqsTtVWwXx",          0,    OPERAND_HOST_PORT},
    {"cqlsh",                   "fpkuet",                       9042, OPERAND_HOST_PORT},
    {"tftp",                    "mR",                           69,   OPERAND_HOST_PORT},
    {"ztcp",                    "dl",                           23,   OPERAND_HOST_PORT},
    {"ssh-keyscan",             "fpTt",                         0,    OPERAND_HOST},
    {"ping ping4 ping6",        "cFiIlmMpQsStTwW",              0,    OPERAND_HOST},
    {"host nslookup",           "cmNptRW",                      0,    OPERAND_HOST},
    {"dig drill kdig delv mdig", "bcfkpqtxy",                   0,    OPERAND_AT_HOST},
    {"ssh slogin autossh",      "BbcDEeFIiJLlmOopQRSWwM",       0,    OPERAND_LOGIN},
    {"scp sftp",                "BbcDFiJloPRSX",                0,    OPERAND_LOGIN},
    {"rsync",                   "efBTM",                        0,    OPERAND_LOGIN},
    {"git git-*",               "cCobu",                        0,    OPERAND_LOGIN},
};

/* Letters whose value is a destination. The same letter means other things elsewhere (curl -h,
 * ls -h, sort -h). Source: the programs' manuals. */
static const struct {
    char programs[80];
    char letters[4];
    enum role role;
} letter_roles[] = {
    {"psql pg_* pgbench createdb dropdb createuser dropuser vacuumdb reindexdb", "h", ROLE_HOST},
    {"mysql* mariadb*",                "h",  ROLE_HOST},
    {"redis-* valkey-*",               "h",  ROLE_HOST},
    {"mongodump mongorestore mongoexport mongoimport mongostat", "h", ROLE_HOST},
    {"clickhouse*",                    "h",  ROLE_HOST},
    {"ldap*",                          "hH", ROLE_HOST},
    {"mosquitto_*",                    "h",  ROLE_HOST},
    {"smbclient rpcclient",            "I",  ROLE_HOST},
    {"docker podman nerdctl",          "H",  ROLE_HOST},
    {"kubectl oc nats zabbix_get",     "s",  ROLE_HOST},
    {"zabbix_sender",                  "z",  ROLE_HOST},
    {"rabbitmqadmin ipmitool",         "H",  ROLE_HOST},
    {"kcat kafkacat",                  "b",  ROLE_HOST},
    {"sqlcmd bcp isql tsql",           "S",  ROLE_HOST},
    {"iperf iperf3",                   "c",  ROLE_HOST},
    {"varnishadm",                     "T",  ROLE_HOST},
    {"ssh scp sftp",                   "JW", ROLE_HOST},
    {"curl* nc nc.* ncat netcat ab",   "x",  ROLE_PROXY},
    {"ab",                             "X",  ROLE_PROXY},
};

/* Long options without a value, so that what follows is an operand. */
static const char flags[][28] = {
    "--silent", "--show-error", "--fail", "--fail-with-body", "--location", "--insecure",
    "--verbose", "--include", "--head", "--compressed", "--ipv4", "--ipv6", "--http1.0",
    "--http1.1", "--http2", "--globoff", "--no-buffer", "--quiet", "--spider", "--no-verbose",
    "--no-check-certificate", "--no-proxy", "--post301", "--get", "--remote-name", "--tlsv1.2",
    "--continue", "--server-response", "--zero", "--help", "--force", "--archive", "--delete",
};

/* Options whose value is no destination, whatever it looks like. */
static const char not_destinations[][20] = {
    "-p", "--publish", "--port", "--expose", "--noproxy", "--no-proxy", "--interface",
    "--max-time", "--connect-timeout", "--user-agent",
};
// clang-format on

/* ---- small questions -------------------------------------------------- */

/* Where a text is looked at. */
struct place {
    const struct spelling_wanted *wanted;
    struct slice program;
    enum role role; /* of the whole text */
    bool bare;      /* its role holds for bare numbers too */
    bool operands;  /* it stands among the arguments of PROGRAM */
};

static char fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_quote(char c)
{
    return c == '"' || c == '\'' || c == '`';
}

static struct slice part(struct slice text, size_t start, size_t end)
{
    struct slice rest = slice_from(text, start);
    rest.length = end - start;
    return rest;
}

static struct slice head(struct slice text, size_t length)
{
    return (struct slice){.data = text.data, .length = length};
}

/* Is PROGRAM one of GLOBS, which stand between blanks? */
static bool program_is(struct slice program, const char *globs)
{
    struct slice rest = slice_of(globs), glob;
    while (slice_cut(&rest, ' ', &glob))
        if (slice_matches(program, glob))
            return true;
    return false;
}

/* Every variable is held against every list, and most words differ in their first byte. */
static char first_of(struct slice text)
{
    return text.length == 0 ? '\0' : fold(text.data[0]);
}

/* Is TEXT the WORD of small letters? */
static bool is_word(struct slice text, const char *word)
{
    size_t i = 0;
    while (i < text.length && word[i] != '\0' && fold(text.data[i]) == word[i])
        i++;
    return i == text.length && word[i] == '\0';
}

/* A list of words as three arguments. */
#define WORDS(list) (list)[0], sizeof *(list), COUNT(list)

static bool is_one_of(struct slice text, const char *words, size_t width, size_t count)
{
    char first = first_of(text);
    for (size_t i = 0; i < count; i++)
        if (words[i * width] == first && is_word(text, words + i * width))
            return true;
    return false;
}

static bool is_bare_number(struct slice text)
{
    for (size_t i = 0; i < text.length; i++)
        if (!is_digit(text.data[i]))
            return false;
    return text.length > 0;
}

static bool is_port(struct slice text, uint16_t port)
{
    uint64_t number;
    return slice_number(text, UINT16_MAX, &number) && number == port;
}

static const struct client *client_of(struct slice program)
{
    for (size_t i = 0; i < COUNT(clients); i++)
        if (program_is(program, clients[i].programs))
            return &clients[i];
    return NULL;
}

static const struct command *command_of(struct slice program)
{
    for (size_t i = 0; i < COUNT(commands); i++)
        if (program_is(program, commands[i].programs))
            return &commands[i];
    return NULL;
}

/* ---- roles ------------------------------------------------------------ */

static bool is_boundary(struct slice name, size_t i)
{
    char c = name.data[i];
    return c == '_' || c == '-' || c == '.' || c == ':';
}

/* Cuts the last word off *NAME: between '_', '-', '.' or ':', or from a capital behind a small
 * letter on ("proxyHost"). False when there is none left. */
static bool last_word(struct slice *name, struct slice *word)
{
    while (name->length > 0 && is_boundary(*name, name->length - 1))
        name->length--;
    size_t start = name->length;
    while (start > 0 && !is_boundary(*name, start - 1)) {
        start--;
        char c = name->data[start];
        if (c >= 'A' && c <= 'Z' && start > 0 && name->data[start - 1] >= 'a' &&
            name->data[start - 1] <= 'z')
            break;
    }
    if (start == name->length)
        return false;
    *word = part(*name, start, name->length);
    name->length = start;
    return true;
}

/* "HOST_2" and "HOST2" are hosts as well. */
static bool last_word_of_letters(struct slice *name, struct slice *word)
{
    while (last_word(name, word)) {
        while (word->length > 0 && is_digit(word->data[word->length - 1]) &&
               !slice_starts_with(*word, SLICE("socks")))
            word->length--;
        if (word->length > 0)
            return true;
    }
    return false;
}

/* What the name of a variable or option says about its value; *BARE: about a bare number too. */
static enum role role_of_name(struct slice name, bool *bare)
{
    struct slice word;
    enum role role = ROLE_NONE;
    *bare = false;
    if (!last_word_of_letters(&name, &word) || word.length > WORD_MAX)
        return ROLE_NONE;
    char first = first_of(word);
    for (size_t i = 0; i < COUNT(role_words) && role == ROLE_NONE; i++) {
        if (role_words[i].word[0] != first || !is_word(word, role_words[i].word))
            continue;
        role = role_words[i].role;
        *bare = role_words[i].strong;
    }
    while (role != ROLE_NONE && last_word(&name, &word)) {
        if (is_one_of(word, WORDS(listen_words)))
            return ROLE_NONE;
        if (is_one_of(word, WORDS(switch_words)))
            *bare = false;
    }
    return role;
}

static bool is_never(struct slice name)
{
    struct slice ours = SLICE("astray_");
    return is_one_of(name, WORDS(never)) ||
           (name.length > ours.length && slice_equal_fold(head(name, ours.length), ours));
}

static enum role role_of_letter(struct slice program, char letter)
{
    for (size_t i = 0; i < COUNT(letter_roles); i++)
        if (letter != '\0' && strchr(letter_roles[i].letters, letter) != NULL &&
            program_is(program, letter_roles[i].programs))
            return letter_roles[i].role;
    return ROLE_NONE;
}

/* The role of the argument behind OPTION ("-h", "-sSx", "--host", "URL="). */
static enum role role_of_option(struct slice program, struct slice option, bool *bare)
{
    *bare = true;
    if (option.length > 0 && option.data[option.length - 1] == '=')
        option.length--;
    else if (option.length < 2 || option.data[0] != '-')
        return ROLE_NONE;
    else if (option.data[1] != '-') {
        enum role role = role_of_letter(program, option.data[option.length - 1]);
        if (role != ROLE_NONE || option.length == 2)
            return role;
    }
    return role_of_name(option, bare);
}

/* ---- hosts and ports -------------------------------------------------- */

static bool same_name(struct slice a, struct slice b)
{
    if (a.length > 0 && a.data[a.length - 1] == '.')
        a.length--;
    if (b.length > 0 && b.data[b.length - 1] == '.')
        b.length--;
    return a.length > 0 && slice_equal_fold(a, b);
}

static bool same_addr(const struct addr *a, const struct addr *b)
{
    struct addr inner_a, inner_b;
    if (addr_unmap(a, &inner_a))
        a = &inner_a;
    if (addr_unmap(b, &inner_b))
        b = &inner_b;
    return addr_equal(a, b);
}

static bool is_loopback(const struct addr *address)
{
    static const struct addr v4 = {.family = ADDR_IPV4, .bytes = {127, 0, 0, 1}},
                             v6 = {.family = ADDR_IPV6, .bytes = {[15] = 1}};
    return same_addr(address, &v4) || same_addr(address, &v6);
}

static bool is_name(struct slice text)
{
    struct endpoint endpoint;
    return text.length > 0 &&
           !(endpoint_parse(text.data, text.length, &endpoint) &&
             endpoint.host.length == text.length && endpoint.addr.family != ADDR_NONE);
}

/* No address is written without a digit or a colon, nor is a host left out without the colon of
 * its port or scheme. Most variables have neither, and need no closer look. */
static bool may_lead(const struct spelling_wanted *wanted, struct slice text)
{
    if (is_name(wanted->name) || is_loopback(&wanted->destination.addr)) /* "localhost" */
        return true;
    for (size_t i = 0; i < text.length; i++)
        if (is_digit(text.data[i]) || text.data[i] == ':')
            return true;
    return false;
}

/* A name that was looked up is written as that name; else the address counts. */
static bool host_leads(const struct spelling_wanted *wanted, const struct endpoint *endpoint)
{
    if (is_name(wanted->name))
        return same_name(endpoint->host, wanted->name);
    if (endpoint->addr.family != ADDR_NONE)
        return same_addr(&endpoint->addr, &wanted->destination.addr);
    return slice_equal_fold(endpoint->host, SLICE("localhost")) &&
           is_loopback(&wanted->destination.addr);
}

static bool is_dotted(const struct endpoint *endpoint)
{
    unsigned dots = 0;
    for (size_t i = 0; i < endpoint->host.length; i++)
        dots += endpoint->host.data[i] == '.';
    return endpoint->addr.family != ADDR_IPV4 || dots == 3;
}

static bool is_unspecified(const struct addr *address)
{
    return addr_classify(address) == ADDR_UNSPECIFIED;
}

static bool proxy_port_leads(const struct client *client, const struct endpoint *endpoint,
                             uint16_t port)
{
    if (slice_starts_with(endpoint->scheme, SLICE("socks")))
        return port == 1080;
    if (slice_equal_fold(endpoint->scheme, SLICE("https")))
        return port == 443;
    if (client != NULL)
        return port == client->port;
    for (size_t i = 0; i < COUNT(proxy_ports); i++)
        if (port == proxy_ports[i])
            return true;
    return false;
}

/* The port that ENDPOINT means where it has none. */
static bool default_port_leads(const struct place *place, const struct endpoint *endpoint,
                               enum role role, uint16_t fallback)
{
    uint16_t port = place->wanted->destination.port;
    if (role == ROLE_PROXY)
        return proxy_port_leads(client_of(place->program), endpoint, port);
    if (endpoint->scheme.length > 0) {
        int32_t standard = endpoint_default_port(endpoint->scheme);
        return standard == ENDPOINT_NO_PORT ? role == ROLE_HOST : standard == port;
    }
    return role == ROLE_HOST || (fallback != 0 && fallback == port);
}

static bool port_leads(const struct place *place, const struct endpoint *endpoint, enum role role,
                       uint16_t fallback)
{
    if (endpoint->port >= 0)
        return endpoint->port == place->wanted->destination.port;
    return endpoint->port == ENDPOINT_NO_PORT &&
           default_port_leads(place, endpoint, role, fallback);
}

/* Does a client take a missing host for this one (":8099", "http://:8099")? */
static bool empty_leads(const struct place *place, const struct endpoint *endpoint, enum role role)
{
    const struct client *client = client_of(place->program);
    const struct addr *address = &place->wanted->destination.addr;
    unsigned taken = client == NULL ? EMPTY_IS_ANY : client->flags;
    if (role == ROLE_NONE || is_name(place->wanted->name) || (client == NULL && endpoint->port < 0))
        return false;
    return ((taken & EMPTY_IS_ANY) != 0 && is_unspecified(address)) ||
           ((taken & EMPTY_IS_LOOPBACK) != 0 && is_loopback(address));
}

/* Does the client read proxies written so at all? */
static bool proxy_is_read(const struct place *place, const struct endpoint *endpoint)
{
    const struct client *client = client_of(place->program);
    if (client == NULL)
        return true;
    if ((client->flags & NO_PROXIES) != 0)
        return false;
    if ((client->flags & NEEDS_SCHEME) != 0 && endpoint->scheme.length == 0)
        return false;
    if ((client->flags & NO_IPV6) != 0 && endpoint->addr.family == ADDR_IPV6)
        return false;
    return (client->flags & DOTTED_ONLY) == 0 || is_dotted(endpoint);
}

/* Does TEXT as a whole lead there? FALLBACK: the port of one without, or 0. */
static bool text_leads(const struct place *place, struct slice text, enum role role, bool bare,
                       uint16_t fallback, struct slice *host)
{
    struct endpoint endpoint;
    if (is_bare_number(text) && !bare && fallback == 0)
        return false;
    if (!endpoint_parse(text.data, text.length, &endpoint))
        return false;
    if (role == ROLE_PROXY && !proxy_is_read(place, &endpoint))
        return false;
    bool host_matches = endpoint.host.length > 0 ? host_leads(place->wanted, &endpoint)
                                                 : empty_leads(place, &endpoint, role);
    if (!host_matches || !port_leads(place, &endpoint, role, fallback))
        return false;
    *host = endpoint.host;
    return true;
}

/* HOST and PORT, written apart. */
static bool pair_leads(const struct place *place, struct slice text, struct slice port,
                       struct slice *host)
{
    return is_port(port, place->wanted->destination.port) &&
           text_leads(place, text, ROLE_HOST, true, 0, host) && host->length == text.length;
}

/* ---- words ------------------------------------------------------------ */

/* What is left of *TEXT behind its next '/'. False when there is none. */
static bool cut_folder(struct slice *text)
{
    size_t slash = slice_find(*text, '/');
    if (slash == text->length)
        return false;
    *text = slice_from(*text, slash + 1);
    return true;
}

/* bash's /dev/tcp/HOST/PORT, and gawk's /inet/tcp/LOCALPORT/HOST/PORT. */
static bool device_leads(const struct place *place, struct slice word, struct slice *host)
{
    struct slice rest = word;
    bool gawk = slice_starts_with(word, SLICE("/inet"));
    if (!gawk && !slice_starts_with(word, SLICE("/dev/tcp/")) &&
        !slice_starts_with(word, SLICE("/dev/udp/")))
        return false;
    for (int folders = gawk ? 4 : 3; folders > 0; folders--)
        if (!cut_folder(&rest))
            return false;
    size_t slash = slice_find(rest, '/');
    return pair_leads(place, head(rest, slash), slice_from(rest, slash + 1), host);
}

/* The index of the Nth ':' outside of brackets, or TEXT's length. */
static size_t nth_colon(struct slice text, unsigned n)
{
    bool bracket = false;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        bracket = c == '[' || (bracket && c != ']');
        if (c == ':' && !bracket && --n == 0)
            return i;
    }
    return text.length;
}

/* curl's --resolve HOST:PORT:ADDRESS and --connect-to HOST:PORT:HOST:PORT; the comma of a list
 * of addresses divides words already. */
static bool redirection_leads(const struct place *place, struct slice option, struct slice value,
                              struct slice *host)
{
    size_t second = nth_colon(value, 2);
    struct slice to = slice_from(value, second + 1);
    if (second == value.length || to.length == 0)
        return false;
    if (slice_equal(option, SLICE("--connect-to")))
        return text_leads(place, to, ROLE_HOST, true, 0, host);
    if (!slice_equal(option, SLICE("--resolve")))
        return false;
    struct spelling_wanted wanted = *place->wanted;
    struct place literal = *place;
    wanted.name = (struct slice){0}; /* the address was written, not looked up */
    literal.wanted = &wanted;
    size_t port = nth_colon(value, 1) + 1;
    return is_port(part(value, port, second), wanted.destination.port) &&
           text_leads(&literal, to, ROLE_HOST, true, 0, host);
}

/* "--url=http://0:80", "-x0:80". */
static bool option_leads(const struct place *place, struct slice word, struct slice *host)
{
    bool bare;
    size_t equals = slice_find(word, '=');
    if (equals < word.length && equals > 1) {
        struct slice name = head(word, equals), value = slice_from(word, equals + 1);
        if (is_one_of(name, WORDS(not_destinations)))
            return false;
        if (redirection_leads(place, name, value, host))
            return true;
        enum role role = role_of_name(name, &bare);
        return text_leads(place, value, role, bare, 0, host);
    }
    enum role role = word.data[1] == '-' ? ROLE_NONE : role_of_letter(place->program, word.data[1]);
    return role != ROLE_NONE && text_leads(place, slice_from(word, 2), role, true, 0, host);
}

/* Where the value of WORD begins when it is `name=value`, or 0. */
static size_t assigned(struct slice word)
{
    size_t equals = slice_find(word, '=');
    for (size_t i = 0; i < equals; i++) {
        char c = fold(word.data[i]);
        if (!(c >= 'a' && c <= 'z') && !is_digit(c) && c != '_' && c != '.' && c != '-' && c != ':')
            return 0;
    }
    return equals < word.length && equals > 0 ? equals + 1 : 0;
}

/* Does OPTION take a value, as far as we know? An unknown one may. */
static bool takes_value(const struct command *command, struct slice option)
{
    if (option.length < 2 || option.data[0] != '-')
        return false;
    if (option.data[1] == '-')
        return slice_find(option, '=') == option.length && !is_one_of(option, WORDS(flags)) &&
               option.length > 2;
    for (size_t i = 1; i < option.length; i++)
        if (option.data[i] != '\0' && strchr(command->values, option.data[i]) != NULL)
            return i + 1 == option.length;
    return false;
}

/* "user@0:path" of ssh, scp, rsync and git. */
static bool login_leads(const struct place *place, struct slice previous, struct slice word,
                        struct slice *host)
{
    size_t at = slice_find(word, '@');
    struct slice rest = at < word.length ? slice_from(word, at + 1) : word;
    size_t colon = nth_colon(rest, 1);
    bool path = colon < rest.length;
    if (slice_starts_with(slice_from(word, slice_find(word, ':')), SLICE("://")))
        return false;
    if (at == word.length && !path && previous.length > 0 && previous.data[0] != '-' &&
        !is_port(previous, place->wanted->destination.port)) /* "-p 2222 0" */
        return false;
    if (program_is(place->program, "git git-* rsync scp") && at == word.length && !path)
        return false;
    return text_leads(place, head(rest, colon), ROLE_HOST, true, 0, host);
}

/* An operand of a command that connects to what it is given. */
static bool operand_leads(const struct place *place, struct slice previous, struct slice word,
                          struct slice next, struct slice *host)
{
    const struct command *command = place->operands ? command_of(place->program) : NULL;
    if (command == NULL || takes_value(command, previous))
        return false;
    switch (command->operand) {
    case OPERAND_URL:
        return text_leads(place, word, ROLE_NONE, true, command->port, host);
    case OPERAND_HOST_PORT:
        if (is_bare_number(next))
            return pair_leads(place, word, next, host);
        return command->port != 0 && text_leads(place, word, ROLE_NONE, true, command->port, host);
    case OPERAND_LOGIN:
        return login_leads(place, previous, word, host);
    case OPERAND_HOST:
        return text_leads(place, word, ROLE_HOST, true, 0, host);
    case OPERAND_AT_HOST:
        return word.data[0] == '@' &&
               text_leads(place, slice_from(word, 1), ROLE_HOST, true, 0, host);
    }
    return false;
}

/* socat's TCP:0:80 and its like. */
static bool socat_leads(const struct place *place, struct slice word, struct slice *host)
{
    size_t colon = slice_find(word, ':');
    return colon < word.length && program_is(place->program, "socat*") &&
           text_leads(place, slice_from(word, colon + 1), ROLE_NONE, false, 0, host);
}

/* Is NAME that of an address to bind? */
static bool names_a_listener(struct slice name)
{
    struct slice word;
    while (last_word(&name, &word))
        if (is_one_of(word, WORDS(listen_words)))
            return true;
    return false;
}

/* HOST PORT or `-p PORT HOST`, of any command: two plain numbers say nothing unless an option does
 * (ab and ncat cut the HOST:PORT of theirs in two). */
static bool apart_leads(const struct place *place, struct slice previous, struct slice word,
                        struct slice next, enum role role, struct slice *host)
{
    bool bare = is_bare_number(word);
    if (bare ? role == ROLE_NONE : names_a_listener(previous))
        return false;
    return pair_leads(place, word, next, host) ||
           (!bare && pair_leads(place, word, previous, host));
}

/* A word that is neither an option nor an assignment. */
static bool plain_leads(const struct place *place, struct slice previous, struct slice word,
                        struct slice next, struct slice *host)
{
    bool bare = place->bare;
    enum role role = place->role;
    if (is_one_of(previous, WORDS(not_destinations)))
        return false;
    if (role == ROLE_NONE)
        role = role_of_option(place->program, previous, &bare);
    return redirection_leads(place, previous, word, host) ||
           text_leads(place, word, role, role != ROLE_NONE && bare, 0, host) ||
           (role == ROLE_NONE && operand_leads(place, previous, word, next, host)) ||
           apart_leads(place, previous, word, next, role, host) || socat_leads(place, word, host);
}

/* ---- texts ------------------------------------------------------------ */

static bool ends_command(char c)
{
    return c == ';' || c == '|' || c == '&' || c == '(' || c == ')' || c == '\n';
}

static bool is_separator(char c)
{
    return is_blank(c) || is_quote(c) || ends_command(c) || c == '<' || c == '>' || c == ',';
}

/* Where the word that begins at START ends. The path of a URL holds what would divide words. */
static size_t word_end(struct slice text, size_t start)
{
    bool url = false, path = false;
    size_t i = start;
    for (; i < text.length; i++) {
        char c = text.data[i];
        if (path ? is_blank(c) || is_quote(c) || c == '<' || c == '>' || c == ')' : is_separator(c))
            break;
        if (url && (c == '/' || c == '?' || c == '#'))
            path = true;
        if (c == ':' && i + 2 < text.length && text.data[i + 1] == '/' && text.data[i + 2] == '/') {
            url = true;
            i += 2;
        }
    }
    return i;
}

/* The word behind END when nothing but blanks stands between. */
static struct slice word_behind(struct slice text, size_t end)
{
    size_t start = end;
    while (start < text.length && (text.data[start] == ' ' || text.data[start] == '\t'))
        start++;
    if (start == end)
        return (struct slice){0};
    return part(text, start, word_end(text, start));
}

/* The value of `port=` in a text such as "host=0 port=80", near its start. */
static struct slice port_in(struct slice text)
{
    text.length = text.length < CONNINFO_MAX ? text.length : CONNINFO_MAX;
    for (size_t i = 0; i < text.length;) {
        size_t end = word_end(text, i);
        struct slice word = part(text, i, end);
        if (word.length > 5 && slice_equal_fold(head(word, 5), SLICE("port=")))
            return slice_from(word, 5);
        i = end + 1;
    }
    return (struct slice){0};
}

static bool assignment_leads(const struct place *place, struct slice text, struct slice word,
                             size_t start, struct slice *host)
{
    bool bare;
    struct slice name = head(word, start - 1), value = slice_from(word, start);
    if (is_never(name))
        return false;
    enum role role = role_of_name(name, &bare);
    bool keyed = slice_equal_fold(name, SLICE("host")) ||
                 slice_equal_fold(name, SLICE("hostaddr")) ||
                 slice_equal_fold(name, SLICE("server"));
    struct slice port = keyed ? port_in(text) : (struct slice){0};
    if (port.length > 0)
        return pair_leads(place, value, port, host);
    return text_leads(place, value, role, role != ROLE_NONE && bare, 0, host);
}

/* Code: a quoted host with a number beside it, `("0", 80)` or `(80, "0")`. */
static bool quoted_pair_leads(const struct place *place, struct slice text, size_t start,
                              size_t end, struct slice *host)
{
    if (start == 0 || end >= text.length || !is_quote(text.data[end]) ||
        text.data[start - 1] != text.data[end])
        return false;
    size_t after = end + 1, before = start - 1;
    while (after < text.length && is_blank(text.data[after]))
        after++;
    if (after < text.length && text.data[after] == ',') {
        after++;
        while (after < text.length && is_blank(text.data[after]))
            after++;
        size_t stop = after;
        while (stop < text.length && is_digit(text.data[stop]))
            stop++;
        if (pair_leads(place, part(text, start, end), part(text, after, stop), host))
            return true;
    }
    while (before > 0 && is_blank(text.data[before - 1]))
        before--;
    if (before == 0 || text.data[before - 1] != ',')
        return false;
    before--;
    while (before > 0 && is_blank(text.data[before - 1]))
        before--;
    size_t stop = before;
    while (before > 0 && is_digit(text.data[before - 1]))
        before--;
    return pair_leads(place, part(text, start, end), part(text, before, stop), host);
}

static bool word_leads(const struct place *place, struct slice text, struct slice previous,
                       struct slice word, struct slice next, struct slice *host)
{
    size_t value = assigned(word);
    if (device_leads(place, word, host))
        return true;
    if (word.length > 1 && word.data[0] == '-')
        return option_leads(place, word, host);
    if (value > 0)
        return assignment_leads(place, text, word, value, host);
    /* ":80" may be what is left of "http://$(hostname):80" */
    if (word.data[0] == ':' && word.length < text.length && word.data[word.length - 1] != ':')
        return false;
    return plain_leads(place, previous, word, next, host);
}

/* Looks at each word of TEXT. PREVIOUS and NEXT stand around TEXT. */
static bool any_word_leads(struct place place, struct slice previous, struct slice text,
                           struct slice next, struct slice *host)
{
    size_t i = 0;
    bool first = true;
    struct slice before = previous;
    while (i < text.length) {
        if (is_separator(text.data[i])) {
            if (ends_command(text.data[i])) {
                first = true;
                previous = before = (struct slice){0};
            } else if (text.data[i] != ',') {
                before = previous;
            }
            i++;
            continue;
        }
        size_t end = word_end(text, i);
        struct slice word = part(text, i, end);
        bool whole = word.length == text.length;
        if (word_leads(&place, text, before, word, whole ? next : word_behind(text, end), host) ||
            quoted_pair_leads(&place, text, i, end, host))
            return true;
        if (first && !whole && assigned(word) == 0) {
            /* the words that follow are this command's */
            place.program = place.role == ROLE_NONE ? slice_base(word) : place.program;
            place.operands = true;
            first = false;
            word = (struct slice){0};
        }
        previous = word;
        i = end;
    }
    return false;
}

/* HOSTNAME is this host's own name, or like a plain HOST the address to bind. That one leads
 * somewhere only when it is written as nobody would write an address to bind. */
static bool is_own_address(struct slice name, struct slice value)
{
    if (slice_equal(name, SLICE("HOSTNAME")))
        return true;
    return slice_equal_fold(name, SLICE("host")) &&
           (slice_equal(value, SLICE("0.0.0.0")) || slice_equal(value, SLICE("::")));
}

bool spelling_in_variable(const struct spelling_wanted *wanted, struct slice name,
                          struct slice value, struct slice *host)
{
    struct place place = {.wanted = wanted, .program = wanted->program};
    struct slice found = {0};
    if (name.length == 0 || value.length == 0 || wanted->destination.addr.family == ADDR_NONE)
        return false;
    if (!may_lead(wanted, value) || is_never(name) || is_own_address(name, value))
        return false;
    place.role = role_of_name(name, &place.bare);
    if (!any_word_leads(place, (struct slice){0}, value, (struct slice){0}, &found))
        return false;
    *host = found;
    return true;
}

bool spelling_in_argument(const struct spelling_wanted *wanted, struct slice previous,
                          struct slice argument, struct slice next, struct slice *host)
{
    struct place place = {.wanted = wanted, .program = wanted->program, .operands = true};
    struct slice found = {0};
    if (argument.length == 0 || wanted->destination.addr.family == ADDR_NONE)
        return false;
    if (!may_lead(wanted, argument) || !any_word_leads(place, previous, argument, next, &found))
        return false;
    *host = found;
    return true;
}
