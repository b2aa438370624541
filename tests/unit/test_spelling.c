#include <astray/spelling.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard.h"
#include "unit.h"

/* "0.0.0.0:80", "[::]:80" and the data file's ":::80". */
static struct destination destination_of(const char *text)
{
    char host[128];
    struct endpoint endpoint;
    const char *colon = strrchr(text, ':');
    ck_assert_ptr_nonnull(colon);
    size_t length = (size_t)(colon - text);
    ck_assert_uint_lt(length, sizeof host);
    memcpy(host, text, length);
    ck_assert_msg(endpoint_parse(host, length, &endpoint), "%s", text);
    ck_assert_msg(endpoint.addr.family != ADDR_NONE, "%s", text);
    return (struct destination){.addr = endpoint.addr, .port = (uint16_t)atoi(colon + 1)};
}

static bool in_variable(const char *program, const char *to, const char *looked_up,
                        const char *name, const char *value, struct slice *host)
{
    struct spelling_wanted wanted = {.destination = destination_of(to),
                                     .name = slice_of(looked_up),
                                     .program = slice_of(program)};
    struct slice guarded = {guard_copy(value, strlen(value)), strlen(value)};
    return spelling_in_variable(&wanted, slice_of(name), guarded, host);
}

static bool in_argument(const char *program, const char *to, const char *looked_up,
                        const char *previous, const char *argument, const char *next,
                        struct slice *host)
{
    struct spelling_wanted wanted = {.destination = destination_of(to),
                                     .name = slice_of(looked_up),
                                     .program = slice_of(program)};
    struct slice guarded = {guard_copy(argument, strlen(argument)), strlen(argument)};
    return spelling_in_argument(&wanted, slice_of(previous), guarded, slice_of(next), host);
}

#define Z80 "0.0.0.0:80"

