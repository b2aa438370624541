#include "groups.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <astray/words.h>

#define BIT(text) (UINT32_C(1) << (text))

const struct group_by group_bys[] = {
    {"group", BIT(GROUP_CLASS) | BIT(GROUP_ADDRESS) | BIT(GROUP_IP) | BIT(GROUP_PORT) |
                  BIT(GROUP_PROGRAM) | BIT(GROUP_SCRIPT) | BIT(GROUP_ORIGIN) | BIT(GROUP_MESSAGE)},
    {"program", BIT(GROUP_PROGRAM)},
    {"script", BIT(GROUP_SCRIPT)},
    {"destination", BIT(GROUP_IP) | BIT(GROUP_PORT)},
    {"variable", BIT(GROUP_VARIABLE)},
    {"class", BIT(GROUP_CLASS)},
    {"host", BIT(GROUP_HOST)},
    {"unit", BIT(GROUP_UNIT)},
    {"user", BIT(GROUP_USER)},
    {"run", BIT(GROUP_RUN)},
    {"action", BIT(GROUP_ACTION)},
    {"outcome", BIT(GROUP_OUTCOME)},
    {NULL, 0},
};

/* ---- finding a group -------------------------------------------------- */

static uint64_t hash_of(const struct groups *groups, const struct sight *sight)
{
    uint64_t hash = sight->kind;
    for (uint32_t left = groups->by->texts; left != 0; left &= left - 1) {
        unsigned text = (unsigned)__builtin_ctz(left);
        /* Each text has a seed of its own, so that they can be hashed side by side. */
        hash += words_hash(groups->seed * (2 * text + 1), sight->texts[text]);
    }
    return hash;
}

static bool is_of(const struct groups *groups, const struct group *group,
                  const struct slice texts[static GROUP_TEXTS])
{
    for (uint32_t left = groups->by->texts; left != 0; left &= left - 1) {
        unsigned text = (unsigned)__builtin_ctz(left);
        if (!words_slice_equal(group->texts[text], texts[text]))
            return false;
    }
    return true;
}

/* The slot of the group, or the empty one where it belongs. */
static uint32_t *find_slot(struct groups *groups, uint64_t hash, enum group_kind kind,
                           const struct slice texts[static GROUP_TEXTS])
{
    for (size_t at = hash & (groups->slot_count - 1);; at = (at + 1) & (groups->slot_count - 1)) {
        uint32_t *slot = &groups->slots[at];
        if (*slot == 0)
            return slot;
        const struct group *group = groups->all[*slot - 1];
        if (group->hash == hash && group->kind == kind && is_of(groups, group, texts))
            return slot;
    }
}

static bool grow(struct groups *groups)
{
    size_t room = groups->room == 0 ? 64 : groups->room * 2;
    struct group **all = realloc(groups->all, room * sizeof *all);
    if (all == NULL)
        return false;
    groups->all = all;
    uint32_t *slots = calloc(room * 2, sizeof *slots);
    if (slots == NULL)
        return false;
    free(groups->slots);
    groups->slots = slots;
    groups->slot_count = room * 2;
    groups->room = room;
    for (size_t i = 0; i < groups->count; i++)
        *find_slot(groups, all[i]->hash, all[i]->kind, all[i]->texts) = (uint32_t)i + 1;
    return true;
}

/* A group with copies of TEXTS, or NULL. One allocation holds it all but the listeners. */
static struct group *new_group(enum group_kind kind, const struct slice texts[static GROUP_TEXTS])
{
    size_t size = 0;
    for (size_t i = 0; i < GROUP_TEXTS; i++)
        size += texts[i].length;
    struct group *group = calloc(1, sizeof *group + size);
    if (group == NULL)
        return NULL;
    char *at = (char *)(group + 1);
    group->kind = kind;
    for (size_t i = 0; i < GROUP_TEXTS; i++) {
        group->texts[i] = (struct slice){at, texts[i].length};
        memcpy(at, texts[i].data, texts[i].length);
        at += texts[i].length;
    }
    return group;
}

static struct group *folded_group(struct groups *groups, enum group_kind kind)
{
    struct slice none[GROUP_TEXTS];
    for (size_t i = 0; i < GROUP_TEXTS; i++)
        none[i] = (struct slice){"", 0};
    if (groups->folded[kind] == NULL) {
        groups->folded[kind] = new_group(kind, none);
        if (groups->folded[kind] == NULL)
            groups->out_of_memory = true;
        else
            groups->folded[kind]->folded = true;
    }
    return groups->folded[kind];
}

