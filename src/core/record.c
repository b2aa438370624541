#include <astray/record.h>

#include <string.h>

#include "json.h"

const struct record_object_info record_objects[] = {
#define OBJECT_ROW(id, in, key, last)                                                              \
    [RECORD_IN_##id] = {"\"" key "\":{", sizeof key + 3, RECORD_IN_##in, RECORD_##last + 1},
    RECORD_OBJECTS(OBJECT_ROW)
#undef OBJECT_ROW
};

const struct record_field_info record_fields[] = {
#define FIELD_ROW(id, in, key, type, longest, yields)                                              \
    [RECORD_##                                                                                     \
        id] = {"\"" key "\":", sizeof key + 2, RECORD_IN_##in, RECORD_##type, yields, longest, 0},
    RECORD_FIELDS(FIELD_ROW)
#undef FIELD_ROW
};

void record_start(struct record *record)
{
    memset(record, 0, sizeof *record);
}

void record_set_text(struct record *record, enum record_field field, struct slice text)
{
    record->fields[field].text = text;
    record->fields[field].present = true;
}

void record_set_number(struct record *record, enum record_field field, uint64_t number)
{
    record->fields[field].number = number;
    record->fields[field].present = true;
}

void record_set_list(struct record *record, enum record_field field, const struct slice *items,
                     size_t count)
{
    record->fields[field].list.items = items;
    record->fields[field].list.count = count;
    record->fields[field].present = true;
}

void record_set_flag(struct record *record, enum record_field field)
{
    record->fields[field].present = true;
}

/* A line under construction. LENGTH also counts what no longer fits and is not stored. */
struct line {
    char *out;
    size_t length;
};

static size_t room(const struct line *line)
{
    return line->length < RECORD_LINE_MAX ? RECORD_LINE_MAX - line->length : 0;
}

static void put(struct line *line, const char *bytes, size_t length)
{
    if (length <= room(line))
        memcpy(line->out + line->length, bytes, length);
    line->length += length;
}

static void put_char(struct line *line, char c)
{
    if (line->length < RECORD_LINE_MAX)
        line->out[line->length] = c;
    line->length++;
}

/* A KEY of one of the tables. Copies the whole array where there is room: a copy of a fixed
 * size is a few instructions. */
static void put_key(struct line *line, const char key[static 24], size_t length)
{
    if (room(line) >= 24) {
        memcpy(line->out + line->length, key, 24);
        line->length += length;
    } else {
        put(line, key, length);
    }
}

static void put_number(struct line *line, uint64_t number)
{
    char digits[20];
    size_t start = sizeof digits;
    do {
        digits[--start] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    put(line, digits + start, sizeof digits - start);
}

/* ---- strings ---------------------------------------------------------- */

#define ESCAPED_MAX 6
#define REPLACEMENT "\xef\xbf\xbd"

static const char hex_digits[] = "0123456789abcdef";

/* Writes the first character of the text from AT to END as it stands in a string to OUT, its
 * length to *WRITTEN, and returns how many bytes of the text it is. */
static size_t escape(const char *at, const char *end, char out[static ESCAPED_MAX], size_t *written)
{
    static const char shorts[32] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r',
    };
    unsigned char byte = (unsigned char)*at;
    if (byte >= 0x80) {
        size_t length = utf8_length(at, end);
        *written = length == 0 ? sizeof REPLACEMENT - 1 : length;
        memcpy(out, length == 0 ? REPLACEMENT : at, *written);
        return length == 0 ? 1 : length;
    }
    if (byte >= 0x20 && byte != '"' && byte != '\\') {
        out[0] = (char)byte;
        *written = 1;
    } else if (byte >= 0x20 || shorts[byte] != 0) {
        out[0] = '\\';
        out[1] = byte >= 0x20 ? (char)byte : shorts[byte];
        *written = 2;
    } else {
        memcpy(out, "\\u00", 4);
        out[4] = hex_digits[byte >> 4];
        out[5] = hex_digits[byte & 15];
        *written = 6;
    }
    return 1;
}

/* Copies bytes that need no escape, eight at a time where source and line have room, and
 * returns where it stopped: at END, or at a byte to look at. */
static const char *put_plain(struct line *line, const char *at, const char *end)
{
    while (end - at >= 8 && room(line) >= 8) {
        uint64_t word = words_load(at);
        uint64_t marks = json_special(word);
        memcpy(line->out + line->length, &word, sizeof word);
        size_t plain = marks == 0 ? 8 : json_first(marks);
        line->length += plain;
        at += plain;
        if (marks != 0)
            return at;
    }
    while (at < end && !json_is_special((unsigned char)*at))
        put_char(line, *at++);
    return at;
}

static void put_escaped(struct line *line, struct slice text)
{
    if (text.length == 0)
        return;
    const char *at = text.data, *end = text.data + text.length;
    while ((at = put_plain(line, at, end)) < end) {
        char out[ESCAPED_MAX];
        size_t written;
        at += escape(at, end, out, &written);
        put(line, out, written);
    }
}

#define DOTS "..."
#define DOTS_LENGTH (sizeof DOTS - 1)

static bool is_inside_character(struct slice text, size_t at)
{
    return ((unsigned char)text.data[at] & 0xc0) == 0x80;
}

/* TEXT, longer than LONGEST, cut to LONGEST bytes with the dots that will follow, at a
 * character's start. */
static struct slice cut_to(struct slice text, size_t longest)
{
    size_t end = longest < DOTS_LENGTH ? 0 : longest - DOTS_LENGTH;
    size_t start = end;
    while (start > 0 && end - start < 3 && is_inside_character(text, start))
        start--;
    return (struct slice){text.data, is_inside_character(text, start) ? end : start};
}

/* TEXT cut so that it takes at most BUDGET bytes of the line with the dots that will follow. */
static struct slice cut_to_budget(struct slice text, size_t budget)
{
    size_t used = DOTS_LENGTH, kept = 0;
    while (kept < text.length) {
        char out[ESCAPED_MAX];
        size_t written;
        size_t taken = escape(text.data + kept, text.data + text.length, out, &written);
        used += written;
        if (used > budget)
            break;
        kept += taken;
    }
    return (struct slice){text.data, kept};
}

/* What TEXT takes in a line, without quotes. */
static size_t escaped_length(struct slice text, size_t longest)
{
    struct line counter = {.length = RECORD_LINE_MAX};
    bool cut = text.length > longest;
    if (cut)
        text = cut_to(text, longest);
    put_escaped(&counter, text);
    return counter.length - RECORD_LINE_MAX + (cut ? DOTS_LENGTH : 0);
}

static void put_text(struct line *line, struct slice text, size_t longest, size_t budget)
{
    bool cut = text.length > longest;
    if (cut)
        text = cut_to(text, longest);
    if (budget != SIZE_MAX) {
        struct slice shorter = cut_to_budget(text, budget);
        cut = cut || shorter.length < text.length;
        text = shorter;
    }
    put_char(line, '"');
    put_escaped(line, text);
    if (cut)
        put(line, DOTS, DOTS_LENGTH);
    put_char(line, '"');
}

/* ---- the line --------------------------------------------------------- */

#define YIELDS_MAX 9
#define HALVINGS_MAX 4

/* How far the fields have given way. */
struct limits {
    size_t kept[YIELDS_MAX + 1]; /* by `yields`: entries of a list, bytes in the line of a text;
                                    SIZE_MAX for all */
    unsigned halvings;           /* of every text that may be long */
    unsigned fields;             /* the fields that are written at all */
};

static size_t longest_of(const struct record_field_info *info, const struct limits *limits)
{
    return info->longest < 64 ? info->longest : (size_t)info->longest >> limits->halvings;
}

static void put_list(struct line *line, const struct slice *items, size_t count, size_t longest,
                     size_t kept)
{
    put_char(line, '[');
    for (size_t i = 0; i < count && i < kept; i++) {
        if (i > 0)
            put_char(line, ',');
        put_text(line, items[i], longest, SIZE_MAX);
    }
    if (kept < count) {
        if (kept > 0)
            put_char(line, ',');
        put_text(line, SLICE(DOTS), longest, SIZE_MAX);
    }
    put_char(line, ']');
}

static void put_value(struct line *line, const struct record *record, enum record_field field,
                      const struct limits *limits)
{
    const struct record_field_info *info = &record_fields[field];
    size_t longest = longest_of(info, limits);
    size_t kept = limits->kept[info->yields];
    switch ((enum record_type)info->type) {
    case RECORD_TEXT:
        put_text(line, record->fields[field].text, longest, kept);
        break;
    case RECORD_NUMBER:
        put_number(line, record->fields[field].number);
        break;
    case RECORD_LIST:
        put_list(line, record->fields[field].list.items, record->fields[field].list.count, longest,
                 kept);
        break;
    case RECORD_FLAG:
        put(line, "true", 4);
        break;
    }
}

/* Is OBJECT the object INNER, or around it? */
static bool holds(unsigned object, unsigned inner)
{
    while (inner > object)
        inner = record_objects[inner].in;
    return inner == object;
}

static void open_object(struct line *line, unsigned from, unsigned object)
{
    if (record_objects[object].in != from)
        open_object(line, from, record_objects[object].in);
    put_key(line, record_objects[object].key, record_objects[object].key_length);
}

/* Leaves object FROM and enters object TO. The comma between two members is written before a
 * key, unless a brace has just been opened. */
static void move_to(struct line *line, unsigned from, unsigned to)
{
    while (!holds(from, to)) {
        put_char(line, '}');
        from = record_objects[from].in;
    }
    put_char(line, ',');
    if (from != to)
        open_object(line, from, to);
}

static size_t put_record(const struct record *record, const struct limits *limits, char *out)
{
    struct line line = {.out = out};
    unsigned inside = RECORD_IN_ROOT;
    bool first = true;
    put_char(&line, '{');
    for (unsigned field = 0; field < limits->fields; field++) {
        const struct record_field_info *info = &record_fields[field];
        if (!record->fields[field].present)
            continue;
        if (!first)
            move_to(&line, inside, info->in);
        else if (info->in != RECORD_IN_ROOT)
            open_object(&line, RECORD_IN_ROOT, info->in);
        first = false;
        inside = info->in;
        put_key(&line, info->key, info->key_length);
        put_value(&line, record, field, limits);
    }
    for (; inside != RECORD_IN_ROOT; inside = record_objects[inside].in)
        put_char(&line, '}');
    put(&line, "}\n", 2);
    return line.length;
}

/* ---- giving way ------------------------------------------------------- */

/* How many of the COUNT entries may stay so that EXCESS bytes are gained. */
static size_t list_keeping(const struct slice *items, size_t count, size_t longest, size_t excess)
{
    const size_t mark = DOTS_LENGTH + 3; /* quotes and comma */
    size_t kept = count, gained = 0;
    while (kept > 0 && gained < excess + mark)
        gained += escaped_length(items[--kept], longest) + 3;
    return gained > mark ? kept : count;
}

/* Lets FIELD give way so that EXCESS bytes are gained, or as many as it has. */
static void give_way(const struct record *record, enum record_field field, size_t excess,
                     struct limits *limits)
{
    const struct record_field_info *info = &record_fields[field];
    size_t *kept = &limits->kept[info->yields];
    if (info->type == RECORD_LIST) {
        *kept = list_keeping(record->fields[field].list.items, record->fields[field].list.count,
                             info->longest, excess);
        return;
    }
    size_t length = escaped_length(record->fields[field].text, info->longest);
    if (length > DOTS_LENGTH)
        *kept = length > excess + DOTS_LENGTH ? length - excess : DOTS_LENGTH;
}

static size_t put_shortened(const struct record *record, size_t length, struct limits *limits,
                            char *out)
{
    for (unsigned rank = 1; rank <= YIELDS_MAX; rank++)
        for (unsigned field = 0; field < RECORD_FIELD_COUNT && length > RECORD_LINE_MAX; field++) {
            if (record_fields[field].yields != rank || !record->fields[field].present)
                continue;
            give_way(record, field, length - RECORD_LINE_MAX, limits);
            length = put_record(record, limits, out);
        }
    while (length > RECORD_LINE_MAX && limits->halvings < HALVINGS_MAX) {
        limits->halvings++;
        length = put_record(record, limits, out);
    }
    /* Out of reach for what the library writes; but a promise is a promise. */
    while (length > RECORD_LINE_MAX) {
        limits->fields--;
        length = put_record(record, limits, out);
    }
    return length;
}

size_t record_encode(const struct record *record, char out[static RECORD_LINE_MAX])
{
    struct limits limits = {.fields = RECORD_FIELD_COUNT};
    for (unsigned rank = 0; rank <= YIELDS_MAX; rank++)
        limits.kept[rank] = SIZE_MAX;
    size_t length = put_record(record, &limits, out);
    return length <= RECORD_LINE_MAX ? length : put_shortened(record, length, &limits, out);
}
