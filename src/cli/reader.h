/* reader.h - how clients read one and the same destination.
 *
 * A text that all take for a number leads each somewhere else: `0177.1` is 127.0.0.1 for libc and
 * 177.0.0.1 for Java, `256` is 0.0.1.0 for a browser and a name for Go. Measured with curl 7.88,
 * wget 1.21, Go 1.19, OpenJDK 17.0.15, Node 20 (whose URL is the WHATWG's, as a browser's) and
 * Python 3.11. Pure: nothing is looked up. */
#ifndef ASTRAY_CLI_READER_H
#define ASTRAY_CLI_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <astray/addr.h>
#include <astray/endpoint.h>

enum reader_kind {
    READER_NOTHING, /* is no client for that scheme */
    READER_ADDRESS,
    READER_NAME,    /* looks it up */
    READER_REFUSES, /* says that it is wrong */
};

struct reader_result {
    enum reader_kind kind;
    struct addr addr; /* of READER_ADDRESS */
    int32_t port;     /* ENDPOINT_NO_PORT when the text and the scheme tell none */
};

struct reader {
    const char *key;                    /* "browser" */
    const char *name;                   /* "a browser" */
    const char *note;                   /* what it is, for the manual */
    bool (*knows)(struct slice scheme); /* NULL: every scheme */
    enum reader_kind (*read)(const struct endpoint *endpoint, struct addr *out);
};

/* The first is libc, whose reading everything else is compared with. */
extern const struct reader readers[];
extern const size_t reader_count;

/* How READER reads ENDPOINT, whose port is not ENDPOINT_BAD_PORT. */
struct reader_result reader_read(const struct reader *reader, const struct endpoint *endpoint);

/* Do both lead to the same place? A v4-mapped address is the IPv4 address that it stands for. */
bool reader_same(const struct reader_result *a, const struct reader_result *b);

/* "address", "name", "refused" */
const char *reader_kind_name(enum reader_kind kind);

#endif