/* The group of KIND and TEXTS, a new one when there was none; NULL without memory. */
static struct group *find_group(struct groups *groups, uint64_t hash, enum group_kind kind,
                                const struct slice texts[static GROUP_TEXTS])
{
    if (groups->count == groups->room && !grow(groups)) {
        groups->out_of_memory = true;
        return NULL;
    }
    uint32_t *slot = find_slot(groups, hash, kind, texts);
    if (*slot != 0)
        return groups->all[*slot - 1];
    if (groups->count >= groups->limit)
        return folded_group(groups, kind);
    struct group *group = new_group(kind, texts);
    if (group == NULL) {
        groups->out_of_memory = true;
        return NULL;
    }
    group->hash = hash;
    groups->all[groups->count++] = group;
    *slot = (uint32_t)groups->count;
    return group;
}

/* ---- counting --------------------------------------------------------- */

static void span(uint64_t *first, uint64_t *last, uint64_t from, uint64_t to)
{
    if (from != 0 && (*first == 0 || from < *first))
        *first = from;
    if (to > *last)
        *last = to;
}

static void add_error(struct group *group, struct slice name, uint64_t count)
{
    for (size_t i = 0; i < GROUP_ERRORS; i++) {
        struct group_error *error = &group->errors[i];
        if (error->name[0] == '\0' && name.length < sizeof error->name)
            memcpy(error->name, name.data, name.length);
        else if (!slice_equal(slice_of(error->name), name))
            continue;
        error->count += count;
        return;
    }
    group->other_errors += count;
}

/* Keeps the list LISTENERS, the newest, instead of the one before. */
static void keep_listeners(struct group *group, struct slice listeners)
{
    if (listeners.data == NULL || listeners.length > SIGHT_TEXT_MAX ||
        (group->listeners_known && slice_equal(group->listeners, listeners)))
        return;
    char *copy = malloc(listeners.length);
    if (copy == NULL)
        return;
    memcpy(copy, listeners.data, listeners.length);
    free((char *)group->listeners.data);
    group->listeners = (struct slice){copy, listeners.length};
    group->listeners_known = true;
}

static void note_differences(struct groups *groups, struct group *group, const struct sight *sight)
{
    uint32_t left = (BIT(GROUP_TEXTS) - 1) & ~groups->by->texts & ~group->varies;
    for (; left != 0; left &= left - 1) {
        unsigned text = (unsigned)__builtin_ctz(left);
        if (!words_slice_equal(group->texts[text], sight->texts[text]))
            group->varies |= BIT(text);
    }
}

static void add_outcome(struct group *group, const struct sight *sight)
{
    const struct record_line *line = sight->line;
    struct slice error = sight_error(sight);
    group->outcomes++;
    if (slice_equal(sight->texts[GROUP_OUTCOME], SLICE("success")))
        group->succeeded++;
    else if (slice_equal(sight->texts[GROUP_OUTCOME], SLICE("failure")))
        group->failed++;
    if (error.length > 0)
        add_error(group, error, 1);
    if (sight_is_fast_open(sight))
        group->fast_open++;
    keep_listeners(group, line->fields[RECORD_LISTENERS]);
}

/* The same name was reached at another address: the failure that it repeats is no trouble. */
static bool is_forgiveness(const struct sight *sight)
{
    return sight->kind == GROUP_FAILED &&
           slice_equal(sight->texts[GROUP_OUTCOME], SLICE("success"));
}

static void add(struct groups *groups, struct group *group, const struct sight *sight)
{
    if (sight->attempt) {
        group->attempts++;
        if (slice_equal(sight->texts[GROUP_ACTION], SLICE("rewritten")))
            group->rewritten++;
        else if (slice_equal(sight->texts[GROUP_ACTION], SLICE("blocked")))
            group->blocked++;
        if (sight->time != 0)
            histogram_add(&group->times, sight->time, 1);
    }
    if (sight->outcome || sight->kind != GROUP_STRAY)
        add_outcome(group, sight);
    if (sight->line->fields[RECORD_AMBIGUOUS].data != NULL)
        group->ambiguous++;
    span(&group->first, &group->last, sight->time, sight->time);
    note_differences(groups, group, sight);
}

