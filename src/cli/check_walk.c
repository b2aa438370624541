#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "say.h"

#define THREADS_MAX 2
#define JOBS 256      /* results wait in order in a ring of so many */
#define DEPTH_MAX 200 /* directories inside directories */

enum state { EMPTY, WAITING, TAKEN, DONE };

struct job {
    enum state state;
    char *path;
    const struct scan_type *type;
    bool named; /* by the user, or by another file */
    struct check_result result;
};

struct identity {
    dev_t device;
    ino_t inode;
};

struct check_walk {
    const struct check_settings *settings;
    void (*done)(void *context, struct check_result *result);
    void *context;
    pthread_t threads[THREADS_MAX];
    size_t thread_count;
    pthread_mutex_t lock;
    pthread_cond_t waiting, finished; /* a job waits; one is done */
    struct job jobs[JOBS];
    size_t added, taken, told; /* counts: the ring's places are these modulo JOBS */
    bool ending;
    /* The rest belongs to the thread that walks. */
    struct identity *seen; /* a hash set of the files that were added */
    size_t seen_count, seen_size;
    size_t files, ignored;
    struct buffer path;
    const struct check_gitignore *patterns;
    char **includes; /* files that others include, still to be added */
    size_t include_count;
    struct timespec began;
    time_t shown;
};

/* ---- threads ----------------------------------------------------------------- */

static void work(const struct check_walk *walk, struct job *job)
{
    check_file(walk->settings, job->path, job->type, job->named, &job->result);
}

static void *run(void *context)
{
    struct check_walk *walk = context;
    pthread_mutex_lock(&walk->lock);
    for (;;) {
        while (walk->taken == walk->added && !walk->ending)
            pthread_cond_wait(&walk->waiting, &walk->lock);
        if (walk->taken == walk->added)
            break;
        struct job *job = &walk->jobs[walk->taken++ % JOBS];
        job->state = TAKEN;
        pthread_mutex_unlock(&walk->lock);
        work(walk, job);
        pthread_mutex_lock(&walk->lock);
        job->state = DONE;
        pthread_cond_signal(&walk->finished);
    }
    pthread_mutex_unlock(&walk->lock);
    return NULL;
}

struct check_walk *check_walk_new(const struct check_settings *settings,
                                  void (*done)(void *context, struct check_result *result),
                                  void *context)
{
    struct check_walk *walk = buffer_allocate(sizeof *walk);
    memset(walk, 0, sizeof *walk);
    walk->settings = settings;
    walk->done = done;
    walk->context = context;
    pthread_mutex_init(&walk->lock, NULL);
    pthread_cond_init(&walk->waiting, NULL);
    pthread_cond_init(&walk->finished, NULL);
    clock_gettime(CLOCK_MONOTONIC, &walk->began);
    while (walk->thread_count < THREADS_MAX &&
           pthread_create(&walk->threads[walk->thread_count], NULL, run, walk) == 0)
        walk->thread_count++;
    return walk;
}

/* A line on a terminal, after a second and then once a second. */
static void show_progress(struct check_walk *walk)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    time_t seconds = now.tv_sec - walk->began.tv_sec;
    if (seconds <= walk->shown || !isatty(STDERR_FILENO))
        return;
    walk->shown = seconds;
    fprintf(stderr, "\rastray: %zu files checked\033[K\r", walk->told);
}

/* ---- files that include others ------------------------------------------------- */

static void add_include(struct check_walk *walk, const char *path)
{
    if (walk->include_count >= 10000)
        return;
    walk->includes =
        buffer_resize(walk->includes, (walk->include_count + 1) * sizeof *walk->includes);
    walk->includes[walk->include_count++] = buffer_copy(slice_of(path));
}

/* nginx takes a relative name from the directory of its main file: this one's, or one above. */
static void find_includes(struct check_walk *walk, const struct check_result *result)
{
    for (size_t i = 0; i < result->include_count; i++) {
        const char *name = result->includes[i];
        struct slice directory = slice_of(result->path);
        struct slice text = slice_of(name);
        if (slice_find(text, '$') < text.length || slice_find(text, SCAN_OPEN) < text.length)
            continue;
        for (unsigned up = 0; up < 3; up++) {
            const char *slash =
                directory.length == 0 ? NULL : memrchr(directory.data, '/', directory.length);
            struct buffer pattern = {0};
            glob_t found = {0};
            directory.length = slash == NULL ? 0 : (size_t)(slash - directory.data);
            if (name[0] != '/' && slash != NULL) {
                buffer_slice(&pattern, directory);
                buffer_byte(&pattern, '/');
            }
            buffer_string(&pattern, name);
            bool any = glob(buffer_finish(&pattern), GLOB_NOSORT | GLOB_ERR, NULL, &found) == 0;
            for (size_t k = 0; any && k < found.gl_pathc && k < 1000; k++)
                add_include(walk, found.gl_pathv[k]);
            globfree(&found);
            buffer_free(&pattern);
            if (any || slash == NULL || name[0] == '/')
                break;
        }
    }
}