/* HOST: as it is written in the text; NULL where the text does not lead there. */
static const struct variable_row {
    const char *to, *looked_up, *name, *value, *host, *why;
} variables[] = {
    // clang-format off
    {Z80, "", "API_ADDR", "0:80", "0", "the outage"},
    {Z80, "", "ANYTHING", "0:80", "0", "host and port need no role"},
    {Z80, "", "ANYTHING", "0.0.0.0:80", "0.0.0.0", "the dotted form"},
    {Z80, "", "ANYTHING", "0x0:80", "0x0", "hexadecimal"},
    {Z80, "", "ANYTHING", "http://0:80/health", "0", "a URL"},
    {Z80, "", "ANYTHING", "http://0/health", "0", "a URL's default port"},
    {Z80, "", "ANYTHING", "http://u:p@0:80/", "0", "a URL with a user"},
    {"0.0.0.0:443", "", "ANYTHING", "https://0/", "0", "https is 443"},
    {"[::]:80", "", "API_URL", "http://[::]/", "::", "IPv6"},
    {"[::]:80", "", "API_ADDR", "[::]:80", "::", "IPv6 in brackets"},
    {"[::]:80", "", "API_HOST", "::", "::", "IPv6 without a digit"},
    {"127.0.0.1:80", "", "API_HOST", "localhost", "localhost", "localhost without a port"},
    {"[::ffff:0.0.0.0]:80", "", "API_ADDR", "0:80", "0", "a v4-mapped destination"},
    {"0.0.0.1:80", "", "API_ADDR", "1:80", "1", "a short form of inet_aton"},
    {"192.0.2.1:80", "", "API_ADDR", "192.0.2.1:80", "192.0.2.1", "documentation space"},
    {"192.0.2.1:80", "", "API_HOST", "192.0.2.1", "192.0.2.1", "a role needs no port"},
    {Z80, "", "API_HOST", "0", "0", "a bare number with a role"},
    {Z80, "", "PGHOST", "0", "0", "libpq's own variable"},
    {Z80, "", "HOST", "0", "0", "a plain HOST that is no address to bind"},
    {Z80, "", "db_hostname", "0.0.0.0", "0.0.0.0", "small letters"},
    {Z80, "", "DB_HOST_2", "0", "0", "a number behind the role"},
    {Z80, "", "REDIS_SERVER", "0", "0", "a server"},
    {Z80, "", "SERVICE_IP", "0.0.0.0", "0.0.0.0", "an address"},
    {Z80, "", "API_ENDPOINT", "0", "0", "an endpoint"},
    {Z80, "", "LB_BACKEND", "0", "0", "a backend"},
    {Z80, "", "UPSTREAM", "0", "0", "an upstream"},
    {Z80, "", "REDIS_MASTER", "0.0.0.0", "0.0.0.0", "a weak role, but no bare number"},
    {Z80, "", "KAFKA_BROKERS", "10.0.0.1:9092,0:80", "0", "the second of a list"},
    {Z80, "", "HOSTS", "a b 0", "0", "a list with blanks"},
    {"0.0.0.0:9092", "", "KAFKA", "PLAINTEXT://0.0.0.0:9092", "0.0.0.0", "Kafka's listeners"},
    {"0.0.0.0:5432", "", "DB", "jdbc:postgresql://0:5432/x", "0", "JDBC"},
    {"0.0.0.0:5432", "", "DB", "postgres://u:p@0/db", "0", "a database's default port"},
    {"0.0.0.0:1433", "", "DB", "jdbc:sqlserver://0:1433;databaseName=x", "0", "JDBC with a semicolon"},
    {Z80, "", "DOCKER_HOST", "tcp://0:80", "0", "a scheme without a port of its own"},
    {Z80, "", "DSN", "host=0 port=80 dbname=x", "0", "libpq's form"},
    {Z80, "", "JAVA_OPTS", "-Dhttp.proxyHost=0 -Dx=1", "0", "a property"},
    {Z80, "", "BASH_FUNC_x%%", "() { curl http://0:80; }", "0", "a function"},
    {Z80, "", "PROBE", "echo x >/dev/tcp/0/80", "0", "bash's device"},
    {Z80, "", "API_ADDR", ":80", "", "a missing host, where anything may be the client"},
    {"127.0.0.1:80", "", "API_ADDR", "localhost:80", "localhost", "some clients know localhost themselves"},
    {Z80, "ads.example", "API_URL", "http://ads.example/x", "ads.example", "a name that was looked up"},
    {Z80, "ads.example", "API_ADDR", "ADS.example.:80", "ADS.example.", "case and the final dot do not count"},
    {Z80, "ads.example", "API_HOST", "ads.example", "ads.example", "a name with a role"},
    {Z80, "0", "API_ADDR", "0.0.0.0:80", "0.0.0.0", "a literal that was looked up is an address"},
    {"0.0.31.163:1080", "", "http_proxy", "8099", "8099", "a port used as a host"},
    {"0.0.0.0:3128", "", "https_proxy", "0", "0", "the default port of some client"},
    {"0.0.0.0:1080", "", "ALL_PROXY", "socks5://0", "0", "SOCKS"},
    {"0.0.0.0:8080", "", "HTTP_PROXY", "http://0:8080", "0", "a proxy with a port"},
    {Z80, "", "LISTEN_ADDR", "0.0.0.0:80", "0.0.0.0", "an address to bind that was dialled"},
    /* and what does not lead there */
    {Z80, "", "SHLVL", "0", NULL, "a counter"},
    {"0.0.0.1:80", "", "SHLVL", "1", NULL, "a counter"},
    {Z80, "", "DEBUG", "0", NULL, "a switch"},
    {Z80, "", "UID", "0", NULL, "a user"},
    {Z80, "", "PORT", "80", NULL, "a port"},
    {"0.0.0.80:80", "", "PORT", "80", NULL, "a port is no host"},
    {Z80, "", "VERSION", "0.0.0.0", NULL, "a version: no role, no port"},
    {Z80, "", "TIMEOUT", "0:30", NULL, "another port"},
    {Z80, "", "API_ADDR", "0:8080", NULL, "another port"},
    {Z80, "", "API_URL", "https://0/", NULL, "another default port"},
    {Z80, "", "API_HOST", "1", NULL, "another host"},
    {Z80, "", "API_HOST", "10.0.0.1", NULL, "another host"},
    {Z80, "", "API_HOST", "", NULL, "empty"},
    {Z80, "", "API_HOST", "0.example", NULL, "a name"},
    {Z80, "", "API_HOST", "${HOST}", NULL, "not expanded"},
    {Z80, "", "API_URL", "http://${HOST}:80", NULL, "not expanded"},
    {Z80, "", "API_URL", "http://$(hostname):80", NULL, "what is left of a substitution"},
    {Z80, "", "API_URL", "http://api.example/?host=0", NULL, "a query parameter"},
    {Z80, "", "API_URL", "http://api.example/0:80", NULL, "a path"},
    {Z80, "", "API_URL", "http://0:80@api.example/", NULL, "a user's name and password"},
    {Z80, "", "no_proxy", "0.0.0.0:80,0", NULL, "an exception"},
    {Z80, "", "NO_PROXY", "0:80", NULL, "an exception"},
    {Z80, "", "ASTRAY_ALLOW", "0.0.0.0:80", NULL, "our own setting"},
    {Z80, "", "ASTRAY_REWRITE_TO", "0.0.0.0:80", NULL, "our own setting"},
    {"192.0.2.1:22", "", "SSH_CONNECTION", "10.0.0.1 5022 192.0.2.1 22", NULL, "who came, not where to"},
    {Z80, "", "HOST", "0.0.0.0", NULL, "the address to bind"},
    {Z80, "", "HOSTNAME", "0.0.0.0", NULL, "the address to bind"},
    {Z80, "", "BIND_ADDR", "0.0.0.0", NULL, "the address to bind"},
    {Z80, "", "LISTEN_HOST", "0", NULL, "the address to bind"},
    {Z80, "", "USE_PROXY", "0", NULL, "a switch"},
    {Z80, "", "ENABLE_SERVER", "0", NULL, "a switch"},
    {"0.0.0.1:80", "", "TRUST_PROXY", "1", NULL, "a switch"},
    {"0.0.0.1:80", "", "MASTER", "1", NULL, "a switch"},
    {Z80, "", "MAX_HOSTS", "0", NULL, "a number"},
    {Z80, "", "GHOST", "0", NULL, "not the word"},
    {Z80, "", "HOSTED", "0", NULL, "not the word"},
    {Z80, "", "CURLOPT", "0", NULL, "not the word"},
    {Z80, "", "OLDPWD", "/0:80", NULL, "a path"},
    {Z80, "", "LINES", "80", NULL, "a terminal"},
    {Z80, "", "DISPLAY", ":0", NULL, "a display"},
    {Z80, "", "TZ", "UTC0", NULL, "a zone"},
    {Z80, "", "LS_COLORS", "rs=0:di=01;34:ln=01;36", NULL, "colours"},
    {Z80, "", "PATH", "/usr/bin:/bin", NULL, "a path"},
    {Z80, "", "WHEN", "00:80:00", NULL, "a time"},
    {Z80, "", "DSN", "host=0 port=5432", NULL, "another port in the same text"},
    {Z80, "", "DB", "host=10.0.0.1 port=0 x=0", NULL, "another host"},
    {"0.0.0.0:1080", "", "http_proxy", "http://0:8080", NULL, "another port"},
    {"0.0.0.0:8443", "", "http_proxy", "0", NULL, "nobody's default port"},
    {Z80, "ads.example", "API_ADDR", "0:80", NULL, "the name led there, not the number"},
    {Z80, "ads.example", "API_HOST", "bads.example", NULL, "another name"},
    {"0.0.0.0:81", "ads.example", "X", "ads.example:80", NULL, "another port"},
    {Z80, "ads.example", "X", "ads.example", NULL, "a name without role and port"},
    {"127.0.0.2:80", "", "API_ADDR", "localhost:80", NULL, "not localhost's address"},
    // clang-format on
};