static bool is_wanted(const struct groups *groups, const struct sight *sight)
{
    const struct group_filter *filter = &groups->filter;
    if (sight->time < filter->since || sight->time >= filter->until)
        return false;
    if (filter->run == NULL)
        return true;
    struct slice run = sight->line->fields[RECORD_RUN];
    return run.data != NULL && record_equals(run, slice_of(filter->run));
}

/* Grouped by outcome, an attempt counts as unknown until its outcome is seen. */
static void settle(struct groups *groups, struct sight *sight)
{
    struct group *group;
    if ((groups->by->texts & BIT(GROUP_OUTCOME)) == 0 || sight->attempt || !sight->outcome)
        return;
    struct slice outcome = sight->texts[GROUP_OUTCOME];
    sight->texts[GROUP_OUTCOME] = SLICE("unknown");
    group = find_group(groups, hash_of(groups, sight), sight->kind, sight->texts);
    sight->texts[GROUP_OUTCOME] = outcome;
    if (group != NULL)
        group->settled++;
}

static void take_record(struct groups *groups, const struct record_line *line)
{
    struct sight sight;
    sight_read(line, &sight);
    if (!is_wanted(groups, &sight)) {
        groups->filtered++;
        return;
    }
    sight_read_texts(&sight);
    groups->records++;
    groups->suppressed += sight_others(line, RECORD_SUPPRESSED);
    groups->dropped += sight_others(line, RECORD_DROPPED);
    span(&groups->first, &groups->last, sight.time, sight.time);
    if (!sight.attempt && !sight.outcome)
        return; /* tells only what was suppressed */
    bool forgives = is_forgiveness(&sight);
    if (forgives)
        sight.texts[GROUP_OUTCOME] = SLICE("failure"); /* where it was counted */
    else
        settle(groups, &sight);
    struct group *group = find_group(groups, hash_of(groups, &sight), sight.kind, sight.texts);
    if (group == NULL)
        return;
    if (forgives)
        group->settled++;
    else
        add(groups, group, &sight);
}

void groups_take(void *context, struct slice line, bool complete)
{
    struct groups *groups = context;
    struct record_line record;
    if (line.length == 0)
        return;
    if (record_decode(line, &record) == RECORD_OK)
        take_record(groups, &record);
    else if (complete)
        groups->foreign++;
    else
        groups->cut_off++;
}

/* ---- all of it -------------------------------------------------------- */

void groups_start(struct groups *groups, const struct group_by *by,
                  const struct group_filter *filter, size_t limit)
{
    *groups = (struct groups){.by = by, .filter = *filter, .limit = limit};
    if (getrandom(&groups->seed, sizeof groups->seed, GRND_NONBLOCK) < 0)
        groups->seed = UINT64_C(0x2545f4914f6cdd1d);
}

void groups_start_alike(struct groups *groups, const struct groups *other)
{
    groups_start(groups, other->by, &other->filter, other->limit);
    groups->seed = other->seed;
}

static void free_group(struct group *group)
{
    if (group != NULL)
        free((char *)group->listeners.data);
    free(group);
}

void groups_free(struct groups *groups)
{
    for (size_t i = 0; i < groups->count; i++)
        free_group(groups->all[i]);
    for (size_t i = 0; i < GROUP_KINDS; i++)
        free_group(groups->folded[i]);
    free(groups->all);
    free(groups->slots);
    groups->all = NULL;
    groups->slots = NULL;
    groups->count = groups->room = groups->slot_count = 0;
    memset(groups->folded, 0, sizeof groups->folded);
}

static void merge_errors(struct group *group, const struct group *other)
{
    for (size_t i = 0; i < GROUP_ERRORS && other->errors[i].count > 0; i++)
        add_error(group, slice_of(other->errors[i].name), other->errors[i].count);
    group->other_errors += other->other_errors;
}

