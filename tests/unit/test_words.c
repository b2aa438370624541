#include <astray/words.h>

#include <string.h>

#include "unit.h"

START_TEST(equal_is_memcmp_at_every_length)
{
    for (size_t length = 0; length < 70; length++) {
        char *a = malloc(length + 1), *b = malloc(length + 1);
        char *exact_a = realloc(a, length == 0 ? 1 : length); /* an over-read is seen */
        char *exact_b = realloc(b, length == 0 ? 1 : length);
        memset(exact_a, 'x', length);
        memset(exact_b, 'x', length);
        ck_assert(words_equal(exact_a, exact_b, length));
        struct slice left = {exact_a, length}, right = {exact_b, length};
        ck_assert_uint_eq(words_hash(7, left), words_hash(7, right));
        for (size_t at = 0; at < length; at++) {
            exact_b[at] ^= 1;
            ck_assert_msg(!words_equal(exact_a, exact_b, length), "%zu of %zu", at, length);
            ck_assert_msg(words_hash(7, left) != words_hash(7, right), "%zu of %zu", at, length);
            exact_b[at] ^= 1;
        }
        free(exact_a);
        free(exact_b);
    }
}
END_TEST

START_TEST(texts_of_other_lengths_differ)
{
    static const char zeros[40];
    for (size_t a = 0; a < sizeof zeros; a++)
        for (size_t b = 0; b < sizeof zeros; b++) {
            struct slice left = {zeros, a}, right = {zeros, b};
            ck_assert(words_slice_equal(left, right) == (a == b));
            ck_assert((words_hash(7, left) == words_hash(7, right)) == (a == b));
        }
}
END_TEST

START_TEST(seeds_change_what_collides)
{
    ck_assert_uint_ne(words_hash(1, SLICE("curl")), words_hash(2, SLICE("curl")));
    ck_assert_uint_ne(words_hash(1, SLICE("deploy.sh and more")),
                      words_hash(2, SLICE("deploy.sh and more")));
}
END_TEST

static const TTest *const tests[] = {
    equal_is_memcmp_at_every_length,
    texts_of_other_lengths_differ,
    seeds_change_what_collides,
};

UNIT_MAIN("words", tests)
