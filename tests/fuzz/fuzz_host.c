/* host_parse: no read outside the text, and the C library agrees on what it takes. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <astray/host.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fact)
{
    if (!fact)
        abort();
}

/* What is formatted must be read as the same address. */
static void check_round_trip(const struct host *host)
{
    char text[ADDR_TEXT_SIZE];
    struct host again;
    size_t length = addr_format(&host->addr, text);
    require(host_parse(text, length, &again));
    require(addr_equal(&host->addr, &again.addr));
    require(host->addr.scope == ADDR_SCOPE_NAMED || host->addr.scope == again.addr.scope);
}

static void check_against_libc(char *text, const struct host *host, bool read)
{
    uint8_t bytes[16];
    struct in_addr in;
    char *percent = strchr(text, '%');
    if (read && host->addr.family == ADDR_IPV4)
        require(inet_aton(text, &in) != 0 && memcmp(&in, host->addr.bytes, 4) == 0);
    if (percent != NULL)
        *percent = '\0';
    bool ipv6 = inet_pton(AF_INET6, text, bytes) == 1;
    if (read && host->addr.family == ADDR_IPV6)
        require(ipv6 && memcmp(bytes, host->addr.bytes, 16) == 0);
    if (!read && percent == NULL)
        require(!ipv6 && inet_pton(AF_INET, text, bytes) != 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct host host = {.addr.family = 99};
    bool read = host_parse((const char *)data, size, &host);
    if (read) {
        require(host.addr.family == ADDR_IPV4 || host.addr.family == ADDR_IPV6);
        require(host.zone.length <= size);
        require(host.zone.length == 0 ||
                host.zone.data + host.zone.length == (const char *)data + size);
        if (addr_surely_fine(&host.addr))
            require(!(addr_classes_stray >> addr_classify(&host.addr) & 1));
        check_round_trip(&host);
    } else {
        require(host.addr.family == 99);
    }
    if (size > 0 && memchr(data, 0, size) == NULL) {
        char *text = strndup((const char *)data, size);
        require(text != NULL);
        check_against_libc(text, &host, read);
        free(text);
    }
    return 0;
}
