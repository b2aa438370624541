#include "watch_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard.h"
#include "unit.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A sealed state of GENERATION with LINES, on the heap. */
static char *seal(uint64_t generation, const char *lines, size_t *length)
{
    char *text = NULL;
    FILE *stream = open_memstream(&text, length);
    ck_assert_ptr_nonnull(stream);
    watch_state_begin(stream, generation);
    fputs(lines, stream);
    fflush(stream);
    watch_state_seal(stream, (struct slice){text, *length});
    ck_assert_int_eq(fclose(stream), 0);
    return text;
}

START_TEST(texts_survive_whatever_is_in_them)
{
    static const struct {
        struct slice text;
        const char *why;
    } rows[] = {
        {{"", 0}, "empty"},
        {{"plain", 5}, "plain"},
        {{"a b\nc=%", 7}, "what parts words and lines"},
        {{"\0\x01\x1b[31m\x7f", 8}, "control bytes"},
        {{"\xff\xc3\xa9", 3}, "what is not ASCII"},
        {{"%41", 3}, "what looks escaped"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *line = NULL, out[64];
        size_t length = 0, got = 99;
        FILE *stream = open_memstream(&line, &length);
        watch_state_put_text(stream, rows[i].text);
        ck_assert_int_eq(fclose(stream), 0);
        for (size_t j = 0; j < length; j++)
            ck_assert_msg(line[j] >= ' ' && line[j] < 0x7f, "%s", rows[i].why);
        struct slice rest = {guard_copy(line + 1, length - 1), length - 1};
        ck_assert_msg(watch_state_text(&rest, out, sizeof out, &got), "%s", rows[i].why);
        ck_assert_msg(slice_equal(rows[i].text, (struct slice){out, got}), "%s", rows[i].why);
        ck_assert_ptr_null(rest.data);
        free(line);
    }
}
END_TEST

START_TEST(what_is_no_text_is_refused)
{
    static const struct {
        const char *word, *why;
    } rows[] = {
        {"", "nothing"},        {"a", "no sign before it"}, {"=%", "a cut escape"},
        {"=%4", "half of one"}, {"=%4g", "no digit"},       {"=%4G1", "an upper case one"},
        {"=12345", "too long"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[4];
        size_t length = 99, word = strlen(rows[i].word);
        struct slice rest = {guard_copy(rows[i].word, word), word};
        ck_assert_msg(!watch_state_text(&rest, out, sizeof out, &length), "%s", rows[i].why);
    }
}
END_TEST

START_TEST(a_whole_state_is_read_and_any_damage_is_seen)
{
    size_t length;
    uint64_t generation = 0;
    struct slice lines;
    char *text = seal(42, "one 1\ntwo 2\n", &length);
    ck_assert(watch_state_check((struct slice){text, length}, &generation, &lines));
    ck_assert_uint_eq(generation, 42);
    ck_assert(slice_equal(lines, SLICE("one 1\ntwo 2\n")));
    for (size_t i = 0; i < length; i++) {
        text[i] ^= 1;
        ck_assert_msg(!watch_state_check((struct slice){text, length}, &generation, &lines),
                      "byte %zu", i);
        text[i] ^= 1;
        ck_assert_msg(
            !watch_state_check((struct slice){guard_copy(text, i), i}, &generation, &lines),
            "cut at %zu", i);
    }
    free(text);
    text = seal(7, "", &length);
    ck_assert(watch_state_check((struct slice){text, length}, &generation, &lines));
    ck_assert_uint_eq(lines.length, 0);
    free(text);
}
END_TEST

static void remove_state(const char *directory)
{
    static const char *const names[] = {"state", "state.recent", "state.recent2"};
    for (size_t i = 0; i < COUNT(names); i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        unlink(path);
    }
    rmdir(directory);
}

static void put_file(const char *directory, const char *name, const char *text, size_t length)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, length, file), length);
    fclose(file);
}

