#include <astray/record.h>

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "random.h"
#include "unit.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static size_t read_data(const char *name, char *out, size_t size)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", ASTRAY_TEST_DATA, name);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s", path);
    size_t length = fread(out, 1, size, file);
    ck_assert_uint_lt(length, size);
    fclose(file);
    return length;
}

static enum record_status decode(const char *text, struct record_line *out)
{
    return record_decode(slice_of(text), out);
}

static void check_text(const struct record_line *line, enum record_field field, const char *wanted)
{
    ck_assert_msg(slice_equal(line->fields[field], slice_of(wanted)), "%s: %.*s instead of %s",
                  record_fields[field].key, (int)line->fields[field].length,
                  line->fields[field].data, wanted);
}

START_TEST(reads_the_fields_of_our_own_lines)
{
    char text[RECORD_LINE_MAX + 1];
    struct record_line line;
    size_t length = read_data("record-outcome.json", text, sizeof text);
    ck_assert_int_eq(record_decode((struct slice){text, length - 1}, &line), RECORD_OK);
    check_text(&line, RECORD_TIMESTAMP, "2026-09-21T08:14:02.123911Z");
    check_text(&line, RECORD_MESSAGE,
               "curl[4711] connected to 0.0.0.0:80 (\\\"0\\\"): connection refused");
    check_text(&line, RECORD_EVENT_TYPE, "[\"connection\",\"end\"]");
    check_text(&line, RECORD_ERROR_TYPE, "ECONNREFUSED");
    check_text(&line, RECORD_NAT_PORT, "80");
    check_text(&line, RECORD_PROCESS_THREAD_ID, "4711");
    check_text(&line, RECORD_PARENT_NAME, "deploy.sh");
    check_text(&line, RECORD_USER_ID, "33");
    check_text(&line, RECORD_LISTENERS, "[\"[::1]:80\"]");
    ck_assert_ptr_null(line.fields[RECORD_RUN].data);
    ck_assert_ptr_null(line.fields[RECORD_DESTINATION_DOMAIN].data);
    ck_assert_uint_eq(record_number(line.fields[RECORD_EVENT_DURATION]), 455000);
    ck_assert(record_list_has(line.fields[RECORD_EVENT_TYPE], SLICE("end")));
    ck_assert(!record_list_has(line.fields[RECORD_EVENT_TYPE], SLICE("start")));
}
END_TEST