static const struct argument_row {
    const char *program, *to, *looked_up, *previous, *argument, *next, *host, *why;
} arguments[] = {
    // clang-format off
    {"curl", Z80, "", "-fsS", "http://0:80/health", "", "0", "the example"},
    {"curl", Z80, "", "", "0", "", "0", "curl's default port"},
    {"curl", Z80, "", "-s", "0", "", "0", "behind a flag"},
    {"curl", Z80, "", "--silent", "0/health", "", "0", "behind a long flag"},
    {"curl", Z80, "", "", "0:80", "", "0", "no scheme"},
    {"curl", Z80, "", "--url", "0:80", "", "0", "an option with a role"},
    {"curl", Z80, "", "", "--url=http://0:80", "", "0", "with an equals sign"},
    {"curl", "0.0.0.0:1080", "", "-x", "0", "", "0", "a proxy"},
    {"curl", "0.0.0.0:1080", "", "-sSx", "0", "", "0", "a proxy behind a cluster"},
    {"curl", "0.0.0.0:8099", "", "", "-x0:8099", "", "0", "a proxy, attached"},
    {"curl", "0.0.0.0:8099", "", "--proxy", "0:8099", "", "0", "a proxy by its long option"},
    {"curl", "0.0.0.0:1080", "", "--socks5", "0", "", "0", "SOCKS"},
    {"curl", Z80, "", "--resolve", "a.example:80:0.0.0.0", "", "0.0.0.0", "--resolve"},
    {"curl", Z80, "a.example", "--resolve", "a.example:80:0", "", "0", "--resolve under its name"},
    {"curl", "0.0.0.0:8080", "", "--connect-to", "a.example:80:0:8080", "", "0", "--connect-to"},
    {"curl", Z80, "", "--connect-to", "a.example:80:0:", "", "0", "--connect-to without a port"},
    {"curl", "[::]:80", "", "", "http://[::]/", "", "::", "IPv6"},
    {"curl", "0.0.0.0:443", "", "", "https://0", "", "0", "https"},
    {"wget", Z80, "", "-q", "0", "", "0", "wget's default port"},
    {"nc", Z80, "", "-z", "0", "80", "0", "HOST PORT"},
    {"nc", Z80, "", "5", "0", "80", "0", "behind an option's value"},
    {"ncat", Z80, "", "", "0", "80", "0", "ncat"},
    {"telnet", Z80, "", "", "0", "80", "0", "telnet"},
    {"telnet", "0.0.0.0:23", "", "", "0", "", "0", "telnet's port"},
    {"redis-cli", "0.0.0.0:6379", "", "-h", "0", "-p", "0", "redis"},
    {"psql", "0.0.0.0:5432", "", "-h", "0", "", "0", "psql"},
    {"psql", "0.0.0.0:5432", "", "", "-h0", "", "0", "psql, attached"},
    {"psql", "0.0.0.0:5432", "", "-d", "host=0 port=5432", "", "0", "libpq's form"},
    {"psql", "0.0.0.0:5432", "", "", "postgresql://0/db", "", "0", "a database's URL"},
    {"mysql", "0.0.0.0:3306", "", "--host", "0.0.0.0", "", "0.0.0.0", "--host"},
    {"mysql", "0.0.0.0:3306", "", "", "--host=0", "", "0", "--host="},
    {"ldapsearch", "0.0.0.0:389", "", "-H", "ldap://0", "", "0", "ldap"},
    {"app", "0.0.0.0:9092", "", "--brokers", "a:1,0:9092", "", "0", "a list"},
    {"app", "0.0.0.0:9092", "", "--bootstrap-server", "0", "", "0", "the last word counts"},
    {"app", Z80, "", "-addr", "0", "", "0", "one hyphen"},
    {"openssl", "0.0.0.0:443", "", "-connect", "0:443", "", "0", "openssl"},
    {"ssh", "0.0.0.0:2222", "", "", "0", "", "0", "ssh alone knows its port"},
    {"ssh", "0.0.0.0:22", "", "-v", "root@0.0.0.0", "", "0.0.0.0", "a user"},
    {"scp", "0.0.0.0:22", "", "x", "root@0:/srv", "", "0", "scp"},
    {"rsync", "0.0.0.0:22", "", "-a", "0:/srv", "", "0", "rsync"},
    {"git", "0.0.0.0:22", "", "clone", "git@0:org/repo", "", "0", "git"},
    {"git", "0.0.0.0:1080", "", "-c", "http.proxy=0", "", "0", "git's setting"},
    {"apt", "0.0.0.0:3142", "", "-o", "Acquire::http::Proxy=http://0:3142", "", "0", "apt's setting"},
    {"socat", Z80, "", "-", "TCP:0:80", "", "0", "socat"},
    {"socat", Z80, "", "-", "TCP4:0.0.0.0:80,retry=3", "", "0.0.0.0", "socat's options"},
    {"dash", Z80, "", "-c", "curl http://0:80", "", "0", "a command"},
    {"dash", Z80, "", "-c", "sleep 1; curl -s 0", "", "0", "the second command"},
    {"dash", Z80, "", "-c", "x=1 nc -z 0 80 && y", "", "0", "HOST PORT in a command"},
    {"dash", "0.0.0.0:5432", "", "-c", "psql -h '0' -p 5432", "", "0", "quotes"},
    {"dash", Z80, "", "-c", "API_ADDR=\"0:80\" ./x", "", "0", "a variable in a command"},
    {"dash", "0.0.0.0:1080", "", "-c", "http_proxy=0 curl http://a", "", "0", "a proxy in a command"},
    {"bash", Z80, "", "-c", "echo >/dev/tcp/0/80", "", "0", "bash's device"},
    {"bash", "0.0.0.0:53", "", "-c", "exec 3<>/dev/udp/0/53", "", "0", "bash's other device"},
    {"python3", Z80, "", "-c", "s.connect((\"0\", 80))", "", "0", "code"},
    {"ruby", Z80, "", "-e", "TCPSocket.new('0', 80)", "", "0", "code with single quotes"},
    {"node", Z80, "", "-e", "net.connect(80, '0')", "", "0", "code with the port first"},
    {"perl", Z80, "", "-e", "IO::Socket::INET->new(\"0:80\")", "", "0", "code with both in one"},
    {"app", Z80, "", "-d", "{\"url\":\"http://0:80/x\"}", "", "0", "JSON"},
    {"curl", Z80, "a.example", "", "http://a.example/", "", "a.example", "a name"},
    {"curl", Z80, "a.example", "", "A.example", "", "A.example", "a name with the default port"},
    {"app", Z80, "a.example", "x", "a.example", "80", "a.example", "a name and its port"},
    {"app", Z80, "", "x", "0.0.0.0", "80", "0.0.0.0", "an address and its port"},
    {"app", Z80, "", "-v", "0x0", "80", "0x0", "no plain number, and its port"},
    {"ftpget", Z80, "a.example", "80", "a.example", "x", "a.example", "behind its port"},
    {"gawk", Z80, "", "", "{ print |& \"/inet/tcp/0/0/80\" }", "", "0", "gawk's device"},
    {"gawk", "0.0.0.0:53", "", "", "/inet4/udp/0/0.0.0.0/53", "", "0.0.0.0", "its others"},
    {"ab", Z80, "", "-X", "0", "80", "0", "ab cuts its HOST:PORT in two"},
    {"ncat", Z80, "", "--proxy", "0", "80", "0", "ncat does, too"},
    {"ssh", "0.0.0.0:2222", "", "2222", "0", "true", "0", "behind -p and its port"},
    {"ssh-keyscan", "0.0.0.0:2222", "", "2222", "0", "", "0", "every operand is a host"},
    {"ping", "0.0.0.0:1025", "", "-w2", "0", "", "0", "its port is its own affair"},
    {"dig", "0.0.0.0:8053", "", "8053", "@0", "x.example", "0", "the server to ask"},
    {"host", "0.0.0.0:8053", "", "x.example", "0", "", "0", "the server to ask"},
    {"tftp", "0.0.0.0:69", "", "octet", "0", "69", "0", "HOST PORT"},
    {"zsh", Z80, "", "-c", "zmodload zsh/net/tcp; ztcp 0 80", "", "0", "zsh's command"},
    {"busybox", Z80, "", "nc", "0", "80", NULL, "the applet is the program, not busybox"},
    /* and what does not lead there */
    {"curl", Z80, "", "--max-time", "0", "", NULL, "a time"},
    {"curl", Z80, "", "-m", "0", "", NULL, "a time"},
    {"curl", Z80, "", "-sSm", "0", "", NULL, "a time behind a cluster"},
    {"curl", Z80, "", "--retry", "0", "", NULL, "a count"},
    {"curl", Z80, "", "", "--retry=0", "", NULL, "a count with an equals sign"},
    {"curl", Z80, "", "-d", "0", "", NULL, "data"},
    {"curl", Z80, "", "-o", "0", "", NULL, "a file"},
    {"curl", Z80, "", "-h", "0", "", NULL, "curl's -h is help"},
    {"ls", Z80, "", "-h", "0", "", NULL, "another -h"},
    {"sort", Z80, "", "-h", "0:8", "", NULL, "another -h and another port"},
    {"curl", Z80, "", "", "http://10.0.0.1:80/0", "", NULL, "another host"},
    {"curl", Z80, "", "", "http://10.0.0.1/?u=http://0:80", "", NULL, "a URL in a query"},
    {"curl", Z80, "", "", "http://10.0.0.1/a,0:80", "", NULL, "a comma in a path"},
    {"curl", Z80, "", "", "http://10.0.0.1/?a=1&host=0&b=0:80", "", NULL, "a query parameter"},
    {"curl", Z80, "", "", "http://0:8080/", "", NULL, "another port"},
    {"curl", Z80, "", "", "https://0/", "", NULL, "another default port"},
    {"curl", Z80, "", "-x", "0", "", NULL, "curl's proxies are at 1080"},
    {"curl", Z80, "", "--noproxy", "0:80", "", NULL, "an exception"},
    {"curl", Z80, "", "", "--noproxy=0:80", "", NULL, "an exception"},
    {"curl", Z80, "", "--resolve", "0:80:10.0.0.1", "", NULL, "what is resolved, not what to"},
    {"curl", Z80, "", "--connect-to", "0:80:10.0.0.1:80", "", NULL, "what is redirected, not what to"},
    {"curl", Z80, "", "--interface", "0:80", "", NULL, "where from"},
    {"ssh", "0.0.0.80:22", "", "-p", "80", "", NULL, "a port"},
    {"ssh", "0.0.0.0:22", "", "sleep", "0", "", NULL, "a remote command"},
    {"docker", Z80, "", "-p", "0:80", "", NULL, "a port that is published"},
    {"nc", Z80, "", "-w", "0", "80", NULL, "a time"},
    {"nc", Z80, "", "", "0", "8080", NULL, "another port"},
    {"nc", Z80, "", "", "10.0.0.1", "80", NULL, "another host"},
    {"telnet", Z80, "", "", "0", "", NULL, "telnet's port is 23"},
    {"wget", Z80, "", "-t", "0", "", NULL, "a count"},
    {"wget", Z80, "", "-T", "0", "", NULL, "a time"},
    {"sleep", Z80, "", "", "0", "", NULL, "a time"},
    {"seq", Z80, "", "", "0", "80", NULL, "two numbers"},
    {"app", Z80, "", "x", "0.0.0.0", "8080", NULL, "an address and another port"},
    {"app", Z80, "", "80", "0", "", NULL, "two numbers"},
    {"gawk", Z80, "", "", "/inet/tcp/80/0/0", "", NULL, "its own port, and none to go to"},
    {"gawk", Z80, "", "", "/inet/tcp", "", NULL, "no host"},
    {"app", Z80, "", "--bind", "0.0.0.0", "80", NULL, "the address and port to bind"},
    {"app", Z80, "a.example", "x", "b.example", "80", NULL, "another name and its port"},
    {"ping", "0.0.0.0:1025", "", "-c", "0", "", NULL, "a count"},
    {"dig", "0.0.0.0:53", "", "", "0", "", NULL, "the name to look up"},
    {"app", "0.0.0.0:53", "", "", "@0", "", NULL, "dig's form, but not dig"},
    {"ssh", "0.0.0.0:22", "", "true", "0", "", NULL, "a remote command"},
    {"ab", "0.0.0.0:8080", "", "-X", "0", "8081", NULL, "a proxy and another port"},
    {"app", Z80, "", "--verbose", "0", "", NULL, "a switch"},
    {"app", Z80, "", "", "0", "", NULL, "a bare number"},
    {"app", Z80, "", "", "0.0.0.0", "", NULL, "a host without role and port"},
    {"app", Z80, "", "--version", "0.0.0.0", "", NULL, "a version"},
    {"app", Z80, "", "--bind", "0.0.0.0", "", NULL, "the address to bind"},
    {"app", Z80, "", "--bind-address", "0", "", NULL, "the address to bind"},
    {"app", Z80, "", "--no-server", "0", "", NULL, "a switch"},
    {"app", Z80, "", "--port", "80", "", NULL, "a port"},
    {"dash", Z80, "", "-c", "sleep 0; exit 80", "", NULL, "numbers in a command"},
    {"dash", Z80, "", "-c", "seq 0 80", "", NULL, "two numbers in a command"},
    {"dash", Z80, "", "-c", "curl -m 0 http://10.0.0.1", "", NULL, "a time in a command"},
    {"dash", Z80, "", "-c", "test $x -gt 0 && date +%H:%M", "", NULL, "a test"},
    {"dash", Z80, "", "-c", "nc 0; echo 80", "", NULL, "a command ends between them"},
    {"bash", Z80, "", "-c", "echo >/dev/tcp/0/81", "", NULL, "another port"},
    {"bash", Z80, "", "-c", "cat /dev/tcp", "", NULL, "no host"},
    {"python3", Z80, "", "-c", "range(0, 80)", "", NULL, "numbers in code"},
    {"python3", Z80, "", "-c", "f(\"0\", 8080)", "", NULL, "another port in code"},
    {"python3", Z80, "", "-c", "d[\"0\"] = 80", "", NULL, "no comma"},
    {"app", Z80, "", "-d", "{\"debug\":0,\"port\":80}", "", NULL, "JSON"},
    {"psql", Z80, "", "-d", "host=0 port=5432", "", NULL, "another port in the same text"},
    {"curl", Z80, "a.example", "", "http://0:80/", "", NULL, "the name led there"},
    {"curl", Z80, "", "", "", "", NULL, "empty"},
    {"curl", Z80, "", "", "-", "", NULL, "a hyphen"},
    {"curl", Z80, "", "", "--", "", NULL, "two hyphens"},
    {"curl", Z80, "", "", "=", "", NULL, "an equals sign"},
    {"curl", Z80, "", "", ":80", "", NULL, "curl refuses a missing host"},
    // clang-format on
};

