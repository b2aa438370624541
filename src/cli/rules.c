#include "rules.h"

#include <stddef.h>

// clang-format off
const struct rule rules[] = {
    [RULE_UNSPECIFIED] = {
        .slug = "unspecified", .level = RULE_ERROR,
        .summary = "0.0.0.0 and :: are addresses to bind, no destination",
        .fix = "name the server: its host name, or localhost for this machine",
        .why = "0.0.0.0 (also written 0, 0x0 or 0.0) and :: mean \"every address of this machine\" to a server "
               "that binds. As a destination they mean nothing: RFC 1122 forbids them. They get there when a bind "
               "address is copied into a client's setting, or when an empty variable becomes 0.",
        .happens = "Linux quietly connects to 127.0.0.1 (for ::, ::1), so it works by luck, and is refused once the "
                   "server listens on another address, in another container, or on ::1 only. OpenBSD, FreeBSD 15 "
                   "and Windows refuse it always.",
        .right = "API_URL=http://api.internal:8080   HEALTHCHECK CMD curl -f http://localhost:8080/",
        .source = "RFC 1122, Section 3.2.1.3; RFC 4291, Section 2.5.2",
    },
    [RULE_THIS_NETWORK] = {
        .slug = "this-network", .level = RULE_ERROR,
        .summary = "0.x.y.z is no destination",
        .fix = "write the whole address or the host's name",
        .why = "0.0.0.0/8 names hosts on \"this network\" while a machine does not know its own address yet. "
               "It appears when a number is taken for an address: 8099 is 0.0.31.163.",
        .happens = "The packets leave by the default route and are dropped: the client waits for its timeout, "
                   "more than two minutes by default.",
        .right = "http_proxy=http://proxy.internal:8099",
        .source = "RFC 791, Section 3.2; RFC 6890",
    },
    [RULE_PROTOCOL_ASSIGNMENT] = {
        .slug = "protocol-assignment", .level = RULE_WARNING,
        .summary = "the address belongs to a protocol, not to a host",
        .fix = "write the server's own address or name",
        .why = "192.0.0.0/24 and 2001::/23 are assigned to protocols by the IETF; no server of yours is there.",
        .happens = "No answer: the client waits for its timeout.",
        .right = "API_URL=http://api.internal:8080",
        .source = "RFC 6890, Section 2.1",
    },
    [RULE_DUMMY] = {
        .slug = "dummy", .level = RULE_WARNING,
        .summary = "the address is a dummy by definition",
        .fix = "write the server's own address or name",
        .why = "192.0.0.8 and 100:0:0:1::/64 are used as source of packets that have no better one.",
        .happens = "No answer: the client waits for its timeout.",
        .right = "API_URL=http://api.internal:8080",
        .source = "RFC 7600; RFC 9780",
    },
    [RULE_DOCUMENTATION] = {
        .slug = "documentation", .level = RULE_WARNING,
        .summary = "the address is one of those that manuals use",
        .fix = "replace the example by the server's address or name",
        .why = "192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24, 2001:db8::/32 and 3fff::/20 are kept for "
               "documentation. In a setting they are left over from an example.",
        .happens = "Nobody answers: the client waits for its timeout, or a router says that there is no route.",
        .right = "DATABASE_URL=postgres://app@db.internal:5432/app",
        .source = "RFC 5737; RFC 3849; RFC 9637",
    },
    [RULE_DEPRECATED] = {
        .slug = "deprecated", .level = RULE_WARNING,
        .summary = "the address lies in a range that was given up",
        .fix = "write the server's present address or name",
        .why = "6to4's relays, site-local addresses, IPv4-compatible ones and others have been withdrawn.",
        .happens = "Most networks drop the packets: the client waits for its timeout.",
        .right = "[fd12:3456:789a::10]:8080 in place of [fec0::10]:8080",
        .source = "RFC 7526; RFC 3879; RFC 4291, Section 2.5.5.1",
    },
    [RULE_RESERVED] = {
        .slug = "reserved", .level = RULE_WARNING,
        .summary = "the address lies in space that is not in use",
        .fix = "write the server's own address or name",
        .why = "240.0.0.0/4 and the IPv6 space outside the assigned blocks have never been opened.",
        .happens = "Routers and operating systems drop it: no answer, or an error at once.",
        .right = "API_URL=http://api.internal:8080",
        .source = "RFC 1112, Section 4; RFC 4291",
    },
    [RULE_DISCARD_ONLY] = {
        .slug = "discard-only", .level = RULE_WARNING,
        .summary = "the network drops what is sent there, by definition",
        .fix = "write the server's own address or name",
        .why = "100::/64 is where routers send what is to be discarded.",
        .happens = "No answer, ever.",
        .right = "[fd12:3456:789a::10]:8080",
        .source = "RFC 6666",
    },
    [RULE_BROADCAST] = {
        .slug = "broadcast", .level = RULE_WARNING,
        .summary = "255.255.255.255 is no destination of a connection",
        .fix = "write the server's own address or name",
        .why = "The limited broadcast address is for datagrams to every host of one link.",
        .happens = "connect() fails with ENETUNREACH; a datagram needs SO_BROADCAST.",
        .right = "STATSD_HOST=statsd.internal",
        .source = "RFC 919, Section 7; RFC 8190",
    },
    [RULE_MULTICAST] = {
        .slug = "multicast", .level = RULE_WARNING,
        .summary = "a multicast group is no destination of a connection",
        .fix = "write the server's own address or name",
        .why = "224.0.0.0/4 and ff00::/8 are groups that only datagrams can be sent to.",
        .happens = "connect() fails with ENETUNREACH, or nobody answers.",
        .right = "COLLECTOR_URL=http://collector.internal:4318",
        .source = "RFC 5771; RFC 4291, Section 2.7",
    },
    [RULE_LINK_LOCAL_NO_ZONE] = {
        .slug = "link-local-no-zone", .level = RULE_WARNING,
        .summary = "a link-local address needs the interface it is behind",
        .fix = "add the interface: fe80::1%eth0, in a URL [fe80::1%25eth0]",
        .why = "Every interface has its own fe80::/10; without a zone nobody can tell which is meant.",
        .happens = "connect() fails with EINVAL.",
        .right = "curl 'http://[fe80::1%25eth0]:8080/'",
        .source = "RFC 4007, Section 6; RFC 6874",
    },
    [RULE_PORT_ZERO] = {
        .slug = "port-zero", .level = RULE_ERROR,
        .summary = "nothing can listen on port 0",
        .fix = "write the port that the server listens on",
        .why = "Port 0 asks the system for any free port when a server binds. As a destination it is reserved.",
        .happens = "TCP is refused at once, a datagram fails with EINVAL.",
        .right = "REDIS_URL=redis://127.0.0.1:6379/1",
        .source = "RFC 6335, Section 6; IANA, Service Name and Transport Protocol Port Number Registry",
    },
    [RULE_BAD_PORT] = {
        .slug = "bad-port", .level = RULE_ERROR,
        .summary = "the port is no number from 1 to 65535",
        .fix = "write the port's number alone",
        .why = "A port is 16 bits. Kubernetes and Docker links set NAME_PORT to a URL (tcp://10.0.0.1:6379), which "
               "programs that expect a number read as 0.",
        .happens = "The client refuses the address, or takes the port for 0 or for another number.",
        .right = "REDIS_PORT=6379",
        .source = "RFC 3986, Section 3.2.3; Kubernetes, Service environment variables",
    },
    [RULE_EMPTY_HOST] = {
        .slug = "empty-host", .level = RULE_ERROR,
        .summary = "the host is missing",
        .fix = "write the host before the port",
        .why = "\":8080\" says where to listen. As a destination it is what remains when a variable is empty.",
        .happens = "curl, wget, Python and Rust refuse it; Go and Ruby connect to 0.0.0.0, Java, Node.js and "
                   "OpenSSL to this machine.",
        .right = "CALLBACK_URL=http://app.internal:8080/hook",
        .source = "RFC 3986, Section 3.2.2; RFC 9110, Section 4.2.1",
    },
    [RULE_UNEXPANDED_VARIABLE] = {
        .slug = "unexpanded-variable", .level = RULE_WARNING,
        .summary = "nothing will replace this placeholder here",
        .fix = "write the value, or use a form that is expanded here",
        .why = "docker --env-file, systemd's Environment= and EnvironmentFile=, commands without a shell and "
               "quotes all leave $NAME, ${NAME}, $(NAME), {{name}} or <name> as it stands.",
        .happens = "The client looks up a host that is called \"${SERVICE_HOST}\", or refuses the URL.",
        .right = "SERVICE_URL=http://service.internal:80",
        .source = "systemd.exec(5), Environment=; Docker, --env-file; Kubernetes, dependent environment variables",
    },
    [RULE_UNSET_VARIABLE] = {
        .slug = "unset-variable", .level = RULE_NOTE,
        .summary = "the host comes from a variable that nothing here sets",
        .fix = "end the program when it is missing: ${NAME:?}, or give a default: ${NAME:-localhost}",
        .why = "An unset variable becomes nothing, in $((NAME)) it becomes 0. With --env or --with-env it is "
               "known whether it is set; then this is an error.",
        .happens = "\"http://${API_HOST}:80\" becomes \"http://:80\", $((API_HOST)):80 becomes 0:80, which is 0.0.0.0.",
        .right = "curl -fsS \"http://${API_HOST:?}:${API_PORT:-80}/health\"",
        .source = "POSIX.1-2017, Shell Command Language, 2.6.2 and 2.6.4",
    },
    [RULE_NULL_HOST] = {
        .slug = "null-host", .level = RULE_ERROR,
        .summary = "the host is a null that became text",
        .fix = "give the missing value, and fail when it is missing",
        .why = "undefined, null, None, nil and NaN are what languages print for a value that is not there.",
        .happens = "The client looks up a host of that name: ENOTFOUND, or whatever the search domain answers.",
        .right = "AUTH_URL=https://auth.internal:8443/",
        .source = "brianc/node-postgres#1086",
    },
    [RULE_LEGACY_ADDRESS] = {
        .slug = "legacy-address", .level = RULE_WARNING,
        .summary = "the address means another one than it seems",
        .fix = "write four decimal numbers without leading zeros",
        .why = "inet_aton(3) reads a leading 0 as octal, 0x as hexadecimal, and fills short forms up: "
               "010.0.0.1 is 8.0.0.1, 10.1 is 10.0.0.1, 1.2.3 is 1.2.0.3. Others read decimal, or a name.",
        .happens = "Which host is meant depends on the program: C follows inet_aton(3), Java reads 0177.1 as 177.0.0.1, "
                   "Go takes it for a name.",
        .right = "192.168.8.1 in place of 192.168.010.1",
        .source = "inet_aton(3); RFC 6943, Section 3.1.1",
    },
    [RULE_PORT_AS_HOST] = {
        .slug = "port-as-host", .level = RULE_ERROR,
        .summary = "a bare number is read as an address",
        .fix = "write host:port",
        .why = "A number alone is an IPv4 address of 32 bits: 8099 is 0.0.31.163.",
        .happens = "http_proxy=8099 makes curl, wget and git connect to 0.0.31.163, which nobody answers.",
        .right = "http_proxy=http://localhost:8099",
        .source = "inet_aton(3)",
    },
    [RULE_UNBRACKETED_IPV6] = {
        .slug = "unbracketed-ipv6", .level = RULE_WARNING,
        .summary = "an IPv6 address in front of a port needs brackets",
        .fix = "write [address]:port",
        .why = "Without brackets nobody can tell where the address ends and the port begins.",
        .happens = "The client refuses the URL, or takes the port for the last part of the address.",
        .right = "http://[::1]:8080/",
        .source = "RFC 3986, Section 3.2.2; RFC 5952, Section 6",
    },
    [RULE_RESERVED_NAME] = {
        .slug = "reserved-name", .level = RULE_WARNING, .opt_in = true,
        .summary = "the name is reserved and leads nowhere",
        .fix = "replace the example by the server's name",
        .why = "example, invalid, test, localhost and example.com, .net and .org are kept for examples and tests.",
        .happens = "The name is not found, or a web page of IANA answers.",
        .right = "API_URL=https://api.internal/",
        .source = "RFC 2606; RFC 6761",
    },
    [RULE_NON_ASCII_DIGITS] = {
        .slug = "non-ascii-digits", .level = RULE_ERROR,
        .summary = "the address is written with digits that are not ASCII",
        .fix = "write the digits 0 to 9",
        .why = "Full-width, Arabic-Indic or circled digits look like an address, but few programs read them so.",
        .happens = "Browsers and some libraries map them to ASCII (UTS 46), others look up a name: the two "
                   "connect to different hosts.",
        .right = "127.0.0.1",
        .source = "UTS 46, Section 4; RFC 5892",
    },
    [RULE_UNUSED_IGNORE] = {
        .slug = "unused-ignore", .level = RULE_WARNING,
        .summary = "the ignore comment has no effect",
        .fix = "remove it, or write \"# astray: ignore=RULE -- reason\"",
        .why = "An ignore that nothing needs any more hides the next mistake. One without a reason is not obeyed.",
        .happens = "Nothing: it is a comment.",
        .right = "# astray: ignore=documentation -- the lab routes 192.0.2.0/24",
        .source = "astray-check(1)",
    },
    [RULE_UNPARSABLE] = {
        .slug = "unparsable", .level = RULE_WARNING,
        .summary = "the file could not be read to its end",
        .fix = "mend the file, or say what it is with --type",
        .why = "Broken YAML, lines of many megabytes and quotes that never end cannot be judged.",
        .happens = "What stands behind that place was not checked.",
        .right = "astray check --type env config.txt",
        .source = "astray-check(1)",
    },
    [RULE_UNREADABLE] = {
        .slug = "unreadable", .level = RULE_WARNING,
        .summary = "the file could not be opened",
        .fix = "run the check as somebody who may read it",
        .why = "A file that may not be read was not checked.",
        .happens = "Nothing was found in it, because nobody looked.",
        .right = "sudo astray check /etc",
        .source = "astray-check(1)",
    },
};
// clang-format on
_Static_assert(sizeof rules / sizeof *rules == RULE_COUNT, "a row a rule");

enum rule_id rules_named(struct slice slug)
{
    for (int id = 0; id < RULE_COUNT; id++)
        if (slice_equal(slug, slice_of(rules[id].slug)))
            return (enum rule_id)id;
    return RULE_COUNT;
}

enum rule_id rules_of_class(enum addr_class class)
{
    return rules_named(slice_of(addr_class_name(class)));
}

const char *rules_level_name(enum rule_level level)
{
    static const char *const names[] = {"note", "warning", "error"};
    return names[level];
}
