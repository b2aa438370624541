#include "windows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <astray/words.h>

#include "watch_state.h"
#include "when.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define SWEEP_EVERY WHEN_SECOND

/* The texts of a group, and the executable. */
enum { WINDOW_EXECUTABLE = GROUP_TEXTS, WINDOW_TEXTS };

struct window {
    uint64_t hash;
    enum group_kind kind;
    bool folded;
    bool open;       /* was told; what follows until `until` is only counted */
    uint32_t varies; /* as in struct group */
    uint64_t until;
    uint64_t count;       /* since it was told, or since it began */
    uint64_t first, last; /* the times of these */
    struct threshold threshold;
    uint8_t lengths[WINDOW_TEXTS];
    char texts[]; /* one behind the other */
};

/* ---- texts ------------------------------------------------------------ */

/* RAW cut to WINDOWS_TEXT_MAX bytes, before an escape or a character that would be parted. */
static struct slice cut(struct slice raw)
{
    size_t length = WINDOWS_TEXT_MAX;
    if (raw.length <= length)
        return raw;
    for (size_t i = length - 11; i < length; i++)
        if (raw.data[i] == '\\')
            length = i;
    while (length > 0 && ((unsigned char)raw.data[length] & 0xc0) == 0x80)
        length--;
    return (struct slice){raw.data, length};
}

static void texts_of(const struct sight *sight, struct slice out[static WINDOW_TEXTS])
{
    struct slice executable = sight->line->fields[RECORD_PROCESS_EXECUTABLE];
    for (size_t i = 0; i < GROUP_TEXTS; i++)
        out[i] = cut(sight->texts[i]);
    out[WINDOW_EXECUTABLE] = executable.data != NULL ? cut(executable) : SLICE("");
}

/* Whole texts count, not what is kept of them. */
static uint64_t hash_of(const struct windows *windows, const struct sight *sight)
{
    static const enum group_text keys[] = {GROUP_CLASS, GROUP_PROGRAM, GROUP_IP, GROUP_PORT};
    struct slice executable = sight->line->fields[RECORD_PROCESS_EXECUTABLE];
    uint64_t hash = words_mix(windows->seed, sight->kind + 1);
    for (size_t i = 0; i < COUNT(keys); i++)
        hash = words_hash(hash, sight->texts[keys[i]]);
    if (sight->texts[GROUP_IP].length == 0)
        hash = words_hash(hash, sight->texts[GROUP_ADDRESS]);
    if (sight->kind == GROUP_NOTE)
        hash = words_hash(hash, sight->texts[GROUP_MESSAGE]);
    struct slice started = sight->line->fields[RECORD_PROGRAM]; /* what is not covered */
    if (started.length > 0)
        hash = words_hash(hash, started);
    return executable.length > 0 ? words_hash(hash, executable) : hash;
}

static void read_texts(const struct window *window, struct slice out[static WINDOW_TEXTS])
{
    const char *at = window->texts;
    for (size_t i = 0; i < WINDOW_TEXTS; i++) {
        out[i] = (struct slice){at, window->lengths[i]};
        at += window->lengths[i];
    }
}

static struct window *new_window(enum group_kind kind,
                                 const struct slice texts[static WINDOW_TEXTS])
{
    size_t size = 0;
    for (size_t i = 0; i < WINDOW_TEXTS; i++)
        size += texts[i].length;
    struct window *window = calloc(1, sizeof *window + size);
    if (window == NULL)
        return NULL;
    char *at = window->texts;
    window->kind = kind;
    for (size_t i = 0; i < WINDOW_TEXTS; i++) {
        if (texts[i].length > 0)
            memcpy(at, texts[i].data, texts[i].length);
        window->lengths[i] = (uint8_t)texts[i].length;
        at += texts[i].length;
    }
    return window;
}

/* ---- the table -------------------------------------------------------- */

static uint32_t *find_slot(struct windows *windows, uint64_t hash)
{
    size_t mask = windows->slot_count - 1, at = hash & mask;
    while (windows->slots[at] != 0 && windows->all[windows->slots[at] - 1]->hash != hash)
        at = (at + 1) & mask;
    return &windows->slots[at];
}

