#include <astray/record.h>

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "random.h"
#include "unit.h"

#define ITEMS_MAX 64

/* Texts for one record, on the heap: an over-read is then seen. */
struct store {
    void *blocks[4096];
    size_t count;
};

static void *keep(struct store *store, const void *bytes, size_t length)
{
    ck_assert_uint_lt(store->count, sizeof store->blocks / sizeof *store->blocks);
    char *copy = malloc(length + 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, length);
    char *exact = realloc(copy, length == 0 ? 1 : length);
    return store->blocks[store->count++] = exact;
}

static void drop(struct store *store)
{
    while (store->count > 0)
        free(store->blocks[--store->count]);
}

/* The value of FIELD in a line that jansson has read, or NULL. */
static json_t *value_of(json_t *root, enum record_field field)
{
    char key[24];
    unsigned chain[4], depth = 0;
    for (unsigned in = record_fields[field].in; in != RECORD_IN_ROOT; in = record_objects[in].in)
        chain[depth++] = in;
    json_t *object = root;
    while (depth > 0 && object != NULL) {
        const struct record_object_info *info = &record_objects[chain[--depth]];
        snprintf(key, sizeof key, "%.*s", info->key_length - 4, info->key + 1);
        object = json_object_get(object, key);
    }
    const struct record_field_info *info = &record_fields[field];
    snprintf(key, sizeof key, "%.*s", info->key_length - 3, info->key + 1);
    return json_object_get(object, key);
}

static struct slice json_slice(const json_t *value)
{
    return (struct slice){json_string_value(value), json_string_length(value)};
}

/* A record with the values of ROOT, which must outlive it. */
static void from_json(json_t *root, struct record *record, struct store *store)
{
    record_start(record);
    for (unsigned field = 0; field < RECORD_FIELD_COUNT; field++) {
        json_t *value = value_of(root, field);
        if (value == NULL)
            continue;
        switch (record_fields[field].type) {
        case RECORD_TEXT:
            record_set_text(record, field, json_slice(value));
            break;
        case RECORD_NUMBER:
            record_set_number(record, field, (uint64_t)json_integer_value(value));
            break;
        case RECORD_LIST: {
            struct slice items[ITEMS_MAX];
            size_t count = json_array_size(value);
            for (size_t i = 0; i < count; i++)
                items[i] = json_slice(json_array_get(value, i));
            record_set_list(record, field, keep(store, items, count * sizeof *items), count);
            break;
        }
        case RECORD_FLAG:
            record_set_flag(record, field);
            break;
        }
    }
}

static size_t read_data(const char *name, char *out, size_t size)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", ASTRAY_TEST_DATA, name);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s", path);
    size_t length = fread(out, 1, size, file);
    fclose(file);
    return length;
}

START_TEST(reproduces_the_examples_byte_for_byte)
{
    static const char *const examples[] = {"record-attempt.json", "record-outcome.json"};
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char wanted[RECORD_LINE_MAX + 1], got[RECORD_LINE_MAX];
        size_t length = read_data(examples[i], wanted, sizeof wanted);
        json_t *root = json_loadb(wanted, length, JSON_REJECT_DUPLICATES, NULL);
        ck_assert_ptr_nonnull(root);
        struct store store = {.count = 0};
        struct record record;
        from_json(root, &record, &store);
        ck_assert_uint_eq(record_encode(&record, got), length);
        ck_assert_mem_eq(got, wanted, length);
        json_decref(root);
        drop(&store);
    }
}
END_TEST

static size_t encode_message(struct slice message, char *out)
{
    struct record record;
    record_start(&record);
    record_set_text(&record, RECORD_MESSAGE, message);
    return record_encode(&record, out);
}

