#include <astray/addr.h>

#include <endian.h>
#include <string.h>

#define CLASS_TEXT(id, name, stray, range, why) [ADDR_##id] = {name, why},
#define CLASS_STRAY(id, name, stray, range, why) | ((stray) ? 1u << ADDR_##id : 0)
#define CLASS_RANGE(id, name, stray, range, why) | ((range) ? 1u << ADDR_##id : 0)

static const struct {
    char name[20];
    char why[52];
} classes[ADDR_CLASS_COUNT] = {ADDR_CLASSES(CLASS_TEXT)};

const addr_class_set addr_classes_stray = 0 ADDR_CLASSES(CLASS_STRAY);
const addr_class_set addr_classes_range = 0 ADDR_CLASSES(CLASS_RANGE);

/* The groups of a prefix in the table: its bytes and, from the same tokens, its text. */
// clang-format off
#define GROUP(g) 0x##g >> 8, 0x##g & 0xff
#define P0()           .bytes = {0},                                   .prefix = "::"
#define P1(a)          .bytes = {GROUP(a)},                            .prefix = #a "::"
#define P2(a, b)       .bytes = {GROUP(a), GROUP(b)},                  .prefix = #a ":" #b "::"
#define P3(a, b, c)    .bytes = {GROUP(a), GROUP(b), GROUP(c)},        .prefix = #a ":" #b ":" #c "::"
#define P4(a, b, c, d) .bytes = {GROUP(a), GROUP(b), GROUP(c), GROUP(d)}, \
                       .prefix = #a ":" #b ":" #c ":" #d "::"
#define P2S1(a, b, h)  .bytes = {GROUP(a), GROUP(b), [14] = GROUP(h)}, .prefix = #a ":" #b "::" #h
#define S1(h)          .bytes = {[14] = GROUP(h)},                     .prefix = "::" #h
#define S3(f, g, h)    .bytes = {[10] = GROUP(f), GROUP(g), GROUP(h)}, .prefix = "::" #f ":" #g ":" #h
#define S4(e, f, g, h) .bytes = {[8] = GROUP(e), GROUP(f), GROUP(g), GROUP(h)}, \
                       .prefix = "::" #e ":" #f ":" #g ":" #h

