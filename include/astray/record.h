/* record.h - one finding as one line of JSON.
 *
 * The fields are those of the Elastic Common Schema 9.4, nested, in a fixed
 * order; our own stand under "astray". The table below is the whole format: the
 * encoder walks it to write a line, the decoder's fast path to read one. Pure;
 * the encoder is async-signal-safe. */
#ifndef ASTRAY_RECORD_H
#define ASTRAY_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <astray/text.h>

/* The longest line, its newline included: one write(2) that others do not tear. */
#define RECORD_LINE_MAX 4096

#define RECORD_FORMAT 1
#define RECORD_ECS "9.4.0"

/* The nested objects, each behind the one that it is in. `last`: its last field, those of
 * inner objects included; the fields of an object stand together. */
// clang-format off
#define RECORD_OBJECTS(X)                                                                          \
    /* id          in           key            last */                                             \
    X(ROOT,        ROOT,        "",            AMBIGUOUS)                                          \
    X(EVENT,       ROOT,        "event",       EVENT_ID)                                           \
    X(ERROR,       ROOT,        "error",       ERROR_MESSAGE)                                      \
    X(NETWORK,     ROOT,        "network",     NETWORK_TYPE)                                       \
    X(DESTINATION, ROOT,        "destination", NAT_PORT)                                           \
    X(NAT,         DESTINATION, "nat",         NAT_PORT)                                           \
    X(PROCESS,     ROOT,        "process",     PARENT_EXECUTABLE)                                  \
    X(THREAD,      PROCESS,     "thread",      PROCESS_THREAD_ID)                                  \
    X(PARENT,      PROCESS,     "parent",      PARENT_EXECUTABLE)                                  \
    X(USER,        ROOT,        "user",        USER_ID)                                            \
    X(HOST,        ROOT,        "host",        HOST_NAME)                                          \
    X(ASTRAY,      ROOT,        "astray",      AMBIGUOUS)

/* A row a field, in the order of the line. `key`: within its object. `longest`: bytes
 * of a text, or of each entry of a list, before escaping; what is longer is cut and
 * ends in "...". `yields`: fields above 0 give way, the smallest number first,
 * until the line fits in RECORD_LINE_MAX: a list loses entries at its end and gets
 * "..." as its last, a text loses its last bytes. (When bytes that must be escaped make
 * the line too long even so, every text that may be long is halved until it fits.) */
