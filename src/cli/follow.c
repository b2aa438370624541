#include "follow.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <astray/words.h>

#include "say.h"
#include "seen.h"
#include "tail.h"
#include "watch_state.h"
#include "when.h"

#define LOOK_EVERY WHEN_SECOND             /* though inotify works */
#define LOOK_EVERY_BLIND (WHEN_SECOND / 4) /* when it does not */
#define LOOK_SOON (WHEN_SECOND / 10)       /* for a file that is not yet clear */
#define SETTLED (2 * WHEN_SECOND)          /* a compressed log that old is complete */
#define UNSURE_FOR WHEN_SECOND             /* how long a start may become a copy's */
#define KEEP_OPEN (10 * WHEN_SECOND)       /* what was rotated away may still be written to */
#define REMEMBERED_MAX 256                 /* heads of files that are gone */
#define OPEN_MAX_FILES 512
#define TOLD_MAX 1024
#define STREAMS_MAX 16
#define STREAM_SIZE ((size_t)LOGFILE_LINE_MAX * 2)

/* A path to follow. */
struct operand {
    char *path;  /* owned */
    bool is_new; /* in no state: what is there now is not new */
    bool is_directory;
    bool told;     /* that it cannot be read */
    int watch;     /* inotify's number, of the directory or the nearest that exists; -1 */
    char *watched; /* owned: its path */
};

/* A file, and what follows from it. */
struct entry {
    struct tail *tail;   /* owned */
    size_t operand;      /* index */
    uid_t owner;         /* of the file, when it was seen last */
    uint64_t family;     /* the same for a log and what it was rotated to */
    bool active;         /* its name is that of the log itself */
    bool present;        /* was seen in the last look */
    bool dirty;          /* something may have come */
    bool told;           /* that it cannot be read */
    bool checked;        /* is known to be the file of the state */
    bool done;           /* compressed, and taken */
    uint64_t taken;      /* the offset when it was idle last */
    uint64_t idle_since; /* since when nothing came; 0: never yet */
};

/* Standard input, or a pipe with a name. */
struct stream {
    int descriptor; /* -1 when it has ended */
    size_t operand;
    bool lasts; /* a named pipe, which ends never */
    bool skipping;
    size_t length;
    char *data; /* owned, STREAM_SIZE bytes */
};

struct follow {
    struct follow_plan plan;
    const struct logfile_reader *reader;
    struct logfile_counts counts;
    struct operand *operands;
    size_t operand_count;
    struct entry *entries;
    size_t entry_count, entry_room;
    struct stream streams[STREAMS_MAX];
    size_t stream_count;
    int inotify; /* -1: we look instead */
    bool blind_told, full_told;
    struct seen told; /* files that are in no entry, and cannot be read */
    bool look_now;
    uint64_t looked;  /* CLOCK_REALTIME of the last look; 0: never */
    uint64_t look_at; /* when to look next */
    bool complete;    /* once: everything was taken */
};

/* ---- names ------------------------------------------------------------ */

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* The directory of PATH, on the heap. */
static char *directory_of(const char *path)
{
    const char *base = base_of(path);
    if (base == path)
        return strdup(".");
    size_t length = (size_t)(base - path);
    return strndup(path, length > 1 ? length - 1 : 1);
}

/* Is NAME what a log called BASE is rotated to? */
static bool is_rotation_of(const char *base, const char *name)
{
    size_t length = strlen(base);
    return strncmp(name, base, length) == 0 && (name[length] == '.' || name[length] == '-');
}

/* "33.ndjson" of "33.ndjson.1.gz": what all rotations of a log have in common. */
static struct slice stem_of(const char *name)
{
    const char *end = strstr(name, ".ndjson");
    size_t length = end != NULL ? (size_t)(end - name) + 7 : strlen(name);
    return (struct slice){name, length};
}

/* ---- entries ---------------------------------------------------------- */

static struct entry *find_file(struct follow *follow, uint64_t device, uint64_t inode)
{
    for (size_t i = 0; i < follow->entry_count; i++) {
        const struct tail *tail = follow->entries[i].tail;
        if (tail->inode == inode && tail->device == device)
            return &follow->entries[i];
    }
    return NULL;
}