static void expect(bool found, struct slice host, const char *want, const char *why,
                   const char *text)
{
    if (want == NULL)
        ck_assert_msg(!found, "%s: \"%s\" should not lead there, but \"%.*s\" does", why, text,
                      (int)host.length, host.data);
    else
        ck_assert_msg(found && slice_equal(host, slice_of(want)), "%s: \"%s\" gives \"%.*s\"", why,
                      text, (int)host.length, host.data);
}

START_TEST(knows_what_variables_lead_to)
{
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const struct variable_row *row = &variables[i];
        struct slice host = {0};
        bool found = in_variable("app", row->to, row->looked_up, row->name, row->value, &host);
        expect(found, host, row->host, row->why, row->value);
    }
}
END_TEST

START_TEST(knows_what_arguments_lead_to)
{
    for (size_t i = 0; i < sizeof arguments / sizeof *arguments; i++) {
        const struct argument_row *row = &arguments[i];
        struct slice host = {0};
        bool found = in_argument(row->program, row->to, row->looked_up, row->previous,
                                 row->argument, row->next, &host);
        expect(found, host, row->host, row->why, row->argument);
    }
}
END_TEST

START_TEST(has_rows_of_both_kinds)
{
    size_t negative = 0, count = sizeof variables / sizeof *variables;
    for (size_t i = 0; i < count; i++)
        negative += variables[i].host == NULL;
    for (size_t i = 0; i < sizeof arguments / sizeof *arguments; i++, count++)
        negative += arguments[i].host == NULL;
    ck_assert_uint_ge(count, 120);
    ck_assert_uint_ge(2 * negative, count - 10);
}
END_TEST

