#include "unit.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <astray/host.h>
#include <astray/policy.h>

static struct policy policy;
static struct policy_problem problem;

static bool set(const char *key, const char *value)
{
    return policy_set(&policy, slice_of(key), slice_of(value), &problem);
}

static struct destination to(const char *host, uint16_t port)
{
    struct host parsed;
    ck_assert_msg(host_parse(host, strlen(host), &parsed), "%s", host);
    return (struct destination){.addr = parsed.addr, .port = port};
}

START_TEST(starts_with_what_the_table_says)
{
    struct policy read;
    struct policy_problem none;
    memset(&read, 0, sizeof read);
    for (size_t i = 0; i < policy_setting_count; i++)
        ck_assert(policy_set(&read, slice_of(policy_settings[i].key), (struct slice){0}, &none));
    ck_assert_int_eq(memcmp(&read, &policy_initial, sizeof read), 0);
}
END_TEST

START_TEST(starts_with_the_documented_defaults)
{
    memset(&policy, 0xa5, sizeof policy);
    policy_start(&policy);
    ck_assert_int_eq(policy.mode, POLICY_AUDIT);
    ck_assert_int_eq(policy.origin, POLICY_ORIGIN_OWN);
    ck_assert_int_eq(policy.log, POLICY_LOG_FILE);
    ck_assert_str_eq(policy.log_path, "/var/log/astray/%u.ndjson");
    ck_assert(!policy.disabled && !policy.failures && !policy.strip_deepbind);
    ck_assert(policy.mask_arguments && policy.plain);
    ck_assert_uint_eq(policy.stray, addr_classes_stray);
    ck_assert_uint_eq(policy.rewritten & addr_classes_stray, addr_classes_stray);
    ck_assert_uint_eq(policy.log_limit, UINT64_C(1) << 30);
    ck_assert_uint_eq(policy.rate, 100);
    ck_assert_uint_eq(policy.allow_count, 0);
    ck_assert_str_eq(policy.only, "");
    ck_assert_str_eq(policy.skip, "");
    ck_assert_str_eq(policy.run, "");
    ck_assert(addr_equal(&policy.rewrite_v4, &(struct addr){.bytes = {127, 0, 0, 1}, .family = 4}));
    ck_assert(addr_equal(&policy.rewrite_v6, &(struct addr){.bytes = {[15] = 1}, .family = 6}));
}
END_TEST

START_TEST(names_every_setting_and_its_variable_alike)
{
    ck_assert_uint_eq(policy_setting_count, 16);
    for (size_t i = 0; i < policy_setting_count; i++) {
        const struct policy_setting *row = &policy_settings[i];
        char variable[64] = "ASTRAY_";
        for (size_t j = 0; row->key[j] != '\0'; j++) {
            char c = row->key[j];
            strncat(variable, (char[]){c == '_' ? c : (char)(c - 32), '\0'}, 1);
        }
        ck_assert_str_eq(variable, row->variable);
        ck_assert_ptr_eq(policy_setting_of_variable(slice_of(variable)), row);
        ck_assert(row->summary[strlen(row->summary) - 1] != '.');
        ck_assert_uint_le(strlen(row->summary), 60);
        policy_start(&policy);
        ck_assert_msg(set(row->key, row->initial), "%s", row->key);
        if (row->run != NULL)
            ck_assert_msg(set(row->key, row->run), "%s", row->key);
    }
    ck_assert_ptr_null(policy_setting_of_variable(SLICE("ASTRAY_LO")));
    ck_assert_ptr_null(policy_setting_of_variable(SLICE("ASTRAY_LOGS")));
    ck_assert_ptr_null(policy_setting_of_variable(SLICE("")));
}
END_TEST

START_TEST(takes_every_listed_choice_and_no_other)
{
    for (size_t i = 0; i < policy_setting_count; i++) {
        const struct policy_setting *row = &policy_settings[i];
        struct slice rest = slice_of(row->choices), choice;
        if (row->choices == NULL)
            continue;
        policy_start(&policy);
        while (slice_cut(&rest, '|', &choice))
            ck_assert(policy_set(&policy, slice_of(row->key), choice, &problem));
        ck_assert_msg(!set(row->key, row->choices), "%s", row->key);
        ck_assert_msg(!set(row->key, "2"), "%s", row->key);
    }
}
END_TEST

START_TEST(stores_what_a_choice_means)
{
    policy_start(&policy);
    ck_assert(set("mode", "block") && policy.mode == POLICY_BLOCK);
    ck_assert(set("mode", "rewrite") && policy.mode == POLICY_REWRITE);
    ck_assert(set("mode", "audit") && policy.mode == POLICY_AUDIT);
    ck_assert(set("origin", "none") && policy.origin == POLICY_ORIGIN_NONE);
    ck_assert(set("origin", "parents") && policy.origin == POLICY_ORIGIN_PARENTS);
    ck_assert(set("deepbind", "strip") && policy.strip_deepbind);
    ck_assert(set("deepbind", "keep") && !policy.strip_deepbind);
    ck_assert(set("arguments", "none") && !policy.mask_arguments);
    ck_assert(set("arguments", "masked") && policy.mask_arguments);
    ck_assert(set("disable", "1") && policy.disabled);
    ck_assert(set("failures", "1") && policy.failures);
    ck_assert(set("log", "syslog") && policy.log == POLICY_LOG_SYSLOG);
    ck_assert(set("log", "stderr") && policy.log == POLICY_LOG_STDERR);
    ck_assert(set("log", "none") && policy.log == POLICY_LOG_NONE);
    ck_assert(set("log", "/x/%p") && policy.log == POLICY_LOG_FILE);
    ck_assert_str_eq(policy.log_path, "/x/%p");
    ck_assert(set("log-limit", "64K") && policy.log_limit == 65536);
}
END_TEST

#define LETTERS50 "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghij"
#define LETTERS250 LETTERS50 LETTERS50 LETTERS50 LETTERS50 LETTERS50

