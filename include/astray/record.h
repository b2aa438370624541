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

/* A row a field, in the order of the line. `path`: "/" is nesting. `longest`: bytes
 * of a text, or of each entry of a list, before escaping; what is longer is cut and
 * ends in "...". `yields`: fields above 0 give way, the smallest number first,
 * until the line fits in RECORD_LINE_MAX: a list loses entries at its end, a text
 * its last bytes. */
#define RECORD_FIELDS(X)                                                                           \
    /* id                   path                          type     longest yields */               \
    X(TIMESTAMP, "@timestamp", TEXT, 27, 0)                                                        \
    X(LEVEL, "log.level", TEXT, 16, 0)                                                             \
    X(MESSAGE, "message", TEXT, 256, 0)                                                            \
    X(ECS_VERSION, "ecs.version", TEXT, 8, 0)                                                      \
    X(EVENT_KIND, "event/kind", TEXT, 16, 0)                                                       \
    X(EVENT_CATEGORY, "event/category", LIST, 16, 0)                                               \
    X(EVENT_TYPE, "event/type", LIST, 16, 0)                                                       \
    X(EVENT_MODULE, "event/module", TEXT, 16, 0)                                                   \
    X(EVENT_DATASET, "event/dataset", TEXT, 32, 0)                                                 \
    X(EVENT_ACTION, "event/action", TEXT, 16, 0)                                                   \
    X(EVENT_OUTCOME, "event/outcome", TEXT, 16, 0)                                                 \
    X(EVENT_REASON, "event/reason", TEXT, 32, 0)                                                   \
    X(EVENT_DURATION, "event/duration", NUMBER, 20, 0)                                             \
    X(EVENT_ID, "event/id", TEXT, 64, 0)                                                           \
    X(ERROR_TYPE, "error/type", TEXT, 32, 0)                                                       \
    X(ERROR_CODE, "error/code", TEXT, 8, 0)                                                        \
    X(ERROR_MESSAGE, "error/message", TEXT, 256, 0)                                                \
    X(NETWORK_TRANSPORT, "network/transport", TEXT, 8, 0)                                          \
    X(NETWORK_TYPE, "network/type", TEXT, 8, 0)                                                    \
    X(DESTINATION_ADDRESS, "destination/address", TEXT, 255, 0)                                    \
    X(DESTINATION_IP, "destination/ip", TEXT, 64, 0)                                               \
    X(DESTINATION_PORT, "destination/port", NUMBER, 5, 0)                                          \
    X(DESTINATION_DOMAIN, "destination/domain", TEXT, 255, 0)                                      \
    X(NAT_IP, "destination/nat/ip", TEXT, 64, 0)                                                   \
    X(NAT_PORT, "destination/nat/port", NUMBER, 5, 0)                                              \
    X(PROCESS_PID, "process/pid", NUMBER, 10, 0)                                                   \
    X(PROCESS_THREAD_ID, "process/thread/id", NUMBER, 10, 0)                                       \
    X(PROCESS_NAME, "process/name", TEXT, 64, 0)                                                   \
    X(PROCESS_EXECUTABLE, "process/executable", TEXT, 255, 5)                                      \
    X(PROCESS_ARGS, "process/args", LIST, 255, 2)                                                  \
    X(PROCESS_WORKING_DIRECTORY, "process/working_directory", TEXT, 255, 3)                        \
    X(PARENT_PID, "process/parent/pid", NUMBER, 10, 0)                                             \
    X(PARENT_NAME, "process/parent/name", TEXT, 64, 0)                                             \
    X(PARENT_EXECUTABLE, "process/parent/executable", TEXT, 255, 4)                                \
    X(USER_ID, "user/id", TEXT, 10, 0)                                                             \
    X(HOST_NAME, "host/name", TEXT, 64, 0)                                                         \
    X(SCHEMA, "astray/schema", NUMBER, 5, 0)                                                       \
    X(ATTEMPT, "astray/attempt", TEXT, 64, 0)                                                      \
    X(CLASS, "astray/class", TEXT, 32, 0)                                                          \
    X(CALL, "astray/call", TEXT, 32, 0)                                                            \
    X(MODE, "astray/mode", TEXT, 16, 0)                                                            \
    X(UNIT, "astray/unit", TEXT, 255, 7)                                                           \
    X(ORIGIN, "astray/origin", LIST, 255, 6)                                                       \
    X(ANCESTRY, "astray/ancestry", LIST, 80, 1)                                                    \
    X(LISTENERS, "astray/listeners", LIST, 64, 8)                                                  \
    X(REWRITE_SKIPPED, "astray/rewrite_skipped", TEXT, 32, 0)                                      \
    X(SUPPRESSED, "astray/suppressed", NUMBER, 20, 0)                                              \
    X(DROPPED, "astray/dropped", NUMBER, 20, 0)                                                    \
    X(RUN, "astray/run", TEXT, 255, 9)                                                             \
    X(AMBIGUOUS, "astray/ambiguous", FLAG, 5, 0)

/* What a field holds: a string, an unsigned number, an array of strings, or
 * `true` (a flag that is false is not written). */
enum record_type { RECORD_TEXT, RECORD_NUMBER, RECORD_LIST, RECORD_FLAG };

enum record_field {
#define RECORD_FIELD_ENUM(id, path, type, longest, yields) RECORD_##id,
    RECORD_FIELDS(RECORD_FIELD_ENUM)
#undef RECORD_FIELD_ENUM
    RECORD_FIELD_COUNT
};

struct record_field_info {
    const char *path;
    enum record_type type;
    uint16_t longest;
    uint8_t yields;
};

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
 * that checks what it skips; any other order is read in full. RECORD_FOREIGN for
 * whatever a strict parser (RFC 8259, UTF-8, no duplicate keys within one object,
 * nesting of at most 64) rejects, for a line whose event.module is not "astray", and
 * where a known field has another type. *OUT is unspecified then. */
enum record_status record_decode(struct slice line, struct record_line *out);

/* Unescapes the raw string RAW into OUT, cut to what fits, and returns the length
 * (no NUL). */
size_t record_unescape(struct slice raw, char *out, size_t size);

/* The number in RAW; 0 when it is absent. */
uint64_t record_number(struct slice raw);

/* Cuts the next entry (still escaped, without quotes) off the raw array *REST.
 * Returns false at its end. Start with a copy of the field. */
bool record_list_next(struct slice *rest, struct slice *item);

/* Does the raw array hold the entry TEXT? */
bool record_list_has(struct slice raw, struct slice text);

/* Reads an RFC 3339 time: "2026-09-21T08:14:02[.fraction](Z|+hh:mm)", also with a
 * blank or small letters for "T" and "Z". Writes microseconds since the epoch. */
bool record_time_parse(const char *text, size_t length, uint64_t *microseconds);

#endif
