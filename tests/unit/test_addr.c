#include "unit.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <astray/addr.h>

#include "guard.h"
#include "random.h"
#include "tsv.h"

/* The C library's reading, so that the table is not checked with our own parser. */
static struct addr addr_from(const char *text)
{
    struct addr addr = {.family = strchr(text, ':') ? ADDR_IPV6 : ADDR_IPV4};
    int family = addr.family == ADDR_IPV6 ? AF_INET6 : AF_INET;
    ck_assert_msg(inet_pton(family, text, addr.bytes) == 1, "no address: %s", text);
    return addr;
}

static const char *text_of(const struct addr *addr)
{
    static char text[ADDR_TEXT_SIZE];
    addr_format(addr, text);
    return text;
}

static bool is_stray(enum addr_class class)
{
    return addr_classes_stray >> class & 1;
}

static void random_bytes(uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        bytes[i] = (uint8_t)(random_next() >> 24);
}

START_TEST(table_equals_the_registry_file_row_by_row)
{
    struct tsv tsv;
    size_t i = 0;
    tsv_open(&tsv, "ranges.tsv");
    for (; tsv_next(&tsv, 7); i++) {
        ck_assert_msg(i < addr_range_count, "the table lacks %s", tsv.column[1]);
        const struct addr_range *range = &addr_ranges[i];
        ck_assert_str_eq(range->prefix, tsv.column[1]);
        ck_assert_int_eq(range->family, atoi(tsv.column[0]));
        char *slash = strchr(tsv.column[1], '/');
        *slash = '\0';
        struct addr prefix = addr_from(tsv.column[1]);
        ck_assert_mem_eq(range->bytes, prefix.bytes, sizeof prefix.bytes);
        ck_assert_int_eq(range->length, atoi(slash + 1));
        int at = 0;
        sscanf(tsv.column[4], "32 bits at %d", &at);
        ck_assert_int_eq(range->embedded, at);
        ck_assert_int_eq(strcmp(tsv.column[2], "embedded") == 0, at != 0);
        if (at == 0) {
            ck_assert_str_eq(addr_class_name(range->class), tsv.column[2]);
            ck_assert_int_eq(is_stray(range->class), strcmp(tsv.column[3], "stray") == 0);
        }
        ck_assert_str_eq(range->name, tsv.column[5]);
        ck_assert_str_eq(range->source, tsv.column[6]);
    }
    ck_assert_msg(i == addr_range_count, "the file lacks %s", addr_ranges[i].prefix);
}
END_TEST

START_TEST(classifies_every_known_answer)
{
    struct tsv tsv;
    int rows = 0;
    tsv_open(&tsv, "classes.tsv");
    for (; tsv_next(&tsv, 3); rows++) {
        struct addr addr = addr_from(tsv.column[0]);
        enum addr_class class = addr_classify(&addr);
        ck_assert_msg(strcmp(addr_class_name(class), tsv.column[1]) == 0, "%s is %s, not %s",
                      tsv.column[0], tsv.column[1], addr_class_name(class));
        ck_assert_msg(is_stray(class) == (strcmp(tsv.column[2], "stray") == 0), "%s",
                      tsv.column[0]);
    }
    ck_assert_int_ge(rows, 99);
}
END_TEST

static const struct {
    const char *address;
    uint32_t scope;
    enum addr_class class;
    const char *why;
} decided[] = {
    {"fe80::1", 0, ADDR_LINK_LOCAL_NO_ZONE, "no interface: EINVAL"},
    {"fe80::1", 2, ADDR_LINK_LOCAL, "an interface by number"},
    {"fe80::1", ADDR_SCOPE_NAMED, ADDR_LINK_LOCAL, "an interface by name"},
    {"fec0::1", 0, ADDR_DEPRECATED, "one bit behind fe80::/10"},
    {"169.254.0.1", 0, ADDR_LINK_LOCAL, "IPv4 has no zones"},
    {"::ffff:169.254.169.254", 0, ADDR_LINK_LOCAL, "the IPv4 address inside needs no zone"},
    {"2002:a9fe:a9fe::", 0, ADDR_LINK_LOCAL, "the same in 6to4"},
    {"::ffff:8.8.8.8", 0, ADDR_GLOBAL, "no row, but IPv4: global"},
    {"64:ff9b::8.8.8.8", 0, ADDR_GLOBAL, "no row, but IPv4: global"},
    {"64:ff9b::240.0.0.1", 0, ADDR_RESERVED, "the IPv4 address inside decides"},
    {"2002:e000:1::", 0, ADDR_MULTICAST, "the IPv4 address inside decides"},
    {"8000::", 0, ADDR_RESERVED, "no row, and IPv6: reserved"},
    {"::1", 7, ADDR_LOOPBACK, "a zone changes nothing elsewhere"},
};