/* Hands out the oldest result. */
static void collect(struct check_walk *walk)
{
    pthread_mutex_lock(&walk->lock);
    struct job *job = &walk->jobs[walk->told % JOBS];
    if (walk->thread_count == 0 && job->state == WAITING) {
        walk->taken++;
        work(walk, job);
        job->state = DONE;
    }
    while (job->state != DONE)
        pthread_cond_wait(&walk->finished, &walk->lock);
    job->state = EMPTY;
    walk->told++;
    pthread_mutex_unlock(&walk->lock);
    find_includes(walk, &job->result);
    walk->done(walk->context, &job->result);
    check_result_free(&job->result);
    free(job->path);
    show_progress(walk);
}

static void add_job(struct check_walk *walk, const char *path, const struct scan_type *type,
                    bool named)
{
    if (walk->added - walk->told == JOBS)
        collect(walk);
    pthread_mutex_lock(&walk->lock);
    struct job *job = &walk->jobs[walk->added % JOBS];
    *job = (struct job){
        .state = WAITING, .path = buffer_copy(slice_of(path)), .type = type, .named = named};
    walk->added++;
    pthread_cond_signal(&walk->waiting);
    pthread_mutex_unlock(&walk->lock);
}

/* ---- the walk -------------------------------------------------------------------- */

static size_t seen_slot(const struct check_walk *walk, const struct identity *wanted)
{
    size_t at = (size_t)(wanted->inode * UINT64_C(0x9E3779B97F4A7C15) ^ wanted->device);
    for (;; at++) {
        const struct identity *slot = &walk->seen[at & (walk->seen_size - 1)];
        if (slot->inode == 0 || (slot->inode == wanted->inode && slot->device == wanted->device))
            return at & (walk->seen_size - 1);
    }
}

/* Was this file added before? Adds it. */
static bool is_seen(struct check_walk *walk, const struct stat *status)
{
    struct identity wanted = {.device = status->st_dev, .inode = status->st_ino};
    if (walk->seen_size < 2 * (walk->seen_count + 1)) {
        struct check_walk larger = {.seen_size = walk->seen_size == 0 ? 256 : walk->seen_size * 2};
        larger.seen = buffer_allocate(larger.seen_size * sizeof *larger.seen);
        memset(larger.seen, 0, larger.seen_size * sizeof *larger.seen);
        for (size_t i = 0; i < walk->seen_size; i++)
            if (walk->seen[i].inode != 0)
                larger.seen[seen_slot(&larger, &walk->seen[i])] = walk->seen[i];
        free(walk->seen);
        walk->seen = larger.seen;
        walk->seen_size = larger.seen_size;
    }
    size_t slot = seen_slot(walk, &wanted);
    if (walk->seen[slot].inode != 0)
        return true;
    walk->seen[slot] = wanted;
    walk->seen_count++;
    return false;
}

static void unreadable(struct check_walk *walk, const char *path, int error)
{
    struct check_result result = {.path = buffer_copy(slice_of(path)), .error = error};
    walk->done(walk->context, &result);
    check_result_free(&result);
}

static void walk_directory(struct check_walk *walk, int fd, unsigned depth);

/* One entry, whose path is walk->path. */
static void walk_entry(struct check_walk *walk, int parent, const char *name, unsigned char kind,
                       unsigned depth)
{
    struct stat status;
    const char *path = buffer_finish(&walk->path);
    bool link = kind == DT_LNK;
    if (kind == DT_UNKNOWN || kind == DT_LNK || kind == DT_REG) {
        /* What a link points to is read when it is a file; directories only where they are. */
        if (fstatat(parent, name, &status, 0) != 0)
            return;
        if (kind == DT_UNKNOWN) {
            struct stat own;
            link = fstatat(parent, name, &own, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(own.st_mode);
        }
        kind = S_ISREG(status.st_mode) ? DT_REG : S_ISDIR(status.st_mode) ? DT_DIR : DT_UNKNOWN;
        if (link && kind == DT_DIR)
            return;
    }
    bool ignored = !walk->settings->no_ignore &&
                   check_gitignore_matches(walk->patterns, buffer_all(&walk->path), kind == DT_DIR);
    if (kind == DT_REG) {
        if (ignored)
            walk->ignored += scan_type_of_path(slice_of(path)) != NULL;
        else if (!is_seen(walk, &status)) {
            walk->files++;
            add_job(walk, path, walk->settings->type, false);
        }
        return;
    }
    if (kind != DT_DIR || ignored || strcmp(name, ".git") == 0 || strcmp(name, ".svn") == 0 ||
        strcmp(name, ".hg") == 0)
        return;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0)
        walk_directory(walk, fd, depth + 1);
    else if (errno != ENOENT && errno != ELOOP)
        unreadable(walk, path, errno);
}

