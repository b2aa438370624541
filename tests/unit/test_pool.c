#include "pool.h"

#include <stdio.h>

#include "unit.h"

START_TEST(numbers_texts_in_the_order_in_which_they_came)
{
    static const struct {
        const char *text;
        size_t number;
        const char *why;
    } rows[] = {
        {"", 0, "the empty text is one"},
        {"curl", 1, "new"},
        {"", 0, "known"},
        {"curl", 1, "known"},
        {"curly", 2, "longer"},
        {"cur", 3, "shorter"},
        {"CURL", 4, "case counts"},
    };
    struct pool pool = {.seed = 7};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg(pool_add(&pool, slice_of(rows[i].text)) == rows[i].number, "%s", rows[i].why);
    ck_assert_uint_eq(pool.count, 5);
    pool_free(&pool);
}
END_TEST

START_TEST(keeps_many_texts)
{
    struct pool pool = {0};
    char text[32];
    for (size_t round = 0; round < 2; round++)
        for (size_t i = 0; i < 20000; i++) {
            snprintf(text, sizeof text, "text %zu", i);
            ck_assert_uint_eq(pool_add(&pool, slice_of(text)), i);
        }
    ck_assert(slice_equal(pool_get(&pool, 19999), SLICE("text 19999")));
    pool_free(&pool);
}
END_TEST

START_TEST(tells_texts_with_embedded_nul_apart)
{
    struct pool pool = {0};
    ck_assert_uint_eq(pool_add(&pool, SLICE("a\0b")), 0);
    ck_assert_uint_eq(pool_add(&pool, SLICE("a\0c")), 1);
    ck_assert_uint_eq(pool_add(&pool, SLICE("a")), 2);
    pool_free(&pool);
}
END_TEST

static const TTest *const tests[] = {
    numbers_texts_in_the_order_in_which_they_came,
    keeps_many_texts,
    tells_texts_with_embedded_nul_apart,
};

UNIT_MAIN("pool", tests)