START_TEST(reads_other_spellings_of_the_same_record)
{
    static const struct {
        const char *text;
        const char *why;
    } rows[] = {
        {"{\"event\":{\"kind\":\"event\",\"module\":\"astray\",\"action\":\"blocked\"},"
         "\"process\":{\"parent\":{\"pid\":7}}}",
         "our own order"},
        {"{\"process\":{\"parent\":{\"pid\":7}},"
         "\"event\":{\"action\":\"blocked\",\"kind\":\"event\",\"module\":\"astray\"}}",
         "another order"},
        {" { \"event\" : { \"kind\":\t\"event\" , \"module\":\"astray\",\"action\":\"blocked\"} ,"
         "\"process\":{\"parent\":{\"pid\": 7 }}}\r",
         "white space"},
        {"{\"event.kind\":\"event\",\"event.module\":\"astray\",\"event.action\":\"blocked\","
         "\"process.parent.pid\":7}",
         "flattened"},
        {"{\"event.kind\":\"event\",\"event\":{\"module\":\"astray\",\"action\":\"blocked\"},"
         "\"process\":{\"parent.pid\":7}}",
         "half flattened"},
        {"{\"@version\":\"1\",\"agent\":{\"type\":[1,{\"x\":null}]},\"event\":{\"kind\":\"event\","
         "\"x\":[],\"module\":\"astray\",\"action\":\"blocked\"},\"process\":{\"parent\":{\"pid\":"
         "7}}}",
         "foreign keys"},
        {"{\"ev\\u0065nt\":{\"k\\u0069nd\":\"event\",\"module\":\"astr\\u0061y\","
         "\"action\":\"blocked\"},\"process\":{\"parent\":{\"pid\":7}}}",
         "escapes in keys"},
        {"{\"event\":{\"kind\":\"event\",\"module\":\"astray\",\"action\":\"blocked\",\"reason\":"
         "null},"
         "\"process\":{\"parent\":{\"pid\":7}},\"error\":{\"type\":null},\"host\":\"web-1\"}",
         "null counts as absent, and an object of another type as foreign"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct record_line line;
        ck_assert_msg(decode(rows[i].text, &line) == RECORD_OK, "%s", rows[i].why);
        for (unsigned field = 0; field < RECORD_FIELD_COUNT; field++) {
            bool wanted = field == RECORD_EVENT_KIND || field == RECORD_EVENT_MODULE ||
                          field == RECORD_EVENT_ACTION || field == RECORD_PARENT_PID;
            ck_assert_msg(wanted == (line.fields[field].data != NULL), "%s: %s", rows[i].why,
                          record_fields[field].key);
        }
        check_text(&line, RECORD_EVENT_ACTION, "blocked");
        check_text(&line, RECORD_PARENT_PID, "7");
    }
}
END_TEST

START_TEST(rejects_what_is_no_record_of_ours)
{
    static const struct {
        const char *text;
        const char *why;
    } rows[] = {
        {"", "empty"},
        {"{}", "nothing inside"},
        {"{\"event\":{\"module\":\"other\"}}", "another module"},
        {"{\"event\":{\"module\":null}}", "null is absent"},
        {"{\"event\":{\"module\":[\"astray\"]}}", "a list for a text"},
        {"{\"event\":{\"module\":\"astray\",\"duration\":\"12\"}}", "a text for a number"},
        {"{\"event\":{\"module\":\"astray\",\"duration\":-1}}", "a number that is not unsigned"},
        {"{\"event\":{\"module\":\"astray\",\"duration\":1e3}}", "a number that is no integer"},
        {"{\"event\":{\"module\":\"astray\",\"duration\":18446744073709551616}}",
         "a number too big"},
        {"{\"event\":{\"module\":\"astray\",\"duration\":{}}}", "an object for a number"},
        {"{\"event\":{\"module\":\"astray\",\"type\":\"start\"}}", "a text for a list"},
        {"{\"event\":{\"module\":\"astray\",\"type\":[1]}}", "a list of numbers"},
        {"{\"event\":{\"module\":\"astray\"},\"astray\":{\"ambiguous\":1}}", "a number for a flag"},
        {"{\"event.module\":\"astray\",\"event\":{\"module\":\"astray\"}}", "a field told twice"},
        {"{\"event\":{\"kind\":\"event\",\"module\":\"astray\"}} {}", "something behind it"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct record_line line;
        ck_assert_msg(decode(rows[i].text, &line) == RECORD_FOREIGN, "%s", rows[i].why);
    }
    struct record_line line;
    char nul[] = "{\"event\":{\"module\":\"astray\"}}";
    ck_assert_int_eq(record_decode((struct slice){nul, sizeof nul}, &line), RECORD_FOREIGN);
}
END_TEST

START_TEST(bounds_depth_and_keys)
{
    static char text[64 * 1024];
    struct record_line line;
    for (int extra = 0; extra < 2; extra++) {
        int length = snprintf(text, sizeof text, "{\"event\":{\"module\":\"astray\"},\"x\":");
        int depth = RECORD_DEPTH_MAX - 1 + extra;
        for (int i = 0; i < depth; i++)
            text[length++] = '[';
        for (int i = 0; i < depth; i++)
            text[length++] = ']';
        text[length++] = '}';
        ck_assert_int_eq(record_decode((struct slice){text, (size_t)length}, &line),
                         extra == 0 ? RECORD_OK : RECORD_FOREIGN);

        length = snprintf(text, sizeof text, "{\"event\":{\"module\":\"astray\"}");
        for (int i = 0; i < RECORD_KEYS_MAX - 1 + extra; i++)
            length += snprintf(text + length, sizeof text - (size_t)length, ",\"k%d\":1", i);
        text[length++] = '}';
        ck_assert_int_eq(record_decode((struct slice){text, (size_t)length}, &line),
                         extra == 0 ? RECORD_OK : RECORD_FOREIGN);
    }
}
END_TEST

START_TEST(sees_a_duplicate_among_many_keys)
{
    static char text[64 * 1024];
    struct record_line line;
    for (int twice = 0; twice < 300; twice += 7) {
        int length = snprintf(text, sizeof text, "{\"event\":{\"module\":\"astray\"}");
        for (int i = 0; i < 300; i++)
            length += snprintf(text + length, sizeof text - (size_t)length, ",\"k%d\":1", i);
        ck_assert_int_eq(text[length - 1], '1');
        text[length] = '}';
        ck_assert_int_eq(record_decode((struct slice){text, (size_t)length + 1}, &line), RECORD_OK);
        length += snprintf(text + length, sizeof text - (size_t)length, ",\"k%d\":1}", twice);
        ck_assert_int_eq(record_decode((struct slice){text, (size_t)length}, &line),
                         RECORD_FOREIGN);
    }
}
END_TEST

/* ---- against jansson -------------------------------------------------- */

/* What the rules of record_decode() say of a tree that jansson has read. */
struct judge {
    bool told[RECORD_FIELD_COUNT];
    bool astray, wrong;
    unsigned depth, deepest;
};

static unsigned field_at(const char *path)
{
    for (unsigned field = 0; field < RECORD_FIELD_COUNT; field++) {
        char own[64] = "", key[24];
        unsigned chain[4], depth = 0;
        for (unsigned in = record_fields[field].in; in != RECORD_IN_ROOT;
             in = record_objects[in].in)
            chain[depth++] = in;
        while (depth > 0) {
            const struct record_object_info *info = &record_objects[chain[--depth]];
            snprintf(key, sizeof key, "%.*s.", info->key_length - 4, info->key + 1);
            strcat(own, key);
        }
        const struct record_field_info *info = &record_fields[field];
        snprintf(key, sizeof key, "%.*s", info->key_length - 3, info->key + 1);
        strcat(own, key);
        if (strcmp(own, path) == 0)
            return field;
    }
    return RECORD_FIELD_COUNT;
}

static bool has_type(const json_t *value, unsigned field)
{
    size_t i;
    json_t *item;
    switch (record_fields[field].type) {
    case RECORD_TEXT:
        return json_is_string(value);
    case RECORD_NUMBER:
        return json_is_integer(value) && json_integer_value(value) >= 0;
    case RECORD_LIST:
        json_array_foreach(value, i, item) if (!json_is_string(item)) return false;
        return json_is_array(value);
    default:
        return json_is_boolean(value);
    }
}

static void judge_value(struct judge *judge, const json_t *value, const char *path);

static void judge_object(struct judge *judge, json_t *object, const char *path)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        char inner[256];
        /* "log.level" is one key: {"log":{"level":...}} is not ours. */
        if (path != NULL && *path == '\0' && (strcmp(key, "log") == 0 || strcmp(key, "ecs") == 0))
            judge_value(judge, value, NULL);
        else if (path == NULL || strlen(path) + strlen(key) + 2 > sizeof inner)
            judge_value(judge, value, NULL);
        else {
            snprintf(inner, sizeof inner, "%s%s%s", path, *path == '\0' ? "" : ".", key);
            judge_value(judge, value, inner);
        }
    }
}

