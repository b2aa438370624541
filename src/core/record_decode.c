#include <astray/record.h>

#include <string.h>

#include "json.h"
#include "record_general.h"

/* ---- strings ---------------------------------------------------------- */

size_t record_unescape(struct slice raw, char *out, size_t size)
{
    return json_unescape(raw, out, size);
}

bool record_equals(struct slice raw, struct slice text)
{
    if (slice_equal(raw, text))
        return !json_has_escape(raw);
    size_t at = 0;
    while (raw.length > 0) {
        char character[4];
        size_t length = json_next_character(&raw, character);
        if (length > text.length - at || memcmp(character, text.data + at, length) != 0)
            return false;
        at += length;
    }
    return at == text.length;
}

/* ---- values ----------------------------------------------------------- */

uint64_t record_number(struct slice raw)
{
    uint64_t number = 0;
    slice_number(raw, UINT64_MAX, &number);
    return number;
}

bool record_list_next(struct slice *rest, struct slice *item)
{
    if (rest->length == 0)
        return false;
    const char *at = rest->data, *end = at + rest->length;
    at = json_skip_space(at, end);
    if (at == end || (*at != '[' && *at != ','))
        return false;
    at = json_skip_space(at + 1, end);
    if (at == end || *at != '"')
        return false;
    const char *close = json_skip_string(at + 1, end);
    if (close == NULL)
        return false;
    *item = (struct slice){at + 1, (size_t)(close - at - 1)};
    *rest = (struct slice){close + 1, (size_t)(end - close - 1)};
    return true;
}

bool record_list_has(struct slice raw, struct slice text)
{
    struct slice item;
    while (record_list_next(&raw, &item))
        if (record_equals(item, text))
            return true;
    return false;
}

/* ---- the fast path: our own lines ------------------------------------- */

/* Does the text at AT begin with KEY of one of the tables? Eight bytes at a time; at least
 * sizeof the array can be read. */
#define KEY_SIZE 24

static inline bool is_key(const char *at, const char key[static KEY_SIZE], size_t length)
{
#ifdef __SSE2__
    __m128i text = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i wanted = _mm_loadu_si128((const __m128i *)(const void *)key);
    unsigned differ = ~(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(text, wanted));
    if (length <= 16)
        return (differ & ((1u << length) - 1)) == 0;
    text = _mm_loadu_si128((const __m128i *)(const void *)(at + 8));
    wanted = _mm_loadu_si128((const __m128i *)(const void *)(key + 8));
    unsigned rest = ~(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(text, wanted));
    return (differ & 0xffff) == 0 && (rest & ((1u << (length - 8)) - 1)) == 0;
#else
    return memcmp(at, key, length) == 0;
#endif
}

static inline bool have_key(const char *at, const char *end, const char key[static KEY_SIZE],
                            size_t length)
{
    if (end - at >= KEY_SIZE)
        return is_key(at, key, length);
    return (size_t)(end - at) >= length && memcmp(at, key, length) == 0;
}

static const char *fast_list(const char *at, const char *end)
{
    if (at == end || *at++ != '[' || at == end)
        return NULL;
    if (*at == ']')
        return at + 1;
    for (;;) {
        if (*at != '"')
            return NULL;
        at = json_skip_string(at + 1, end);
        if (at == NULL || end - at < 3)
            return NULL;
        if (at[1] == ']')
            return at + 2;
        if (at[1] != ',')
            return NULL;
        at += 2;
    }
}

/* Values that stand in nearly every line, as they are written. To know a value by heart is faster
 * than to look for its end, which everything behind it has to wait for. */
struct usual {
    char text[KEY_SIZE];
    uint8_t length; /* 0 for none */
};

#define USUAL(id, value) [RECORD_##id] = {value, sizeof value - 1}
static const struct usual usuals[RECORD_FIELD_COUNT] = {
    USUAL(LEVEL, "\"warning\""),
    USUAL(ECS_VERSION, "\"" RECORD_ECS "\""),
    USUAL(EVENT_KIND, "\"event\""),
    USUAL(EVENT_CATEGORY, "[\"network\"]"),
    USUAL(EVENT_TYPE, "[\"connection\",\"start\"]"),
    USUAL(EVENT_MODULE, "\"astray\""),
    USUAL(EVENT_DATASET, "\"astray.connections\""),
    USUAL(EVENT_ACTION, "\"detected\""),
    USUAL(NETWORK_TRANSPORT, "\"tcp\""),
    USUAL(NETWORK_TYPE, "\"ipv4\""),
    USUAL(CALL, "\"connect\""),
    USUAL(MODE, "\"audit\""),
};