START_TEST(decides_what_is_no_prefix)
{
    for (size_t i = 0; i < sizeof decided / sizeof *decided; i++) {
        struct addr addr = addr_from(decided[i].address);
        addr.scope = decided[i].scope;
        ck_assert_msg(addr_classify(&addr) == decided[i].class, "%s: %s, not %s",
                      decided[i].address, decided[i].why, addr_class_name(addr_classify(&addr)));
    }
    struct addr none = {0};
    ck_assert_int_eq(addr_classify(&none), ADDR_GLOBAL);
    ck_assert(addr_surely_fine(&none));
}
END_TEST

static const struct {
    const char *address;
    const char *prefix; /* NULL: no row */
    const char *why;
} rows[] = {
    {"192.0.0.8", "192.0.0.8/32", "/32 inside /24"},
    {"192.0.0.7", "192.0.0.0/29", "/29 inside /24"},
    {"192.0.0.11", "192.0.0.0/24", "neither"},
    {"::ffff:0.0.0.0", "0.0.0.0/32", "the row of the address inside"},
    {"64:ff9b::127.0.0.1", "127.0.0.0/8", "the row of the address inside"},
    {"::ffff:8.8.8.8", NULL, "the address inside has none"},
    {"8.8.8.8", NULL, "ordinary"},
    {"c000::", NULL, "not mentioned anywhere"},
    {"2a00::1", "2000::/3", "global unicast"},
};

START_TEST(finds_the_row_that_decides)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct addr addr = addr_from(rows[i].address);
        const struct addr_range *range = addr_range_of(&addr);
        if (rows[i].prefix == NULL)
            ck_assert_msg(range == NULL, "%s: %s", rows[i].address, rows[i].why);
        else
            ck_assert_msg(range != NULL && strcmp(range->prefix, rows[i].prefix) == 0, "%s: %s",
                          rows[i].address, rows[i].why);
    }
}
END_TEST

/* Fine by the quick test must mean fine by the table, with every kind of zone. */
static void check_quick_test(struct addr addr)
{
    static const uint32_t scopes[] = {0, 3, ADDR_SCOPE_NAMED};
    for (size_t i = 0; i < sizeof scopes / sizeof *scopes; i++) {
        addr.scope = scopes[i];
        if (addr_surely_fine(&addr))
            ck_assert_msg(!is_stray(addr_classify(&addr)), "%s is %s", text_of(&addr),
                          addr_class_name(addr_classify(&addr)));
    }
}

static void step(uint8_t *bytes, size_t size, int by)
{
    for (size_t i = size; i-- > 0;) {
        bytes[i] = (uint8_t)(bytes[i] + by);
        if (bytes[i] != (by > 0 ? 0 : 0xff))
            return;
    }
}

/* The first and the last address of RANGE, the one before and the one behind; as
 * they are, or inside WRAPPER at byte AT. */
