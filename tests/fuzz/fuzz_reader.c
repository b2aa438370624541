/* The readers: no read outside the text, and where two must agree they do. */
#include <stdlib.h>
#include <string.h>

#include <astray/host.h>

#include "reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fact)
{
    if (!fact)
        abort();
}

static void check(const struct reader_result *result, const struct endpoint *endpoint)
{
    bool is_address = result->kind == READER_ADDRESS;
    require(is_address == (result->addr.family != ADDR_NONE));
    require(!is_address || result->addr.family == ADDR_IPV4 || result->addr.family == ADDR_IPV6);
    require(result->port >= ENDPOINT_NO_PORT && result->port <= 65535);
    require(endpoint->port < 0 || result->port == endpoint->port);
    require(reader_same(result, result));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct endpoint endpoint;
    if (!endpoint_parse((const char *)data, size, &endpoint) || endpoint.port == ENDPOINT_BAD_PORT)
        return 0;
    struct reader_result libc = reader_read(&readers[0], &endpoint);
    for (size_t i = 0; i < reader_count; i++) {
        struct reader_result result = reader_read(&readers[i], &endpoint);
        check(&result, &endpoint);
        /* Go takes nothing that libc does not, but for an empty host. */
        if (strcmp(readers[i].key, "go") == 0 && result.kind == READER_ADDRESS &&
            endpoint.host.length > 0)
            require(reader_same(&result, &libc));
    }
    return 0;
}