START_TEST(writes_each_kind_of_byte_as_json)
{
#define ROW(text, json, why)                                                                       \
    {                                                                                              \
        SLICE(text), SLICE("{\"message\":\"" json "\"}\n"), why                                    \
    }
    static const struct {
        struct slice text, line;
        const char *why;
    } rows[] = {
        ROW("", "", "an empty text is not an absent one"),
        ROW("plain text of more than eight bytes", "plain text of more than eight bytes",
            "no escape"),
        ROW("\"\\/", "\\\"\\\\/", "a solidus needs no escape"),
        ROW("\b\t\n\f\r", "\\b\\t\\n\\f\\r", "the short escapes"),
        ROW("a\0b", "a\\u0000b", "an embedded NUL"),
        ROW("\x01\x1b[0m\x1f", "\\u0001\\u001b[0m\\u001f", "control bytes"),
        ROW("\x7f\xc2\x85", "\x7f\xc2\x85", "DEL and C1 are valid in JSON"),
        ROW("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
            "UTF-8 stays"),
        ROW("\xe2\x80\xa8\xe2\x80\xa9", "\xe2\x80\xa8\xe2\x80\xa9",
            "line separators are valid in JSON"),
        ROW("a\xff"
            "b",
            "a\xef\xbf\xbd"
            "b",
            "a byte that is never UTF-8"),
        ROW("\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd", "an overlong form"),
        ROW("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", "a surrogate in UTF-8"),
        ROW("\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
            "behind U+10FFFF"),
        ROW("x\xe2\x82", "x\xef\xbf\xbd\xef\xbf\xbd", "a sequence cut off by the end"),
        ROW("1234567\"", "1234567\\\"", "an escape in the last of eight bytes"),
        ROW("12345678\"", "12345678\\\"", "an escape right behind eight bytes"),
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[RECORD_LINE_MAX];
        size_t length = encode_message(rows[i].text, out);
        ck_assert_msg(slice_equal((struct slice){out, length}, rows[i].line), "%s: %.*s",
                      rows[i].why, (int)length, out);
    }
}
END_TEST

START_TEST(cuts_a_long_text_at_a_character)
{
    static const struct {
        const char *unit; /* repeated to make the text */
        size_t length;    /* of the text */
        size_t kept;      /* bytes before the dots; the text's longest is 256 */
        const char *why;
    } rows[] = {
        {"a", 256, 256, "as long as allowed: not cut"},
        {"a", 257, 253, "one too many: cut, dots included in the length"},
        {"\xc3\xa9", 300, 252, "two bytes a character"},
        {"\xe2\x82\xac", 300, 252, "three bytes a character"},
        {"\xf0\x9f\x98\x80", 300, 252, "four bytes a character"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[512], out[RECORD_LINE_MAX], wanted[RECORD_LINE_MAX];
        for (size_t at = 0; at < rows[i].length; at += strlen(rows[i].unit))
            memcpy(text + at, rows[i].unit, strlen(rows[i].unit));
        size_t length = encode_message((struct slice){text, rows[i].length}, out);
        int wanted_length =
            snprintf(wanted, sizeof wanted, "{\"message\":\"%.*s%s\"}\n", (int)rows[i].kept, text,
                     rows[i].kept < rows[i].length ? "..." : "");
        ck_assert_msg(
            slice_equal((struct slice){out, length}, (struct slice){wanted, (size_t)wanted_length}),
            "%s: %.*s", rows[i].why, (int)length, out);
    }
}
END_TEST

START_TEST(writes_an_empty_record_and_empty_values)
{
    struct record record;
    char out[RECORD_LINE_MAX];
    record_start(&record);
    ck_assert_uint_eq(record_encode(&record, out), 3);
    ck_assert_mem_eq(out, "{}\n", 3);

    static const char wanted[] =
        "{\"destination\":{\"nat\":{\"port\":0}},\"process\":{\"name\":\"\"},"
        "\"astray\":{\"listeners\":[],\"dropped\":18446744073709551615,"
        "\"ambiguous\":true}}\n";
    record_set_number(&record, RECORD_NAT_PORT, 0);
    record_set_text(&record, RECORD_PROCESS_NAME, (struct slice){NULL, 0});
    record_set_list(&record, RECORD_LISTENERS, NULL, 0);
    record_set_number(&record, RECORD_DROPPED, UINT64_MAX);
    record_set_flag(&record, RECORD_AMBIGUOUS);
    ck_assert_uint_eq(record_encode(&record, out), sizeof wanted - 1);
    ck_assert_mem_eq(out, wanted, sizeof wanted - 1);
}
END_TEST

START_TEST(reads_nothing_behind_a_text)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(pages, MAP_FAILED);
    ck_assert_int_eq(mprotect(pages + page, page, PROT_NONE), 0);
    memset(pages, 'a', page);
    static const char ends[][4] = {"aaa", "\xc3", "\xe2\x82", "\xf0\x9f\x98"};
    for (size_t end = 0; end < sizeof ends / sizeof *ends; end++)
        for (size_t length = 0; length < 300; length++) {
            char out[RECORD_LINE_MAX];
            size_t tail = strlen(ends[end]);
            memcpy(pages + page - tail, ends[end], tail);
            encode_message((struct slice){pages + page - length, length}, out);
        }
    munmap(pages, 2 * page);
}
END_TEST