START_TEST(takes_and_refuses_values)
{
    static const struct {
        const char *key, *value, *reason, *why;
    } rows[] = {
        {"nonsense", "1", "is no setting", "an unknown key"},
        {"", "1", "is no setting", "an empty key"},
        {"MODE", "audit", "is no setting", "keys are small letters"},
        {"mode", "", NULL, "an empty value is the default"},
        {"mode", " block ", NULL, "blanks around a value do not count"},
        {"mode", "Block", "choices", "values are exact"},
        {"disable", "yes", "choices", "a flag is 0 or 1"},
        {"rate", "0", NULL, "no limit"},
        {"rate", "4294967295", NULL, "the largest"},
        {"rate", "4294967296", "number", "one more than the largest"},
        {"rate", "-1", "number", "negative"},
        {"rate", "10/s", "number", "a unit"},
        {"log_limit", "1", NULL, "bytes"},
        {"log_limit", "500m", NULL, "small letters"},
        {"log_limit", "8388607T", NULL, "the largest"},
        {"log_limit", "8388608T", "size", "2^63"},
        {"log_limit", "0", "room", "nothing would ever be written"},
        {"log_limit", "0G", "room", "the same in gigabytes"},
        {"log_limit", "G", "size", "a unit alone"},
        {"log_limit", "1.5G", "size", "a fraction"},
        {"log_limit", "1GB", "size", "two letters"},
        {"log_limit", "1 G", "size", "a blank inside"},
        {"log", "relative.ndjson", "absolute", "programs change directory"},
        {"log", "Syslog", "absolute", "a word that is none of ours"},
        {"log", "/a/%u-%p-%e-%%.log", NULL, "every placeholder"},
        {"log", "/a/%x.log", "%", "an unknown placeholder"},
        {"log", "/a/%", "%", "a percent sign at the end"},
        {"log", "/a/%%%", "%", "a pair, and one too many"},
        {"log", "/a/", "directory", "no file name"},
        {"log", "/a\nb", "control", "a line break in a path"},
        {"log", "/1234" LETTERS250, NULL, "255 bytes"},
        {"log", "/12345" LETTERS250, "255", "256 bytes"},
        {"run", "12345" LETTERS250, NULL, "255 bytes"},
        {"run", "123456" LETTERS250, "255", "256 bytes"},
        {"run", "a\033[1m", "control", "an escape sequence"},
        {"run",
         "Stra\xc3\x9f"
         "e 5",
         NULL, "UTF-8 is text"},
        {"run", "a\x7f", "control", "delete is a control character"},
        {"only", "curl, */bin/py* wget", NULL, "several globs"},
        {"skip", "a\tb", "control", "a tab is none of the separators we write"},
        {"classes", "default", NULL, "the default"},
        {"classes", "none", NULL, "nothing is stray"},
        {"classes", "+private", NULL, "a sign alone builds on the default"},
        {"classes", "default,+private,-multicast", NULL, "both signs"},
        {"classes", "default, +private  -multicast,", NULL, "blanks and commas mixed"},
        {"classes", "unspecified documentation", NULL, "the whole set"},
        {"classes", "none,+unspecified", NULL, "from nothing"},
        {"classes", "unspecified,-documentation", "mixes", "a sign in a whole set"},
        {"classes", "-documentation,unspecified", "mixes", "a plain name behind a sign"},
        {"classes", "default,unspecified", "mixes", "default asks for signs"},
        {"classes", "+private,default", "front", "default in second place"},
        {"classes", "+private,none", "front", "none in second place"},
        {"classes", "privat", "class", "a misspelt class"},
        {"classes", "+", "class", "a sign without a class"},
        {"classes", "++private", "class", "two signs"},
        {"classes", "Private", "class", "capitals"},
        {"rewrite_classes", "unspecified,this-network", NULL, "the whole set"},
        {"rewrite_classes", "-documentation", NULL, "every class but one"},
        {"rewrite_classes", "everything", "class", "not a class"},
        {"rewrite_to", "127.0.0.1,::1", NULL, "one of each"},
        {"rewrite_to", "::1,127.0.0.1", NULL, "in the other order"},
        {"rewrite_to", "127.0.0.2", NULL, "one family"},
        {"rewrite_to", "fe80::1%3", NULL, "a numbered zone"},
        {"rewrite_to", "fe80::1%eth0", "zone", "a zone that would have to be looked up"},
        {"rewrite_to", "fe80::1", "stray", "link-local without a zone"},
        {"rewrite_to", "0.0.0.0", "stray", "a stray target"},
        {"rewrite_to", "127.0.0.1,::", "stray", "a stray second target"},
        {"rewrite_to", "192.0.2.1", "stray", "documentation"},
        {"rewrite_to", "127.0.0.1,127.0.0.2", "second", "two of a family"},
        {"rewrite_to", "::1 ::2", "stray", "deprecated, before it counts as the second"},
        {"rewrite_to", "::ffff:127.0.0.1", "mapped", "an IPv4 address in disguise"},
        {"rewrite_to", "localhost", "address", "a name"},
        {"rewrite_to", ",", "no address", "only a separator"},
        {"allow", "0.0.0.0", NULL, "an address"},
        {"allow", "0", NULL, "every spelling of host_parse"},
        {"allow", "0.0.0.0:80", NULL, "an address with a port"},
        {"allow", "[::]:80", NULL, "IPv6 with a port"},
        {"allow", "[::1]", NULL, "brackets without a port"},
        {"allow", "::", NULL, "IPv6 without brackets"},
        {"allow", "10.0.0.0/8 , fe80::/10,\t::/0", NULL, "prefixes"},
        {"allow", "10.0.0.0/33", "length", "too long a prefix"},
        {"allow", "::/129", "length", "too long a prefix of IPv6"},
        {"allow", "10.0.0.0/", "length", "no length"},
        {"allow", "10.0.0.0/8:80", "length", "a prefix with a port"},
        {"allow", "/8", "prefix", "no address"},
        {"allow", "http://0.0.0.0", "prefix", "a URL"},
        {"allow", "localhost", "address", "a name"},
        {"allow", "localhost:80", "address", "a name with a port"},
        {"allow", "user@0.0.0.0", "address", "userinfo"},
        {"allow", "0.0.0.0:65536", "port", "too large a port"},
        {"allow", "0.0.0.0:http", "port", "a port's name"},
        {"allow", "fe80::1%2", "zone", "a zone would be ignored"},
        {"allow", "fe80::%2/10", "prefix", "a zone in a prefix"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        policy_start(&policy);
        struct policy before = policy;
        bool taken = set(rows[i].key, rows[i].value);
        ck_assert_msg(taken == (rows[i].reason == NULL), "%s=%s: %s (%s)", rows[i].key,
                      rows[i].value, rows[i].why, taken ? "taken" : problem.reason);
        if (taken)
            continue;
        ck_assert_msg(strstr(problem.reason, rows[i].reason) != NULL, "%s=%s: %s", rows[i].key,
                      rows[i].value, problem.reason);
        ck_assert_msg(memcmp(&before, &policy, sizeof policy) == 0, "%s", rows[i].why);
        ck_assert(slice_equal(problem.key, slice_of(rows[i].key)));
        ck_assert(problem.value.data >= rows[i].value &&
                  problem.value.data + problem.value.length <=
                      rows[i].value + strlen(rows[i].value));
    }
}
END_TEST

START_TEST(points_at_the_wrong_item_of_a_list)
{
    policy_start(&policy);
    ck_assert(!set("allow", "10.0.0.1, 300.1.1.1"));
    ck_assert(slice_equal(problem.value, SLICE("300.1.1.1")));
    ck_assert(!set("classes", "default,+privat,-multicast"));
    ck_assert(slice_equal(problem.value, SLICE("+privat")));
    ck_assert(!set("rewrite-to", "127.0.0.1,::"));
    ck_assert(slice_equal(problem.value, SLICE("::")));
    ck_assert(slice_equal(problem.key, SLICE("rewrite-to")));
}
END_TEST

START_TEST(an_empty_value_brings_the_default_back)
{
    policy_start(&policy);
    struct policy before = policy;
    ck_assert(set("allow", "0.0.0.0") && set("rate", "7") && set("classes", "+private"));
    ck_assert(!policy.plain);
    ck_assert(set("allow", "") && set("rate", " ") && set("classes", ""));
    ck_assert_uint_eq(policy.allow_count, 0);
    ck_assert_uint_eq(policy.rate, before.rate);
    ck_assert_uint_eq(policy.stray, before.stray);
    ck_assert(policy.plain);
}
END_TEST

START_TEST(builds_sets_of_classes)
{
    static const struct {
        const char *value;
        const char *added, *removed; /* one class each, or NULL */
        bool plain;
    } rows[] = {
        {"default", NULL, NULL, true},
        {"+private", "private", NULL, false},
        {"-multicast", NULL, "multicast", true},
        {"default,+loopback,-port-zero", "loopback", "port-zero", false},
        {"+documentation", NULL, NULL, true},
        {"+private,-private", NULL, NULL, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        addr_class_set expected = addr_classes_stray;
        enum addr_class class;
        policy_start(&policy);
        if (rows[i].added != NULL) {
            ck_assert(addr_class_parse(rows[i].added, strlen(rows[i].added), &class));
            expected |= 1u << class;
        }
        if (rows[i].removed != NULL) {
            ck_assert(addr_class_parse(rows[i].removed, strlen(rows[i].removed), &class));
            expected &= ~(1u << class);
        }
        ck_assert(set("classes", rows[i].value));
        ck_assert_msg(policy.stray == expected, "%s", rows[i].value);
        ck_assert_msg(policy.plain == rows[i].plain, "%s", rows[i].value);
    }
    ck_assert(set("classes", "unspecified,documentation"));
    ck_assert_uint_eq(policy.stray, 1u << ADDR_UNSPECIFIED | 1u << ADDR_DOCUMENTATION);
    ck_assert(set("classes", "none") && policy.stray == 0 && policy.plain);
    ck_assert(set("rewrite_classes", "-documentation"));
    ck_assert_uint_eq(policy.rewritten,
                      ((1u << ADDR_CLASS_COUNT) - 1) & ~(1u << ADDR_DOCUMENTATION));
}
END_TEST

START_TEST(holds_at_most_64_allowed_entries)
{
    char list[64 * 12 + 16] = "";
    policy_start(&policy);
    for (unsigned i = 0; i < POLICY_ALLOW_MAX; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "0.0.0.%u,", i);
    ck_assert(set("allow", list));
    ck_assert_uint_eq(policy.allow_count, POLICY_ALLOW_MAX);
    struct destination last = to("0.0.0.63", 80), beyond = to("0.0.0.64", 80);
    ck_assert(!policy_suspects(&policy, &last) && policy_suspects(&policy, &beyond));
    strcat(list, "0.0.0.64");
    ck_assert(!set("allow", list));
    ck_assert(slice_equal(problem.value, SLICE("0.0.0.64")));
    ck_assert(policy_suspects(&policy, &beyond));
}
END_TEST

START_TEST(refuses_nul_bytes_and_reads_within_bounds)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(pages, MAP_FAILED);
    ck_assert_int_eq(mprotect(pages + page, page, PROT_NONE), 0);
    policy_start(&policy);
    for (size_t i = 0; i < policy_setting_count; i++) {
        const char *texts[] = {policy_settings[i].initial, "+", "-", "1", "/%", "[::]:", "::1%"};
        for (size_t j = 0; j < sizeof texts / sizeof *texts; j++) {
            size_t length = strlen(texts[j]);
            struct slice value = {pages + page - length, length};
            memcpy(pages + page - length, texts[j], length);
            policy_set(&policy, slice_of(policy_settings[i].key), value, &problem);
        }
        ck_assert_msg(!policy_set(&policy, slice_of(policy_settings[i].key),
                                  (struct slice){"1\0", 2}, &problem),
                      "%s", policy_settings[i].key);
        memset(pages, 'a', page);
        ck_assert_msg(!policy_set(&policy, slice_of(policy_settings[i].key),
                                  (struct slice){pages, page}, &problem),
                      "%s", policy_settings[i].key);
    }
    static const char tail[] = "a = b\nc = #";
    struct slice rest = {pages + page - strlen(tail), strlen(tail)}, key, value;
    memcpy(pages + page - strlen(tail), tail, strlen(tail));
    while (policy_next_line(&rest, &key, &value))
        ck_assert(key.length == 1);
    munmap(pages, 2 * page);
}
END_TEST

START_TEST(reads_configuration_files)
{
    static const char text[] = "# comment\n"
                               "\n"
                               "mode = block\n"
                               "  log=/var/log/a#b.log  # behind a blank\r\n"
                               "\t# only a comment\n"
                               "allow = \n"
                               "just words\n"
                               "run = a = b\n"
                               "= value\n"
                               "rate = 5 #";
    static const struct {
        const char *key, *value;
    } expected[] = {
        {"mode", "block"}, {"log", "/var/log/a#b.log"},
        {"allow", ""},     {"just words", NULL},
        {"run", "a = b"},  {"", "value"},
        {"rate", "5"},
    };
    struct slice rest = SLICE(text), key, value;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        ck_assert(policy_next_line(&rest, &key, &value));
        ck_assert_msg(slice_equal(key, slice_of(expected[i].key)), "row %zu", i);
        ck_assert_msg(slice_equal(value, slice_of(expected[i].value)), "row %zu", i);
        ck_assert_msg((value.data == NULL) == (expected[i].value == NULL), "row %zu", i);
    }
    ck_assert(!policy_next_line(&rest, &key, &value));
    rest = (struct slice){0};
    ck_assert(!policy_next_line(&rest, &key, &value));
    rest = SLICE("");
    ck_assert(!policy_next_line(&rest, &key, &value));
}
END_TEST