/* A row: the two files (NULL: there is none), and what is found. */
START_TEST(the_newest_state_that_is_whole_holds)
{
    static const struct {
        const char *synced, *recent;
        uint64_t synced_generation, recent_generation;
        bool damage_synced, damage_recent;
        enum watch_state_found found;
        const char *lines, *why;
    } rows[] = {
        {NULL, NULL, 0, 0, false, false, WATCH_STATE_NONE, NULL, "none"},
        {"a\n", NULL, 3, 0, false, false, WATCH_STATE_WHOLE, "a\n", "one"},
        {"a\n", "b\n", 3, 4, false, false, WATCH_STATE_WHOLE, "b\n", "a newer one"},
        {"a\n", "b\n", 5, 4, false, false, WATCH_STATE_WHOLE, "a\n", "an older one"},
        {"a\n", "b\n", 3, 4, false, true, WATCH_STATE_WHOLE, "a\n", "power failed"},
        {"a\n", "b\n", 3, 2, true, false, WATCH_STATE_WHOLE, "b\n", "the disk failed"},
        {"a\n", "b\n", 3, 4, true, true, WATCH_STATE_DAMAGED, NULL, "both are gone"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char directory[] = "/tmp/astray-state-XXXXXX", *lines;
        size_t length;
        struct watch_state state;
        ck_assert_ptr_nonnull(mkdtemp(directory));
        if (rows[i].synced != NULL) {
            char *text = seal(rows[i].synced_generation, rows[i].synced, &length);
            put_file(directory, "state", text, rows[i].damage_synced ? length / 2 : length);
            free(text);
        }
        if (rows[i].recent != NULL) {
            char *text = seal(rows[i].recent_generation, rows[i].recent, &length);
            put_file(directory, "state.recent", text, rows[i].damage_recent ? 0 : length);
            free(text);
        }
        ck_assert_int_eq(watch_state_open(&state, directory), 0);
        ck_assert_msg(watch_state_load(&state, &lines, &length) == rows[i].found, "%s",
                      rows[i].why);
        if (rows[i].lines != NULL)
            ck_assert_msg(slice_equal((struct slice){lines, length}, slice_of(rows[i].lines)), "%s",
                          rows[i].why);
        free(lines);
        watch_state_close(&state);
        remove_state(directory);
    }
}
END_TEST

START_TEST(what_was_saved_comes_back_and_nobody_else_may_have_it)
{
    char directory[] = "/tmp/astray-state-XXXXXX", path[64], *lines;
    struct watch_state state, other;
    size_t length;
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/made", directory);
    ck_assert_int_eq(watch_state_open(&state, path), 0);
    ck_assert_int_eq(watch_state_open(&other, path), -EWOULDBLOCK);
    for (int sync = 0; sync < 2; sync++) {
        char *text = seal(state.generation + 1, sync ? "synced\n" : "recent\n", &length);
        ck_assert_int_eq(watch_state_save(&state, (struct slice){text, length}, sync == 1), 0);
        free(text);
    }
    watch_state_close(&state);
    ck_assert_int_eq(watch_state_open(&other, path), 0);
    ck_assert_int_eq(watch_state_load(&other, &lines, &length), WATCH_STATE_WHOLE);
    ck_assert(slice_equal((struct slice){lines, length}, SLICE("synced\n")));
    ck_assert_uint_eq(other.generation, 2);
    free(lines);
    watch_state_close(&other);
    ck_assert_int_eq(watch_state_open(&other, "/proc/nothing/here"), -ENOENT);
    remove_state(path);
    rmdir(directory);
}
END_TEST

static void save_recent(struct watch_state *state, const char *lines)
{
    size_t length;
    char *text = seal(state->generation + 1, lines, &length);
    ck_assert_int_eq(watch_state_save(state, (struct slice){text, length}, false), 0);
    free(text);
}

static void expect_newest(const char *directory, const char *wanted)
{
    struct watch_state state;
    size_t length;
    char *lines;
    ck_assert_int_eq(watch_state_open(&state, directory), 0);
    ck_assert_int_eq(watch_state_load(&state, &lines, &length), WATCH_STATE_WHOLE);
    ck_assert_msg(slice_equal((struct slice){lines, length}, slice_of(wanted)), "%s", wanted);
    free(lines);
    watch_state_close(&state);
}

START_TEST(a_save_that_was_cut_short_leaves_the_one_before_it)
{
    char directory[] = "/tmp/astray-state-XXXXXX";
    struct watch_state state;
    ck_assert_ptr_nonnull(mkdtemp(directory));
    ck_assert_int_eq(watch_state_open(&state, directory), 0);
    save_recent(&state, "a long one, of which nothing may be left\n");
    save_recent(&state, "a long one, of which nothing may be left\n");
    save_recent(&state, "third\n");
    save_recent(&state, "fourth\n");
    watch_state_close(&state);
    expect_newest(directory, "fourth\n");
    put_file(directory, "state.recent", "astray", 6); /* an even generation's */
    expect_newest(directory, "third\n");
    remove_state(directory);
}
END_TEST

static const TTest *const tests[] = {
    texts_survive_whatever_is_in_them,
    what_is_no_text_is_refused,
    a_whole_state_is_read_and_any_damage_is_seen,
    the_newest_state_that_is_whole_holds,
    what_was_saved_comes_back_and_nobody_else_may_have_it,
    a_save_that_was_cut_short_leaves_the_one_before_it,
};
UNIT_MAIN("watch_state", tests)