static struct entry *add_entry(struct follow *follow, struct tail *tail)
{
    if (follow->entry_count == follow->entry_room) {
        size_t room = follow->entry_room == 0 ? 16 : follow->entry_room * 2;
        struct entry *entries = realloc(follow->entries, room * sizeof *entries);
        if (entries == NULL)
            return NULL;
        follow->entries = entries;
        follow->entry_room = room;
    }
    struct entry *entry = &follow->entries[follow->entry_count++];
    *entry = (struct entry){.tail = tail};
    return entry;
}

static void remove_entry(struct follow *follow, size_t index)
{
    tail_free(follow->entries[index].tail);
    follow->entry_count--;
    memmove(follow->entries + index, follow->entries + index + 1,
            (follow->entry_count - index) * sizeof *follow->entries);
}

/* Keeps only what the content tells: a copy of it may turn up. */
static void remember_only(struct entry *entry)
{
    tail_close(entry->tail);
    entry->tail->device = entry->tail->inode = 0;
    entry->dirty = entry->active = false;
}

static bool is_remembered(const struct entry *entry)
{
    return entry->tail->inode == 0;
}

/* What is remembered is bounded; the oldest goes first. */
static void forget_the_oldest(struct follow *follow)
{
    size_t count = 0;
    for (size_t i = 0; i < follow->entry_count; i++)
        count += is_remembered(&follow->entries[i]);
    for (size_t i = 0; count > REMEMBERED_MAX && i < follow->entry_count;) {
        if (is_remembered(&follow->entries[i])) {
            remove_entry(follow, i);
            count--;
        } else {
            i++;
        }
    }
}

/* The content of ENTRY was replaced in place: what it was is remembered, and it starts anew. */
static void start_anew(struct follow *follow, size_t index)
{
    struct tail *old = follow->entries[index].tail;
    struct tail *memory = old->head.length > 0 ? tail_new(old->path) : NULL;
    if (memory != NULL) {
        memory->offset = old->offset;
        memory->head = old->head;
        memory->skipping = old->skipping;
    }
    old->offset = 0;
    old->head = (struct tail_head){0};
    old->skipping = false;
    follow->entries[index].dirty = true;
    follow->look_now = true;
    if (memory != NULL && add_entry(follow, memory) == NULL)
        tail_free(memory);
}

/* The file whose content HEAD belongs to; NULL when it is new. *UNSURE: it cannot be told yet. */
static const struct entry *find_content(const struct follow *follow, const struct tail_head *head,
                                        bool *unsure)
{
    const struct entry *found = NULL;
    *unsure = false;
    for (size_t i = 0; i < follow->entry_count; i++) {
        const struct entry *entry = &follow->entries[i];
        bool open;
        if (tail_same_head(&entry->tail->head, head, &open) &&
            (found == NULL || entry->tail->offset > found->tail->offset))
            found = entry;
        *unsure = *unsure || open;
    }
    return found;
}

static void tell_unreadable(bool *told, const char *path, int code)
{
    if (!*told)
        say_errno("cannot read", path, code);
    *told = true;
}

/* ---- looking ---------------------------------------------------------- */

/* A file that may be a log. */
struct candidate {
    char *path; /* owned */
    bool active;
    uid_t owner;
    uint64_t device, inode, size, changed;
};

struct candidates {
    struct candidate *items;
    size_t count, room;
};

static void free_candidates(struct candidates *candidates)
{
    for (size_t i = 0; i < candidates->count; i++)
        free(candidates->items[i].path);
    free(candidates->items);
}

/* Takes over PATH. */
static void add_candidate(struct candidates *candidates, char *path, bool active,
                          const struct stat *status)
{
    if (candidates->count == candidates->room) {
        size_t room = candidates->room == 0 ? 16 : candidates->room * 2;
        struct candidate *items = realloc(candidates->items, room * sizeof *items);
        if (items == NULL) {
            free(path);
            return;
        }
        candidates->items = items;
        candidates->room = room;
    }
    candidates->items[candidates->count++] = (struct candidate){
        .path = path,
        .active = active,
        .owner = status->st_uid,
        .device = status->st_dev,
        .inode = status->st_ino,
        .size = (uint64_t)status->st_size,
        .changed = (uint64_t)status->st_mtim.tv_sec * WHEN_SECOND +
                   (uint64_t)status->st_mtim.tv_nsec / 1000,
    };
}