static void merge_group(struct group *group, const struct group *other)
{
    for (unsigned text = 0; text < GROUP_TEXTS; text++)
        if (!slice_equal(group->texts[text], other->texts[text]))
            group->varies |= BIT(text);
    group->varies |= other->varies;
    group->attempts += other->attempts;
    group->outcomes += other->outcomes;
    group->settled += other->settled;
    group->succeeded += other->succeeded;
    group->failed += other->failed;
    group->rewritten += other->rewritten;
    group->blocked += other->blocked;
    group->ambiguous += other->ambiguous;
    group->fast_open += other->fast_open;
    span(&group->first, &group->last, other->first, other->last);
    merge_errors(group, other);
    if (other->listeners_known)
        keep_listeners(group, other->listeners);
    histogram_merge(&group->times, &other->times);
}

void groups_merge(struct groups *groups, struct groups *other)
{
    for (size_t i = 0; i < other->count; i++) {
        const struct group *from = other->all[i];
        struct group *to = find_group(groups, from->hash, from->kind, from->texts);
        if (to != NULL)
            merge_group(to, from);
    }
    for (unsigned kind = 0; kind < GROUP_KINDS; kind++)
        if (other->folded[kind] != NULL && folded_group(groups, kind) != NULL)
            merge_group(groups->folded[kind], other->folded[kind]);
    groups->records += other->records;
    groups->foreign += other->foreign;
    groups->cut_off += other->cut_off;
    groups->filtered += other->filtered;
    groups->suppressed += other->suppressed;
    groups->dropped += other->dropped;
    groups->out_of_memory = groups->out_of_memory || other->out_of_memory;
    span(&groups->first, &groups->last, other->first, other->last);
    groups_free(other);
}

uint64_t group_count(const struct group *group)
{
    uint64_t count = group->attempts > group->outcomes ? group->attempts : group->outcomes;
    return count > group->settled ? count - group->settled : 0;
}

uint64_t group_unknown(const struct group *group)
{
    uint64_t known = group->succeeded + group->failed + group->blocked, count = group_count(group);
    return count > known ? count - known : 0;
}

static int compare_texts(const struct group *a, const struct group *b)
{
    for (unsigned text = 0; text < GROUP_TEXTS; text++) {
        struct slice left = a->texts[text], right = b->texts[text];
        size_t shorter = left.length < right.length ? left.length : right.length;
        int order = memcmp(left.data, right.data, shorter);
        if (order != 0)
            return order;
        if (left.length != right.length)
            return left.length < right.length ? -1 : 1;
    }
    return 0;
}

static int compare_groups(const void *left, const void *right)
{
    const struct group *a = *(const struct group *const *)left;
    const struct group *b = *(const struct group *const *)right;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->folded != b->folded)
        return a->folded ? 1 : -1;
    if (group_count(a) != group_count(b))
        return group_count(a) > group_count(b) ? -1 : 1;
    return compare_texts(a, b);
}

static int compare_errors(const void *left, const void *right)
{
    const struct group_error *a = left, *b = right;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return strcmp(a->name, b->name);
}

/* Moves what was folded to the others, so that they are written alike. */
static void append_folded(struct groups *groups)
{
    for (unsigned kind = 0; kind < GROUP_KINDS; kind++) {
        if (groups->folded[kind] == NULL)
            continue;
        if (groups->count == groups->room && !grow(groups)) {
            groups->out_of_memory = true;
            return;
        }
        groups->all[groups->count++] = groups->folded[kind];
        groups->folded[kind] = NULL;
    }
}

/* Groups may have nothing left: all attempts were settled. */
static void drop_empty(struct groups *groups)
{
    size_t kept = 0;
    for (size_t i = 0; i < groups->count; i++) {
        if (group_count(groups->all[i]) > 0)
            groups->all[kept++] = groups->all[i];
        else
            free_group(groups->all[i]);
    }
    groups->count = kept;
}

/* Of failures that were forgiven nobody knows any more which errors they had: the most frequent
 * one gives way. */
static void trim_errors(struct group *group)
{
    if (group->kind == GROUP_FAILED && group->errors[0].count > group_count(group))
        group->errors[0].count = group_count(group);
}

void groups_finish(struct groups *groups)
{
    append_folded(groups);
    drop_empty(groups);
    for (size_t i = 0; i < groups->count; i++) {
        struct group *group = groups->all[i];
        qsort(group->errors, GROUP_ERRORS, sizeof *group->errors, compare_errors);
        trim_errors(group);
        groups->totals[group->kind] += group_count(group);
    }
    if (groups->count > 1)
        qsort(groups->all, groups->count, sizeof *groups->all, compare_groups);
}
