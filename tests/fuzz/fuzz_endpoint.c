/* endpoint_parse and destination_from_sockaddr: no read outside the bytes, and pieces that
 * stand in the text in their order. */
#include <stdlib.h>
#include <string.h>

#include <astray/endpoint.h>
#include <astray/host.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fact)
{
    if (!fact)
        abort();
}

/* PIECE must stand in [*FROM, END); *FROM moves behind it. */
static void check_piece(struct slice piece, const char **from, const char *end)
{
    if (piece.data == NULL) {
        require(piece.length == 0);
        return;
    }
    require(piece.data >= *from && piece.data <= end);
    require(piece.length <= (size_t)(end - piece.data));
    *from = piece.data + piece.length;
}

static void check_endpoint(const struct endpoint *endpoint, const char *text, size_t size)
{
    const char *from = text, *end = text + size;
    struct host host;
    check_piece(endpoint->scheme, &from, end);
    check_piece(endpoint->userinfo, &from, end);
    check_piece(endpoint->host, &from, end);
    check_piece(endpoint->port_text, &from, end);
    check_piece(endpoint->rest, &from, end);
    require(endpoint->rest.data == NULL || from == end);
    require(endpoint->port >= ENDPOINT_BAD_PORT && endpoint->port <= 65535);
    require((endpoint->port == ENDPOINT_NO_PORT) == (endpoint->port_text.length == 0));
    /* In a URL's brackets "%25" is one "%", so that the host as it stands is another. */
    if (endpoint->bracketed && slice_find(endpoint->host, '%') < endpoint->host.length)
        require(endpoint->addr.family == ADDR_NONE || endpoint->addr.family == ADDR_IPV6);
    else if (host_parse(endpoint->host.data, endpoint->host.length, &host))
        require(addr_equal(&host.addr, &endpoint->addr));
    else
        require(endpoint->addr.family == ADDR_NONE);
    endpoint_default_port(endpoint->scheme);
}

static void check_destination(const struct destination *destination)
{
    char text[DESTINATION_TEXT_SIZE];
    struct endpoint endpoint;
    size_t length = destination_format(destination, text);
    require(length == strlen(text));
    require(endpoint_parse(text, length, &endpoint));
    require(endpoint.port == destination->port);
    require(addr_equal(&endpoint.addr, &destination->addr));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct endpoint endpoint = {.port = 4711};
    struct destination destination = {.addr.family = 99};
    if (endpoint_parse((const char *)data, size, &endpoint))
        check_endpoint(&endpoint, (const char *)data, size);
    else
        require(endpoint.port == 4711);
    if (destination_from_sockaddr(data, size, &destination))
        check_destination(&destination);
    else
        require(destination.addr.family == 99);
    return 0;
}
