#include "phrase.h"

#include <string.h>

#include "unit.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A group of what one line says. */
static void group_of(struct group *group, const char *const texts[static GROUP_TEXTS])
{
    *group = (struct group){.kind = GROUP_STRAY, .attempts = 1};
    for (size_t i = 0; i < GROUP_TEXTS; i++)
        group->texts[i] = texts[i] == NULL ? SLICE("") : slice_of(texts[i]);
}

static void check(void phrase(FILE *, const struct group *), const struct group *group,
                  const char *wanted, const char *why)
{
    char text[2048] = "";
    FILE *stream = fmemopen(text, sizeof text, "w");
    ck_assert_ptr_nonnull(stream);
    phrase(stream, group);
    fclose(stream);
    ck_assert_msg(strcmp(text, wanted) == 0, "%s: %s instead of %s", why, text, wanted);
}

START_TEST(says_what_to_change)
{
    static const struct {
        const char *texts[GROUP_TEXTS];
        const char *wanted, *why;
    } rows[] = {
        {{[GROUP_CLASS] = "unspecified",
          [GROUP_ADDRESS] = "0",
          [GROUP_IP] = "0.0.0.0",
          [GROUP_PORT] = "80",
          [GROUP_PROGRAM] = "curl",
          [GROUP_SCRIPT] = "deploy.sh",
          [GROUP_ORIGIN] = "env:API_ADDR@deploy.sh",
          [GROUP_VARIABLE] = "API_ADDR",
          [GROUP_INTRODUCER] = "deploy.sh[4710]"},
         "give API_ADDR in deploy.sh a real host: \"0\" is 0.0.0.0, the address to bind, no "
         "destination; write localhost or the server's name",
         "a variable that a script sets"},
        {{[GROUP_CLASS] = "unspecified",
          [GROUP_ADDRESS] = "0.0.0.0",
          [GROUP_IP] = "0.0.0.0",
          [GROUP_PROGRAM] = "curl",
          [GROUP_ORIGIN] = "env:API_ADDR",
          [GROUP_VARIABLE] = "API_ADDR",
          [GROUP_SCRIPT] = "job.sh"},
         "give API_ADDR in job.sh a real host: 0.0.0.0 is the address to bind, no destination; "
         "write localhost or the server's name",
         "a variable of its own environment"},
        {{[GROUP_CLASS] = "unspecified",
          [GROUP_ADDRESS] = "::",
          [GROUP_IP] = "::",
          [GROUP_PROGRAM] = "curl",
          [GROUP_ORIGIN] = "argv:2"},
         "give argument 2 of curl a real host: \"::\" is the address to bind, no destination; "
         "write "
         "localhost or the server's name",
         "an argument"},
        {{[GROUP_CLASS] = "this-network",
          [GROUP_ADDRESS] = "8099",
          [GROUP_IP] = "0.0.31.163",
          [GROUP_PROGRAM] = "curl",
          [GROUP_ORIGIN] = "env:http_proxy",
          [GROUP_VARIABLE] = "http_proxy"},
         "give http_proxy a host: 8099 was used as a host; write host:8099",
         "a bare port"},
        {{[GROUP_CLASS] = "this-network", [GROUP_IP] = "0.0.31.163", [GROUP_PROGRAM] = "curl"},
         "give curl a host: 8099 was used as a host; write host:8099",
         "a bare port, the spelling not known"},
        {{[GROUP_CLASS] = "this-network",
          [GROUP_ADDRESS] = "7",
          [GROUP_IP] = "0.0.0.7",
          [GROUP_PROGRAM] = "curl"},
         "give curl a real host: \"7\" is 0.0.0.7, a host on this network, no destination; write "
         "the server's name or its whole address",
         "too small to be meant as a port"},
        {{[GROUP_CLASS] = "this-network",
          [GROUP_ADDRESS] = "0.31.163",
          [GROUP_IP] = "0.31.0.163",
          [GROUP_PROGRAM] = "curl"},
         "give curl a real host: \"0.31.163\" is 0.31.0.163, a host on this network, no "
         "destination; "
         "write the server's name or its whole address",
         "no port at all"},
        {{[GROUP_CLASS] = "port-zero",
          [GROUP_ADDRESS] = "127.0.0.1",
          [GROUP_IP] = "127.0.0.1",
          [GROUP_PORT] = "0",
          [GROUP_PROGRAM] = "redis-cli"},
         "give redis-cli a real port: nothing can listen on port 0; write the server's port",
         "port 0"},
        {{[GROUP_CLASS] = "sinkhole",
          [GROUP_ADDRESS] = "ads.test",
          [GROUP_IP] = "0.0.0.0",
          [GROUP_DOMAIN] = "ads.test",
          [GROUP_PROGRAM] = "curl"},
         "a block list answers ads.test with 0.0.0.0; allow the name there if curl needs it",
         "a sinkhole"},
        {{[GROUP_CLASS] = "reserved", [GROUP_IP] = "240.0.0.1", [GROUP_PROGRAM] = "curl"},
         "give curl a real host: 240.0.0.1 is reserved address space; write the server's name, or "
         "allow the address if it is meant",
         "a range that some use"},
        {{[GROUP_CLASS] = "from-the-future", [GROUP_IP] = "1.2.3.4", [GROUP_PROGRAM] = "a\\u001bb"},
         "give a\\x1bb a real host: 1.2.3.4 is from-the-future; write the server's name, or allow "
         "the "
         "address if it is meant",
         "a class that is not known, and a control byte"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct group group;
        group_of(&group, rows[i].texts);
        check(phrase_fix, &group, rows[i].wanted, rows[i].why);
    }
}
END_TEST

START_TEST(names_destinations)
{
    static const struct {
        const char *texts[GROUP_TEXTS];
        const char *wanted, *why;
    } rows[] = {
        {{[GROUP_ADDRESS] = "0", [GROUP_IP] = "0.0.0.0", [GROUP_PORT] = "80"},
         "0.0.0.0:80 (written \"0\")",
         "another spelling"},
        {{[GROUP_ADDRESS] = "0.0.0.0", [GROUP_IP] = "0.0.0.0", [GROUP_PORT] = "80"},
         "0.0.0.0:80",
         "the same spelling"},
        {{[GROUP_IP] = "::", [GROUP_PORT] = "80"}, "[::]:80", "IPv6"},
        {{[GROUP_IP] = "::"}, "::", "without a port"},
        {{[GROUP_ADDRESS] = "db",
          [GROUP_IP] = "10.0.0.7",
          [GROUP_PORT] = "5432",
          [GROUP_DOMAIN] = "db"},
         "db:5432 (10.0.0.7)",
         "a name"},
        {{[GROUP_ADDRESS] = "a\\\"b\\nc", [GROUP_IP] = "0.0.0.0"},
         "0.0.0.0 (written \"a\\\"b\\nc\")",
         "hostile bytes"},
        {{[GROUP_ADDRESS] = "somewhere"}, "somewhere", "no address"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct group group;
        group_of(&group, rows[i].texts);
        check(phrase_destination, &group, rows[i].wanted, rows[i].why);
    }
}
END_TEST

static void outcomes_bare(FILE *stream, const struct group *group)
{
    phrase_outcomes(stream, group, true);
}

START_TEST(tells_outcomes)
{
    static const struct {
        struct group group;
        const char *wanted, *why;
    } rows[] = {
        {{.attempts = 2, .outcomes = 2, .failed = 2, .errors = {{"ECONNREFUSED", 2}}},
         "connection refused",
         "one kind needs no number"},
        {{.attempts = 1200,
          .outcomes = 1190,
          .failed = 1189,
          .succeeded = 1,
          .errors = {{"ECONNREFUSED", 1188}, {"ETIMEDOUT", 1}}},
         "1,188 connection refused, 1 timed out, 1 connected, 10 outcome unknown",
         "several"},
        {{.attempts = 3, .blocked = 3}, "blocked", "blocked"},
        {{.attempts = 2, .blocked = 1, .outcomes = 1, .succeeded = 1},
         "1 blocked, 1 connected",
         "mixed"},
        {{.attempts = 1, .outcomes = 1, .failed = 1, .errors = {{"EWEIRD", 1}}},
         "EWEIRD",
         "no words"},
        {{.attempts = 1, .outcomes = 1, .failed = 1, .errors = {{"gave-up", 1}}},
         "gave up",
         "ours"},
        {{.attempts = 1, .outcomes = 1, .failed = 1}, "failed", "no error is known"},
        {{.attempts = 1}, "outcome unknown", "no outcome"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        check(outcomes_bare, &rows[i].group, rows[i].wanted, rows[i].why);
}
END_TEST

START_TEST(breaks_lines_between_words)
{
    static const struct {
        const char *text;
        unsigned indent, width;
        const char *wanted, *why;
    } rows[] = {
        {"one two", 2, 30, "one two\n", "fits"},
        {"one two three four five six seven", 2, 22, "one two three four\n  five six seven\n",
         "broken"},
        {"abcdefghijklmnopqrstuvwxyz0123456789", 2, 22,
         "abcdefghijklmnopqrst\n  uvwxyz0123456789\n", "a word that is longer than a line"},
        {"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
         "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 x",
         2, 22,
         "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
         "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\n  x\n",
         "characters count, not bytes"},
        {"", 2, 22, "\n", "empty"},
        {"a b", 10, 1, "a b\n", "no width at all: twenty columns are used"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[512] = "";
        FILE *stream = fmemopen(text, sizeof text, "w");
        phrase_wrap(stream, rows[i].text, rows[i].indent, rows[i].indent, rows[i].width);
        fclose(stream);
        ck_assert_msg(strcmp(text, rows[i].wanted) == 0, "%s: %s", rows[i].why, text);
    }
}
END_TEST

START_TEST(counts_in_thousands)
{
    static const struct {
        uint64_t count;
        const char *wanted;
    } rows[] = {
        {0, "0"}, {999, "999"}, {1000, "1,000"}, {1000000, "1,000,000"}, {12034005, "12,034,005"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[64] = "";
        FILE *stream = fmemopen(text, sizeof text, "w");
        phrase_count(stream, rows[i].count);
        fclose(stream);
        ck_assert_str_eq(text, rows[i].wanted);
    }
}
END_TEST

static const TTest *const tests[] = {
    says_what_to_change,        names_destinations,  tells_outcomes,
    breaks_lines_between_words, counts_in_thousands,
};

UNIT_MAIN("phrase", tests)