static void judge_value(struct judge *judge, const json_t *value, const char *path)
{
    unsigned field = path == NULL ? RECORD_FIELD_COUNT : field_at(path);
    if (field != RECORD_FIELD_COUNT) {
        if (json_is_null(value) ||
            (json_is_false(value) && record_fields[field].type == RECORD_FLAG))
            return;
        judge->wrong = judge->wrong || judge->told[field] || !has_type(value, field);
        judge->told[field] = true;
        if (field == RECORD_EVENT_MODULE && json_is_string(value))
            judge->astray =
                json_string_length(value) == 6 && strcmp(json_string_value(value), "astray") == 0;
        return;
    }
    judge->depth++;
    if (json_is_object(value))
        judge_object(judge, (json_t *)value, path);
    size_t i;
    json_t *item;
    json_array_foreach(value, i, item) judge_value(judge, item, NULL);
    bool container = json_is_object(value) || json_is_array(value);
    if (container && judge->depth > judge->deepest)
        judge->deepest = judge->depth;
    judge->depth--;
}

enum opinion { REJECT, ACCEPT, NONE };

/* Must LINE be accepted? No JSON holds a NUL; jansson overlooks one behind a number. */
static enum opinion opinion_of_jansson(struct slice line)
{
    json_error_t error;
    if (memchr(line.data, '\0', line.length) != NULL)
        return REJECT;
    json_t *root =
        json_loadb(line.data, line.length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (root == NULL) /* a number that jansson cannot hold is still JSON */
        return json_error_code(&error) == json_error_numeric_overflow ? NONE : REJECT;
    struct judge judge = {.astray = false};
    judge_value(&judge, root, "");
    enum opinion opinion =
        json_is_object(root) && judge.astray && !judge.wrong && judge.deepest <= RECORD_DEPTH_MAX
            ? ACCEPT
            : REJECT;
    json_decref(root);
    return opinion;
}

static void compare(struct slice line, unsigned counts[static 2])
{
    struct record_line out;
    enum opinion wanted = line.length == 0 ? REJECT : opinion_of_jansson(line);
    if (wanted == NONE)
        return;
    enum opinion got = record_decode(line, &out) == RECORD_OK ? ACCEPT : REJECT;
    ck_assert_msg(got == wanted, "%s: %.*s", got == ACCEPT ? "accepted" : "rejected",
                  (int)line.length, line.data);
    counts[got]++;
}

/* The hostile lines, and inside records of ours, in front of and behind other fields. */
START_TEST(agrees_with_jansson_on_hostile_json)
{
    static char data[64 * 1024];
    struct slice rest = {data, read_data("hostile.ndjson", data, sizeof data)}, line;
    unsigned counts[2] = {0};
    while (slice_cut(&rest, '\n', &line)) {
        char around[4096];
        compare(line, counts);
        int length = snprintf(around, sizeof around, "{\"event\":{\"module\":\"astray\"},\"x\":");
        memcpy(around + length, line.data, line.length);
        around[(size_t)length + line.length] = '}';
        compare((struct slice){around, (size_t)length + line.length + 1}, counts);
        /* The members of the line as members of a record, by its braces. */
        if (line.length > 2 && line.data[0] == '{') {
            length = snprintf(around, sizeof around, "{\"event\":{\"module\":\"astray\"},");
            memcpy(around + length, line.data + 1, line.length - 1);
            compare((struct slice){around, (size_t)length + line.length - 1}, counts);
        }
    }
    ck_assert_uint_gt(counts[ACCEPT], 60);
    ck_assert_uint_gt(counts[REJECT], 200);
}
END_TEST

static size_t mutate(char *text, size_t length)
{
    static const struct slice pieces[] = {
        {"\"", 1},      {"\\", 1},          {"{", 1},    {"}", 1},        {"[", 1},
        {"]", 1},       {",", 1},           {":", 1},    {"\xc3\xa9", 2}, {"\xff", 1},
        {"\0", 1},      {"\n", 1},          {" ", 1},    {"0", 1},        {"-", 1},
        {"\\ud83d", 6}, {"e9", 2},          {".5", 2},   {"\\ude00", 6},  {"null", 4},
        {"\\u0041", 6}, {"\"kind\":1,", 9}, {"\x01", 1}, {"\xe2\x82", 2}, {"true", 4},
        {"\\u0000", 6}, {",\"a\":1", 6},    {"\\n", 2},
    };
    size_t at = random_below(length), left = length - at;
    struct slice piece = pieces[random_below(COUNT(pieces))];
    switch (random_below(5)) {
    case 0: /* another byte */
        text[at] = piece.data[0];
        return length;
    case 1: /* fewer bytes */
        piece.length = 1 + random_below(left < 12 ? left : 12);
        memmove(text + at, text + at + piece.length, left - piece.length);
        return length - piece.length;
    case 2: /* the end is missing */
        return random_below(4) == 0 ? at : length;
    default: /* more bytes */
        memmove(text + at + piece.length, text + at, left);
        memcpy(text + at, piece.data, piece.length);
        return length + piece.length;
    }
}

static void compare_mutations(const char *name, unsigned rounds)
{
    char own[RECORD_LINE_MAX], text[RECORD_LINE_MAX + 256];
    size_t own_length = read_data(name, own, sizeof own);
    while (own_length > 0 && own[own_length - 1] == '\n')
        own_length--;
    unsigned counts[2] = {0};
    for (unsigned round = 0; round < rounds; round++) {
        memcpy(text, own, own_length);
        size_t length = own_length;
        for (size_t i = 1 + random_below(3); i > 0 && length > 0; i--)
            length = mutate(text, length);
        compare((struct slice){text, length}, counts);
    }
    ck_assert_uint_gt(counts[ACCEPT], rounds / 50);
    ck_assert_uint_gt(counts[REJECT], rounds / 3);
}

START_TEST(agrees_with_jansson_on_mutated_records)
{
    random_state = 4711;
    compare_mutations("record-attempt.json", 3000);
    compare_mutations("record-outcome.json", 3000);
    compare_mutations("record-reshaped.json", 6000);
}
END_TEST

/* A blank in front keeps a line off the fast path. */
static void compare_paths(struct slice line)
{
    char blank[RECORD_LINE_MAX + 300] = " ";
    memcpy(blank + 1, line.data, line.length);
    struct record_line fast, general;
    enum record_status status = record_decode(line, &fast);
    ck_assert_int_eq(record_decode((struct slice){blank, line.length + 1}, &general), status);
    for (unsigned field = 0; status == RECORD_OK && field < RECORD_FIELD_COUNT; field++) {
        struct slice a = fast.fields[field], b = general.fields[field];
        ck_assert_msg((a.data == NULL) == (b.data == NULL) && slice_equal(a, b), "%s %.*s",
                      record_fields[field].key, (int)line.length, line.data);
        ck_assert(a.data == NULL || a.data - line.data == b.data - blank - 1);
    }
}

START_TEST(both_paths_read_the_same)
{
    static const char *const names[] = {"record-attempt.json", "record-outcome.json"};
    random_state = 17;
    for (size_t i = 0; i < COUNT(names); i++) {
        char own[RECORD_LINE_MAX], text[RECORD_LINE_MAX + 256];
        size_t own_length = read_data(names[i], own, sizeof own) - 1;
        compare_paths((struct slice){own, own_length});
        for (unsigned round = 0; round < 5000; round++) {
            memcpy(text, own, own_length);
            compare_paths((struct slice){text, mutate(text, own_length)});
        }
    }
}
END_TEST

START_TEST(reads_nothing_behind_the_line)
{
    char own[RECORD_LINE_MAX];
    size_t length = read_data("record-outcome.json", own, sizeof own);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(pages, MAP_FAILED);
    ck_assert_int_eq(mprotect(pages + page, page, PROT_NONE), 0);
    for (size_t cut = 0; cut < length; cut++) {
        struct record_line line;
        memcpy(pages + page - cut, own, cut);
        enum record_status status = record_decode((struct slice){pages + page - cut, cut}, &line);
        ck_assert_int_eq(status, cut == length - 1 ? RECORD_OK : RECORD_FOREIGN);
    }
    munmap(pages, 2 * page);
}
END_TEST

/* ---- values ----------------------------------------------------------- */

START_TEST(unescapes_whole_characters)
{
    static const struct {
        const char *raw, *text;
        size_t size;
        const char *why;
    } rows[] = {
        {"", "", 8, "empty"},
        {"plain", "plain", 8, "nothing to do"},
        {"plain", "pla", 3, "cut to what fits"},
        {"\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t", 16, "the short escapes"},
        {"\\u0041\\u00e9\\u20AC\\ud83d\\ude00", "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 16,
         "units"},
        {"a\\u20ac", "a", 3, "a character that does not fit as a whole is left out"},
        {"a\xe2\x82\xac", "a", 3, "the same without an escape"},
        {"\\ud83d", "\\ud83d", 15, "what is no escape stands for itself"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[16];
        size_t length = record_unescape(slice_of(rows[i].raw), out, rows[i].size);
        ck_assert_msg(slice_equal((struct slice){out, length}, slice_of(rows[i].text)), "%s: %.*s",
                      rows[i].why, (int)length, out);
        if (length == strlen(rows[i].text) && rows[i].size == 16)
            ck_assert_msg(record_equals(slice_of(rows[i].raw), slice_of(rows[i].text)), "%s",
                          rows[i].why);
    }
    char nul[1];
    ck_assert_uint_eq(record_unescape(SLICE("\\u0000"), nul, 1), 1);
    ck_assert_int_eq(nul[0], 0);
    ck_assert(!record_equals(SLICE("a"), SLICE("ab")));
    ck_assert(!record_equals(SLICE("ab"), SLICE("a")));
    ck_assert(!record_equals(SLICE("\\n"), SLICE("\\n")));
}
END_TEST

START_TEST(walks_lists)
{
    static const struct {
        const char *raw, *joined;
        const char *why;
    } rows[] = {
        {"[]", "", "empty"},
        {"[ ]", "", "a blank inside"},
        {"[\"a\"]", "a|", "one"},
        {"[\"a\",\"\",\"b,]\\\"\"]", "a||b,]\\\"|", "marks inside an entry"},
        {"[ \"a\" ,\t\"b\" ]", "a|b|", "white space"},
        {"", "", "an absent field"},
        {"[\"a", "", "broken: it ends"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char joined[64] = "";
        struct slice rest = slice_of(rows[i].raw), item;
        while (record_list_next(&rest, &item)) {
            strncat(joined, item.data, item.length);
            strcat(joined, "|");
        }
        ck_assert_msg(strcmp(joined, rows[i].joined) == 0, "%s: %s", rows[i].why, joined);
    }
    ck_assert(record_list_has(SLICE("[\"a\",\"b\\u0063\"]"), SLICE("bc")));
    ck_assert(!record_list_has((struct slice){NULL, 0}, SLICE("")));
}
END_TEST

START_TEST(parses_times)
{
    static const struct {
        const char *text;
        bool valid;
        uint64_t microseconds;
        const char *why;
    } rows[] = {
        {"2026-09-21T08:14:02.123456Z", true, UINT64_C(1789978442123456), "as we write it"},
        {"2026-09-21 08:14:02z", true, UINT64_C(1789978442000000), "a blank and a small z"},
        {"2026-09-21t08:14:02.1Z", true, UINT64_C(1789978442100000), "one digit"},
        {"2026-09-21T08:14:02.1234569Z", true, UINT64_C(1789978442123456), "seven digits"},
        {"2026-09-21T10:14:02+02:00", true, UINT64_C(1789978442000000), "east"},
        {"2026-09-20T23:44:02-08:30", true, UINT64_C(1789978442000000), "west, the day before"},
        {"1970-01-01T00:00:00Z", true, 0, "the epoch"},
        {"2000-02-29T00:00:00Z", true, UINT64_C(951782400000000), "a leap day"},
        {"9999-12-31T23:59:59.999999Z", true, UINT64_C(253402300799999999), "the end"},
        {"2016-12-31T23:59:60Z", true, UINT64_C(1483228800000000), "a leap second"},
        {"1969-12-31T23:59:59Z", false, 0, "before the epoch"},
        {"1900-02-29T00:00:00Z", false, 0, "no leap year"},
        {"2026-02-30T00:00:00Z", false, 0, "no such day"},
        {"2026-00-10T00:00:00Z", false, 0, "no such month"},
        {"2026-13-10T00:00:00Z", false, 0, "no such month"},
        {"2026-09-21T24:00:00Z", false, 0, "no such hour"},
        {"2026-09-21T08:60:00Z", false, 0, "no such minute"},
        {"2026-09-21T08:14:02", false, 0, "no zone"},
        {"2026-09-21T08:14:02.Z", false, 0, "no digit behind the dot"},
        {"2026-09-21T08:14Z", false, 0, "no seconds"},
        {"2026-09-21T08:14:02Zx", false, 0, "something behind it"},
        {"2026-9-21T08:14:02Z", false, 0, "one digit for a month"},
        {"+026-09-21T08:14:02Z", false, 0, "a sign"},
        {"2026-09-21T08:14:02+2:00", false, 0, "one digit for a zone"},
        {"", false, 0, "empty"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t got = 0;
        bool valid = record_time_parse(rows[i].text, strlen(rows[i].text), &got);
        ck_assert_msg(valid == rows[i].valid && got == rows[i].microseconds, "%s: %s", rows[i].why,
                      rows[i].text);
    }
}
END_TEST

START_TEST(times_come_back)
{
    random_state = 99;
    for (int i = 0; i < 20000; i++) {
        uint64_t time = random_below(UINT64_C(253402300800000000)), back;
        char text[RECORD_TIME_SIZE];
        record_time_format(time, text);
        ck_assert(record_time_parse(text, strlen(text), &back));
        ck_assert_uint_eq(back, time);
    }
}
END_TEST

START_TEST(tables_agree_with_each_other)
{
    for (unsigned object = 1; object < RECORD_OBJECT_COUNT; object++) {
        ck_assert_uint_lt(record_objects[object].in, object);
        unsigned first = RECORD_FIELD_COUNT, end = 0, inside = 0;
        for (unsigned field = 0; field < RECORD_FIELD_COUNT; field++) {
            unsigned in = record_fields[field].in;
            while (in > object)
                in = record_objects[in].in;
            if (in != object)
                continue;
            first = field < first ? field : first;
            end = field + 1;
            inside++;
        }
        ck_assert_uint_eq(record_objects[object].end, end);
        ck_assert_uint_eq(inside, end - first); /* they stand together */
    }
    for (unsigned field = 0; field < RECORD_FIELD_COUNT; field++)
        ck_assert_uint_le(record_fields[field].key_length, 20);
}
END_TEST

static const TTest *const tests[] = {
    reads_the_fields_of_our_own_lines,
    reads_other_spellings_of_the_same_record,
    rejects_what_is_no_record_of_ours,
    bounds_depth_and_keys,
    sees_a_duplicate_among_many_keys,
    agrees_with_jansson_on_hostile_json,
    agrees_with_jansson_on_mutated_records,
    both_paths_read_the_same,
    reads_nothing_behind_the_line,
    unescapes_whole_characters,
    walks_lists,
    parses_times,
    times_come_back,
    tables_agree_with_each_other,
};

UNIT_MAIN("record_decode", tests)