static void check_edges(const struct addr_range *range, struct addr wrapper, size_t at)
{
    size_t size = range->family == ADDR_IPV4 ? 4 : 16;
    uint8_t first[16], last[16];
    memcpy(first, range->bytes, 16);
    memcpy(last, range->bytes, 16);
    for (size_t bit = range->length; bit < size * 8; bit++)
        last[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
    for (int by = -1; by <= 1; by++) {
        uint8_t near_first[16], near_last[16];
        memcpy(near_first, first, 16);
        memcpy(near_last, last, 16);
        if (by != 0) {
            step(near_first, size, by);
            step(near_last, size, by);
        }
        memcpy(wrapper.bytes + at, near_first, size);
        check_quick_test(wrapper);
        memcpy(wrapper.bytes + at, near_last, size);
        check_quick_test(wrapper);
    }
}

START_TEST(quick_test_holds_at_every_edge_of_the_table)
{
    for (size_t i = 0; i < addr_range_count; i++) {
        const struct addr_range *range = &addr_ranges[i];
        check_edges(range, (struct addr){.family = range->family}, 0);
        for (size_t j = 0; range->family == ADDR_IPV4 && j < addr_range_count; j++) {
            struct addr wrapper = {.family = ADDR_IPV6};
            memcpy(wrapper.bytes, addr_ranges[j].bytes, 16);
            if (addr_ranges[j].embedded != 0)
                check_edges(range, wrapper, addr_ranges[j].embedded / 8);
        }
    }
}
END_TEST

START_TEST(quick_test_holds_for_a_large_sample)
{
    random_state = 0x9e3779b97f4a7c15;
    for (int i = 0; i < 100000; i++) {
        const struct addr_range *range = &addr_ranges[random_next() % addr_range_count];
        struct addr addr = {.family = range->family};
        size_t size = range->family == ADDR_IPV4 ? 4 : 16;
        /* Keep a few of the prefix's bytes, so that the neighbourhood is hit too. */
        size_t keep = random_next() % (range->length / 8u + 1);
        memcpy(addr.bytes, range->bytes, 16);
        random_bytes(addr.bytes + keep, size - keep);
        check_quick_test(addr);
    }
    for (int i = 0; i < 65536; i++) {
        check_quick_test((struct addr){.family = ADDR_IPV4, .bytes = {i >> 8, i & 255, 1, 1}});
        check_quick_test((struct addr){.family = ADDR_IPV6, .bytes = {i >> 8, i & 255}});
        check_quick_test(
            (struct addr){.family = ADDR_IPV6, .bytes = {0x20, 1, i >> 8, i & 255, [15] = 1}});
    }
}
END_TEST

static const char *const ordinary[] = {
    "127.0.0.1",         "10.0.0.1",     "172.17.0.2",
    "192.168.1.1",       "8.8.8.8",      "192.30.255.1",
    "198.41.0.4",        "203.119.0.1",  "100.64.0.1",
    "169.254.1.1",       "::1",          "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",    "2606:4700::1", "2001:4860:4860::8888",
    "2a00:1450:4001::1", "fd00::1",      "fc00::1",
};

START_TEST(quick_test_knows_the_ordinary_addresses)
{
    for (size_t i = 0; i < sizeof ordinary / sizeof *ordinary; i++) {
        struct addr addr = addr_from(ordinary[i]);
        ck_assert_msg(addr_surely_fine(&addr), "%s", ordinary[i]);
    }
    struct addr addr = addr_from("fe80::1");
    addr.scope = 2;
    ck_assert(addr_surely_fine(&addr));
}
END_TEST

#define CLASS_ROW(id, name, stray, range, why) {ADDR_##id, name, stray, range, why},
static const struct {
    enum addr_class class;
    const char *name;
    bool stray, range;
    const char *why;
} class_rows[] = {ADDR_CLASSES(CLASS_ROW)};

START_TEST(classes_are_as_the_list_says)
{
    ck_assert_uint_eq(sizeof class_rows / sizeof *class_rows, ADDR_CLASS_COUNT);
    for (unsigned i = 0; i < ADDR_CLASS_COUNT; i++) {
        enum addr_class class = ADDR_CLASS_COUNT;
        ck_assert_int_eq(class_rows[i].class, i);
        ck_assert_str_eq(addr_class_name(i), class_rows[i].name);
        ck_assert_str_eq(addr_class_why(i), class_rows[i].why);
        ck_assert_int_eq(is_stray(i), class_rows[i].stray);
        ck_assert_int_eq(addr_classes_range >> i & 1, class_rows[i].range);
        ck_assert_msg(!class_rows[i].range || class_rows[i].stray, "a range is stray first");
        size_t length = strlen(class_rows[i].name);
        ck_assert(addr_class_parse(guard_copy(class_rows[i].name, length), length, &class));
        ck_assert_int_eq(class, i);
    }
    ck_assert_str_eq(addr_class_name(ADDR_CLASS_COUNT), "");
    ck_assert_str_eq(addr_class_why((enum addr_class) - 1), "");
}
END_TEST

static const struct {
    struct slice text;
    const char *why;
} no_classes[] = {
    {{NULL, 0}, "empty"},
    {SLICE("Global"), "another case"},
    {SLICE("global "), "a blank behind"},
    {SLICE("globa"), "one letter less"},
    {SLICE("global\0"), "a NUL behind"},
    {SLICE("glo\0al"), "a NUL inside"},
    {SLICE("link-local-no-zone-link-local-no-zone"), "over-long"},
};

START_TEST(rejects_what_names_no_class)
{
    for (size_t i = 0; i < sizeof no_classes / sizeof *no_classes; i++) {
        enum addr_class class = ADDR_CLASS_COUNT;
        size_t length = no_classes[i].text.length;
        ck_assert_msg(
            !addr_class_parse(guard_copy(no_classes[i].text.data, length), length, &class), "%s",
            no_classes[i].why);
        ck_assert_int_eq(class, ADDR_CLASS_COUNT);
    }
}
END_TEST

static const struct {
    const char *address;
    const char *inner; /* NULL: not mapped */
} mapped[] = {
    {"::ffff:0.0.0.0", "0.0.0.0"}, {"::ffff:255.255.255.255", "255.255.255.255"},
    {"::fffe:1.2.3.4", NULL},      {"::1:ffff:1.2.3.4", NULL},
    {"1::ffff:1.2.3.4", NULL},     {"::1.2.3.4", NULL},
    {"64:ff9b::1.2.3.4", NULL},    {"1.2.3.4", NULL},
};

START_TEST(unmaps_v4_mapped_addresses_only)
{
    for (size_t i = 0; i < sizeof mapped / sizeof *mapped; i++) {
        struct addr addr = addr_from(mapped[i].address), inner = {.family = 99};
        addr.scope = 5;
        ck_assert_int_eq(addr_unmap(&addr, &inner), mapped[i].inner != NULL);
        if (mapped[i].inner == NULL) {
            ck_assert_int_eq(inner.family, 99);
            continue;
        }
        ck_assert_str_eq(text_of(&inner), mapped[i].inner);
        ck_assert_int_eq(inner.scope, 0);
        ck_assert(addr_unmap(&addr, &addr));
        ck_assert(addr_equal(&addr, &inner));
    }
}
END_TEST

static void check_format(const struct addr *addr)
{
    char ours[ADDR_TEXT_SIZE], theirs[INET6_ADDRSTRLEN];
    size_t length = addr_format(addr, ours);
    ck_assert_uint_eq(length, strlen(ours));
    int family = addr->family == ADDR_IPV4 ? AF_INET : AF_INET6;
    ck_assert_str_eq(ours, inet_ntop(family, addr->bytes, theirs, sizeof theirs));
}

START_TEST(formats_as_inet_ntop_does)
{
    random_state = 0x2545f4914f6cdd1d;
    for (int i = 0; i < 100000; i++) {
        struct addr addr = {.family = i % 8 == 0 ? ADDR_IPV4 : ADDR_IPV6};
        random_bytes(addr.bytes, addr.family == ADDR_IPV4 ? 4 : 16);
        /* Most groups zero, small or ffff: that is where the rules are. */
        uint64_t shape = random_next();
        for (int group = 0; addr.family == ADDR_IPV6 && group < 8; group++, shape >>= 3) {
            uint8_t *at = addr.bytes + 2 * group;
            if ((shape & 7) < 4)
                at[0] = at[1] = 0;
            else if ((shape & 7) == 4)
                at[0] = 0;
            else if ((shape & 7) == 5)
                at[0] = at[1] = 0xff;
        }
        check_format(&addr);
    }
}
END_TEST

static const struct {
    const char *address;
    uint32_t scope;
    const char *text;
    const char *why;
} formatted[] = {
    {"0.0.0.0", 0, "0.0.0.0", "the shortest"},
    {"255.255.255.255", 9, "255.255.255.255", "IPv4 has no zone"},
    {"fe80::1", 2, "fe80::1%2", "a zone"},
    {"fe80::1", ADDR_SCOPE_NAMED, "fe80::1", "a named zone has no number"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 4294967294,
     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967294", "the longest that can occur"},
    {"1:0:0:2:0:0:0:3", 0, "1:0:0:2::3", "the longest run"},
    {"1:0:0:2:3:0:0:4", 0, "1::2:3:0:0:4", "the first of two"},
    {"1:0:2:3:4:5:6:7", 0, "1:0:2:3:4:5:6:7", "one group is no run"},
    {"1:2:3:4:5:6:0:0", 0, "1:2:3:4:5:6::", "a run at the end"},
    {"::ffff:1.2.3.4", 0, "::ffff:1.2.3.4", "v4-mapped"},
};

START_TEST(formats_zones_and_runs)
{
    for (size_t i = 0; i < sizeof formatted / sizeof *formatted; i++) {
        struct addr addr = addr_from(formatted[i].address);
        addr.scope = formatted[i].scope;
        ck_assert_msg(strcmp(text_of(&addr), formatted[i].text) == 0, "%s: %s", text_of(&addr),
                      formatted[i].why);
    }
    char text[ADDR_TEXT_SIZE] = "x";
    ck_assert_uint_eq(addr_format(&(struct addr){0}, text), 0);
    ck_assert_str_eq(text, "");
}
END_TEST

static const struct {
    const char *address, *prefix;
    unsigned length;
    bool inside;
} prefixes[] = {
    {"1.2.3.4", "200.0.0.0", 0, true},
    {"1.2.3.4", "::", 0, false},
    {"128.0.0.0", "0.0.0.0", 1, false},
    {"127.255.255.255", "0.0.0.0", 1, true},
    {"10.127.0.0", "10.0.0.0", 9, true},
    {"10.128.0.0", "10.0.0.0", 9, false},
    {"10.0.0.255", "10.0.0.0", 24, true},
    {"10.0.1.0", "10.0.0.0", 24, false},
    {"10.0.0.1", "10.0.0.0", 31, true},
    {"10.0.0.2", "10.0.0.0", 31, false},
    {"10.0.0.1", "10.0.0.1", 32, true},
    {"10.0.0.0", "10.0.0.1", 32, false},
    {"::1", "::", 127, true},
    {"::1", "::", 128, false},
    {"fdff::1", "fc00::", 7, true},
    {"fe00::1", "fc00::", 7, false},
    {"2001:db8:1::", "2001:db8::", 48, false},
    {"2001:db8:1::", "2001:db8::", 47, true},
};

START_TEST(compares_prefixes_bit_by_bit)
{
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        struct addr addr = addr_from(prefixes[i].address), prefix = addr_from(prefixes[i].prefix);
        ck_assert_msg(addr_in_prefix(&addr, &prefix, prefixes[i].length) == prefixes[i].inside,
                      "%s in %s/%u", prefixes[i].address, prefixes[i].prefix, prefixes[i].length);
    }
}
END_TEST

START_TEST(equality_ignores_the_zone_but_not_the_family)
{
    struct addr a = addr_from("fe80::1"), b = a;
    b.scope = 4;
    ck_assert(addr_equal(&a, &b));
    b.bytes[15] = 2;
    ck_assert(!addr_equal(&a, &b));
    struct addr v4 = addr_from("0.0.0.0"), v6 = addr_from("::");
    ck_assert(!addr_equal(&v4, &v6));
}
END_TEST

static const TTest *const tests[] = {
    table_equals_the_registry_file_row_by_row,
    classifies_every_known_answer,
    decides_what_is_no_prefix,
    finds_the_row_that_decides,
    quick_test_holds_at_every_edge_of_the_table,
    quick_test_holds_for_a_large_sample,
    quick_test_knows_the_ordinary_addresses,
    classes_are_as_the_list_says,
    rejects_what_names_no_class,
    unmaps_v4_mapped_addresses_only,
    formats_as_inet_ntop_does,
    formats_zones_and_runs,
    compares_prefixes_bit_by_bit,
    equality_ignores_the_zone_but_not_the_family,
};

UNIT_MAIN("addr", tests)