/* The oldest first, so that what was rotated away is read before what came instead of it. */
static int compare_candidates(const void *left, const void *right)
{
    const struct candidate *a = left, *b = right;
    if (a->active != b->active)
        return a->active ? 1 : -1;
    if (a->changed != b->changed)
        return a->changed < b->changed ? -1 : 1;
    return -strcmp(a->path, b->path);
}

/* Is NAME in the directory of a log called BASE, or in a directory of logs (BASE is NULL), one? */
static bool is_wanted(const char *base, const char *name, bool *active)
{
    *active =
        base != NULL ? strcmp(name, base) == 0 : slice_ends_with(slice_of(name), SLICE(".ndjson"));
    return *active || (base != NULL ? is_rotation_of(base, name) : logfile_is_log(name));
}

/* Returns 0 or the error number. */
static int list_directory(struct candidates *candidates, const char *directory, const char *base)
{
    DIR *stream = opendir(directory);
    if (stream == NULL)
        return errno;
    struct dirent *item;
    while ((item = readdir(stream)) != NULL) {
        bool active;
        char *path;
        struct stat status;
        if (!is_wanted(base, item->d_name, &active) ||
            asprintf(&path, "%s/%s", directory, item->d_name) < 0)
            continue;
        int links = base != NULL && active ? 0 : AT_SYMLINK_NOFOLLOW;
        if (fstatat(dirfd(stream), item->d_name, &status, links) == 0 && S_ISREG(status.st_mode))
            add_candidate(candidates, path, active, &status);
        else
            free(path);
    }
    closedir(stream);
    return 0;
}

static void open_pipe(struct follow *follow, size_t operand);

/* What there is for OPERAND. */
static void list_operand(struct follow *follow, size_t index, struct candidates *candidates)
{
    struct operand *operand = &follow->operands[index];
    struct stat status;
    bool exists = stat(operand->path, &status) == 0;
    int error = exists ? 0 : errno;
    operand->is_directory = exists && S_ISDIR(status.st_mode);
    if (operand->is_directory) {
        error = list_directory(candidates, operand->path, NULL);
    } else if (exists && S_ISFIFO(status.st_mode)) {
        open_pipe(follow, index);
    } else {
        char *directory = directory_of(operand->path);
        if (directory != NULL &&
            list_directory(candidates, directory, base_of(operand->path)) != 0 && exists &&
            S_ISREG(status.st_mode))
            /* A directory that cannot be listed: what was rotated away is not seen. */
            add_candidate(candidates, strdup(operand->path), true, &status);
        free(directory);
        if (exists && !S_ISREG(status.st_mode))
            error = ENXIO;
    }
    if (error == 0)
        operand->told = false;
    else if (follow->plan.once || (error != ENOENT && error != ENOTDIR))
        tell_unreadable(&operand->told, operand->path, error);
}

/* Does what is in CANDIDATE already count as read, since it was there before we came? */
static bool is_old(const struct follow *follow, const struct operand *operand,
                   const struct candidate *candidate)
{
    if (!operand->is_new)
        return false;
    if (follow->plan.once)
        return !candidate->active && !operand->is_directory;
    return follow->plan.since == 0 || candidate->changed < follow->plan.since;
}

/* Sets the offset to the end, so that only what comes is taken. */
static void start_at_end(struct tail *tail, uint64_t size)
{
    char last = '\n';
    tail->offset = size;
    if (tail->gzip || size == 0)
        return;
    if (pread(tail->descriptor, &last, 1, (off_t)size - 1) == 1 && last != '\n')
        tail->skipping = true; /* the rest of a line that began before */
}