/* Reads the value at AT when it is the usual one of FIELD. */
static inline const char *fast_usual(const char *at, const char *end, unsigned field,
                                     struct slice *out)
{
    const struct usual *usual = &usuals[field];
    if (usual->length == 0 || !have_key(at, end, usual->text, usual->length))
        return NULL;
    bool quoted = record_fields[field].type == RECORD_TEXT;
    *out = (struct slice){at + quoted, usual->length - 2u * quoted};
    return at + usual->length;
}

/* Reads the value at AT as the encoder writes one of TYPE; NULL for anything else. */
static inline const char *fast_value(const char *at, const char *end, enum record_type type,
                                     struct slice *out)
{
    const char *start = at;
    switch (type) {
    case RECORD_TEXT:
        if (at == end || *at != '"')
            return NULL;
        at = json_skip_string(at + 1, end);
        if (at == NULL)
            return NULL;
        *out = (struct slice){start + 1, (size_t)(at - start - 1)};
        return at + 1;
    case RECORD_NUMBER:
        at = json_skip_digits(at, end);
        if (at == start || at - start > 19 || (*start == '0' && at - start > 1))
            return NULL;
        break;
    case RECORD_LIST:
        at = fast_list(at, end);
        break;
    case RECORD_FLAG:
        at = end - at >= 4 && memcmp(at, "true", 4) == 0 ? at + 4 : NULL;
        break;
    }
    if (at != NULL)
        *out = (struct slice){start, (size_t)(at - start)};
    return at;
}

/* The object to open from INSIDE on the way to OBJECT, which is within it. */
static inline unsigned step_into(unsigned inside, unsigned object)
{
    while (record_objects[object].in != inside)
        object = record_objects[object].in;
    return object;
}

/* Finds the member at AT among those that may follow: the fields from *FIELD on that are in
 * *INSIDE, opening inner objects. Returns where its value begins, NULL for any other key. */
static inline const char *fast_key(const char *at, const char *end, unsigned *inside,
                                   unsigned *field)
{
    unsigned next = *field, object = *inside;
    while (next < record_objects[object].end) {
        const struct record_field_info *info = &record_fields[next];
        if (info->in == object) {
            if (have_key(at, end, info->key, info->key_length)) {
                *field = next;
                *inside = object;
                return at + info->key_length;
            }
            next++;
            continue;
        }
        const struct record_object_info *inner;
        unsigned opened = step_into(object, info->in);
        inner = &record_objects[opened];
        if (have_key(at, end, inner->key, inner->key_length)) {
            at += inner->key_length;
            object = opened;
        } else {
            next = inner->end;
        }
    }
    return NULL;
}

/* Leaves the objects that close at *AT. Returns false at the end of the line's own object or
 * where neither a comma nor a brace follows; *AT is NULL then unless the line ended well. */
static inline bool fast_next(const char **at, const char *end, unsigned *inside, unsigned *field)
{
    while (*at < end && **at == '}') {
        ++*at;
        if (*inside == RECORD_IN_ROOT) {
            if (*at != end)
                *at = NULL;
            return false;
        }
        *field = record_objects[*inside].end;
        *inside = record_objects[*inside].in;
    }
    if (*at < end && *(*at)++ == ',')
        return true;
    *at = NULL;
    return false;
}

static bool fast_read(struct slice line, struct record_line *out)
{
    const char *at = line.data, *end = at + line.length;
    unsigned inside = RECORD_IN_ROOT, field = 0;
    if (at == end || *at++ != '{')
        return false;
    do {
        at = fast_key(at, end, &inside, &field);
        if (at == NULL)
            return false;
        const char *value = at;
        at = fast_usual(value, end, field, &out->fields[field]);
        if (at == NULL)
            at = fast_value(value, end, record_fields[field].type, &out->fields[field]);
        if (at == NULL)
            return false;
        field++;
    } while (fast_next(&at, end, &inside, &field));
    return at != NULL;
}

/* ---- a line ----------------------------------------------------------- */

enum record_status record_decode(struct slice line, struct record_line *out)
{
    memset(out, 0, sizeof *out);
    if (line.length == 0)
        return RECORD_FOREIGN;
    if (!fast_read(line, out)) {
        memset(out, 0, sizeof *out);
        if (!record_general_read(line, out))
            return RECORD_FOREIGN;
    }
    struct slice module = out->fields[RECORD_EVENT_MODULE];
    return module.data != NULL && record_equals(module, SLICE("astray")) ? RECORD_OK
                                                                         : RECORD_FOREIGN;
}