struct entry {
    char *name;
    unsigned char kind;
};

static int by_entry_name(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static size_t read_entries(DIR *directory, struct entry **out)
{
    struct entry *entries = NULL;
    size_t count = 0, size = 0;
    const struct dirent *next;
    while ((next = readdir(directory)) != NULL) {
        if (strcmp(next->d_name, ".") == 0 || strcmp(next->d_name, "..") == 0)
            continue;
        if (count == size) {
            size = size == 0 ? 32 : size * 2;
            entries = buffer_resize(entries, size * sizeof *entries);
        }
        entries[count++] =
            (struct entry){.name = buffer_copy(slice_of(next->d_name)), .kind = next->d_type};
    }
    if (count > 1)
        qsort(entries, count, sizeof *entries, by_entry_name);
    *out = entries;
    return count;
}

/* The patterns of the .gitignore in directory FD, or NULL. */
static struct check_gitignore *read_patterns(struct check_walk *walk, int fd)
{
    struct buffer text = {0};
    struct check_gitignore *patterns = NULL;
    int file = openat(fd, ".gitignore", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0 || walk->settings->no_ignore) {
        if (file >= 0)
            close(file);
        return NULL;
    }
    ssize_t got = 1;
    while (got > 0 && text.length < (1U << 20)) {
        got = read(file, buffer_reserve(&text, 65536), 65536);
        text.length += got > 0 ? (size_t)got : 0;
    }
    close(file);
    if (text.length > 0)
        patterns = check_gitignore_new(walk->patterns, buffer_all(&text), walk->path.length + 1);
    buffer_free(&text);
    return patterns;
}

/* Walks the directory FD, whose path is walk->path, and closes it. */
static void walk_directory(struct check_walk *walk, int fd, unsigned depth)
{
    struct entry *entries = NULL;
    size_t length = walk->path.length;
    DIR *directory = depth > DEPTH_MAX ? NULL : fdopendir(fd);
    if (directory == NULL) {
        close(fd);
        unreadable(walk, buffer_finish(&walk->path), ELOOP);
        return;
    }
    struct check_gitignore *patterns = read_patterns(walk, fd);
    if (patterns != NULL)
        walk->patterns = patterns;
    size_t count = read_entries(directory, &entries);
    for (size_t i = 0; i < count; i++) {
        if (length == 0 || walk->path.data[length - 1] != '/')
            buffer_byte(&walk->path, '/');
        buffer_string(&walk->path, entries[i].name);
        walk_entry(walk, fd, entries[i].name, entries[i].kind, depth);
        walk->path.length = length;
        free(entries[i].name);
    }
    free(entries);
    if (patterns != NULL)
        walk->patterns = check_gitignore_free(patterns);
    closedir(directory);
}

int check_walk_path(struct check_walk *walk, const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return -errno;
    if (!S_ISDIR(status.st_mode)) {
        walk->files++;
        is_seen(walk, &status);
        add_job(walk, path, walk->settings->type, true);
        return 0;
    }
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    walk->path.length = 0;
    buffer_string(&walk->path, path);
    while (walk->path.length > 1 && walk->path.data[walk->path.length - 1] == '/')
        walk->path.length--;
    walk->patterns = NULL;
    walk_directory(walk, fd, 0);
    return 0;
}

void check_walk_optional(struct check_walk *walk, const char *path)
{
    int error = check_walk_path(walk, path);
    if (error != 0 && error != -ENOENT && error != -ENOTDIR)
        unreadable(walk, path, -error);
}

static void add_includes(struct check_walk *walk)
{
    const struct scan_type *nginx = scan_type_named(SLICE("nginx"));
    struct stat status;
    for (size_t i = 0; i < walk->include_count; i++) {
        if (stat(walk->includes[i], &status) == 0 && S_ISREG(status.st_mode) &&
            !is_seen(walk, &status)) {
            walk->files++;
            add_job(walk, walk->includes[i], nginx, true);
        }
        free(walk->includes[i]);
    }
    walk->include_count = 0;
}

size_t check_walk_end(struct check_walk *walk, size_t *files)
{
    do {
        add_includes(walk);
        while (walk->told < walk->added)
            collect(walk);
    } while (walk->include_count > 0);
    pthread_mutex_lock(&walk->lock);
    walk->ending = true;
    pthread_cond_broadcast(&walk->waiting);
    pthread_mutex_unlock(&walk->lock);
    for (size_t i = 0; i < walk->thread_count; i++)
        pthread_join(walk->threads[i], NULL);
    pthread_mutex_destroy(&walk->lock);
    pthread_cond_destroy(&walk->waiting);
    pthread_cond_destroy(&walk->finished);
    if (walk->shown > 0)
        fputs("\r\033[K", stderr);
    size_t ignored = walk->ignored;
    *files = walk->files;
    buffer_free(&walk->path);
    free(walk->includes);
    free(walk->seen);
    free(walk);
    return ignored;
}