/* Finds where to begin in a file that is new to us. False when it cannot be told yet. */
static bool find_start(struct follow *follow, const struct operand *operand, struct tail *tail,
                       const struct candidate *candidate, bool *done)
{
    struct tail_head head;
    bool unsure, old = is_old(follow, operand, candidate);
    bool waits = !follow->plan.once && !operand->is_new;
    uint64_t age = when_now() - candidate->changed;
    *done = false;
    if (tail->gzip && waits && age < SETTLED)
        return false;
    tail_read_head(tail->descriptor, &head);
    const struct entry *same = find_content(follow, &head, &unsure);
    if (same != NULL) {
        bool shorter = !tail->gzip && candidate->size < same->tail->offset;
        if (shorter && waits && age < UNSURE_FOR)
            return false; /* a copy that is still being made */
        if (!shorter) {
            tail->offset = same->tail->offset;
            tail->skipping = same->tail->skipping;
        }
    } else if (unsure && waits && age < UNSURE_FOR) {
        return false;
    } else if (old) {
        start_at_end(tail, candidate->size);
        *done = tail->gzip;
    }
    tail->head = head;
    return true;
}

static struct entry *add_file(struct follow *follow, size_t index,
                              const struct candidate *candidate)
{
    struct operand *operand = &follow->operands[index];
    struct tail *tail = tail_new(candidate->path);
    bool done;
    if (tail == NULL)
        return NULL;
    int error = tail_open(tail, candidate->active);
    if (error == 0 && !find_start(follow, operand, tail, candidate, &done))
        follow->look_at = when_now() + LOOK_SOON;
    else if (error == 0) {
        struct entry *entry = add_entry(follow, tail);
        if (entry != NULL) {
            entry->dirty = !done;
            entry->done = done;
            entry->checked = true;
            if (follow->entry_count > OPEN_MAX_FILES)
                tail_close(tail);
            return entry;
        }
    } else if (error != -ENOENT && error != -ESTALE) {
        bool told =
            !seen_add(&follow->told, words_hash((uint64_t)-error, slice_of(candidate->path)));
        tell_unreadable(&told, candidate->path, -error);
    }
    tail_free(tail);
    return NULL;
}

/* Is the file that a state tells of really this one? */
static bool check_entry(struct entry *entry, const struct candidate *candidate)
{
    entry->checked = true;
    if (tail_open(entry->tail, candidate->active) != 0) {
        entry->checked = false;
        return true; /* it cannot be read now */
    }
    bool unsure;
    struct tail_head head;
    tail_read_head(entry->tail->descriptor, &head);
    bool same = entry->tail->head.length == 0 || tail_same_head(&entry->tail->head, &head, &unsure);
    if (!entry->tail->gzip && candidate->size < entry->tail->offset)
        same = false;
    entry->done = entry->tail->gzip && same;
    if (same)
        entry->tail->head = head;
    return same;
}

static void rename_tail(struct tail *tail, const char *path)
{
    char *copy = strcmp(tail->path, path) != 0 ? strdup(path) : NULL;
    if (copy == NULL)
        return;
    free(tail->path);
    tail->path = copy;
}

static size_t count_of(const struct follow *follow, uid_t owner)
{
    size_t count = 0;
    for (size_t i = 0; i < follow->entry_count; i++)
        count += follow->entries[i].owner == owner && !is_remembered(&follow->entries[i]);
    return count;
}

/* May a file that is new to us be followed? Tells when it may not. */
static bool has_room(struct follow *follow, const struct candidate *candidate)
{
    if (follow->entry_count >= FOLLOW_FILES_MAX + REMEMBERED_MAX) {
        if (!follow->full_told)
            say_error("cannot follow", candidate->path, "there are too many logs");
        follow->full_told = true;
        return false;
    }
    if (candidate->owner == 0 || candidate->owner == geteuid() ||
        count_of(follow, candidate->owner) < FOLLOW_FILES_OF_USER)
        return true;
    if (seen_add(&follow->told, words_hash(candidate->owner, SLICE("user")))) {
        char reason[64];
        snprintf(reason, sizeof reason, "user %lu has more than %d logs",
                 (unsigned long)candidate->owner, FOLLOW_FILES_OF_USER);
        say_error("cannot follow", candidate->path, reason);
    }
    return false;
}

static void consider(struct follow *follow, size_t index, const struct candidate *candidate)
{
    struct entry *entry = find_file(follow, candidate->device, candidate->inode);
    if (entry != NULL) {
        rename_tail(entry->tail, candidate->path);
        if (!entry->checked && !check_entry(entry, candidate)) {
            remember_only(entry);
            entry = NULL;
        }
    }
    if (entry == NULL && candidate->size == 0)
        return; /* nothing to tell it by, and nothing to read */
    if (entry == NULL && !has_room(follow, candidate))
        return;
    if (entry == NULL)
        entry = add_file(follow, index, candidate);
    if (entry == NULL)
        return;
    if (entry->tail->gzip ? !entry->done : candidate->size != entry->tail->offset)
        entry->dirty = true;
    entry->operand = index;
    entry->owner = candidate->owner;
    entry->active = candidate->active;
    entry->present = true;
    entry->family = words_hash(index, stem_of(base_of(candidate->path)));
}

