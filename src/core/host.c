#include <astray/host.h>

#include <stdint.h>
#include <string.h>

/* An interface name has up to 15 bytes (netdevice(7): IFNAMSIZ with the NUL). */
#define INTERFACE_NAME_MAX 15

struct groups {
    uint16_t value[8];
    unsigned count;
    unsigned gap; /* groups before the "::"; NO_GAP when there is none */
};
#define NO_GAP UINT32_MAX

/* The value of a digit of BASE, or -1. */
static int digit_value(char c, unsigned base)
{
    unsigned value;
    if (c >= '0' && c <= '9')
        value = (unsigned)(c - '0');
    else if (c >= 'a' && c <= 'f')
        value = (unsigned)(c - 'a') + 10;
    else if (c >= 'A' && c <= 'F')
        value = (unsigned)(c - 'A') + 10;
    else
        return -1;
    return value < base ? (int)value : -1;
}

static bool parse_digits(struct slice text, unsigned base, uint32_t max, uint32_t *out)
{
    uint64_t number = 0;
    if (text.length == 0)
        return false;
    for (size_t i = 0; i < text.length; i++) {
        int digit = digit_value(text.data[i], base);
        if (digit < 0)
            return false;
        number = number * base + (unsigned)digit;
        if (number > max)
            return false;
    }
    *out = (uint32_t)number;
    return true;
}

/* A part as strtoul(3) takes it with base 0: "0x" for hex, "0" for octal. */
static bool parse_aton_part(struct slice part, uint32_t *out)
{
    if (part.length > 2 && part.data[0] == '0' && (part.data[1] == 'x' || part.data[1] == 'X'))
        return parse_digits(slice_from(part, 2), 16, UINT32_MAX, out);
    bool octal = part.length > 1 && part.data[0] == '0';
    return parse_digits(part, octal ? 8 : 10, UINT32_MAX, out);
}

static bool parse_aton(struct slice text, uint8_t bytes[static 4])
{
    uint32_t parts[4], whole = 0;
    unsigned count = 0;
    struct slice part;
    while (slice_cut(&text, '.', &part))
        if (count == 4 || !parse_aton_part(part, &parts[count++]))
            return false;
    if (count == 0 || parts[count - 1] > UINT32_MAX >> 8 * (count - 1))
        return false;
    for (unsigned i = 0; i + 1 < count; i++) {
        if (parts[i] > 255)
            return false;
        whole |= parts[i] << (24 - 8 * i);
    }
    whole |= parts[count - 1];
    for (unsigned i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(whole >> (24 - 8 * i));
    return true;
}

/* The dotted quad at the end of an IPv6 address: decimal, without leading zeros. */
static bool take_quad(struct groups *groups, struct slice text)
{
    uint32_t parts[4];
    unsigned count = 0;
    struct slice part;
    while (slice_cut(&text, '.', &part)) {
        if (count == 4 || (part.length > 1 && part.data[0] == '0') ||
            !parse_digits(part, 10, 255, &parts[count++]))
            return false;
    }
    if (count != 4 || groups->count > 6)
        return false;
    groups->value[groups->count++] = (uint16_t)(parts[0] << 8 | parts[1]);
    groups->value[groups->count++] = (uint16_t)(parts[2] << 8 | parts[3]);
    return true;
}

static bool take_group(struct groups *groups, struct slice text)
{
    uint32_t value;
    if (groups->count == 8 || text.length > 4 || !parse_digits(text, 16, 0xffff, &value))
        return false;
    groups->value[groups->count++] = (uint16_t)value;
    return true;
}

static bool parse_groups(struct slice text, struct groups *groups)
{
    *groups = (struct groups){.gap = NO_GAP};
    if (slice_starts_with(text, SLICE("::"))) {
        groups->gap = 0;
        text = slice_from(text, 2);
    }
    while (text.length > 0) {
        size_t colon = slice_find(text, ':');
        struct slice group = {.data = text.data, .length = colon};
        if (colon == text.length)
            return take_group(groups, group) || take_quad(groups, group);
        if (!take_group(groups, group) || colon + 1 == text.length)
            return false;
        text = slice_from(text, colon + 1);
        if (text.data[0] == ':') {
            if (groups->gap != NO_GAP)
                return false;
            groups->gap = groups->count;
            text = slice_from(text, 1);
        }
    }
    return true;
}

static bool parse_ipv6(struct slice text, uint8_t bytes[static 16])
{
    struct groups groups;
    if (!parse_groups(text, &groups))
        return false;
    if (groups.gap == NO_GAP ? groups.count != 8 : groups.count > 7)
        return false;
    memset(bytes, 0, 16);
    for (unsigned i = 0; i < groups.count; i++) {
        unsigned at = i < groups.gap ? i : i + 8 - groups.count;
        bytes[2 * at] = (uint8_t)(groups.value[i] >> 8);
        bytes[2 * at + 1] = (uint8_t)groups.value[i];
    }
    return true;
}

/* The scopes in which glibc looks an interface up: fe80::/10, and multicast within an
 * interface or a link. */
static bool takes_interface_names(const uint8_t bytes[static 16])
{
    unsigned multicast_scope = bytes[1] & 15;
    return (bytes[0] == 0xfe && bytes[1] >> 6 == 2) ||
           (bytes[0] == 0xff && (multicast_scope == 1 || multicast_scope == 2));
}

/* What the kernel accepts as one. An alias ("eth0:1") means its interface. */
static bool is_interface_name(struct slice zone)
{
    struct slice name = {.data = zone.data, .length = slice_find(zone, ':')};
    if (zone.length > INTERFACE_NAME_MAX || name.length == 0 || slice_equal(name, SLICE(".")) ||
        slice_equal(name, SLICE("..")))
        return false;
    for (size_t i = 0; i < zone.length; i++)
        if (zone.data[i] == '/' || (unsigned char)zone.data[i] <= ' ')
            return false;
    return true;
}

static bool parse_zone(struct slice zone, struct addr *addr)
{
    if (parse_digits(zone, 10, UINT32_MAX, &addr->scope))
        return true;
    addr->scope = ADDR_SCOPE_NAMED;
    return takes_interface_names(addr->bytes) && is_interface_name(zone);
}

bool host_parse(const char *text, size_t length, struct host *out)
{
    struct slice whole = {.data = text, .length = length};
    struct host host = {0};
    size_t percent = slice_find(whole, '%');
    if (parse_aton(whole, host.addr.bytes)) {
        host.addr.family = ADDR_IPV4;
    } else {
        struct slice digits = {.data = text, .length = percent};
        host.addr.family = ADDR_IPV6;
        if (!parse_ipv6(digits, host.addr.bytes))
            return false;
        if (percent < length) {
            host.zone = slice_from(whole, percent + 1);
            if (!parse_zone(host.zone, &host.addr))
                return false;
        }
    }
    *out = host;
    return true;
}