#define RECORD_FIELDS(X)                                                                           \
    /* id                         in           key                   type  longest yields */       \
    X(TIMESTAMP,                 ROOT,        "@timestamp",        TEXT,    27, 0)                 \
    X(LEVEL,                     ROOT,        "log.level",         TEXT,    16, 0)                 \
    X(MESSAGE,                   ROOT,        "message",           TEXT,   256, 0)                 \
    X(ECS_VERSION,               ROOT,        "ecs.version",       TEXT,     8, 0)                 \
    X(EVENT_KIND,                EVENT,       "kind",              TEXT,    16, 0)                 \
    X(EVENT_CATEGORY,            EVENT,       "category",          LIST,    16, 0)                 \
    X(EVENT_TYPE,                EVENT,       "type",              LIST,    16, 0)                 \
    X(EVENT_MODULE,              EVENT,       "module",            TEXT,    16, 0)                 \
    X(EVENT_DATASET,             EVENT,       "dataset",           TEXT,    32, 0)                 \
    X(EVENT_ACTION,              EVENT,       "action",            TEXT,    16, 0)                 \
    X(EVENT_OUTCOME,             EVENT,       "outcome",           TEXT,    16, 0)                 \
    X(EVENT_REASON,              EVENT,       "reason",            TEXT,    32, 0)                 \
    X(EVENT_DURATION,            EVENT,       "duration",          NUMBER,  20, 0)                 \
    X(EVENT_ID,                  EVENT,       "id",                TEXT,    64, 0)                 \
    X(ERROR_TYPE,                ERROR,       "type",              TEXT,    32, 0)                 \
    X(ERROR_CODE,                ERROR,       "code",              TEXT,     8, 0)                 \
    X(ERROR_MESSAGE,             ERROR,       "message",           TEXT,   256, 0)                 \
    X(NETWORK_TRANSPORT,         NETWORK,     "transport",         TEXT,     8, 0)                 \
    X(NETWORK_TYPE,              NETWORK,     "type",              TEXT,     8, 0)                 \
    X(DESTINATION_ADDRESS,       DESTINATION, "address",           TEXT,   255, 0)                 \
    X(DESTINATION_IP,            DESTINATION, "ip",                TEXT,    64, 0)                 \
    X(DESTINATION_PORT,          DESTINATION, "port",              NUMBER,   5, 0)                 \
    X(DESTINATION_DOMAIN,        DESTINATION, "domain",            TEXT,   255, 0)                 \
    X(NAT_IP,                    NAT,         "ip",                TEXT,    64, 0)                 \
    X(NAT_PORT,                  NAT,         "port",              NUMBER,   5, 0)                 \
    X(PROCESS_PID,               PROCESS,     "pid",               NUMBER,  10, 0)                 \
    X(PROCESS_THREAD_ID,         THREAD,      "id",                NUMBER,  10, 0)                 \
    X(PROCESS_NAME,              PROCESS,     "name",              TEXT,    64, 0)                 \
    X(PROCESS_EXECUTABLE,        PROCESS,     "executable",        TEXT,   255, 5)                 \
    X(PROCESS_ARGS,              PROCESS,     "args",              LIST,   255, 2)                 \
    X(PROCESS_WORKING_DIRECTORY, PROCESS,     "working_directory", TEXT,   255, 3)                 \
    X(PARENT_PID,                PARENT,      "pid",               NUMBER,  10, 0)                 \
    X(PARENT_NAME,               PARENT,      "name",              TEXT,    64, 0)                 \
    X(PARENT_EXECUTABLE,         PARENT,      "executable",        TEXT,   255, 4)                 \
    X(USER_ID,                   USER,        "id",                TEXT,    10, 0)                 \
    X(HOST_NAME,                 HOST,        "name",              TEXT,    64, 0)                 \
    X(SCHEMA,                    ASTRAY,      "schema",            NUMBER,   5, 0)                 \
    X(ATTEMPT,                   ASTRAY,      "attempt",           TEXT,    64, 0)                 \
    X(CLASS,                     ASTRAY,      "class",             TEXT,    32, 0)                 \
    X(CALL,                      ASTRAY,      "call",              TEXT,    32, 0)                 \
    X(PROGRAM,                   ASTRAY,      "program",           TEXT,   255, 0)                 \
    X(REMARK,                    ASTRAY,      "remark",            TEXT,    32, 0)                 \
    X(MODE,                      ASTRAY,      "mode",              TEXT,    16, 0)                 \
    X(UNIT,                      ASTRAY,      "unit",              TEXT,   255, 7)                 \
    X(ORIGIN,                    ASTRAY,      "origin",            LIST,   255, 6)                 \
    X(ANCESTRY,                  ASTRAY,      "ancestry",          LIST,    80, 1)                 \
    X(LISTENERS,                 ASTRAY,      "listeners",         LIST,    64, 8)                 \
    X(REWRITE_SKIPPED,           ASTRAY,      "rewrite_skipped",   TEXT,    32, 0)                 \
    X(SUPPRESSED,                ASTRAY,      "suppressed",        NUMBER,  20, 0)                 \
    X(DROPPED,                   ASTRAY,      "dropped",           NUMBER,  20, 0)                 \
    X(RUN,                       ASTRAY,      "run",               TEXT,   255, 9)                 \
    X(AMBIGUOUS,                 ASTRAY,      "ambiguous",         FLAG,     5, 0)
// clang-format on

/* What a field holds: a string, an unsigned number, an array of strings, or
 * `true` (a flag that is false is not written). */
enum record_type { RECORD_TEXT, RECORD_NUMBER, RECORD_LIST, RECORD_FLAG };

enum record_field {
#define RECORD_FIELD_ENUM(id, in, key, type, longest, yields) RECORD_##id,
    RECORD_FIELDS(RECORD_FIELD_ENUM)
#undef RECORD_FIELD_ENUM
        RECORD_FIELD_COUNT
};

enum record_object {
#define RECORD_OBJECT_ENUM(id, in, key, last) RECORD_IN_##id,
    RECORD_OBJECTS(RECORD_OBJECT_ENUM)
#undef RECORD_OBJECT_ENUM
        RECORD_OBJECT_COUNT
};