/* What is in no directory any more is read while it may still be written to, and then let go. */
static void let_go_of(struct follow *follow, struct entry *entry)
{
    struct tail *tail = entry->tail;
    bool idle = entry->idle_since != 0 && when_now() - entry->idle_since >= KEEP_OPEN;
    if (!entry->present)
        entry->active = false;
    if (tail->descriptor >= 0 && !entry->active && idle && !(entry->present && entry->dirty)) {
        tail_finish(tail, follow->reader);
        tail_close(tail);
    }
    if (!entry->present && tail->descriptor < 0)
        remember_only(entry);
    else if (!entry->present)
        entry->dirty = true;
}

static void let_go(struct follow *follow)
{
    for (size_t i = 0; i < follow->entry_count; i++)
        if (!is_remembered(&follow->entries[i]))
            let_go_of(follow, &follow->entries[i]);
    forget_the_oldest(follow);
}

/* ---- inotify ---------------------------------------------------------- */

/* inotify(7) reports a user's shares that are used up with errors that mean other things elsewhere.
 */
static void tell_blind(const char *path, int code)
{
    const char *reason = code == ENOSPC   ? "fs.inotify.max_user_watches is reached"
                         : code == EMFILE ? "fs.inotify.max_user_instances is reached"
                                          : strerror(code);
    say_error("cannot watch, looking often instead", path, reason);
}

/* Watches the directory of OPERAND, or the nearest above it that exists. */
static void watch_operand(struct follow *follow, struct operand *operand)
{
    struct stat status;
    char *path;
    if (follow->inotify < 0)
        return;
    if (stat(operand->path, &status) == 0 && S_ISDIR(status.st_mode))
        path = strdup(operand->path);
    else
        path = directory_of(operand->path);
    while (path != NULL && stat(path, &status) != 0 && strcmp(path, "/") != 0 &&
           strcmp(path, ".") != 0) {
        char *above = directory_of(path);
        free(path);
        path = above;
    }
    int watch = path == NULL ? -1
                             : inotify_add_watch(follow->inotify, path,
                                                 IN_CREATE | IN_MODIFY | IN_MOVED_FROM |
                                                     IN_MOVED_TO | IN_DELETE | IN_ATTRIB |
                                                     IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR);
    if (watch < 0 && !follow->blind_told) {
        follow->blind_told = true;
        tell_blind(path, errno);
    }
    operand->watch = watch;
    free(operand->watched);
    operand->watched = path;
}

/* One log was written to. */
static void note_written(struct follow *follow, const struct operand *operand, const char *name)
{
    size_t length = strlen(operand->watched);
    for (size_t i = 0; i < follow->entry_count; i++) {
        struct entry *entry = &follow->entries[i];
        const char *path = entry->tail->path;
        if (strncmp(path, operand->watched, length) == 0 && path[length] == '/' &&
            strcmp(path + length + 1, name) == 0 && !is_remembered(entry)) {
            entry->dirty = true;
            return;
        }
    }
    follow->look_now = true; /* new to us */
}

/* Is NAME, in the directory that is watched for OPERAND, one of its logs, or on the way to it? */
static bool concerns(const struct operand *operand, const char *name)
{
    bool active;
    const char *rest = operand->path;
    size_t length = strlen(operand->watched);
    if (strcmp(operand->watched, operand->path) == 0)
        return is_wanted(NULL, name, &active);
    if (is_wanted(base_of(operand->path), name, &active))
        return true;
    if (strcmp(operand->watched, ".") != 0)
        rest += length + (operand->watched[length - 1] != '/');
    length = strlen(name);
    return strncmp(rest, name, length) == 0 && (rest[length] == '/' || rest[length] == '\0');
}