/* ---- giving way ------------------------------------------------------- */

static size_t encode_long(struct record *record, char *out, json_t **root)
{
    size_t length = record_encode(record, out);
    ck_assert_uint_le(length, RECORD_LINE_MAX);
    *root = json_loadb(out, length, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_msg(*root != NULL, "%.*s", (int)length, out);
    return length;
}

START_TEST(fields_give_way_in_their_order)
{
    static char many[256];
    memset(many, 'x', sizeof many);
    struct slice entry = {many, 70};
    struct slice ancestry[20], args[40];
    for (size_t i = 0; i < 20; i++)
        ancestry[i] = entry;
    for (size_t i = 0; i < 40; i++)
        args[i] = entry;
    struct record record;
    char out[RECORD_LINE_MAX];
    json_t *root;

    record_start(&record);
    record_set_list(&record, RECORD_PROCESS_ARGS, args, 40);
    record_set_list(&record, RECORD_ANCESTRY, ancestry, 20);
    record_set_text(&record, RECORD_RUN, SLICE("last to yield"));
    size_t length = encode_long(&record, out, &root);
    json_t *list = value_of(root, RECORD_ANCESTRY);
    size_t kept = json_array_size(list);
    ck_assert_uint_gt(kept, 2);
    ck_assert_uint_lt(kept, 20);
    ck_assert_str_eq(json_string_value(json_array_get(list, kept - 1)), "...");
    ck_assert_uint_eq(json_array_size(value_of(root, RECORD_PROCESS_ARGS)), 40);
    ck_assert_uint_gt(length, RECORD_LINE_MAX - 2 * 73); /* no more was given up than needed */
    json_decref(root);

    for (size_t i = 0; i < 40; i++)
        args[i].length = 200;
    record_set_text(&record, RECORD_PROCESS_WORKING_DIRECTORY, (struct slice){many, 255});
    encode_long(&record, out, &root);
    ck_assert_uint_eq(json_array_size(value_of(root, RECORD_ANCESTRY)), 1); /* its mark alone */
    list = value_of(root, RECORD_PROCESS_ARGS);
    ck_assert_uint_lt(json_array_size(list), 40);
    ck_assert_str_eq(json_string_value(json_array_get(list, json_array_size(list) - 1)), "...");
    ck_assert_uint_eq(json_string_length(value_of(root, RECORD_PROCESS_WORKING_DIRECTORY)), 255);
    ck_assert_str_eq(json_string_value(value_of(root, RECORD_RUN)), "last to yield");
    json_decref(root);
}
END_TEST

START_TEST(a_text_that_gives_way_loses_what_is_needed)
{
    static char controls[256], many[256];
    memset(controls, 1, sizeof controls); /* six bytes each in the line */
    memset(many, 'x', sizeof many);
    struct record record;
    char out[RECORD_LINE_MAX];
    json_t *root;
    record_start(&record);
    record_set_text(&record, RECORD_MESSAGE, (struct slice){controls, 200});
    record_set_text(&record, RECORD_DESTINATION_ADDRESS, (struct slice){controls, 200});
    record_set_text(&record, RECORD_DESTINATION_DOMAIN, (struct slice){controls, 200});
    record_set_text(&record, RECORD_PROCESS_WORKING_DIRECTORY, (struct slice){controls, 200});
    record_set_text(&record, RECORD_PROCESS_EXECUTABLE, SLICE("/bin/whole"));
    ck_assert_uint_gt(encode_long(&record, out, &root), RECORD_LINE_MAX - 6);
    json_t *cut = value_of(root, RECORD_PROCESS_WORKING_DIRECTORY);
    ck_assert_uint_lt(json_string_length(cut), 200);
    ck_assert_str_eq(json_string_value(cut) + json_string_length(cut) - 3, "...");
    ck_assert_uint_eq(json_string_length(value_of(root, RECORD_MESSAGE)), 200);
    ck_assert_str_eq(json_string_value(value_of(root, RECORD_PROCESS_EXECUTABLE)), "/bin/whole");
    json_decref(root);
}
END_TEST

START_TEST(hostile_bytes_halve_the_long_texts)
{
    static char controls[256];
    memset(controls, 1, sizeof controls);
    struct record record;
    char out[RECORD_LINE_MAX];
    json_t *root;
    record_start(&record);
    record_set_text(&record, RECORD_MESSAGE, (struct slice){controls, 256});
    record_set_text(&record, RECORD_ERROR_MESSAGE, (struct slice){controls, 256});
    record_set_text(&record, RECORD_DESTINATION_ADDRESS, (struct slice){controls, 255});
    record_set_text(&record, RECORD_EVENT_ACTION, SLICE("misconfigured"));
    encode_long(&record, out, &root);
    ck_assert_uint_eq(json_string_length(value_of(root, RECORD_MESSAGE)), 128);
    ck_assert_uint_eq(json_string_length(value_of(root, RECORD_DESTINATION_ADDRESS)), 127);
    ck_assert_str_eq(json_string_value(value_of(root, RECORD_EVENT_ACTION)), "misconfigured");
    json_decref(root);
}
END_TEST

/* ---- random records --------------------------------------------------- */

static struct slice random_text(struct store *store)
{
    static const char *const pieces[] = {
        "curl", "/",        "\"",   "\\",          "\xc3\xa9", "\xf0\x9f\x98\x80", "\n", "\x01",
        "\xff", "\xe2\x82", "\x7f", "http://0:80", " "};
    char text[600];
    size_t length = 0, wanted = random_below(10) == 0 ? random_below(580) : random_below(40);
    bool raw = random_below(8) == 0;
    while (length < wanted) {
        const char *piece = pieces[random_below(sizeof pieces / sizeof *pieces)];
        if (raw)
            text[length++] = (char)random_below(256);
        else
            for (; *piece != '\0' && length < wanted; piece++)
                text[length++] = *piece;
    }
    return (struct slice){keep(store, text, length), length};
}

static void random_record(struct record *record, struct store *store)
{
    uint64_t density = 1 + random_below(4);
    record_start(record);
    for (unsigned field = 0; field < RECORD_FIELD_COUNT; field++) {
        if (random_below(density) != 0)
            continue;
        struct slice items[ITEMS_MAX];
        size_t count = random_below(random_below(20) == 0 ? ITEMS_MAX : 6);
        switch (record_fields[field].type) {
        case RECORD_TEXT:
            record_set_text(record, field, random_text(store));
            break;
        case RECORD_NUMBER:
            record_set_number(record, field, random_state >> random_below(64));
            break;
        case RECORD_LIST:
            for (size_t i = 0; i < count; i++)
                items[i] = random_text(store);
            record_set_list(record, field, keep(store, items, count * sizeof *items), count);
            break;
        case RECORD_FLAG:
            record_set_flag(record, field);
            break;
        }
    }
}

/* TEXT with U+FFFD for each byte that jansson (which checks UTF-8) does not take. */
static size_t cleaned(struct slice text, char *out)
{
    size_t written = 0;
    for (size_t at = 0; at < text.length;) {
        size_t taken = (unsigned char)text.data[at] < 0x80;
        for (size_t length = 2; length <= 4 && at + length <= text.length && taken == 0; length++) {
            json_t *character = json_stringn(text.data + at, length);
            taken = character != NULL ? length : 0;
            json_decref(character);
        }
        memcpy(out + written, taken > 0 ? text.data + at : "\xef\xbf\xbd", taken > 0 ? taken : 3);
        written += taken > 0 ? taken : 3;
        at += taken > 0 ? taken : 1;
    }
    return written;
}

/* Is VALUE what TEXT must have become: itself, or cut and marked? */
static bool is_text(const json_t *value, struct slice text, size_t longest, bool full)
{
    char wanted[2048];
    struct slice got = json_slice(value), whole = {wanted, cleaned(text, wanted)};
    if (slice_equal(got, whole))
        return text.length <= longest;
    if (!slice_ends_with(got, SLICE("...")))
        return false;
    got.length -= 3;
    /* A character that the cut divides is left out; what replaces it is not part of WHOLE. */
    return (full || text.length > longest) && slice_starts_with(whole, got);
}

static bool is_list(json_t *value, const struct record *record, enum record_field field, bool full)
{
    size_t count = record->fields[field].list.count, got = json_array_size(value);
    const struct slice *items = record->fields[field].list.items;
    for (size_t i = 0; i < got; i++) {
        if (i == got - 1 && full && got <= count &&
            slice_equal(json_slice(json_array_get(value, i)), SLICE("...")))
            return true;
        if (!is_text(json_array_get(value, i), items[i], record_fields[field].longest, full))
            return false;
    }
    return got == count;
}

static bool is_value(json_t *value, const struct record *record, enum record_field field, bool full)
{
    switch (record_fields[field].type) {
    case RECORD_TEXT:
        return is_text(value, record->fields[field].text, record_fields[field].longest, full);
    case RECORD_NUMBER:
        /* jansson's integers are signed. */
        return json_is_real(value) ||
               (uint64_t)json_integer_value(value) == record->fields[field].number;
    case RECORD_LIST:
        return is_list(value, record, field, full);
    default:
        return json_is_true(value);
    }
}

START_TEST(any_record_becomes_a_line_that_jansson_reads_back)
{
    static struct store store;
    unsigned full_lines = 0;
    random_state = 20260921;
    for (int round = 0; round < 10000; round++) {
        struct record record;
        char out[RECORD_LINE_MAX];
        random_record(&record, &store);
        size_t length = record_encode(&record, out);
        ck_assert_uint_le(length, RECORD_LINE_MAX);
        ck_assert_int_eq(out[length - 1], '\n');
        ck_assert_ptr_eq(memchr(out, '\n', length), out + length - 1);
        json_error_t error;
        json_t *root = json_loadb(out, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
        if (root == NULL) /* numbers above jansson's range */
            root = json_loadb(out, length,
                              JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL,
                              &error);
        ck_assert_msg(root != NULL, "round %d: %s: %.*s", round, error.text, (int)length, out);
        /* Fields yield only when the line would be too long: then little room is left. */
        bool full = length > RECORD_LINE_MAX - 2000;
        full_lines += full;
        for (unsigned field = 0; field < RECORD_FIELD_COUNT; field++) {
            json_t *value = value_of(root, field);
            if (value == NULL || !record.fields[field].present)
                ck_assert_msg(value == NULL && (!record.fields[field].present || full),
                              "round %d field %s", round, record_fields[field].key);
            else
                ck_assert_msg(is_value(value, &record, field, full), "round %d field %s: %.*s",
                              round, record_fields[field].key, (int)length, out);
        }
        json_decref(root);
        drop(&store);
    }
    ck_assert_uint_gt(full_lines, 500);
}
END_TEST

/* ---- time ------------------------------------------------------------- */

START_TEST(formats_times)
{
    static const struct {
        uint64_t microseconds;
        const char *text;
        const char *why;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000000Z", "the epoch"},
        {UINT64_C(1789978442123456), "2026-09-21T08:14:02.123456Z", "an ordinary time"},
        {UINT64_C(951782400000000), "2000-02-29T00:00:00.000000Z", "a leap day in a 400th year"},
        {UINT64_C(1709251199999999), "2024-02-29T23:59:59.999999Z", "the end of a leap day"},
        {UINT64_C(1709251200000000), "2024-03-01T00:00:00.000000Z", "the day behind it"},
        {UINT64_C(4107542400000000), "2100-03-01T00:00:00.000000Z", "2100 is no leap year"},
        {UINT64_C(1735689599000001), "2024-12-31T23:59:59.000001Z", "the end of a year"},
        {UINT64_MAX, "9999-12-31T23:59:59.999999Z", "later than four digits can say"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[RECORD_TIME_SIZE];
        record_time_format(rows[i].microseconds, out);
        ck_assert_msg(strcmp(out, rows[i].text) == 0, "%s: %s", rows[i].why, out);
    }
}
END_TEST

static const TTest *const tests[] = {
    reproduces_the_examples_byte_for_byte,
    writes_each_kind_of_byte_as_json,
    cuts_a_long_text_at_a_character,
    writes_an_empty_record_and_empty_values,
    reads_nothing_behind_a_text,
    fields_give_way_in_their_order,
    a_text_that_gives_way_loses_what_is_needed,
    hostile_bytes_halve_the_long_texts,
    any_record_becomes_a_line_that_jansson_reads_back,
    formats_times,
};

UNIT_MAIN("record", tests)