/* Texts are arrays, so that the tables need no relocation in the programs that load them. */
struct record_object_info {
    char key[24]; /* "\"event\":{", as it stands in a line */
    uint8_t key_length;
    uint8_t in;  /* enum record_object; the root is in itself */
    uint8_t end; /* enum record_field: the first behind it */
};

struct record_field_info {
    char key[24]; /* "\"kind\":", as it stands in a line */
    uint8_t key_length;
    uint8_t in;   /* enum record_object */
    uint8_t type; /* enum record_type */
    uint8_t yields;
    uint16_t longest;
    uint16_t unused; /* a row is 32 bytes */
};

extern const struct record_object_info record_objects[RECORD_OBJECT_COUNT];
extern const struct record_field_info record_fields[RECORD_FIELD_COUNT];

/* ---- writing ---------------------------------------------------------- */

/* A record to be written. All texts are borrowed until it is encoded. */
struct record {
    struct {
        union {
            struct slice text;
            uint64_t number;
            struct {
                const struct slice *items;
                size_t count;
            } list;
        };
        bool present;
    } fields[RECORD_FIELD_COUNT];
};

/* A record without any field. */
void record_start(struct record *record);

/* Sets one field; it must be of that type. An empty text is written as "", an
 * empty list as []. */
void record_set_text(struct record *record, enum record_field field, struct slice text);
void record_set_number(struct record *record, enum record_field field, uint64_t number);
void record_set_list(struct record *record, enum record_field field, const struct slice *items,
                     size_t count);
void record_set_flag(struct record *record, enum record_field field);

/* Writes RECORD as one line with its newline, and returns its length (no NUL).
 * The line is always valid JSON and valid UTF-8: control bytes are escaped, bytes
 * that are not UTF-8 become U+FFFD. */
size_t record_encode(const struct record *record, char out[static RECORD_LINE_MAX]);

/* "2026-09-21T08:14:02.123456Z" and a NUL, from microseconds since the epoch. */
#define RECORD_TIME_SIZE 28
void record_time_format(uint64_t microseconds, char out[static RECORD_TIME_SIZE]);

/* ---- reading ---------------------------------------------------------- */

/* A line that was read: for each field the bytes of its JSON value within the line
 * (a string without its quotes and still escaped; a number; an array with its
 * brackets; `true`). data is NULL for a field that is not there. */
struct record_line {
    struct slice fields[RECORD_FIELD_COUNT];
};

enum record_status {
    RECORD_OK,
    RECORD_FOREIGN, /* valid JSON, but no record of ours; or no JSON at all */
};

/* Reads one line without its newline. Lines in our own key order take a fast path
 * that checks what it skips; any other order is read in full, and our fields are also
 * known by a flattened key ("event.action"); `null` counts as absent. RECORD_FOREIGN for
 * whatever a strict parser (RFC 8259, UTF-8, no lone surrogate, no duplicate keys within one
 * object, no NUL in a key) rejects, for nesting deeper than RECORD_DEPTH_MAX or more than
 * RECORD_KEYS_MAX keys in the objects around one place, for a line whose event.module is not
 * "astray", and where a known field has another type or is told twice. *OUT is unspecified
 * then. Time is linear in the line's length but for RECORD_KEYS_MAX. */
#define RECORD_DEPTH_MAX 64
#define RECORD_KEYS_MAX 512
enum record_status record_decode(struct slice line, struct record_line *out);

/* Unescapes the raw string RAW into OUT, cut to the whole characters that fit, and returns
 * the length (no NUL). */
size_t record_unescape(struct slice raw, char *out, size_t size);

/* The number in RAW; 0 when it is absent. */
uint64_t record_number(struct slice raw);

/* Cuts the next entry (still escaped, without quotes) off the raw array *REST.
 * Returns false at its end. Start with a copy of the field. */
bool record_list_next(struct slice *rest, struct slice *item);

/* Does the raw string mean TEXT? */
bool record_equals(struct slice raw, struct slice text);

/* Does the raw array hold the entry TEXT? */
bool record_list_has(struct slice raw, struct slice text);

/* Reads an RFC 3339 time: "2026-09-21T08:14:02[.fraction](Z|+hh:mm)", also with a
 * blank or small letters for "T" and "Z". Writes microseconds since the epoch. */
bool record_time_parse(const char *text, size_t length, uint64_t *microseconds);

#endif
