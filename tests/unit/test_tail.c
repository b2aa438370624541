#include "tail.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "unit.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static char path[64], taken[4096];

static void take(void *context, struct slice line, bool complete)
{
    size_t length = strlen(taken);
    (void)context;
    snprintf(taken + length, sizeof taken - length, "%.*s%s", (int)line.length, line.data,
             complete ? ";" : "~");
}

static const struct logfile_reader reader = {.take = take};

static void make_place(void)
{
    char directory[] = "/tmp/astray-tail-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/log", directory);
    taken[0] = '\0';
}

static void remove_place(void)
{
    unlink(path);
    *strrchr(path, '/') = '\0';
    rmdir(path);
}

static void put(const char *mode, const char *text)
{
    FILE *file = fopen(path, mode);
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

/* Reads until there is nothing more; what was taken stands in `taken`. */
static int read_all(struct tail *tail)
{
    struct logfile_counts counts = {0};
    int status;
    taken[0] = '\0';
    do {
        status = tail_read(tail, &reader, &counts);
    } while (status == TAIL_MORE);
    return status;
}

static struct tail *open_tail(void)
{
    struct tail *tail = tail_new(path);
    ck_assert_ptr_nonnull(tail);
    ck_assert_int_eq(tail_open(tail, false), 0);
    return tail;
}

START_TEST(takes_whole_lines_as_they_come)
{
    make_place();
    put("w", "one\ntwo\nthr");
    struct tail *tail = open_tail();
    ck_assert_int_eq(read_all(tail), TAIL_IDLE);
    ck_assert_str_eq(taken, "one;two;");
    put("a", "ee\n");
    ck_assert_int_eq(read_all(tail), TAIL_IDLE);
    ck_assert_str_eq(taken, "three;");
    ck_assert_uint_eq(tail->offset, 14);
    put("a", "cut");
    ck_assert_int_eq(read_all(tail), TAIL_IDLE);
    ck_assert_str_eq(taken, "");
    tail_finish(tail, &reader);
    ck_assert_str_eq(taken, "cut~");
    tail_free(tail);
    remove_place();
}
END_TEST

START_TEST(content_that_was_replaced_is_never_taken_for_more)
{
    static const struct {
        const char *now, *why;
        enum tail_status status;
    } rows[] = {
        {"", "emptied", TAIL_REPLACED},
        {"new\n", "shorter", TAIL_REPLACED},
        {"new one\nnew two\nnew three\n", "already longer", TAIL_REPLACED},
        {"one\nTWO\nthree\n", "the same at its start", TAIL_REPLACED},
        {"one\ntwo\nthree\n", "the same, and more", TAIL_IDLE},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        make_place();
        put("w", "one\ntwo\n");
        struct tail *tail = open_tail();
        ck_assert_int_eq(read_all(tail), TAIL_IDLE);
        put("w", rows[i].now); /* the same inode */
        ck_assert_msg(read_all(tail) == (int)rows[i].status, "%s", rows[i].why);
        ck_assert_msg(strcmp(taken, rows[i].status == TAIL_IDLE ? "three;" : "") == 0, "%s: %s",
                      rows[i].why, taken);
        tail_free(tail);
        remove_place();
    }
}
END_TEST

START_TEST(a_long_line_is_counted_and_passed_over)
{
    struct logfile_counts counts = {0};
    make_place();
    FILE *file = fopen(path, "w");
    fputs("before\n", file);
    for (int i = 0; i < 300000; i++)
        putc('x', file);
    fputs("\nafter\n", file);
    fclose(file);
    struct tail *tail = open_tail();
    while (tail_read(tail, &reader, &counts) == TAIL_MORE)
        ;
    ck_assert_str_eq(taken, "before;after;");
    ck_assert_uint_eq(counts.too_long, 1);
    tail_free(tail);
    remove_place();
}
END_TEST

START_TEST(gzip_is_read_from_where_its_text_was_left)
{
    static const struct {
        uint64_t offset;
        const char *wanted, *why;
    } rows[] = {
        {0, "one;two;cut~", "all"}, {4, "two;cut~", "the rest"},          {8, "cut~", "the last"},
        {11, "", "nothing"},        {500, "", "it is shorter than that"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        make_place();
        gzFile file = gzopen(path, "wb");
        gzputs(file, "one\ntwo\n");
        gzclose(file);
        file = gzopen(path, "ab"); /* a second member */
        gzputs(file, "cut");
        gzclose(file);
        struct tail *tail = open_tail();
        tail->offset = rows[i].offset;
        ck_assert(tail->gzip);
        ck_assert_int_eq(read_all(tail), TAIL_IDLE);
        ck_assert_msg(strcmp(taken, rows[i].wanted) == 0, "%s: %s", rows[i].why, taken);
        tail_free(tail);
        remove_place();
    }
}
END_TEST

START_TEST(heads_tell_copies_from_others)
{
    static const struct {
        const char *old, *head;
        bool same, unsure;
        const char *why;
    } rows[] = {
        {"abc", "abc", true, false, "the same"},
        {"abc", "abcdef", true, false, "it grew"},
        {"abc", "abd", false, false, "another"},
        {"abc", "ab", false, true, "a copy that is being made"},
        {"abc", "ax", false, false, "never a copy"},
        {"abc", "", false, true, "nothing yet"},
        {"", "abc", false, false, "nothing to go by"},
        {"", "", false, false, "nothing at all"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tail_head old, head;
        bool unsure;
        make_place();
        put("w", rows[i].old);
        struct tail *tail = open_tail();
        tail_read_head(tail->descriptor, &old);
        put("w", rows[i].head);
        tail_read_head(tail->descriptor, &head);
        ck_assert_msg(tail_same_head(&old, &head, &unsure) == rows[i].same, "%s", rows[i].why);
        ck_assert_msg(unsure == rows[i].unsure, "%s", rows[i].why);
        tail_free(tail);
        remove_place();
    }
}
END_TEST

START_TEST(opens_regular_files_only_and_the_one_it_knows)
{
    struct stat status;
    make_place();
    struct tail *tail = tail_new(path);
    ck_assert_int_eq(tail_open(tail, false), -ENOENT);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(tail_open(tail, false), -ENXIO);
    unlink(path);
    ck_assert_int_eq(symlink("/etc/passwd", path), 0);
    ck_assert_int_eq(tail_open(tail, false), -ELOOP);
    unlink(path);
    put("w", "one\n");
    ck_assert_int_eq(tail_open(tail, false), 0);
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_uint_eq(tail->inode, status.st_ino);
    tail_close(tail);
    tail->inode++;
    ck_assert_int_eq(tail_open(tail, false), -ESTALE);
    tail_free(tail);
    remove_place();
}
END_TEST

START_TEST(what_a_state_keeps_knows_the_file_again)
{
    char *line = NULL;
    size_t length = 0;
    bool unsure;
    make_place();
    put("w", "one\ntwo\n");
    struct tail *tail = open_tail();
    ck_assert_int_eq(read_all(tail), TAIL_IDLE);
    FILE *stream = open_memstream(&line, &length);
    tail_save(tail, stream);
    ck_assert_int_eq(fclose(stream), 0);
    ck_assert(strncmp(line, "file ", 5) == 0);
    struct tail *again = tail_load((struct slice){line + 5, length - 6});
    ck_assert_ptr_nonnull(again);
    ck_assert_uint_eq(again->offset, 8);
    ck_assert_str_eq(again->path, path);
    ck_assert(tail_same_head(&again->head, &tail->head, &unsure));
    put("a", "three\n");
    ck_assert_int_eq(tail_open(again, false), 0);
    ck_assert_int_eq(read_all(again), TAIL_IDLE);
    ck_assert_str_eq(taken, "three;");
    free(line);
    tail_free(tail);
    tail_free(again);
    remove_place();
}
END_TEST

START_TEST(lines_of_state_that_are_damaged_are_refused)
{
    static const char *const lines[] = {
        "",
        "1 2 3 4 5 0",
        "1 2 3 4 5 0 path",
        "1 2 3 1025 5 0 =path",
        "1 2 3 4 5 x =path",
        "1 2 3 4 5 0 =pa%00th",
        "-1 2 3 4 5 0 =path",
    };
    for (size_t i = 0; i < COUNT(lines); i++)
        ck_assert_msg(tail_load(slice_of(lines[i])) == NULL, "%s", lines[i]);
}
END_TEST

static const TTest *const tests[] = {
    takes_whole_lines_as_they_come,          content_that_was_replaced_is_never_taken_for_more,
    a_long_line_is_counted_and_passed_over,  gzip_is_read_from_where_its_text_was_left,
    heads_tell_copies_from_others,           opens_regular_files_only_and_the_one_it_knows,
    what_a_state_keeps_knows_the_file_again, lines_of_state_that_are_damaged_are_refused,
};
UNIT_MAIN("tail", tests)