static void fill_slots(struct windows *windows)
{
    memset(windows->slots, 0, windows->slot_count * sizeof *windows->slots);
    for (size_t i = 0; i < windows->count; i++)
        *find_slot(windows, windows->all[i]->hash) = (uint32_t)i + 1;
}

static bool grow(struct windows *windows)
{
    size_t room = windows->room == 0 ? 64 : windows->room * 2;
    struct window **all = realloc(windows->all, room * sizeof *all);
    if (all == NULL)
        return false;
    windows->all = all;
    uint32_t *slots = calloc(room * 2, sizeof *slots);
    if (slots == NULL)
        return false;
    free(windows->slots);
    windows->slots = slots;
    windows->slot_count = room * 2;
    windows->room = room;
    fill_slots(windows);
    return true;
}

static bool is_idle(const struct windows *windows, const struct window *window, uint64_t now)
{
    return !window->open && threshold_is_idle(&window->threshold, &windows->rule.threshold, now);
}

/* Forgets windows that mean nothing any more; not too often, since it looks at all. */
static void sweep(struct windows *windows, uint64_t now)
{
    size_t kept = 0;
    if (now < windows->swept + SWEEP_EVERY && windows->swept != 0)
        return;
    windows->swept = now;
    for (size_t i = 0; i < windows->count; i++) {
        if (is_idle(windows, windows->all[i], now))
            free(windows->all[i]);
        else
            windows->all[kept++] = windows->all[i];
    }
    windows->count = kept;
    fill_slots(windows);
}

static struct window *folded_window(struct windows *windows, enum group_kind kind)
{
    struct slice none[WINDOW_TEXTS] = {{0}};
    if (windows->folded[kind] == NULL)
        windows->folded[kind] = new_window(kind, none);
    if (windows->folded[kind] != NULL)
        windows->folded[kind]->folded = true;
    return windows->folded[kind];
}

static struct window *add(struct windows *windows, uint64_t hash, enum group_kind kind,
                          const struct slice texts[static WINDOW_TEXTS])
{
    if (windows->count == windows->room && !grow(windows))
        return NULL;
    struct window *window = new_window(kind, texts);
    if (window == NULL)
        return NULL;
    window->hash = hash;
    windows->all[windows->count++] = window;
    *find_slot(windows, hash) = (uint32_t)windows->count;
    return window;
}

static void note_differences(struct window *window, const struct slice texts[static WINDOW_TEXTS])
{
    struct slice known[WINDOW_TEXTS];
    read_texts(window, known);
    for (unsigned i = 0; i < GROUP_TEXTS; i++)
        if (!slice_equal(known[i], texts[i]))
            window->varies |= UINT32_C(1) << i;
}

/* The window of SIGHT; the one for the rest of its kind when there are too many, or without
 * memory; NULL when there is not even that. */
static struct window *find(struct windows *windows, const struct sight *sight, uint64_t time)
{
    struct slice texts[WINDOW_TEXTS];
    uint64_t hash = hash_of(windows, sight);
    uint32_t *slot = windows->slot_count > 0 ? find_slot(windows, hash) : NULL;
    texts_of(sight, texts);
    if (slot != NULL && *slot != 0) {
        struct window *window = windows->all[*slot - 1];
        note_differences(window, texts);
        return window;
    }
    if (windows->count >= windows->limit)
        sweep(windows, time);
    struct window *window =
        windows->count < windows->limit ? add(windows, hash, sight->kind, texts) : NULL;
    if (window != NULL)
        return window;
    windows->folded_records++;
    return folded_window(windows, sight->kind);
}

/* ---- telling ---------------------------------------------------------- */

