#include "tail.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "watch_state.h"

#define CHUNK ((size_t)256 * 1024)

struct tail *tail_new(const char *path)
{
    struct tail *tail = calloc(1, sizeof *tail);
    if (tail == NULL)
        return NULL;
    tail->descriptor = -1;
    tail->path = strdup(path);
    if (tail->path != NULL)
        return tail;
    free(tail);
    return NULL;
}

void tail_free(struct tail *tail)
{
    if (tail == NULL)
        return;
    tail_close(tail);
    free(tail->path);
    free(tail);
}

/* ---- which file it is ------------------------------------------------- */

int tail_open(struct tail *tail, bool follow)
{
    struct stat status;
    int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW);
    int descriptor = open(tail->path, flags), error = 0;
    if (descriptor < 0)
        return -errno;
    if (fstat(descriptor, &status) != 0)
        error = -errno;
    else if (!S_ISREG(status.st_mode))
        error = S_ISDIR(status.st_mode) ? -EISDIR : -ENXIO;
    else if (tail->inode != 0 && (tail->inode != status.st_ino || tail->device != status.st_dev))
        error = -ESTALE;
    if (error != 0) {
        close(descriptor);
        return error;
    }
    tail->device = status.st_dev;
    tail->inode = status.st_ino;
    tail->gzip = logfile_is_gzip(descriptor);
    tail->descriptor = descriptor;
    return 0;
}

void tail_close(struct tail *tail)
{
    if (tail->descriptor >= 0)
        close(tail->descriptor);
    tail->descriptor = -1;
}

static uint64_t hash_head(const struct tail_head *head, size_t length)
{
    return slice_hash(SLICE_HASH_START, (struct slice){head->bytes, length});
}

/* What is at DESCRIPTOR, from its start and unpacked; NULL without memory. */
static gzFile open_unpacked(int descriptor)
{
    int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
    if (copy < 0)
        return NULL;
    lseek(copy, 0, SEEK_SET);
    gzFile file = gzdopen(copy, "rb");
    if (file == NULL)
        close(copy);
    return file;
}

static size_t read_unpacked(int descriptor, char *out, size_t size)
{
    gzFile file = open_unpacked(descriptor);
    int got = file != NULL ? gzread(file, out, (unsigned)size) : 0;
    if (file != NULL)
        gzclose_r(file);
    return got > 0 ? (size_t)got : 0;
}

void tail_read_head(int descriptor, struct tail_head *head)
{
    size_t length;
    if (logfile_is_gzip(descriptor)) {
        length = read_unpacked(descriptor, head->bytes, sizeof head->bytes);
    } else {
        ssize_t got = pread(descriptor, head->bytes, sizeof head->bytes, 0);
        length = got > 0 ? (size_t)got : 0;
    }
    head->length = (uint16_t)length;
    head->known = true;
    head->hash = hash_head(head, length);
}

bool tail_same_head(const struct tail_head *old, const struct tail_head *head, bool *unsure)
{
    *unsure = false;
    if (old->length == 0)
        return false;
    if (head->length < old->length) {
        *unsure = !old->known || memcmp(old->bytes, head->bytes, head->length) == 0;
        return false;
    }
    if (old->known)
        return memcmp(old->bytes, head->bytes, old->length) == 0;
    return hash_head(head, old->length) == old->hash;
}

bool tail_holds(struct tail *tail)
{
    struct stat status;
    struct tail_head head;
    bool unsure;
    if (tail->gzip)
        return true;
    if (fstat(tail->descriptor, &status) != 0 || (uint64_t)status.st_size < tail->offset)
        return false;
    tail_read_head(tail->descriptor, &head);
    if (tail->head.length > 0 && !tail_same_head(&tail->head, &head, &unsure))
        return false;
    tail->head = head;
    return true;
}

/* ---- lines ------------------------------------------------------------ */

/* The lines of the first LENGTH bytes of DATA, up to the last newline. */
static void take_lines(struct tail *tail, const char *data, size_t length,
                       const struct logfile_reader *reader, struct logfile_counts *counts)
{
    const char *newline;
    while ((newline = memchr(data, '\n', length)) != NULL) {
        struct slice line = {data, (size_t)(newline - data)};
        if (!tail->skipping && line.length <= LOGFILE_LINE_MAX)
            reader->take(reader->context, line, true);
        else if (!tail->skipping)
            counts->too_long++;
        tail->skipping = false;
        tail->offset += line.length + 1;
        data = newline + 1;
        length -= line.length + 1;
    }
    if (length <= LOGFILE_LINE_MAX && !tail->skipping)
        return;
    if (!tail->skipping)
        counts->too_long++;
    tail->skipping = true;
    tail->offset += length;
}