#define IPV4(a, b, c, d, bits, id, what, from)                                                     \
    {.bytes = {a, b, c, d}, .prefix = #a "." #b "." #c "." #d "/" #bits,                           \
     .family = ADDR_IPV4, .length = bits, .class = ADDR_##id, .name = what, .source = from},
#define IPV6(groups, bits, id, what, from)                                                         \
    {groups "/" #bits,                                                                             \
     .family = ADDR_IPV6, .length = bits, .class = ADDR_##id, .name = what, .source = from},
#define EMBEDDED(groups, bits, at, what, from)                                                     \
    {groups "/" #bits,                                                                             \
     .family = ADDR_IPV6, .length = bits, .embedded = at, .name = what, .source = from},
// clang-format on

const struct addr_range addr_ranges[] = {
#include "addr_ranges.def"
};
const size_t addr_range_count = sizeof addr_ranges / sizeof *addr_ranges;

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned length)
{
    unsigned whole = length / 8, left = length % 8;
    if (memcmp(a, b, whole) != 0)
        return false;
    return left == 0 || (a[whole] ^ b[whole]) >> (8 - left) == 0;
}

static const struct addr_range *longest_range(const struct addr *address)
{
    const struct addr_range *longest = NULL;
    for (size_t i = 0; i < addr_range_count; i++) {
        const struct addr_range *range = &addr_ranges[i];
        if (range->family == address->family &&
            (longest == NULL || range->length > longest->length) &&
            same_bits(address->bytes, range->bytes, range->length))
            longest = range;
    }
    return longest;
}

/* The row that decides over ADDRESS, and in *DECISIVE the address that it is about. */
static const struct addr_range *decide(const struct addr *address, struct addr *decisive)
{
    const struct addr_range *range = longest_range(address);
    *decisive = *address;
    if (range == NULL || range->embedded == 0)
        return range;
    *decisive = (struct addr){.family = ADDR_IPV4};
    memcpy(decisive->bytes, address->bytes + range->embedded / 8, 4);
    return longest_range(decisive);
}

const struct addr_range *addr_range_of(const struct addr *address)
{
    struct addr decisive;
    return decide(address, &decisive);
}

enum addr_class addr_classify(const struct addr *address)
{
    struct addr decisive;
    const struct addr_range *range = decide(address, &decisive);
    if (range == NULL)
        return decisive.family == ADDR_IPV6 ? ADDR_RESERVED : ADDR_GLOBAL;
    if (range->class == ADDR_LINK_LOCAL && decisive.family == ADDR_IPV6 && decisive.scope == 0)
        return ADDR_LINK_LOCAL_NO_ZONE;
    return range->class;
}

/* The few first octets that need the table. 192.168/16 and most of 192, 198 and 203 do not. */
bool addr_ipv4_surely_fine(const uint8_t bytes[static 4])
{
    switch (bytes[0]) {
    case 0:
        return false;
    case 192:
        return bytes[1] != 0 && bytes[1] != 88;
    case 198:
        return bytes[1] != 51;
    case 203:
        return bytes[1] != 0;
    default:
        return bytes[0] < 224;
    }
}

bool addr_ipv6_surely_fine(const uint8_t bytes[static 16], uint32_t scope)
{
    unsigned first = (unsigned)bytes[0] << 8 | bytes[1];
    if (first >> 13 == 1) { /* 2000::/3, without protocol assignments, 6to4 and what was 3ffe */
        if (first == 0x2001)
            return bytes[2] > 1 && !(bytes[2] == 0x0d && bytes[3] == 0xb8);
        return first != 0x2002 && first < 0x3ffe;
    }
    if (first == 0) {
        uint64_t high, low;
        memcpy(&high, bytes, 8);
        memcpy(&low, bytes + 8, 8);
        if (high != 0)
            return false;
        return low == htobe64(1) ||
               (be64toh(low) >> 32 == 0xffff && addr_ipv4_surely_fine(bytes + 12));
    }
    return first >> 9 == 0xfc00 >> 9 || (first >> 6 == 0xfe80 >> 6 && scope != 0);
}

bool addr_surely_fine(const struct addr *address)
{
    if (address->family == ADDR_IPV4)
        return addr_ipv4_surely_fine(address->bytes);
    return address->family != ADDR_IPV6 || addr_ipv6_surely_fine(address->bytes, address->scope);
}

const char *addr_class_name(enum addr_class class)
{
    return (unsigned)class < ADDR_CLASS_COUNT ? classes[class].name : "";
}

const char *addr_class_why(enum addr_class class)
{
    return (unsigned)class < ADDR_CLASS_COUNT ? classes[class].why : "";
}

bool addr_class_parse(const char *text, size_t length, enum addr_class *out)
{
    struct slice wanted = {.data = text, .length = length};
    for (unsigned i = 0; i < ADDR_CLASS_COUNT; i++) {
        if (slice_equal(wanted, slice_of(classes[i].name))) {
            *out = i;
            return true;
        }
    }
    return false;
}

bool addr_unmap(const struct addr *address, struct addr *out)
{
    static const uint8_t mapped[12] = {[10] = 0xff, 0xff};
    if (address->family != ADDR_IPV6 || memcmp(address->bytes, mapped, sizeof mapped) != 0)
        return false;
    struct addr inner = {.family = ADDR_IPV4};
    memcpy(inner.bytes, address->bytes + 12, 4);
    *out = inner;
    return true;
}

static void format_ipv4(struct text *text, const uint8_t *bytes)
{
    for (int i = 0; i < 4; i++) {
        if (i > 0)
            text_char(text, '.');
        text_number(text, bytes[i]);
    }
}

static void format_group(struct text *text, unsigned group)
{
    int shift = 12;
    while (shift > 0 && group >> shift == 0)
        shift -= 4;
    for (; shift >= 0; shift -= 4)
        text_char(text, "0123456789abcdef"[group >> shift & 15]);
}

/* The first of the longest runs of at least two zero groups, for "::". */
static void find_zero_run(const unsigned groups[8], int *start, int *length)
{
    *start = -1;
    *length = 1;
    for (int i = 0, run = 0; i < 8; i++) {
        run = groups[i] == 0 ? run + 1 : 0;
        if (run > *length) {
            *start = i - run + 1;
            *length = run;
        }
    }
}

static void format_ipv6(struct text *text, const uint8_t *bytes)
{
    unsigned groups[8];
    int start, length;
    for (int i = 0; i < 8; i++)
        groups[i] = (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
    find_zero_run(groups, &start, &length);
    for (int i = 0; i < 8; i++) {
        if (i == start) {
            text_string(text, "::");
            i += length - 1;
            continue;
        }
        if (i > 0 && i != start + length)
            text_char(text, ':');
        if (i == 6 && start == 0 && (length == 6 || (length == 5 && groups[5] == 0xffff))) {
            format_ipv4(text, bytes + 12);
            return;
        }
        format_group(text, groups[i]);
    }
}

size_t addr_format(const struct addr *address, char out[static ADDR_TEXT_SIZE])
{
    struct text text;
    text_start(&text, out, ADDR_TEXT_SIZE);
    if (address->family == ADDR_IPV4)
        format_ipv4(&text, address->bytes);
    if (address->family == ADDR_IPV6) {
        format_ipv6(&text, address->bytes);
        if (address->scope != 0 && address->scope != ADDR_SCOPE_NAMED) {
            text_char(&text, '%');
            text_number(&text, address->scope);
        }
    }
    text_finish(&text);
    return text.length;
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool addr_in_prefix(const struct addr *address, const struct addr *prefix, unsigned length)
{
    return address->family == prefix->family && same_bits(address->bytes, prefix->bytes, length);
}