static void tell(struct windows *windows, const struct window *window, enum alert_reason reason,
                 uint64_t span)
{
    struct slice texts[WINDOW_TEXTS];
    read_texts(window, texts);
    struct alert alert = {
        .reason = reason,
        .group = {.kind = window->kind,
                  .folded = window->folded,
                  .varies = window->varies,
                  .attempts = window->count,
                  .first = window->first,
                  .last = window->last},
        .executable = texts[WINDOW_EXECUTABLE],
        .span = span,
    };
    static const enum group_text single[] = {GROUP_ADDRESS, GROUP_SCRIPT, GROUP_VARIABLE};
    memcpy(alert.group.texts, texts, sizeof alert.group.texts);
    for (size_t i = 0; i < COUNT(single); i++)
        if ((window->varies >> single[i] & 1) != 0)
            alert.group.texts[single[i]] = SLICE("");
    windows->tell(windows->context, &alert);
}

static void close_window(struct windows *windows, struct window *window)
{
    if (window->count > 0)
        tell(windows, window, ALERT_REPEATED, windows->rule.dedup);
    window->open = false;
    window->count = 0;
    window->first = window->last = 0;
}

/* The first, told as it is, or the one that reached the threshold. */
static void tell_first(struct windows *windows, struct window *window, const struct sight *sight,
                       struct slice line)
{
    const struct threshold_rule *rule = &windows->rule.threshold;
    struct alert alert;
    if (rule->count > 0) {
        window->count = rule->count;
        if (window->last - window->first > rule->span)
            window->first = window->last - rule->span;
        tell(windows, window, ALERT_THRESHOLD, rule->span);
    } else {
        alert_of_sight(&alert, sight);
        alert.line = line;
        windows->tell(windows->context, &alert);
    }
}

static void count(struct window *window, uint64_t time)
{
    if (window->count++ == 0)
        window->first = window->last = time;
    if (time > window->last)
        window->last = time;
}

void windows_take(struct windows *windows, const struct sight *sight, struct slice line,
                  uint64_t time)
{
    struct window *window = find(windows, sight, time);
    if (window == NULL)
        return;
    if (window->open && time >= window->until)
        close_window(windows, window);
    const struct threshold_rule *rule = &windows->rule.threshold;
    /* What was counted too long ago to reach the threshold does not count with what reaches it. */
    if (rule->count > 0 && !window->open && threshold_is_idle(&window->threshold, rule, time))
        window->count = 0;
    count(window, time);
    if (window->open || (rule->count > 0 && !threshold_add(&window->threshold, rule, time)))
        return;
    tell_first(windows, window, sight, line);
    window->count = 0;
    window->first = window->last = 0;
    window->open = windows->rule.dedup > 0;
    window->until = time + windows->rule.dedup;
}

uint64_t windows_expire(struct windows *windows, uint64_t now)
{
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; i < windows->count + GROUP_KINDS; i++) {
        struct window *window =
            i < windows->count ? windows->all[i] : windows->folded[i - windows->count];
        if (window == NULL || !window->open)
            continue;
        if (window->until <= now)
            close_window(windows, window);
        else if (window->until < next)
            next = window->until;
    }
    return next;
}

/* ---- state ------------------------------------------------------------ */

/* "windows SEED FOLDED" and the threshold's rule, then for each one "window" and the numbers and
 * texts that load_window() names. */
static void save_window(const struct window *window, FILE *stream)
{
    struct slice texts[WINDOW_TEXTS];
    read_texts(window, texts);
    fprintf(stream, "window %u %u %u %" PRIu32, window->kind, window->folded, window->open,
            window->varies);
    const uint64_t numbers[] = {window->until,         window->count, window->first,
                                window->last,          window->hash,  window->threshold.newest,
                                window->threshold.used};
    for (size_t i = 0; i < COUNT(numbers); i++)
        fprintf(stream, " %" PRIu64, numbers[i]);
    for (size_t i = 0; i < THRESHOLD_SLOTS; i++)
        fprintf(stream, " %" PRIu64, window->threshold.slots[i]);
    for (size_t i = 0; i < WINDOW_TEXTS; i++)
        watch_state_put_text(stream, texts[i]);
    putc('\n', stream);
}

