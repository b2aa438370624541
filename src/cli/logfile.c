#include "logfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define CHUNK ((size_t)256 * 1024)
#define SYSTEM_LOGS "/var/log/astray"

/* ---- where bytes come from -------------------------------------------- */

struct source {
    int descriptor;
    bool seekable; /* read at `at`, so that threads may share the descriptor */
    uint64_t at;
    const struct logfile_reader *reader;
    unsigned char *input; /* gzip: CHUNK bytes; plain: what was read to look at it */
    size_t input_length, input_used;
    bool gzip, input_ended;
    bool finished; /* gzip: nothing more will come */
    z_stream stream;
    struct logfile_counts *counts;
};

/* Up to SIZE bytes as they are stored; 0 at the end, or -errno. */
static ssize_t read_stored(struct source *source, void *out, size_t size)
{
    ssize_t got;
    do {
        got = source->seekable ? pread(source->descriptor, out, size, (off_t)source->at)
                               : read(source->descriptor, out, size);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return -errno;
    source->at += (uint64_t)got;
    if (source->reader->progress != NULL)
        source->reader->progress(source->reader->progress_context, (uint64_t)got);
    return got;
}

static ssize_t read_plain(struct source *source, char *out, size_t size)
{
    size_t left = source->input_length - source->input_used;
    if (left == 0)
        return read_stored(source, out, size);
    if (left > size)
        left = size;
    memcpy(out, source->input + source->input_used, left);
    source->input_used += left;
    return (ssize_t)left;
}

/* Fills the input when it is empty. Returns 0, or -errno. */
static int fill_input(struct source *source)
{
    if (source->stream.avail_in > 0 || source->input_ended)
        return 0;
    ssize_t got = read_stored(source, source->input, CHUNK);
    if (got < 0)
        return (int)got;
    source->input_ended = got == 0;
    source->stream.next_in = source->input;
    source->stream.avail_in = (uInt)got;
    return 0;
}

/* One step of unpacking. Behind a member there is another one, or the end, or padding that does
 * not count. */
static int unpack(struct source *source)
{
    z_stream *stream = &source->stream;
    int error = fill_input(source);
    if (error != 0)
        return error;
    int status = inflate(stream, Z_NO_FLUSH);
    if (status == Z_STREAM_END) {
        error = fill_input(source);
        source->finished = error != 0 || stream->avail_in == 0 || *stream->next_in != 0x1f ||
                           inflateReset(stream) != Z_OK;
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
        source->finished = source->counts->corrupt = true;
    } else if (source->input_ended && stream->avail_in == 0 && stream->avail_out > 0) {
        source->finished = source->counts->cut_short = true;
    }
    return error;
}

static ssize_t read_gzip(struct source *source, char *out, size_t size)
{
    source->stream.next_out = (unsigned char *)out;
    source->stream.avail_out = (uInt)size;
    while (source->stream.avail_out == size && !source->finished) {
        int error = unpack(source);
        if (error != 0)
            return error;
    }
    return (ssize_t)(size - source->stream.avail_out);
}

static ssize_t read_source(struct source *source, char *out, size_t size)
{
    return source->gzip ? read_gzip(source, out, size) : read_plain(source, out, size);
}

/* ---- lines ------------------------------------------------------------ */

/* A window over the source: LENGTH bytes, of which those from START on are not taken yet. */
struct window {
    char *data;
    size_t start, length;
    uint64_t offset; /* of data[start], in the file; only for parts */
    uint64_t end;    /* lines that begin here or behind are left */
    bool skipping;   /* within a line that is not wanted: too long, or another part's */
    bool done;
};

/* Gives the lines that are complete. */
static void take_lines(struct window *window, const struct logfile_reader *reader,
                       struct logfile_counts *counts)
{
    char *newline;
    while (!window->done && (newline = memchr(window->data + window->start, '\n',
                                              window->length - window->start)) != NULL) {
        struct slice line = {window->data + window->start,
                             (size_t)(newline - window->data) - window->start};
        if (!window->skipping && line.length <= LOGFILE_LINE_MAX)
            reader->take(reader->context, line, true);
        else if (!window->skipping)
            counts->too_long++;
        window->skipping = false;
        window->start += line.length + 1;
        window->offset += line.length + 1;
        window->done = window->offset >= window->end;
    }
}

/* Makes room behind what is left; a line that is too long is given up. */
static void move_up(struct window *window, struct logfile_counts *counts)
{
    size_t left = window->length - window->start;
    if (left > LOGFILE_LINE_MAX || window->skipping) {
        if (!window->skipping)
            counts->too_long++;
        window->skipping = true;
        window->offset += left;
        left = 0;
    }
    memmove(window->data, window->data + window->length - left, left);
    window->start = 0;
    window->length = left;
}

static int read_lines(struct source *source, struct window *window)
{
    const struct logfile_reader *reader = source->reader;
    window->data = malloc(CHUNK + LOGFILE_LINE_MAX + 1);
    if (window->data == NULL)
        return -ENOMEM;
    ssize_t got = 0;
    while (!window->done) {
        got = read_source(source, window->data + window->length, CHUNK);
        if (got <= 0)
            break;
        window->length += (size_t)got;
        take_lines(window, reader, source->counts);
        if (!window->done)
            move_up(window, source->counts);
    }
    struct slice rest = {window->data + window->start, window->length - window->start};
    if (got >= 0 && !window->done && !window->skipping && rest.length > 0)
        reader->take(reader->context, rest, false);
    free(window->data);
    return got < 0 ? (int)got : 0;
}

/* ---- logs ------------------------------------------------------------- */

int logfile_open(const char *path)
{
    int descriptor = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                            : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat status;
    if (descriptor < 0)
        return -errno;
    if (fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode)) {
        close(descriptor);
        return -EISDIR;
    }
    return descriptor;
}

