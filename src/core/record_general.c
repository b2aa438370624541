#include "record_general.h"

#include <string.h>

#include "json.h"

#define UNKNOWN RECORD_OBJECT_COUNT

/* An object or array that is open. */
struct level {
    uint64_t seen;      /* a bit for each hash of a key, so that most keys need no search */
    uint16_t first_key; /* the object's first in `keys` */
    uint8_t object;     /* enum record_object, or UNKNOWN */
    bool array;
    bool escapes; /* a key has escapes: only a search can tell */
};

struct reader {
    const char *at, *end;
    struct record_line *out;
    size_t depth; /* of levels in use */
    size_t key_count;
    struct level levels[RECORD_DEPTH_MAX];
    struct slice keys[RECORD_KEYS_MAX]; /* of all open objects */
};

/* What a key leads to. */
struct target {
    unsigned object; /* whose fields the value holds, or UNKNOWN */
    unsigned field;  /* which field the value is, or RECORD_FIELD_COUNT */
};

/* Need not be strong: what collides is compared, and there are at most RECORD_KEYS_MAX. */
static unsigned hash_key(struct slice key)
{
    size_t last = key.length < 8 ? 0 : key.length - 8;
    uint64_t word = key.length < 8 ? words_load_short(key.data, key.length)
                                   : words_load(key.data) ^ words_load(key.data + last) << 1;
    return (unsigned)((word ^ key.length) * UINT64_C(0x9e3779b97f4a7c15) >> 58);
}

static bool is_duplicate(const struct reader *reader, const struct level *level, struct slice key)
{
    for (size_t i = level->first_key; i < reader->key_count; i++)
        if (level->escapes ? json_same(reader->keys[i], key)
                           : words_slice_equal(reader->keys[i], key))
            return true;
    return false;
}

static bool has_nul(struct slice raw)
{
    for (size_t i = 0; i + 6 <= raw.length; i++)
        if (raw.data[i] == '\\') {
            if (memcmp(raw.data + i, "\\u0000", 6) == 0)
                return true;
            i++;
        }
    return false;
}

/* Adds KEY to the innermost object; false for a duplicate or when there are too many. */
static bool add_key(struct reader *reader, struct slice key, bool escapes)
{
    struct level *level = &reader->levels[reader->depth - 1];
    if (reader->key_count == RECORD_KEYS_MAX)
        return false;
    if (escapes) {
        level->escapes = true;
        if (has_nul(key))
            return false;
    }
    uint64_t bit = UINT64_C(1) << hash_key(key);
    if (((level->seen & bit) != 0 || level->escapes) && is_duplicate(reader, level, key))
        return false;
    level->seen |= bit;
    reader->keys[reader->key_count++] = key;
    return true;
}

/* Names by the object they are in and their length: a search of one byte finds the few
 * candidates. The literals in the tables have quotes and a colon (and a brace) around the name. */
#define NAME_MAX_LENGTH 17
#define NAME_CODE(in, length) ((in) * (NAME_MAX_LENGTH + 1) + (length))