START_TEST(a_table_survives_a_round_trip_through_a_file)
{
    for (size_t i = 0; i < policy_setting_count; i++) {
        char line[512];
        struct slice key, value;
        snprintf(line, sizeof line, "%s = %s\n", policy_settings[i].key,
                 policy_settings[i].initial);
        struct slice rest = slice_of(line);
        ck_assert(policy_next_line(&rest, &key, &value));
        ck_assert(slice_equal(key, slice_of(policy_settings[i].key)));
        ck_assert(slice_equal(value, slice_of(policy_settings[i].initial)));
        ck_assert(value.data != NULL);
    }
}
END_TEST

START_TEST(concerns_programs_by_only_and_skip)
{
    static const struct {
        const char *only, *skip, *executable;
        bool concerned;
        const char *why;
    } rows[] = {
        {"", "", "/usr/bin/curl", true, "no globs: everything"},
        {"", "", "", true, "not even the name is needed"},
        {"curl", "", "/usr/bin/curl", true, "the last part of the path"},
        {"curl", "", "/usr/bin/curlew", false, "as a whole"},
        {"wget, curl", "", "/usr/bin/curl", true, "one of several"},
        {"/usr/bin/*", "", "/usr/bin/curl", true, "with a slash: the path"},
        {"bin/curl", "", "/usr/bin/curl", false, "the path as a whole"},
        {"*/curl", "", "/usr/bin/curl", true, "a star passes slashes"},
        {"python3*", "", "/usr/bin/python3.11", true, "a star"},
        {"python?", "", "/usr/bin/python3", true, "a question mark"},
        {"curl", "", "", false, "an unknown program is not curl"},
        {"", "curl", "/usr/bin/curl", false, "skipped"},
        {"", "curl", "/usr/bin/wget", true, "another one is skipped"},
        {"*", "curl", "/usr/bin/curl", false, "skip wins"},
        {"curl", "wget", "/usr/bin/curl", true, "wanted and not skipped"},
        {"curl", "", "curl", true, "a path without a slash"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        policy_start(&policy);
        ck_assert(set("only", rows[i].only) && set("skip", rows[i].skip));
        ck_assert_msg(policy_concerns(&policy, slice_of(rows[i].executable)) == rows[i].concerned,
                      "%s", rows[i].why);
    }
}
END_TEST

START_TEST(suspects_stray_destinations_only)
{
    static const struct {
        const char *classes, *allow, *host;
        uint16_t port;
        bool suspect, route;
        const char *why;
    } rows[] = {
        {"", "", "127.0.0.1", 80, false, false, "loopback"},
        {"", "", "10.1.2.3", 80, false, false, "private"},
        {"", "", "8.8.8.8", 53, false, false, "global"},
        {"", "", "2001:4860:4860::8888", 53, false, false, "global IPv6"},
        {"", "", "::1", 80, false, false, "loopback IPv6"},
        {"", "", "::ffff:8.8.8.8", 80, false, false, "mapped, global inside"},
        {"", "", "0.0.0.0", 80, true, false, "unspecified, which no route can excuse"},
        {"", "", "::", 80, true, false, "unspecified IPv6"},
        {"", "", "::ffff:0.0.0.0", 80, true, false, "unspecified inside"},
        {"", "", "192.0.2.1", 80, true, true, "documentation, unless it is routed"},
        {"", "", "::ffff:192.0.2.1", 80, true, true, "documentation inside"},
        {"", "", "240.0.0.1", 80, true, true, "reserved"},
        {"", "", "200::1", 80, true, true, "an overlay's range"},
        {"", "", "ff02::1", 80, true, false, "multicast always has a route"},
        {"", "", "8.8.8.8", 0, true, false, "port 0"},
        {"-port-zero", "", "8.8.8.8", 0, false, false, "port 0 is none of our business"},
        {"-port-zero", "", "0.0.0.0", 0, true, false, "the address still is"},
        {"-documentation", "", "192.0.2.1", 80, false, false, "a class taken away"},
        {"-unspecified", "", "0.0.0.0", 80, true, false, "may be a sinkhole"},
        {"-unspecified -sinkhole", "", "0.0.0.0", 80, false, false, "neither of them"},
        {"+private", "", "10.0.0.1", 80, true, false, "a class added"},
        {"+private", "", "8.8.8.8", 80, false, false, "another class is still clean"},
        {"+link-local", "", "169.254.169.254", 80, true, false, "a class added"},
        {"none", "", "0.0.0.0", 0, false, false, "nothing is stray"},
        {"", "0.0.0.0", "0.0.0.0", 80, false, false, "allowed at every port"},
        {"", "0.0.0.0", "::", 80, true, false, "the other family is not"},
        {"", "0.0.0.0", "0.0.0.1", 80, true, true, "its neighbour is not"},
        {"", "0.0.0.0", "::ffff:0.0.0.0", 80, false, false, "allowed in disguise"},
        {"", "::ffff:0.0.0.0", "0.0.0.0", 80, false, false, "and the other way round"},
        {"", "::ffff:192.0.2.0/120", "192.0.2.9", 80, false, false, "a prefix in disguise"},
        {"", "::ffff:0:0/95", "192.0.2.9", 80, true, true, "a prefix that is not only disguise"},
        {"", "::ffff:0:0/95", "::ffff:192.0.2.9", 80, false, false, "but holds the mapped form"},
        {"", "::/0", "::ffff:192.0.2.9", 80, false, false, "all of IPv6, mapped ones as well"},
        {"", "::/0", "192.0.2.9", 80, true, true, "but not IPv4"},
        {"", "0.0.0.0:80", "0.0.0.0", 80, false, false, "allowed at this port"},
        {"", "0.0.0.0:80", "0.0.0.0", 81, true, false, "not at that one"},
        {"", "[::]:80", "::", 80, false, false, "IPv6 and its port"},
        {"", "192.0.2.0/24", "192.0.2.255", 80, false, false, "in the prefix"},
        {"", "192.0.2.0/24", "192.0.3.0", 0, true, false, "beyond it"},
        {"", "0.0.0.0/0", "255.255.255.255", 80, false, false, "everything"},
        {"", "8.8.8.8:0", "8.8.8.8", 0, false, false, "port 0 allowed there"},
        {"", "10.0.0.1 , 192.0.2.1", "192.0.2.1", 80, false, false, "the second entry"},
        {"", "", "fe80::1", 80, true, false, "link-local without a zone"},
        {"", "", "fe80::1%2", 80, false, false, "link-local with a zone"},
        {"-link-local-no-zone", "", "fe80::1", 80, false, false, "taken away"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        policy_start(&policy);
        ck_assert(set("classes", rows[i].classes) && set("allow", rows[i].allow));
        struct destination where = to(rows[i].host, rows[i].port);
        ck_assert_msg(policy_suspects(&policy, &where) == rows[i].suspect, "%s: %s", rows[i].host,
                      rows[i].why);
        ck_assert_msg(policy_wants_route(&policy, &where) == rows[i].route, "%s: %s", rows[i].host,
                      rows[i].why);
    }
    struct destination none = {.port = 0};
    ck_assert(!policy_suspects(&policy, &none) && !policy_wants_route(&policy, &none));
}
END_TEST

/* The quick test and the table behind it may not disagree. */
START_TEST(the_hot_path_agrees_with_the_full_one)
{
    uint32_t random = 1;
    policy_start(&policy);
    struct policy full = policy;
    full.plain = false;
    for (unsigned i = 0; i < 200000; i++) {
        struct destination where = {.port = 80};
        where.addr.family = i % 2 == 0 ? ADDR_IPV4 : ADDR_IPV6;
        for (size_t j = 0; j < (i % 2 == 0 ? 4 : 16); j++) {
            random = random * 1664525 + 1013904223;
            where.addr.bytes[j] = (uint8_t)(random >> 24) & (random & 0x700 ? 0xff : 0x00);
        }
        if (i % 8 == 1) {
            memset(where.addr.bytes, 0, 10);
            memset(where.addr.bytes + 10, 0xff, 2);
        }
        ck_assert(policy_suspects(&policy, &where) == policy_suspects(&full, &where));
    }
}
END_TEST

enum {
    STREAM = POLICY_SOCKET_STREAM,
    DATAGRAM = POLICY_SOCKET_DATAGRAM,
    RAW = POLICY_SOCKET_OTHER
};
enum { CONNECT = POLICY_CONNECT, SEND = POLICY_SEND };
enum { BOUND = 1, DEVICE = 2, ROUTED = 4, NAMED = 8 };
enum { AUDIT = POLICY_AUDIT, REWRITE = POLICY_REWRITE, BLOCK = POLICY_BLOCK };
enum {
    NOTHING = POLICY_NONE,
    DETECT = POLICY_DETECT,
    REDIRECT = POLICY_DO_REWRITE,
    DENY = POLICY_DO_BLOCK
};

/* `more` is another setting, as a line of astray.conf. */
static const struct {
    const char *host;
    uint16_t port;
    int socket, call, mode, facts;
    const char *more;
    int action;
    const char *class, *skipped, *target, *why;
} verdicts[] = {
#define T(host, port, ...)                                                                         \
    {                                                                                              \
        host, port, STREAM, CONNECT, __VA_ARGS__                                                   \
    }
#define F(host, port, ...)                                                                         \
    {                                                                                              \
        host, port, STREAM, SEND, __VA_ARGS__                                                      \
    }
#define U(host, port, ...)                                                                         \
    {                                                                                              \
        host, port, DATAGRAM, CONNECT, __VA_ARGS__                                                 \
    }
#define S(host, port, ...)                                                                         \
    {                                                                                              \
        host, port, DATAGRAM, SEND, __VA_ARGS__                                                    \
    }
#define R(host, port, ...)                                                                         \
    {                                                                                              \
        host, port, RAW, CONNECT, __VA_ARGS__                                                      \
    }
    /* audit, streams: every class */
    T("8.8.8.8", 80, AUDIT, 0, "", NOTHING, "global", 0, 0, "an ordinary address"),
    T("127.0.0.1", 80, AUDIT, 0, "", NOTHING, "loopback", 0, 0, "this host"),
    T("10.0.0.1", 80, AUDIT, 0, "", NOTHING, "private", 0, 0, "a private network"),
    T("169.254.169.254", 80, AUDIT, 0, "", NOTHING, "link-local", 0, 0, "cloud metadata"),
    T("100.64.0.1", 80, AUDIT, 0, "", NOTHING, "shared", 0, 0, "a provider's network"),
    T("fc00::1", 80, AUDIT, 0, "", NOTHING, "unique-local", 0, 0, "a private network"),
    T("198.18.0.1", 80, AUDIT, 0, "", NOTHING, "benchmarking", 0, 0, "a lab"),
    T("0.0.0.0", 80, AUDIT, 0, "", DETECT, "unspecified", 0, 0, "the outage"),
    T("::", 80, AUDIT, 0, "", DETECT, "unspecified", 0, 0, "the outage on IPv6"),
    T("::ffff:0.0.0.0", 80, AUDIT, 0, "", DETECT, "unspecified", 0, 0, "the outage in disguise"),
    T("0.0.31.163", 80, AUDIT, 0, "", DETECT, "this-network", 0, 0, "http_proxy=8099"),
    T("192.0.2.9", 80, AUDIT, 0, "", DETECT, "documentation", 0, 0, "copied from a manual"),
    T("2001:db8::1", 80, AUDIT, 0, "", DETECT, "documentation", 0, 0, "copied from a manual"),
    T("240.0.0.1", 80, AUDIT, 0, "", DETECT, "reserved", 0, 0, "class E"),
    T("192.0.0.170", 80, AUDIT, 0, "", DETECT, "protocol-assignment", 0, 0, "NAT64 discovery"),
    T("192.0.0.8", 80, AUDIT, 0, "", DETECT, "dummy", 0, 0, "the dummy address"),
    T("192.88.99.1", 80, AUDIT, 0, "", DETECT, "deprecated", 0, 0, "6to4 relays"),
    T("100::1", 80, AUDIT, 0, "", DETECT, "discard-only", 0, 0, "dropped by definition"),
    T("255.255.255.255", 80, AUDIT, 0, "", DETECT, "broadcast", 0, 0, "no stream goes to all"),
    T("224.0.0.1", 80, AUDIT, 0, "", DETECT, "multicast", 0, 0, "no stream goes to a group"),
    T("ff02::1%1", 80, AUDIT, 0, "", DETECT, "multicast", 0, 0, "nor on IPv6"),
    T("8.8.8.8", 0, AUDIT, 0, "", DETECT, "port-zero", 0, 0, "nothing listens there"),
    T("0.0.0.0", 0, AUDIT, 0, "", DETECT, "unspecified", 0, 0, "the address counts first"),
    T("fe80::1", 80, AUDIT, 0, "", DETECT, "link-local-no-zone", 0, 0, "on which link?"),
    T("fe80::1", 80, AUDIT, DEVICE, "", NOTHING, "link-local", 0, 0, "on the device's link"),
    T("fe80::1", 80, AUDIT, BOUND, "", DETECT, "link-local-no-zone", 0, 0, "an address is no link"),
    T("fe80::1%2", 80, AUDIT, 0, "", NOTHING, "link-local", 0, 0, "on link 2"),
    T("0.0.0.0", 80, AUDIT, NAMED, "", DETECT, "sinkhole", 0, 0, "a block list's answer"),
    T("::", 80, AUDIT, NAMED, "", DETECT, "sinkhole", 0, 0, "a block list's answer on IPv6"),
    T("192.0.2.9", 80, AUDIT, NAMED, "", DETECT, "documentation", 0, 0,
      "a name does not excuse it"),
    T("127.0.0.1", 80, AUDIT, NAMED, "", NOTHING, "loopback", 0, 0, "localhost is a name"),
    T("0.0.0.0", 80, AUDIT, BOUND, "", DETECT, "unspecified", 0, 0, "audit tells all"),
    /* ranges that this host routes */
    T("192.0.2.9", 80, AUDIT, ROUTED, "", NOTHING, "documentation", 0, 0, "a lab"),
    T("240.0.0.1", 80, AUDIT, ROUTED, "", NOTHING, "reserved", 0, 0, "a cloud"),
    T("200::1", 80, AUDIT, ROUTED, "", NOTHING, "reserved", 0, 0, "an overlay"),
    T("0.1.2.3", 80, AUDIT, ROUTED, "", NOTHING, "this-network", 0, 0, "routed on purpose"),
    T("100::1", 80, BLOCK, ROUTED, "", NOTHING, "discard-only", 0, 0, "a black hole in use"),
    T("0.0.0.0", 80, AUDIT, ROUTED, "", DETECT, "unspecified", 0, 0, "no mere range"),
    T("ff02::1%1", 80, AUDIT, ROUTED, "", DETECT, "multicast", 0, 0, "always has a route"),
    T("255.255.255.255", 80, AUDIT, ROUTED, "", DETECT, "broadcast", 0, 0, "no mere range"),
    T("192.0.2.9", 0, AUDIT, ROUTED, "", DETECT, "port-zero", 0, 0, "routed, but to port 0"),
    /* block mode, streams */
    T("0.0.0.0", 80, BLOCK, 0, "", DENY, "unspecified", 0, 0, "blocked"),
    T("::ffff:0.0.0.0", 80, BLOCK, 0, "", DENY, "unspecified", 0, 0, "blocked in disguise"),
    T("192.0.2.9", 80, BLOCK, 0, "", DENY, "documentation", 0, 0, "blocked"),
    T("8.8.8.8", 0, BLOCK, 0, "", DENY, "port-zero", 0, 0, "blocked for its port"),
    T("224.0.0.1", 80, BLOCK, 0, "", DENY, "multicast", 0, 0, "blocked"),
    T("0.0.0.0", 80, BLOCK, BOUND, "", DENY, "unspecified", 0, 0, "bound or not"),
    T("0.0.0.0", 80, BLOCK, DEVICE, "", DENY, "unspecified", 0, 0, "on a device or not"),
    T("0.0.0.0", 80, BLOCK, NAMED, "", DETECT, "sinkhole", 0, 0, "on purpose: never blocked"),
    T("8.8.8.8", 80, BLOCK, 0, "", NOTHING, "global", 0, 0, "ordinary ones pass"),
    T("0.0.0.0", 80, BLOCK, 0, "allow=0.0.0.0", NOTHING, "unspecified", 0, 0, "allowed"),
    T("0.0.0.0", 80, BLOCK, 0, "allow=0.0.0.0:81", DENY, "unspecified", 0, 0, "at another port"),
    T("0.0.0.0", 80, BLOCK, 0, "rewrite_classes=none", DENY, "unspecified", 0, 0,
      "rewrite_classes is for rewriting"),
    F("0.0.0.0", 80, BLOCK, 0, "", DENY, "unspecified", 0, 0, "fast open is a connection"),
    F("8.8.8.8", 0, BLOCK, 0, "", DENY, "port-zero", 0, 0, "fast open to port 0"),
    /* rewrite mode, streams */
    T("0.0.0.0", 80, REWRITE, 0, "", REDIRECT, "unspecified", 0, "127.0.0.1", "same family"),
    T("::", 80, REWRITE, 0, "", REDIRECT, "unspecified", 0, "::1", "same family"),
    T("::ffff:0.0.0.0", 80, REWRITE, 0, "", REDIRECT, "unspecified", 0, "::ffff:127.0.0.1",
      "stays mapped"),
    T("::ffff:192.0.2.9", 80, REWRITE, 0, "", REDIRECT, "documentation", 0, "::ffff:127.0.0.1",
      "stays mapped"),
    T("64:ff9b::c000:209", 80, REWRITE, 0, "", REDIRECT, "documentation", 0, "::1",
      "NAT64 is real IPv6"),
    T("0.0.31.163", 80, REWRITE, 0, "", REDIRECT, "this-network", 0, "127.0.0.1", "helps here"),
    T("fe80::1", 80, REWRITE, 0, "", REDIRECT, "link-local-no-zone", 0, "::1", "no zone"),
    F("0.0.0.0", 80, REWRITE, 0, "", REDIRECT, "unspecified", 0, "127.0.0.1", "fast open"),
    T("0.0.0.0", 80, REWRITE, 0, "rewrite_to=10.0.0.5", REDIRECT, "unspecified", 0, "10.0.0.5",
      "another target"),
    T("::ffff:0.0.0.0", 80, REWRITE, 0, "rewrite_to=10.0.0.5", REDIRECT, "unspecified", 0,
      "::ffff:10.0.0.5", "another target, mapped"),
    T("::", 80, REWRITE, 0, "rewrite_to=10.0.0.5", DETECT, "unspecified", "no-target", 0,
      "none of its family"),
    T("::ffff:0.0.0.0", 80, REWRITE, 0, "rewrite_to=::1", DETECT, "unspecified", "no-target", 0,
      "mapped needs an IPv4 target"),
    T("0.0.0.0", 80, REWRITE, 0, "rewrite_to=::1", DETECT, "unspecified", "no-target", 0,
      "none of its family"),
    T("0.0.0.0", 80, REWRITE, BOUND, "", DETECT, "unspecified", "bound-address", 0,
      "means that address then"),
    T("0.0.0.0", 80, REWRITE, DEVICE, "", DETECT, "unspecified", "bound-device", 0,
      "127.0.0.1 would hang there"),
    T("0.0.0.0", 80, REWRITE, BOUND | DEVICE, "", DETECT, "unspecified", "bound-address", 0,
      "the first reason"),
    T("0.0.0.0", 80, REWRITE, NAMED, "", DETECT, "sinkhole", "sinkhole", 0, "never rewritten"),
    T("0.0.0.0", 0, REWRITE, 0, "", DETECT, "unspecified", "port-zero", 0, "the port stays"),
    T("8.8.8.8", 0, REWRITE, 0, "", DETECT, "port-zero", "port-zero", 0, "the port stays"),
    T("192.0.2.9", 80, REWRITE, 0, "rewrite_classes=unspecified", DETECT, "documentation", "class",
      0, "this class is not touched"),
    T("0.0.0.0", 80, REWRITE, 0, "rewrite_classes=unspecified", REDIRECT, "unspecified", 0,
      "127.0.0.1", "this one is"),
    T("0.0.0.0", 80, REWRITE, 0, "rewrite_classes=-unspecified", DETECT, "unspecified", "class", 0,
      "taken away"),
    T("192.0.2.9", 80, REWRITE, ROUTED, "", NOTHING, "documentation", 0, 0, "routed on purpose"),
    T("8.8.8.8", 80, REWRITE, 0, "", NOTHING, "global", 0, 0, "ordinary ones pass"),
    T("10.0.0.1", 80, REWRITE, 0, "classes=+private", REDIRECT, "private", 0, "127.0.0.1",
      "an added class is rewritten too"),
    /* datagrams */
    U("0.0.0.0", 80, AUDIT, 0, "", DETECT, "unspecified", 0, 0, "a probe, told apart"),
    U("192.0.2.9", 80, AUDIT, 0, "", DETECT, "documentation", 0, 0, "a probe"),
    U("8.8.8.8", 0, AUDIT, 0, "", NOTHING, "global", 0, 0, "what is my address?"),
    U("0.0.0.0", 0, AUDIT, 0, "", DETECT, "unspecified", 0, 0, "the address is stray"),
    U("255.255.255.255", 67, AUDIT, 0, "", NOTHING, "broadcast", 0, 0, "datagrams may"),
    U("224.0.0.251", 5353, AUDIT, 0, "", NOTHING, "multicast", 0, 0, "mDNS"),
    U("ff02::fb%1", 5353, AUDIT, 0, "", NOTHING, "multicast", 0, 0, "mDNS on IPv6"),
    U("192.0.2.9", 80, AUDIT, ROUTED, "", NOTHING, "documentation", 0, 0, "a lab"),
    U("0.0.0.0", 80, BLOCK, 0, "", DETECT, "unspecified", 0, 0, "a probe is never blocked"),
    U("0.0.0.0", 80, REWRITE, 0, "", DETECT, "unspecified", "datagram", 0, "nor rewritten"),
    U("0.0.0.0", 80, BLOCK, NAMED, "", DETECT, "sinkhole", 0, 0, "a sinkhole by UDP"),
    U("0.0.0.0", 80, REWRITE, NAMED, "", DETECT, "sinkhole", "sinkhole", 0, "a sinkhole by UDP"),
    S("0.0.0.0", 80, AUDIT, 0, "", DETECT, "unspecified", 0, 0, "sent to nobody"),
    S("8.8.8.8", 0, AUDIT, 0, "", DETECT, "port-zero", 0, 0, "the kernel says EINVAL"),
    S("224.0.0.251", 5353, BLOCK, 0, "", NOTHING, "multicast", 0, 0, "mDNS"),
    S("224.0.0.251", 0, AUDIT, 0, "", DETECT, "port-zero", 0, 0, "a group, but port 0"),
    S("255.255.255.255", 67, BLOCK, 0, "", NOTHING, "broadcast", 0, 0, "DHCP"),
    S("0.0.0.0", 80, BLOCK, 0, "", DENY, "unspecified", 0, 0, "a send may be blocked"),
    S("8.8.8.8", 0, BLOCK, 0, "", DENY, "port-zero", 0, 0, "a send to port 0"),
    S("0.0.0.0", 80, BLOCK, NAMED, "", DETECT, "sinkhole", 0, 0, "never blocked"),
    S("192.0.2.9", 514, REWRITE, 0, "", DETECT, "documentation", "datagram", 0, "streams only"),
    S("192.0.2.9", 514, BLOCK, ROUTED, "", NOTHING, "documentation", 0, 0, "a lab"),
    S("8.8.8.8", 53, BLOCK, 0, "", NOTHING, "global", 0, 0, "ordinary ones pass"),
    /* other sockets */
    R("0.0.0.0", 0, AUDIT, 0, "", NOTHING, "unspecified", 0, 0, "ping's socket"),
    R("192.0.2.9", 0, BLOCK, 0, "", NOTHING, "documentation", 0, 0, "traceroute's socket"),
    R("0.0.0.0", 80, REWRITE, 0, "", NOTHING, "unspecified", 0, 0, "raw"),
    /* what `classes` says */
    T("8.8.8.8", 0, AUDIT, 0, "classes=-port-zero", NOTHING, "global", 0, 0, "port 0 is fine"),
    T("0.0.0.0", 80, AUDIT, 0, "classes=-unspecified", NOTHING, "unspecified", 0, 0, "fine"),
    T("0.0.0.0", 80, AUDIT, NAMED, "classes=-unspecified", DETECT, "sinkhole", 0, 0,
      "another class"),
    T("0.0.0.0", 80, AUDIT, NAMED, "classes=-sinkhole", NOTHING, "sinkhole", 0, 0,
      "sinkholes are fine, even though 0.0.0.0 is not"),
    T("224.0.0.1", 80, AUDIT, 0, "classes=-multicast", NOTHING, "multicast", 0, 0, "fine"),
    T("10.0.0.1", 80, BLOCK, 0, "classes=+private", DENY, "private", 0, 0, "asked for"),
    T("10.0.0.1", 80, BLOCK, ROUTED, "classes=+private", DENY, "private", 0, 0,
      "private networks are routed always"),
    U("10.0.0.1", 80, AUDIT, 0, "classes=+private", DETECT, "private", 0, 0, "datagrams too"),
    T("fe80::1", 80, AUDIT, DEVICE, "classes=+link-local", DETECT, "link-local", 0, 0,
      "on the device's link, but that class was added"),
    T("fe80::1", 80, AUDIT, DEVICE, "classes=+link-local,-link-local-no-zone", DETECT, "link-local",
      0, 0, "the same without the other class"),
    T("0.0.0.0", 80, BLOCK, 0, "classes=none", NOTHING, "unspecified", 0, 0, "nothing is stray"),
    T("0.0.0.0", 80, BLOCK, 0, "classes=documentation", NOTHING, "unspecified", 0, 0,
      "a whole set without it"),
};

START_TEST(judges_every_kind_of_call)
{
    ck_assert_uint_ge(sizeof verdicts / sizeof *verdicts, 80);
    for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
        struct slice rest = slice_of(verdicts[i].more), key, value;
        struct destination where = to(verdicts[i].host, verdicts[i].port);
        struct policy_facts facts = {
            .socket = (enum policy_socket)verdicts[i].socket,
            .call = (enum policy_call)verdicts[i].call,
            .bound = (verdicts[i].facts & BOUND) != 0,
            .device = (verdicts[i].facts & DEVICE) != 0,
            .routed = (verdicts[i].facts & ROUTED) != 0,
            .sinkhole = (verdicts[i].facts & NAMED) != 0,
        };
        char context[256], target[ADDR_TEXT_SIZE];
        snprintf(context, sizeof context, "row %zu: %s port %u: %s", i, verdicts[i].host,
                 verdicts[i].port, verdicts[i].why);
        policy_start(&policy);
        policy.mode = (enum policy_mode)verdicts[i].mode;
        if (policy_next_line(&rest, &key, &value))
            ck_assert_msg(policy_set(&policy, key, value, &problem), "%s", context);
        struct verdict verdict = policy_judge(&policy, &where, &facts);
        ck_assert_msg((int)verdict.action == verdicts[i].action, "%s: got %s", context,
                      policy_action_name(verdict.action));
        ck_assert_msg(strcmp(addr_class_name(verdict.class), verdicts[i].class) == 0, "%s: got %s",
                      context, addr_class_name(verdict.class));
        ck_assert_msg(slice_equal(slice_of(verdict.skipped), slice_of(verdicts[i].skipped)),
                      "%s: skipped %s", context, verdict.skipped);
        addr_format(&verdict.target, target);
        ck_assert_msg(slice_equal(slice_of(target), slice_of(verdicts[i].target)), "%s: to %s",
                      context, target);
    }
}
END_TEST

START_TEST(a_verdict_is_never_harsher_than_the_suspicion)
{
    static const char *const hosts[] = {
        "0.0.0.0", "::",        "192.0.2.1",      "8.8.8.8",
        "fe80::1", "224.0.0.1", "::ffff:0.0.0.1", "255.255.255.255"};
    policy_start(&policy);
    for (unsigned bits = 0; bits < 8 * 2 * 3 * 2 * 3 * 16; bits++) {
        unsigned n = bits;
        struct destination where = to(hosts[n % 8], (n / 8) % 2 == 0 ? 0 : 80);
        n /= 16;
        struct policy_facts facts = {.socket = (enum policy_socket)(n % 3)};
        n /= 3;
        facts.call = (enum policy_call)(n % 2);
        n /= 2;
        policy.mode = (enum policy_mode)(n % 3);
        n /= 3;
        facts.bound = n & 1;
        facts.device = n & 2;
        facts.routed = n & 4;
        facts.sinkhole = n & 8;
        struct verdict verdict = policy_judge(&policy, &where, &facts);
        bool stray = verdict.action != POLICY_NONE;
        ck_assert(!stray || policy_suspects(&policy, &where));
        ck_assert(!stray || facts.socket != POLICY_SOCKET_OTHER);
        ck_assert(policy.mode != POLICY_AUDIT || verdict.action <= POLICY_DETECT);
        ck_assert((verdict.action == POLICY_DO_REWRITE) == (verdict.target.family != ADDR_NONE));
        ck_assert((verdict.skipped != NULL) ==
                  (policy.mode == POLICY_REWRITE && verdict.action == POLICY_DETECT));
        ck_assert(verdict.action != POLICY_DO_REWRITE ||
                  verdict.target.family == where.addr.family);
    }
}
END_TEST

START_TEST(names_modes_and_actions)
{
    ck_assert_str_eq(policy_mode_name(POLICY_AUDIT), "audit");
    ck_assert_str_eq(policy_mode_name(POLICY_REWRITE), "rewrite");
    ck_assert_str_eq(policy_mode_name(POLICY_BLOCK), "block");
    ck_assert_str_eq(policy_action_name(POLICY_NONE), "");
    ck_assert_str_eq(policy_action_name(POLICY_DETECT), "detected");
    ck_assert_str_eq(policy_action_name(POLICY_DO_REWRITE), "rewritten");
    ck_assert_str_eq(policy_action_name(POLICY_DO_BLOCK), "blocked");
}
END_TEST

static const TTest *const tests[] = {
    starts_with_what_the_table_says,
    starts_with_the_documented_defaults,
    names_every_setting_and_its_variable_alike,
    takes_every_listed_choice_and_no_other,
    stores_what_a_choice_means,
    takes_and_refuses_values,
    points_at_the_wrong_item_of_a_list,
    an_empty_value_brings_the_default_back,
    builds_sets_of_classes,
    holds_at_most_64_allowed_entries,
    refuses_nul_bytes_and_reads_within_bounds,
    reads_configuration_files,
    a_table_survives_a_round_trip_through_a_file,
    concerns_programs_by_only_and_skip,
    suspects_stray_destinations_only,
    the_hot_path_agrees_with_the_full_one,
    judges_every_kind_of_call,
    a_verdict_is_never_harsher_than_the_suspicion,
    names_modes_and_actions,
};

UNIT_MAIN("policy", tests)