static bool is_gzip(const unsigned char *bytes, size_t length)
{
    return length >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

bool logfile_is_gzip(int descriptor)
{
    unsigned char head[2];
    ssize_t got = pread(descriptor, head, sizeof head, 0);
    return got > 0 && is_gzip(head, (size_t)got);
}

/* Reads until there are two bytes to tell gzip by. */
static int look_ahead(struct source *source)
{
    while (source->input_length < 2) {
        ssize_t got =
            read_stored(source, source->input + source->input_length, CHUNK - source->input_length);
        if (got < 0)
            return (int)got;
        if (got == 0)
            break;
        source->input_length += (size_t)got;
    }
    source->gzip = is_gzip(source->input, source->input_length);
    return 0;
}

int logfile_read(int descriptor, const struct logfile_reader *reader, struct logfile_counts *counts)
{
    struct source source = {.descriptor = descriptor, .reader = reader, .counts = counts};
    struct window window = {.end = UINT64_MAX};
    source.input = malloc(CHUNK);
    int error = source.input == NULL ? -ENOMEM : look_ahead(&source);
    if (error == 0 && source.gzip) {
        source.stream.next_in = source.input;
        source.stream.avail_in = (uInt)source.input_length;
        if (inflateInit2(&source.stream, 16 + MAX_WBITS) != Z_OK)
            error = -ENOMEM;
    }
    bool unpacking = error == 0 && source.gzip;
    if (error == 0)
        error = read_lines(&source, &window);
    if (unpacking)
        inflateEnd(&source.stream);
    free(source.input);
    return error;
}

int logfile_read_part(int descriptor, uint64_t start, uint64_t end,
                      const struct logfile_reader *reader, struct logfile_counts *counts)
{
    /* The byte before START tells whether a line begins there. */
    uint64_t from = start > 0 ? start - 1 : 0;
    struct source source = {
        .descriptor = descriptor, .seekable = true, .at = from, .reader = reader, .counts = counts};
    struct window window = {.offset = from, .end = end, .skipping = start > 0};
    return start < end ? read_lines(&source, &window) : 0;
}

/* ---- lists ------------------------------------------------------------ */

static int append(struct logfile_list *list, const char *path)
{
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 8 : list->room * 2;
        char **paths = realloc(list->paths, room * sizeof *paths);
        if (paths == NULL)
            return -ENOMEM;
        list->paths = paths;
        list->room = room;
    }
    list->paths[list->count] = strdup(path);
    return list->paths[list->count] == NULL ? -ENOMEM : (list->count++, 0);
}

bool logfile_is_log(const char *name)
{
    static const char *const globs[] = {"*.ndjson",    "*.ndjson.gz",   "*.ndjson.?",
                                        "*.ndjson.??", "*.ndjson.?.gz", "*.ndjson.??.gz",
                                        "*.ndjson-*"};
    for (size_t i = 0; i < sizeof globs / sizeof *globs; i++)
        if (slice_matches(slice_of(name), slice_of(globs[i])))
            return true;
    return false;
}

static int is_log(const struct dirent *entry)
{
    return logfile_is_log(entry->d_name);
}

/* Appends the logs in DIRECTORY; READABLE: only those that may be read. */
static int add_directory(struct logfile_list *list, const char *directory, bool readable)
{
    struct dirent **entries;
    int count = scandir(directory, &entries, is_log, alphasort);
    if (count < 0)
        return -errno;
    int error = 0;
    for (int i = 0; i < count; i++) {
        char *path = NULL;
        struct stat status;
        if (error == 0 && asprintf(&path, "%s/%s", directory, entries[i]->d_name) < 0)
            error = -ENOMEM, path = NULL;
        if (path != NULL && stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
            (!readable || access(path, R_OK) == 0))
            error = append(list, path);
        free(path);
        free(entries[i]);
    }
    free(entries);
    return error;
}

int logfile_list_add(struct logfile_list *list, const char *path)
{
    struct stat status;
    if (strcmp(path, "-") != 0 && stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return add_directory(list, path, false);
    return append(list, path);
}

char *logfile_of_run(void)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    char *path = NULL;
    int length = -1;
    if (state != NULL && *state == '/')
        length = asprintf(&path, "%s/astray/run.ndjson", state);
    else if (home != NULL && *home == '/')
        length = asprintf(&path, "%s/.local/state/astray/run.ndjson", home);
    return length < 0 ? NULL : path;
}

void logfile_list_add_defaults(struct logfile_list *list)
{
    char *own = logfile_of_run();
    if (own != NULL && access(own, R_OK) == 0)
        append(list, own);
    free(own);
    add_directory(list, SYSTEM_LOGS, true);
}

void logfile_list_free(struct logfile_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->paths[i]);
    free(list->paths);
    *list = (struct logfile_list){0};
}