static int read_plain(struct tail *tail, const struct logfile_reader *reader,
                      struct logfile_counts *counts)
{
    char *data = malloc(CHUNK);
    if (data == NULL)
        return -ENOMEM;
    ssize_t got;
    do {
        got = pread(tail->descriptor, data, CHUNK, (off_t)tail->offset);
    } while (got < 0 && errno == EINTR);
    int status = got < 0 ? -errno : got == (ssize_t)CHUNK ? TAIL_MORE : TAIL_IDLE;
    /* Looked at behind the reading: what was read belongs to that head. */
    if (status >= 0 && !tail_holds(tail))
        status = TAIL_REPLACED;
    else if (got > 0)
        take_lines(tail, data, (size_t)got, reader, counts);
    free(data);
    return status;
}

/* Takes all that FILE gives from where it stands; DATA has room for a piece and the start of a
 * line. */
static int take_unpacked(struct tail *tail, gzFile file, char *data,
                         const struct logfile_reader *reader, struct logfile_counts *counts)
{
    size_t kept = 0;
    int got;
    while ((got = gzread(file, data + kept, CHUNK)) > 0) {
        uint64_t before = tail->offset;
        size_t length = kept + (size_t)got;
        take_lines(tail, data, length, reader, counts);
        size_t taken = (size_t)(tail->offset - before);
        kept = length - taken;
        memmove(data, data + taken, kept);
        if (reader->progress != NULL)
            reader->progress(reader->progress_context, (uint64_t)got);
    }
    if (got == 0 && kept > 0) {
        reader->take(reader->context, (struct slice){data, kept}, false);
        tail->offset += kept;
    }
    return got < 0 ? -EBADMSG : TAIL_IDLE;
}

static int read_gzip(struct tail *tail, const struct logfile_reader *reader,
                     struct logfile_counts *counts)
{
    char *data = malloc(CHUNK + LOGFILE_LINE_MAX);
    gzFile file = data != NULL ? open_unpacked(tail->descriptor) : NULL;
    int status = -ENOMEM;
    if (file != NULL) {
        status = gzseek(file, (z_off_t)tail->offset, SEEK_SET) < 0
                     ? TAIL_IDLE /* it is shorter */
                     : take_unpacked(tail, file, data, reader, counts);
        gzclose_r(file);
    }
    free(data);
    return status;
}

int tail_read(struct tail *tail, const struct logfile_reader *reader, struct logfile_counts *counts)
{
    return tail->gzip ? read_gzip(tail, reader, counts) : read_plain(tail, reader, counts);
}

void tail_finish(struct tail *tail, const struct logfile_reader *reader)
{
    char *data;
    if (tail->descriptor < 0 || tail->gzip || tail->skipping ||
        (data = malloc(LOGFILE_LINE_MAX)) == NULL)
        return;
    ssize_t got = pread(tail->descriptor, data, LOGFILE_LINE_MAX, (off_t)tail->offset);
    if (got > 0 && memchr(data, '\n', (size_t)got) == NULL && tail_holds(tail)) {
        reader->take(reader->context, (struct slice){data, (size_t)got}, false);
        tail->offset += (uint64_t)got;
    }
    free(data);
}

/* ---- state ------------------------------------------------------------ */

void tail_save(const struct tail *tail, FILE *stream)
{
    fprintf(stream, "file %" PRIu64 " %" PRIu64 " %" PRIu64 " %u %" PRIu64 " %u", tail->device,
            tail->inode, tail->offset, (unsigned)tail->head.length, tail->head.hash,
            (unsigned)tail->skipping);
    watch_state_put_text(stream, slice_of(tail->path));
    putc('\n', stream);
}

struct tail *tail_load(struct slice rest)
{
    enum { DEVICE, INODE, OFFSET, LENGTH, HASH, SKIPPING, NUMBERS };
    uint64_t numbers[NUMBERS];
    char path[PATH_MAX];
    size_t length;
    for (size_t i = 0; i < NUMBERS; i++)
        if (!watch_state_number(&rest, &numbers[i]))
            return NULL;
    if (numbers[LENGTH] > TAIL_HEAD || !watch_state_text(&rest, path, sizeof path - 1, &length) ||
        memchr(path, '\0', length) != NULL)
        return NULL;
    path[length] = '\0';
    struct tail *tail = tail_new(path);
    if (tail == NULL)
        return NULL;
    tail->device = numbers[DEVICE];
    tail->inode = numbers[INODE];
    tail->offset = numbers[OFFSET];
    tail->head.length = (uint16_t)numbers[LENGTH];
    tail->head.hash = numbers[HASH];
    tail->skipping = numbers[SKIPPING] != 0;
    return tail;
}
