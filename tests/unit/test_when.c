#include "when.h"

#include <string.h>

#include "guard.h"
#include "unit.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

START_TEST(reads_spans)
{
    static const struct {
        const char *text;
        bool good;
        uint64_t seconds;
    } rows[] = {
        {"45s", true, 45},
        {"30m", true, 1800},
        {"2h", true, 7200},
        {"7d", true, 604800},
        {"2w", true, 1209600},
        {"0s", true, 0},
        {"", false, 0},
        {"s", false, 0},
        {"5", false, 0},
        {"5y", false, 0},
        {"-5s", false, 0},
        {"5 s", false, 0},
        {"1000000001s", false, 0},
        {"99999999999999999999s", false, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t out = 7;
        size_t length = strlen(rows[i].text);
        struct slice text = {guard_copy(rows[i].text, length), length};
        ck_assert_msg(when_parse_span(text, &out) == rows[i].good, "%s", rows[i].text);
        ck_assert_msg(out == (rows[i].good ? rows[i].seconds * WHEN_SECOND : 7), "%s",
                      rows[i].text);
    }
    uint64_t out;
    ck_assert(!when_parse_span((struct slice){"5\0s", 3}, &out));
}
END_TEST

START_TEST(reads_points_in_time)
{
    static const struct {
        const char *text;
        bool good;
        uint64_t seconds;
    } rows[] = {
        {"2026-09-21T00:00:00Z", true, 1789948800},
        {"2026-09-21", true, 1789948800},
        {"2026-09-21 08:00:00", true, 1789977600},
        {"2026-09-21T10:00:00+02:00", true, 1789977600},
        {"2026-13-21", false, 0},
        {"tomorrow", false, 0},
        {"", false, 0},
        {"2026-09-21T00:00:00Z2026-09-21T00:00:00Z2026-09-21T00:00:00Z2026", false, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t out = 7;
        ck_assert_msg(when_parse(rows[i].text, &out) == rows[i].good, "%s", rows[i].text);
        ck_assert_msg(out == (rows[i].good ? rows[i].seconds * WHEN_SECOND : 7), "%s",
                      rows[i].text);
    }
}
END_TEST

START_TEST(so_long_ago_is_before_now)
{
    uint64_t before = when_now(), out;
    ck_assert(when_parse("1h", &out));
    uint64_t after = when_now();
    ck_assert_uint_ge(out, before - 3600 * WHEN_SECOND);
    ck_assert_uint_le(out, after - 3600 * WHEN_SECOND);
    ck_assert(when_parse("1000000000w", &out)); /* before the epoch */
    ck_assert_uint_eq(out, 0);
}
END_TEST

static const TTest *const tests[] = {
    reads_spans,
    reads_points_in_time,
    so_long_ago_is_before_now,
};
UNIT_MAIN("when", tests)
