#include "logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "unit.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* What a log gave: its lines, each followed by '|', or '!' when it was not complete. */
struct seen {
    char text[4096];
    size_t lines, bytes;
};

static void take(void *context, struct slice line, bool complete)
{
    struct seen *seen = context;
    size_t length = strlen(seen->text);
    seen->lines++;
    seen->bytes += line.length;
    if (length + line.length + 2 <= sizeof seen->text) {
        memcpy(seen->text + length, line.data, line.length);
        seen->text[length + line.length] = complete ? '|' : '!';
        seen->text[length + line.length + 1] = '\0';
    }
}

static char directory[64];

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static void make_directory(void)
{
    strcpy(directory, "/tmp/astray-logfile-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void remove_directory(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", directory);
    ck_assert_int_eq(system(command), 0);
}

static int file_with(const void *bytes, size_t length)
{
    const char *path = path_of("log");
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, length, file), length);
    ck_assert_int_eq(fclose(file), 0);
    return logfile_open(path);
}

static size_t packed(const char *text, size_t length, unsigned char *out, size_t size)
{
    z_stream stream = {0};
    ck_assert_int_eq(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY),
                     Z_OK);
    stream.next_in = (unsigned char *)(uintptr_t)text;
    stream.avail_in = (uInt)length;
    stream.next_out = out;
    stream.avail_out = (uInt)size;
    ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    return size - stream.avail_out;
}

static int read_all(int descriptor, struct seen *seen, struct logfile_counts *counts)
{
    struct logfile_reader reader = {.take = take, .context = seen};
    *seen = (struct seen){.lines = 0};
    *counts = (struct logfile_counts){0};
    int error = logfile_read(descriptor, &reader, counts);
    close(descriptor);
    return error;
}

START_TEST(gives_every_line)
{
    static const struct {
        const char *text, *wanted, *why;
    } rows[] = {
        {"", "", "empty"},
        {"a", "a!", "no newline at the end"},
        {"a\n", "a|", "one line"},
        {"a\n\nb\nc", "a||b|c!", "an empty line, and one cut off"},
        {"\n", "|", "an empty line alone"},
        {"\x1f", "\x1f!", "half of gzip's mark is none"},
    };
    make_directory();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct seen seen;
        struct logfile_counts counts;
        int descriptor = file_with(rows[i].text, strlen(rows[i].text));
        ck_assert_int_eq(read_all(descriptor, &seen, &counts), 0);
        ck_assert_msg(strcmp(seen.text, rows[i].wanted) == 0, "%s: %s", rows[i].why, seen.text);
    }
    remove_directory();
}
END_TEST

START_TEST(parts_give_each_line_once_wherever_they_meet)
{
    static const char text[] = "first\n\nthird\nfourth line\n5\nand the last";
    make_directory();
    int descriptor = file_with(text, sizeof text - 1);
    ck_assert(!logfile_is_gzip(descriptor));
    for (uint64_t a = 0; a < sizeof text; a++)
        for (uint64_t b = a; b < sizeof text; b++) {
            struct seen seen = {.lines = 0};
            struct logfile_counts counts = {0};
            struct logfile_reader reader = {.take = take, .context = &seen};
            ck_assert_int_eq(logfile_read_part(descriptor, 0, a, &reader, &counts), 0);
            ck_assert_int_eq(logfile_read_part(descriptor, a, b, &reader, &counts), 0);
            ck_assert_int_eq(logfile_read_part(descriptor, b, UINT64_MAX, &reader, &counts), 0);
            ck_assert_msg(strcmp(seen.text, "first||third|fourth line|5|and the last!") == 0,
                          "%d %d: %s", (int)a, (int)b, seen.text);
            ck_assert_uint_eq(counts.too_long, 0);
        }
    close(descriptor);
    remove_directory();
}
END_TEST