void windows_save(const struct windows *windows, FILE *stream)
{
    const struct threshold_rule *rule = &windows->rule.threshold;
    fprintf(stream, "windows %" PRIu64 " %" PRIu64 " %" PRIu32 " %" PRIu64 "\n", windows->seed,
            windows->folded_records, rule->count, rule->span);
    for (size_t i = 0; i < windows->count + GROUP_KINDS; i++) {
        const struct window *window =
            i < windows->count ? windows->all[i] : windows->folded[i - windows->count];
        if (window != NULL && (window->open || window->threshold.used > 0))
            save_window(window, stream);
    }
}

static bool load_texts(struct slice *rest, struct slice texts[static WINDOW_TEXTS],
                       char buffers[static WINDOW_TEXTS][WINDOWS_TEXT_MAX])
{
    for (size_t i = 0; i < WINDOW_TEXTS; i++) {
        texts[i].data = buffers[i];
        if (!watch_state_text(rest, buffers[i], WINDOWS_TEXT_MAX, &texts[i].length))
            return false;
    }
    return rest->data == NULL;
}

static bool load_window(struct windows *windows, struct slice rest)
{
    enum { KIND, FOLDED, OPEN, VARIES, UNTIL, TOLD, FIRST, LAST, HASH, NEWEST, USED, SLOTS };
    uint64_t numbers[SLOTS + THRESHOLD_SLOTS] = {0};
    struct slice texts[WINDOW_TEXTS];
    char buffers[WINDOW_TEXTS][WINDOWS_TEXT_MAX];
    for (size_t i = 0; i < COUNT(numbers); i++)
        if (!watch_state_number(&rest, &numbers[i]))
            return false;
    if (numbers[KIND] >= GROUP_KINDS || numbers[USED] > THRESHOLD_SLOTS ||
        !load_texts(&rest, texts, buffers))
        return false;
    enum group_kind kind = (enum group_kind)numbers[KIND];
    struct window *window = NULL;
    if (numbers[FOLDED] != 0)
        window = folded_window(windows, kind);
    else if (windows->count < windows->limit &&
             (windows->slot_count == 0 || *find_slot(windows, numbers[HASH]) == 0))
        window = add(windows, numbers[HASH], kind, texts);
    if (window == NULL)
        return false;
    window->open = numbers[OPEN] != 0 && windows->rule.dedup > 0;
    window->varies = (uint32_t)numbers[VARIES];
    window->until = numbers[UNTIL];
    window->count = numbers[TOLD];
    window->first = numbers[FIRST];
    window->last = numbers[LAST];
    if (windows->same_rule) {
        window->threshold.newest = numbers[NEWEST];
        window->threshold.used = (uint8_t)numbers[USED];
        memcpy(window->threshold.slots, numbers + SLOTS, sizeof window->threshold.slots);
    }
    return true;
}

/* What was counted for another threshold means nothing for this one. */
static bool load_frame(struct windows *windows, struct slice rest)
{
    uint64_t numbers[4];
    for (size_t i = 0; i < COUNT(numbers); i++)
        if (!watch_state_number(&rest, &numbers[i]))
            return false;
    if (windows->count > 0)
        return false; /* their hashes have another seed */
    windows->seed = numbers[0];
    windows->folded_records = numbers[1];
    windows->same_rule = numbers[2] == windows->rule.threshold.count &&
                         numbers[3] == windows->rule.threshold.span && numbers[2] > 0;
    return true;
}

bool windows_load(struct windows *windows, struct slice line)
{
    struct slice word;
    if (!watch_state_word(&line, &word))
        return false;
    if (slice_equal(word, SLICE("windows")))
        return load_frame(windows, line);
    return slice_equal(word, SLICE("window")) && load_window(windows, line);
}

/* ---- all of it -------------------------------------------------------- */

void windows_start(struct windows *windows, const struct windows_rule *rule, size_t limit,
                   uint64_t seed)
{
    *windows = (struct windows){.rule = *rule, .limit = limit, .seed = seed};
}

void windows_free(struct windows *windows)
{
    for (size_t i = 0; i < windows->count; i++)
        free(windows->all[i]);
    for (size_t i = 0; i < GROUP_KINDS; i++)
        free(windows->folded[i]);
    free(windows->all);
    free(windows->slots);
    *windows = (struct windows){0};
}
