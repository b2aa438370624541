/* What decoding hands out lies inside the line, and no reader of it leaves its bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <astray/record.h>

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_inside(struct slice inner, struct slice outer)
{
    require(inner.data >= outer.data && inner.length <= outer.length &&
            inner.data + inner.length <= outer.data + outer.length);
}

static void check_text(struct slice raw)
{
    char out[64];
    for (size_t size = 0; size <= sizeof out; size += 21)
        require(record_unescape(raw, out, size) <= size);
    size_t length = record_unescape(raw, out, sizeof out);
    if (raw.length < sizeof out / 2)
        require(record_equals(raw, (struct slice){out, length}));
}

static void check_list(struct slice raw)
{
    struct slice rest = raw, item;
    size_t left = rest.length + 1;
    while (record_list_next(&rest, &item)) {
        check_inside(item, raw);
        check_inside(rest, raw);
        require(rest.length < left);
        left = rest.length;
        check_text(item);
    }
    record_list_has(raw, SLICE("start"));
}

static void check_field(struct slice line, struct slice raw, enum record_type type)
{
    if (raw.data == NULL)
        return;
    check_inside(raw, line);
    if (type == RECORD_TEXT)
        check_text(raw);
    else if (type == RECORD_LIST)
        check_list(raw);
    else
        record_number(raw);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice line = {(const char *)data, size};
    struct record_line out;
    uint64_t time;
    if (record_decode(line, &out) == RECORD_OK)
        for (unsigned field = 0; field < RECORD_FIELD_COUNT; field++)
            check_field(line, out.fields[field], record_fields[field].type);
    /* These take text that nobody has checked as well. */
    if (size > 0) {
        check_list(line);
        char whole[64];
        record_unescape(line, whole, sizeof whole);
        record_time_parse(line.data, size, &time);
    }
    return 0;
}