START_TEST(parts_of_a_large_file_give_each_line_once)
{
    enum { LINES = 200000 };
    make_directory();
    FILE *file = fopen(path_of("log"), "w");
    for (int i = 0; i < LINES; i++)
        fprintf(file, "%d %.*s\n", i, i % 60,
                "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    uint64_t size = (uint64_t)ftell(file);
    fclose(file);
    int descriptor = logfile_open(path_of("log"));
    struct seen seen = {.lines = 0};
    struct logfile_counts counts = {0};
    struct logfile_reader reader = {.take = take, .context = &seen};
    for (uint64_t i = 0; i < 5; i++)
        logfile_read_part(descriptor, size / 5 * i, i < 4 ? size / 5 * (i + 1) : UINT64_MAX,
                          &reader, &counts);
    ck_assert_uint_eq(seen.lines, LINES);
    ck_assert_uint_eq(seen.bytes + LINES, size);
    ck_assert_uint_eq(counts.too_long, 0);
    close(descriptor);
    remove_directory();
}
END_TEST

START_TEST(skips_and_counts_lines_that_are_too_long)
{
    static const size_t lengths[] = {LOGFILE_LINE_MAX - 1, LOGFILE_LINE_MAX, LOGFILE_LINE_MAX + 1,
                                     300000, 1000000};
    static char text[1100000];
    make_directory();
    for (size_t i = 0; i < COUNT(lengths); i++) {
        for (int ended = 0; ended < 2; ended++) {
            struct seen seen;
            struct logfile_counts counts;
            memcpy(text, "a\n", 2);
            memset(text + 2, 'x', lengths[i]);
            size_t length = lengths[i] + 2;
            if (ended == 1) {
                memcpy(text + length, "\nb\n", 3);
                length += 3;
            }
            ck_assert_int_eq(read_all(file_with(text, length), &seen, &counts), 0);
            bool taken = lengths[i] <= LOGFILE_LINE_MAX;
            ck_assert_uint_eq(counts.too_long, taken ? 0 : 1);
            ck_assert_uint_eq(seen.lines, 1u + (taken ? 1 : 0) + (ended == 1 ? 1 : 0));
        }
    }
    remove_directory();
}
END_TEST

START_TEST(unpacks_gzip)
{
    static const char one[] = "first\nsecond\nthi", two[] = "rd\nfourth\n";
    unsigned char bytes[1024];
    struct seen seen;
    struct logfile_counts counts;
    make_directory();
    size_t length = packed(one, sizeof one - 1, bytes, sizeof bytes);
    size_t first = length;
    length += packed(two, sizeof two - 1, bytes + length, sizeof bytes - length);

    int descriptor = file_with(bytes, length);
    ck_assert(logfile_is_gzip(descriptor));
    ck_assert_int_eq(read_all(descriptor, &seen, &counts), 0);
    ck_assert_str_eq(seen.text, "first|second|third|fourth|"); /* members behind each other */
    ck_assert(!counts.cut_short && !counts.corrupt);

    memset(bytes + length, 0, 16);
    ck_assert_int_eq(read_all(file_with(bytes, length + 16), &seen, &counts), 0);
    ck_assert_str_eq(seen.text, "first|second|third|fourth|"); /* padding */
    ck_assert(!counts.cut_short && !counts.corrupt);

    for (size_t cut = 3; cut < length; cut++) { /* cut anywhere but between members */
        ck_assert_int_eq(read_all(file_with(bytes, cut), &seen, &counts), 0);
        ck_assert_msg(counts.cut_short == (cut != first) && !counts.corrupt, "%zu", cut);
    }

    bytes[first + 12] ^= 0xff;
    ck_assert_int_eq(read_all(file_with(bytes, length), &seen, &counts), 0);
    ck_assert(counts.corrupt || counts.cut_short);
    ck_assert_ptr_nonnull(strstr(seen.text, "first|second|")); /* what came before counts */
    remove_directory();
}
END_TEST

START_TEST(unpacks_what_is_larger_than_the_window)
{
    static char text[3000000];
    static unsigned char bytes[1000000];
    struct seen seen;
    struct logfile_counts counts;
    make_directory();
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 100 == 99 ? '\n' : (char)('a' + i % 26);
    size_t length = packed(text, sizeof text, bytes, sizeof bytes);
    ck_assert_int_eq(read_all(file_with(bytes, length), &seen, &counts), 0);
    ck_assert_uint_eq(seen.lines, sizeof text / 100);
    ck_assert_uint_eq(seen.bytes, sizeof text / 100 * 99);
    remove_directory();
}
END_TEST

START_TEST(reads_a_pipe_that_comes_in_pieces)
{
    int ends[2];
    struct seen seen;
    struct logfile_counts counts;
    ck_assert_int_eq(pipe(ends), 0);
    if (fork() == 0) {
        static const char *const pieces[] = {"a", "b", "\nc", "d\n", "e"};
        for (size_t i = 0; i < COUNT(pieces); i++) {
            if (write(ends[1], pieces[i], strlen(pieces[i])) < 0)
                _exit(1);
            usleep(2000);
        }
        _exit(0);
    }
    close(ends[1]);
    ck_assert_int_eq(read_all(ends[0], &seen, &counts), 0);
    ck_assert_str_eq(seen.text, "ab|cd|e!");
}
END_TEST

START_TEST(lists_the_logs_of_a_directory)
{
    static const char *const names[] = {
        "0.ndjson",    "33.ndjson", "33.ndjson.1", "33.ndjson.2.gz", "a.ndjson-20260921",
        "a.ndjson.gz", "notes.txt", "ndjson",      "x.ndjson.bak",   "y.json"};
    make_directory();
    for (size_t i = 0; i < COUNT(names); i++)
        fclose(fopen(path_of(names[i]), "w"));
    mkdir(path_of("directory.ndjson"), 0700);
    mkfifo(path_of("pipe.ndjson"), 0600);
    struct logfile_list list = {0};
    ck_assert_int_eq(logfile_list_add(&list, directory), 0);
    ck_assert_uint_eq(list.count, 6);
    for (size_t i = 0; i < list.count; i++)
        ck_assert_str_eq(list.paths[i], path_of(names[i]));
    ck_assert_int_eq(logfile_list_add(&list, "-"), 0);
    ck_assert_int_eq(logfile_list_add(&list, "/proc/self/none"), 0);
    ck_assert_uint_eq(list.count, 8);
    ck_assert_int_eq(logfile_open("/proc/self/none"), -ENOENT);
    ck_assert_int_eq(logfile_open(directory), -EISDIR);
    logfile_list_free(&list);
    remove_directory();
}
END_TEST

START_TEST(finds_the_log_of_a_run)
{
    setenv("HOME", "/home/u", 1);
    unsetenv("XDG_STATE_HOME");
    char *path = logfile_of_run();
    ck_assert_str_eq(path, "/home/u/.local/state/astray/run.ndjson");
    free(path);
    setenv("XDG_STATE_HOME", "/state", 1);
    path = logfile_of_run();
    ck_assert_str_eq(path, "/state/astray/run.ndjson");
    free(path);
    setenv("XDG_STATE_HOME", "relative", 1); /* the specification says: ignore it */
    path = logfile_of_run();
    ck_assert_str_eq(path, "/home/u/.local/state/astray/run.ndjson");
    free(path);
    unsetenv("XDG_STATE_HOME");
    unsetenv("HOME");
    ck_assert_ptr_null(logfile_of_run());
}
END_TEST

static const TTest *const tests[] = {
    gives_every_line,
    parts_give_each_line_once_wherever_they_meet,
    parts_of_a_large_file_give_each_line_once,
    skips_and_counts_lines_that_are_too_long,
    unpacks_gzip,
    unpacks_what_is_larger_than_the_window,
    reads_a_pipe_that_comes_in_pieces,
    lists_the_logs_of_a_directory,
    finds_the_log_of_a_run,
};

UNIT_MAIN("logfile", tests)