/* ---- measured clients ------------------------------------------------- */

#define COLUMNS 15

/* The executables behind the names in the data file. */
static const char *program_of(const char *client)
{
    static const struct {
        const char *client, *program;
    } rows[] = {
        {"py requests", "python3.11"}, {"py urllib", "python3.11"}, {"git", "git-remote-http"},
        {"ruby", "ruby3.1"},           {"perl LWP", "perl"},        {"perl Tiny", "perl"},
        {"node fetch", "node"},        {"php curl", "php8.2"},      {"busybox wget", "wget"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(client, rows[i].client) == 0)
            return rows[i].program;
    return client;
}

static void check_cell(const char *client, const char *value, char *cell)
{
    static const char *const others[] = {
        "0.0.0.0:80",      "0.0.0.0:443",     "0.0.0.0:1080", "0.0.0.0:3128",
        "0.0.0.0:8099",    "[::]:8099",       "[::]:80",      "0.0.31.163:80",
        "0.0.31.163:1080", "0.0.31.163:3128", "0.0.0.1:8099", "192.0.2.1:80",
    };
    struct slice host;
    const char *program = program_of(client);
    if (strcmp(cell, "-") != 0 && strcmp(cell, "dns") != 0) {
        char *rest = cell, *one;
        bool any = false, all = true;
        while ((one = strsep(&rest, ",")) != NULL) {
            bool found = in_variable(program, one, "", "http_proxy", value, &host);
            any = any || found;
            all = all && found;
        }
        /* Go also tries 0.0.0.0 where [::] is written. */
        ck_assert_msg(strcmp(client, "go") == 0 ? any : all, "%s with http_proxy=%s connects to %s",
                      client, value, cell);
        return;
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        ck_assert_msg(!in_variable(program, others[i], "", "http_proxy", value, &host),
                      "%s with http_proxy=%s does not connect to %s", client, value, others[i]);
}

START_TEST(agrees_with_what_clients_were_measured_to_do)
{
    char line[2048], values[COLUMNS][64];
    FILE *file = fopen(ASTRAY_TEST_DATA "/env-proxy.tsv", "re");
    size_t cells = 0;
    ck_assert_ptr_nonnull(file);
    for (bool header = true; fgets(line, sizeof line, file) != NULL; header = false) {
        char *rest = line, *client = strsep(&rest, "\t\n");
        for (size_t i = 1; i < COLUMNS; i++) {
            char *cell = strsep(&rest, "\t\n");
            ck_assert_ptr_nonnull(cell);
            if (header)
                snprintf(values[i], sizeof values[i], "%s", strcmp(cell, "\"\"") ? cell : "");
            else if (values[i][0] != '\0')
                check_cell(client, values[i], cell), cells++;
        }
    }
    fclose(file);
    ck_assert_uint_ge(cells, 15 * 13);
}
END_TEST

/* ---- false origins ---------------------------------------------------- */

static const char *const environment[] = {
    "SHELL=/bin/bash",
    "PWD=/srv/app",
    "OLDPWD=/",
    "HOME=/root",
    "USER=root",
    "LOGNAME=root",
    "SHLVL=1",
    "LANG=C.UTF-8",
    "LC_ALL=C",
    "TERM=xterm-256color",
    "LINES=80",
    "COLUMNS=443",
    "UID=0",
    "EUID=0",
    "PPID=1",
    "PATH=/usr/local/bin:/usr/bin:/bin",
    "MAIL=/var/mail/root",
    "DEBUG=0",
    "VERBOSE=1",
    "LOG_LEVEL=0",
    "PORT=80",
    "HTTP_PORT=80",
    "HTTPS_PORT=443",
    "HOST=0.0.0.0",
    "HOSTNAME=0.0.0.0",
    "BIND_ADDRESS=0.0.0.0",
    "LISTEN=0.0.0.0",
    "VERSION=0.0.0.0",
    "APP_VERSION=0.0.1",
    "RELEASE=1",
    "TIMEOUT=0:30",
    "RETRIES=0",
    "WORKERS=1",
    "UMASK=0022",
    "TZ=UTC0",
    "DISPLAY=:0",
    "XDG_SESSION_ID=1",
    "XDG_SEAT=seat0",
    "XDG_RUNTIME_DIR=/run/user/0",
    "SSH_CLIENT=192.0.2.1 53210 80",
    "SSH_CONNECTION=192.0.2.1 53210 192.0.2.1 80",
    "SSH_TTY=/dev/pts/0",
    "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/0/bus",
    "no_proxy=0.0.0.0,192.0.2.1:80,::",
    "NO_PROXY=0:80,1:80",
    "LS_COLORS=rs=0:di=01;34:ln=01;36:mh=00:pi=40;33:or=0:80",
    "ASTRAY_ALLOW=0.0.0.0:80,192.0.2.1:80,[::]:80",
    "ASTRAY_REWRITE_TO=0.0.0.0",
    "LD_PRELOAD=/usr/lib/astray/libastray.so",
    "USE_PROXY=0",
    "TRUST_PROXY=1",
    "ENABLE_SERVER=0",
    "IS_MASTER=1",
    "PYTHONUNBUFFERED=1",
    "PYTHONHASHSEED=0",
    "NODE_ENV=production",
    "GOMAXPROCS=1",
    "MALLOC_ARENA_MAX=0",
    "PS1=\\u@\\h:\\w\\$ ",
    "HISTSIZE=0",
    "MAX_HOSTS=1",
    "SYSTEMD_EXEC_PID=80",
    "INVOCATION_ID=0",
    "JOURNAL_STREAM=8:80",
    "WATCHDOG_USEC=0",
    "API_URL=https://api.example.com/",
    "DB_HOST=10.0.0.5",
    "DB_PORT=80",
    "REDIS_URL=redis://10.0.0.6",
    "BUILD_TAG=0.0.0.0-80",
    "START_TIME=00:00:00",
    "ELAPSED=1:00",
    "RATIO=0:1",
    "_=/usr/bin/curl",
};

static const char *const commands[] = {
    "curl --max-time 0 --retry 1 --connect-timeout 0 -fsS https://api.example.com/health",
    "curl -m 0 -o 0 -w 1 -d 0 -H X-Port:80 http://10.0.0.1:80/",
    "wget -t 0 -T 1 -q http://10.0.0.1/0",
    "sleep 0",
    "seq 0 80",
    "docker run -p 80:80 -p 0.0.0.0:80:80 -e DEBUG=0 --cpus 1 nginx",
    "ssh -p 80 -o ConnectTimeout=0 web1 sleep 0",
    "nc -w 0 -q 1 10.0.0.1 80",
    "psql -h 10.0.0.1 -p 80 -c 'select 0, 1'",
    "python3 -m http.server 80 --bind 0.0.0.0",
    "gunicorn -w 1 --bind 0.0.0.0 --timeout 0 app:app",
    "sh -c 'i=0; while [ $i -lt 80 ]; do i=$((i+1)); done; exit 0'",
    "awk -F: {print 0,80} /etc/passwd",
    "node server.js --port 80 --workers 0 --host-check 0",
    "iptables -A INPUT -p tcp --dport 80 -j ACCEPT",
    "date --date @0 +%H:%M",
};

static const char *const destinations[] = {
    "0.0.0.0:80", "0.0.0.1:80", "0.0.0.0:443", "192.0.2.1:80", "[::]:80",
};

START_TEST(no_false_origins)
{
    size_t variable_count = sizeof environment / sizeof *environment;
    ck_assert_uint_ge(variable_count, 60);
    for (size_t d = 0; d < sizeof destinations / sizeof *destinations; d++) {
        struct spelling_wanted wanted = {.destination = destination_of(destinations[d]),
                                         .program = SLICE("curl")};
        struct slice host;
        for (size_t i = 0; i < variable_count; i++) {
            struct slice entry = slice_of(environment[i]);
            size_t equals = slice_find(entry, '=');
            struct slice name = {entry.data, equals};
            ck_assert_msg(
                !spelling_in_variable(&wanted, name, slice_from(entry, equals + 1), &host),
                "%s is no origin of %s", environment[i], destinations[d]);
        }
        for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
            struct slice words[32] = {{0}}, rest = slice_of(commands[i]);
            size_t count = 0;
            while (count < 31 && slice_cut(&rest, ' ', &words[count]))
                count++;
            wanted.program = words[0];
            for (size_t w = 1; w < count; w++)
                ck_assert_msg(!spelling_in_argument(&wanted, w > 1 ? words[w - 1] : words[31],
                                                    words[w], words[w + 1], &host),
                              "\"%.*s\" of \"%s\" is no origin of %s", (int)words[w].length,
                              words[w].data, commands[i], destinations[d]);
            wanted.program = SLICE("dash");
            ck_assert_msg(!spelling_in_argument(&wanted, SLICE("-c"), slice_of(commands[i]),
                                                (struct slice){0}, &host),
                          "\"%s\" is no origin of %s", commands[i], destinations[d]);
        }
    }
}
END_TEST

START_TEST(leaves_the_result_alone_when_nothing_leads_there)
{
    struct slice host = SLICE("untouched");
    ck_assert(!in_variable("curl", Z80, "", "API_HOST", "10.0.0.1", &host));
    ck_assert(!in_argument("curl", Z80, "", "", "http://10.0.0.1", "", &host));
    ck_assert(slice_equal(host, SLICE("untouched")));
}
END_TEST

START_TEST(survives_hostile_texts)
{
    static char big[65536];
    static const char *const patterns[] = {"\0", ":",   "://", "a=",  "'",
                                           ",",  "0:8", "[",   "=0 ", "-"};
    struct spelling_wanted wanted = {.destination = destination_of(Z80), .program = SLICE("curl")};
    for (size_t p = 0; p < sizeof patterns / sizeof *patterns; p++) {
        size_t unit = strlen(patterns[p]) == 0 ? 1 : strlen(patterns[p]);
        for (size_t i = 0; i < sizeof big; i++)
            big[i] = patterns[p][i % unit];
        struct slice host, text = {big, sizeof big};
        ck_assert(!spelling_in_variable(&wanted, SLICE("API_HOST"), text, &host));
        ck_assert(!spelling_in_argument(&wanted, text, text, text, &host));
    }
}
END_TEST

START_TEST(reads_no_further_than_an_embedded_nul_allows)
{
    struct spelling_wanted wanted = {.destination = destination_of(Z80), .program = SLICE("curl")};
    struct slice host;
    ck_assert(!spelling_in_variable(&wanted, SLICE("API"), (struct slice){"0:80\0x", 6}, &host));
    ck_assert(!spelling_in_variable(&wanted, SLICE("API"), (struct slice){"0\0:80", 5}, &host));
}
END_TEST

static const TTest *const tests[] = {
    knows_what_variables_lead_to,
    knows_what_arguments_lead_to,
    has_rows_of_both_kinds,
    agrees_with_what_clients_were_measured_to_do,
    no_false_origins,
    leaves_the_result_alone_when_nothing_leads_there,
    survives_hostile_texts,
    reads_no_further_than_an_embedded_nul_allows,
};

UNIT_MAIN("spelling", tests)