static const uint8_t field_codes[] = {
#define FIELD_CODE(id, in, key, type, longest, yields)                                             \
    [RECORD_##id] = NAME_CODE(RECORD_IN_##in, sizeof key - 1),
    RECORD_FIELDS(FIELD_CODE)
#undef FIELD_CODE
};

static const uint8_t object_codes[] = {
#define OBJECT_CODE(id, in, key, last) [RECORD_IN_##id] = NAME_CODE(RECORD_IN_##in, sizeof key - 1),
    RECORD_OBJECTS(OBJECT_CODE)
#undef OBJECT_CODE
};

_Static_assert(NAME_CODE(RECORD_OBJECT_COUNT, 0) <= UINT8_MAX, "a code is one byte");

static unsigned find_field(unsigned object, struct slice name)
{
    const uint8_t *at = field_codes, *end = field_codes + RECORD_FIELD_COUNT;
    if (name.length > NAME_MAX_LENGTH)
        return RECORD_FIELD_COUNT;
    int code = (int)NAME_CODE(object, name.length);
    for (; (at = memchr(at, code, (size_t)(end - at))) != NULL; at++)
        if (words_equal(record_fields[at - field_codes].key + 1, name.data, name.length))
            return (unsigned)(at - field_codes);
    return RECORD_FIELD_COUNT;
}

static unsigned find_object(unsigned object, struct slice name)
{
    const uint8_t *at = object_codes + 1, *end = object_codes + RECORD_OBJECT_COUNT;
    if (name.length > NAME_MAX_LENGTH)
        return UNKNOWN;
    int code = (int)NAME_CODE(object, name.length);
    for (; (at = memchr(at, code, (size_t)(end - at))) != NULL; at++)
        if (words_equal(record_objects[at - object_codes].key + 1, name.data, name.length))
            return (unsigned)(at - object_codes);
    return UNKNOWN;
}

/* Where KEY leads within OBJECT, which is known, nested or flattened: "action", "parent.pid". */
static struct target find_target(unsigned object, struct slice key, bool escapes)
{
    char plain[64];
    if (escapes)
        key = (struct slice){plain, json_unescape(key, plain, sizeof plain)};
    do {
        unsigned field = find_field(object, key);
        if (field != RECORD_FIELD_COUNT)
            return (struct target){UNKNOWN, field};
        size_t dot = slice_find(key, '.');
        object = find_object(object, (struct slice){key.data, dot});
        if (dot == key.length)
            break;
        key = slice_from(key, dot + 1);
    } while (object != UNKNOWN);
    return (struct target){object, RECORD_FIELD_COUNT};
}

static inline bool take(struct reader *reader, char wanted)
{
    if (reader->at == reader->end || *reader->at != wanted)
        return false;
    reader->at++;
    return true;
}

static inline void space(struct reader *reader)
{
    reader->at = json_skip_space(reader->at, reader->end);
}

/* *ESCAPES becomes true when RAW has any. */
static inline bool read_noting(struct reader *reader, struct slice *raw, bool *escapes)
{
    if (!take(reader, '"'))
        return false;
    const char *close = json_skip_noting(reader->at, reader->end, escapes);
    if (close == NULL)
        return false;
    *raw = (struct slice){reader->at, (size_t)(close - reader->at)};
    reader->at = close + 1;
    return true;
}

static bool read_string(struct reader *reader, struct slice *raw)
{
    bool escapes = false;
    return read_noting(reader, raw, &escapes);
}

/* One or more digits. */
static bool read_digits(struct reader *reader)
{
    const char *start = reader->at;
    reader->at = json_skip_digits(start, reader->end);
    return reader->at > start;
}

static bool read_number(struct reader *reader)
{
    take(reader, '-');
    if (!take(reader, '0') && !read_digits(reader))
        return false;
    if (take(reader, '.') && !read_digits(reader))
        return false;
    if (take(reader, 'e') || take(reader, 'E')) {
        if (!take(reader, '+'))
            take(reader, '-');
        return read_digits(reader);
    }
    return true;
}

static bool read_word(struct reader *reader, const char *word)
{
    for (; *word != '\0'; word++)
        if (!take(reader, *word))
            return false;
    return true;
}

/* Reads a string, number or word; *RAW is the value's raw text, without a string's quotes. */
static bool read_scalar(struct reader *reader, struct slice *raw)
{
    const char *start = reader->at;
    bool valid;
    switch (*start) {
    case '"':
        return read_string(reader, raw);
    case 't':
        valid = read_word(reader, "true");
        break;
    case 'f':
        valid = read_word(reader, "false");
        break;
    case 'n':
        valid = read_word(reader, "null");
        break;
    default:
        valid = read_number(reader);
    }
    *raw = (struct slice){start, (size_t)(reader->at - start)};
    return valid;
}

/* Stores the value RAW, which begins with FIRST, as FIELD. */
static bool store(struct reader *reader, unsigned field, char first, struct slice raw)
{
    static const char firsts[] = {[RECORD_TEXT] = '"', [RECORD_LIST] = '[', [RECORD_FLAG] = 't'};
    enum record_type type = record_fields[field].type;
    uint64_t number;
    if (first == 'n' || (first == 'f' && type == RECORD_FLAG))
        return true;
    if (type == RECORD_NUMBER && (first == '"' || !slice_number(raw, UINT64_MAX, &number)))
        return false;
    if (type != RECORD_NUMBER && firsts[type] != first)
        return false;
    if (reader->out->fields[field].data != NULL)
        return false;
    reader->out->fields[field] = raw;
    return true;
}

/* A known field that is an array: of strings. */
static bool read_list(struct reader *reader, unsigned field)
{
    const char *start = reader->at;
    struct slice item;
    if (!take(reader, '['))
        return false;
    space(reader);
    if (!take(reader, ']')) {
        do {
            space(reader);
            if (!read_string(reader, &item))
                return false;
            space(reader);
        } while (take(reader, ','));
        if (!take(reader, ']'))
            return false;
    }
    return store(reader, field, '[', (struct slice){start, (size_t)(reader->at - start)});
}

static bool open_level(struct reader *reader, unsigned object)
{
    if (reader->depth == RECORD_DEPTH_MAX)
        return false;
    bool array = *reader->at++ == '[';
    reader->levels[reader->depth++] = (struct level){
        .first_key = (uint16_t)reader->key_count,
        .object = (uint8_t)(array ? UNKNOWN : object),
        .array = array,
    };
    return true;
}

static void close_level(struct reader *reader)
{
    reader->key_count = reader->levels[--reader->depth].first_key;
}

static bool read_key(struct reader *reader, struct target *target)
{
    struct slice key;
    bool escapes = false;
    space(reader);
    if (!read_noting(reader, &key, &escapes) || !add_key(reader, key, escapes))
        return false;
    unsigned object = reader->levels[reader->depth - 1].object;
    if (object != UNKNOWN)
        *target = find_target(object, key, escapes);
    space(reader);
    if (!take(reader, ':'))
        return false;
    space(reader);
    return true;
}

/* Reads one value; *OPENED tells that it is an object or array whose members follow. */
static bool read_value(struct reader *reader, struct target target, bool *opened)
{
    *opened = false;
    if (reader->at == reader->end)
        return false;
    char first = *reader->at;
    if (target.field != RECORD_FIELD_COUNT && first == '[')
        return read_list(reader, target.field);
    if (first == '{' || first == '[') {
        *opened = true;
        return target.field == RECORD_FIELD_COUNT && open_level(reader, target.object);
    }
    struct slice raw;
    if (!read_scalar(reader, &raw))
        return false;
    return target.field == RECORD_FIELD_COUNT || store(reader, target.field, first, raw);
}

/* Reads the next member or element of the innermost level. */
static bool read_member(struct reader *reader, bool *opened)
{
    struct target target = {UNKNOWN, RECORD_FIELD_COUNT};
    if (!reader->levels[reader->depth - 1].array && !read_key(reader, &target))
        return false;
    space(reader);
    return read_value(reader, target, opened);
}

static bool take_close(struct reader *reader)
{
    return take(reader, reader->levels[reader->depth - 1].array ? ']' : '}');
}

/* No recursion: levels are opened by read_member() and closed here. */
bool record_general_read(struct slice line, struct record_line *out)
{
    struct reader reader;
    reader.at = line.data;
    reader.end = line.data + line.length;
    reader.out = out;
    reader.depth = reader.key_count = 0;
    space(&reader);
    if (reader.at == reader.end || *reader.at != '{' || !open_level(&reader, RECORD_IN_ROOT))
        return false;
    bool opened = true;
    while (reader.depth > 0) {
        space(&reader);
        if (take_close(&reader)) {
            close_level(&reader);
            opened = false;
            continue;
        }
        if (!opened && !take(&reader, ','))
            return false;
        if (!read_member(&reader, &opened))
            return false;
    }
    space(&reader);
    return reader.at == reader.end;
}