static void note_event(struct follow *follow, const struct inotify_event *event)
{
    bool known = false;
    if ((event->mask & IN_Q_OVERFLOW) != 0)
        follow->look_now = true;
    for (size_t i = 0; i < follow->operand_count; i++) {
        const struct operand *operand = &follow->operands[i];
        if (operand->watch != event->wd || operand->watched == NULL)
            continue;
        known = true;
        if (event->len > 0 && !concerns(operand, event->name))
            continue;
        if (event->len > 0 && (event->mask & IN_MODIFY) != 0)
            note_written(follow, operand, event->name);
        else
            follow->look_now = true;
    }
    if (!known && event->wd >= 0 && (event->mask & IN_IGNORED) == 0)
        inotify_rm_watch(follow->inotify, event->wd); /* of a directory above, no longer needed */
}

static void read_events(struct follow *follow)
{
    char buffer[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t got;
    if (follow->inotify < 0)
        return;
    while ((got = read(follow->inotify, buffer, sizeof buffer)) > 0) {
        const struct inotify_event *event;
        for (const char *at = buffer; at < buffer + got; at += sizeof *event + event->len) {
            event = (const struct inotify_event *)(const void *)at;
            note_event(follow, event);
        }
    }
}

static void look(struct follow *follow)
{
    uint64_t now = when_now();
    follow->look_now = false;
    follow->look_at =
        now + (follow->inotify >= 0 && !follow->blind_told ? LOOK_EVERY : LOOK_EVERY_BLIND);
    for (size_t i = 0; i < follow->entry_count; i++)
        follow->entries[i].present = false;
    for (size_t i = 0; i < follow->operand_count; i++) {
        struct candidates candidates = {0};
        if (strcmp(follow->operands[i].path, "-") == 0)
            continue;
        watch_operand(follow, &follow->operands[i]);
        list_operand(follow, i, &candidates);
        if (candidates.count > 1)
            qsort(candidates.items, candidates.count, sizeof *candidates.items, compare_candidates);
        for (size_t j = 0; j < candidates.count; j++)
            consider(follow, i, &candidates.items[j]);
        free_candidates(&candidates);
        follow->operands[i].is_new = false;
    }
    follow->looked = now;
    let_go(follow);
}

/* ---- streams ---------------------------------------------------------- */

static void add_stream(struct follow *follow, int descriptor, size_t operand, bool lasts)
{
    char *data = follow->stream_count < STREAMS_MAX ? malloc(STREAM_SIZE) : NULL;
    if (data == NULL) {
        tell_unreadable(&follow->operands[operand].told, follow->operands[operand].path,
                        follow->stream_count < STREAMS_MAX ? ENOMEM : EMFILE);
        close(descriptor);
        return;
    }
    follow->streams[follow->stream_count++] =
        (struct stream){.descriptor = descriptor, .operand = operand, .lasts = lasts, .data = data};
}

/* Read and write, so that it does not end when a writer does. */
static void open_pipe(struct follow *follow, size_t operand)
{
    for (size_t i = 0; i < follow->stream_count; i++)
        if (follow->streams[i].operand == operand)
            return;
    int flags = (follow->plan.once ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    int descriptor = open(follow->operands[operand].path, flags);
    if (descriptor >= 0)
        add_stream(follow, descriptor, operand, !follow->plan.once);
    else
        tell_unreadable(&follow->operands[operand].told, follow->operands[operand].path, errno);
}

/* Gives the lines that are complete; at the END also the last. */
static void take_stream(struct follow *follow, struct stream *stream, bool end)
{
    const struct logfile_reader *reader = follow->reader;
    char *at = stream->data, *newline;
    size_t left = stream->length;
    while ((newline = memchr(at, '\n', left)) != NULL) {
        struct slice line = {at, (size_t)(newline - at)};
        if (!stream->skipping && line.length <= LOGFILE_LINE_MAX)
            reader->take(reader->context, line, true);
        else if (!stream->skipping)
            follow->counts.too_long++;
        stream->skipping = false;
        at = newline + 1;
        left -= line.length + 1;
    }
    if (end && left > 0 && !stream->skipping)
        reader->take(reader->context, (struct slice){at, left}, false);
    if (left > LOGFILE_LINE_MAX || stream->skipping) {
        follow->counts.too_long += !stream->skipping;
        stream->skipping = true;
        left = 0;
    }
    memmove(stream->data, at, left);
    stream->length = end ? 0 : left;
}

static bool read_stream(struct follow *follow, struct stream *stream)
{
    struct pollfd ready = {.fd = stream->descriptor, .events = POLLIN};
    if (stream->descriptor < 0 || poll(&ready, 1, 0) <= 0)
        return false;
    ssize_t got =
        read(stream->descriptor, stream->data + stream->length, STREAM_SIZE - stream->length);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (got < 0)
        say_errno("cannot read", follow->operands[stream->operand].path, errno);
    if (got > 0)
        stream->length += (size_t)got;
    take_stream(follow, stream, got <= 0);
    if (got > 0)
        return true;
    close(stream->descriptor);
    stream->descriptor = -1;
    return false;
}

/* ---- reading ---------------------------------------------------------- */

/* Takes what came to entry INDEX. True when there is more. */
static bool read_entry(struct follow *follow, size_t index)
{
    struct entry *entry = &follow->entries[index];
    int status = entry->tail->descriptor >= 0 ? 0 : tail_open(entry->tail, entry->active);
    if (status == 0)
        status = tail_read(entry->tail, follow->reader, &follow->counts);
    if (status == TAIL_MORE)
        return true;
    if (status == TAIL_REPLACED) {
        start_anew(follow, index);
        return true;
    }
    entry->dirty = false;
    if (status == TAIL_IDLE) {
        entry->told = false;
        entry->done = entry->tail->gzip;
        if (entry->idle_since == 0 || entry->taken != entry->tail->offset)
            entry->idle_since = when_now();
        entry->taken = entry->tail->offset;
        if (entry->tail->gzip || follow->entry_count > OPEN_MAX_FILES)
            tail_close(entry->tail);
    } else if (status == -ESTALE || status == -ENOENT) {
        follow->look_now = true; /* it was moved just now */
    } else {
        entry->done = entry->tail->gzip;
        tell_unreadable(&entry->told, entry->tail->path, -status);
    }
    return false;
}

/* Families of which something older is not read to its end. */
struct waiting {
    uint64_t families[64];
    size_t count;
};

static bool must_wait(const struct waiting *waiting, uint64_t family)
{
    for (size_t i = 0; i < waiting->count; i++)
        if (waiting->families[i] == family)
            return true;
    return waiting->count == sizeof waiting->families / sizeof *waiting->families;
}

/* Takes from the entries that are ACTIVE, or from those that are not. */
static bool read_entries(struct follow *follow, bool active, struct waiting *waiting)
{
    bool more = false;
    for (size_t i = 0; i < follow->entry_count && !follow->look_now; i++) {
        const struct entry *entry = &follow->entries[i];
        uint64_t family = entry->family;
        if (!entry->dirty || entry->active != active || must_wait(waiting, family))
            continue;
        if (read_entry(follow, i)) {
            more = true;
            if (waiting->count < sizeof waiting->families / sizeof *waiting->families)
                waiting->families[waiting->count++] = family;
        }
    }
    return more;
}

bool follow_step(struct follow *follow)
{
    struct waiting waiting = {.count = 0};
    bool more = false;
    read_events(follow);
    if (follow->look_now || follow->looked == 0 || when_now() >= follow->look_at ||
        follow->looked > when_now())
        look(follow);
    more = read_entries(follow, false, &waiting);
    more = read_entries(follow, true, &waiting) || more;
    for (size_t i = 0; i < follow->stream_count; i++)
        more = read_stream(follow, &follow->streams[i]) || more;
    more = more || follow->look_now;
    if (follow->plan.once && !more && !follow->complete) {
        for (size_t i = 0; i < follow->entry_count; i++)
            if (!is_remembered(&follow->entries[i]))
                tail_finish(follow->entries[i].tail, follow->reader);
        follow->complete = true;
    }
    return more;
}

/* ---- the rest of the contract ------------------------------------------ */

struct follow *follow_new(const struct follow_plan *plan, const struct logfile_reader *reader)
{
    struct follow *follow = calloc(1, sizeof *follow);
    if (follow == NULL)
        return NULL;
    follow->plan = *plan;
    follow->reader = reader;
    follow->inotify = -1;
    seen_start(&follow->told, TOLD_MAX);
    if (plan->once)
        return follow;
    follow->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (follow->inotify < 0)
        tell_blind(NULL, errno);
    return follow;
}

void follow_free(struct follow *follow)
{
    if (follow == NULL)
        return;
    for (size_t i = 0; i < follow->entry_count; i++)
        tail_free(follow->entries[i].tail);
    for (size_t i = 0; i < follow->operand_count; i++) {
        free(follow->operands[i].path);
        free(follow->operands[i].watched);
    }
    for (size_t i = 0; i < follow->stream_count; i++) {
        if (follow->streams[i].descriptor >= 0)
            close(follow->streams[i].descriptor);
        free(follow->streams[i].data);
    }
    if (follow->inotify >= 0)
        close(follow->inotify);
    seen_free(&follow->told);
    free(follow->entries);
    free(follow->operands);
    free(follow);
}

int follow_add(struct follow *follow, const char *path)
{
    size_t index = follow->operand_count;
    struct operand *operands = realloc(follow->operands, (index + 1) * sizeof *operands);
    if (operands == NULL)
        return -ENOMEM;
    follow->operands = operands;
    char *copy = strdup(path);
    if (copy == NULL)
        return -ENOMEM;
    for (size_t end = strlen(copy); end > 1 && copy[end - 1] == '/'; end--)
        copy[end - 1] = '\0';
    operands[index] = (struct operand){.path = copy, .is_new = true, .watch = -1};
    follow->operand_count++;
    if (strcmp(path, "-") != 0)
        return 0;
    int descriptor = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    if (descriptor < 0)
        return -errno;
    add_stream(follow, descriptor, index, false);
    return 0;
}

bool follow_load(struct follow *follow, struct slice line)
{
    struct slice word;
    char path[PATH_MAX];
    size_t length;
    if (!watch_state_word(&line, &word))
        return false;
    if (slice_equal(word, SLICE("file"))) {
        struct tail *tail = tail_load(line);
        if (tail == NULL || add_entry(follow, tail) == NULL) {
            tail_free(tail);
            return false;
        }
        return true;
    }
    if (!slice_equal(word, SLICE("log")) || !watch_state_text(&line, path, sizeof path, &length))
        return false;
    for (size_t i = 0; i < follow->operand_count; i++)
        if (slice_equal(slice_of(follow->operands[i].path), (struct slice){path, length}))
            follow->operands[i].is_new = false;
    return true;
}

void follow_save(const struct follow *follow, FILE *stream)
{
    for (size_t i = 0; i < follow->operand_count; i++) {
        fputs("log", stream);
        watch_state_put_text(stream, slice_of(follow->operands[i].path));
        putc('\n', stream);
    }
    for (size_t i = 0; i < follow->entry_count; i++)
        tail_save(follow->entries[i].tail, stream);
}

size_t follow_polls(const struct follow *follow, struct pollfd polls[static FOLLOW_POLLS])
{
    size_t count = 0;
    if (follow->inotify >= 0)
        polls[count++] = (struct pollfd){.fd = follow->inotify, .events = POLLIN};
    for (size_t i = 0; i < follow->stream_count; i++)
        if (follow->streams[i].descriptor >= 0)
            polls[count++] = (struct pollfd){.fd = follow->streams[i].descriptor, .events = POLLIN};
    return count;
}

int follow_wait(const struct follow *follow)
{
    uint64_t now = when_now();
    if (follow->look_now || now >= follow->look_at || follow->looked > now)
        return 0;
    return (int)((follow->look_at - now) / 1000 + 1);
}

bool follow_ended(const struct follow *follow)
{
    size_t open = 0, lasting = 0;
    for (size_t i = 0; i < follow->stream_count; i++) {
        open += follow->streams[i].descriptor >= 0;
        lasting += follow->streams[i].lasts;
    }
    if (follow->plan.once)
        return follow->complete && open == 0;
    return open == 0 && lasting == 0 && follow->stream_count == follow->operand_count;
}

const struct logfile_counts *follow_counts(const struct follow *follow)
{
    return &follow->counts;
}

size_t follow_file_count(const struct follow *follow)
{
    size_t count = 0;
    for (size_t i = 0; i < follow->entry_count; i++)
        count += follow->entries[i].active && follow->entries[i].present;
    return count;
}
