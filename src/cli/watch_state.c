#include "watch_state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replace.h"

#define HEAD "astray-watch-state 1 "
#define END "end "
#define HASH_DIGITS 16
#define STATE_MAX ((off_t)1 << 30)

/* ---- lines ------------------------------------------------------------ */

void watch_state_put_text(FILE *stream, struct slice text)
{
    fputs(" =", stream);
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte <= ' ' || byte >= 0x7f || byte == '%')
            fprintf(stream, "%%%02x", byte);
        else
            putc(byte, stream);
    }
}

bool watch_state_word(struct slice *rest, struct slice *word)
{
    return slice_cut(rest, ' ', word);
}

bool watch_state_number(struct slice *rest, uint64_t *out)
{
    struct slice word;
    return watch_state_word(rest, &word) && slice_number(word, UINT64_MAX, out);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool watch_state_text(struct slice *rest, char *out, size_t size, size_t *length)
{
    struct slice word;
    size_t used = 0;
    if (!watch_state_word(rest, &word) || word.length == 0 || word.data[0] != '=')
        return false;
    for (size_t i = 1; i < word.length; i++) {
        char c = word.data[i];
        if (c == '%') {
            int high = word.length - i > 2 ? hex_digit(word.data[i + 1]) : -1;
            int low = word.length - i > 2 ? hex_digit(word.data[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (used == size)
            return false;
        out[used++] = c;
    }
    *length = used;
    return true;
}

/* ---- the whole -------------------------------------------------------- */

/* FNV-1a, 64 bits. */
void watch_state_begin(FILE *stream, uint64_t generation)
{
    fprintf(stream, HEAD "%" PRIu64 "\n", generation);
}

void watch_state_seal(FILE *stream, struct slice whole)
{
    fprintf(stream, END "%016" PRIx64 "\n", slice_hash(SLICE_HASH_START, whole));
}

bool watch_state_check(struct slice whole, uint64_t *generation, struct slice *lines)
{
    const size_t end_length = sizeof END - 1 + HASH_DIGITS + 1;
    char end[sizeof END + HASH_DIGITS + 1];
    struct slice head;
    uint64_t number;
    if (whole.length < sizeof HEAD + end_length || !slice_starts_with(whole, SLICE(HEAD)))
        return false;
    struct slice sealed = {whole.data, whole.length - end_length};
    snprintf(end, sizeof end, END "%016" PRIx64 "\n", slice_hash(SLICE_HASH_START, sealed));
    if (memcmp(whole.data + sealed.length, end, end_length) != 0)
        return false;
    struct slice rest = sealed;
    if (!slice_cut(&rest, '\n', &head) || rest.data == NULL ||
        !slice_number(slice_from(head, sizeof HEAD - 1), UINT64_MAX, &number))
        return false;
    *generation = number;
    *lines = rest;
    return true;
}

/* ---- on disk ---------------------------------------------------------- */

enum { SYNCED, RECENT, RECENTS = 2 };
static const char *const names[] = {"state", "state.recent", "state.recent2"};

int watch_state_open(struct watch_state *state, const char *path)
{
    *state = (struct watch_state){.directory = -1};
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return -errno;
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return -errno;
    if (flock(directory, LOCK_EX | LOCK_NB) != 0) {
        int error = -errno;
        close(directory);
        return error;
    }
    state->directory = directory;
    return 0;
}

void watch_state_close(struct watch_state *state)
{
    if (state->directory >= 0)
        close(state->directory);
    state->directory = -1;
}

/* All of the file NAME, on the heap. */
static char *read_all(int directory, const char *name, size_t *length)
{
    struct stat status;
    int descriptor = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    char *text = NULL;
    if (descriptor < 0)
        return NULL;
    if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size < STATE_MAX)
        text = malloc((size_t)status.st_size + 1);
    *length = 0;
    while (text != NULL && *length < (size_t)status.st_size) {
        ssize_t got = read(descriptor, text + *length, (size_t)status.st_size - *length);
        if (got <= 0)
            break;
        *length += (size_t)got;
    }
    close(descriptor);
    return text;
}

enum watch_state_found watch_state_load(struct watch_state *state, char **lines, size_t *length)
{
    enum watch_state_found found = WATCH_STATE_NONE;
    *lines = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct slice body;
        uint64_t generation;
        size_t size;
        char *text = read_all(state->directory, names[i], &size);
        if (text == NULL)
            continue;
        if (!watch_state_check((struct slice){text, size}, &generation, &body)) {
            found = found == WATCH_STATE_NONE ? WATCH_STATE_DAMAGED : found;
            free(text);
        } else if (found == WATCH_STATE_WHOLE && generation <= state->generation) {
            free(text);
        } else {
            memmove(text, body.data, body.length);
            free(*lines);
            *lines = text;
            *length = body.length;
            state->generation = generation;
            found = WATCH_STATE_WHOLE;
        }
    }
    return found;
}

static int cut_to(int descriptor, size_t length)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0)
        return -errno;
    if ((size_t)status.st_size > length && ftruncate(descriptor, (off_t)length) != 0)
        return -errno;
    return 0;
}

/* Writes the file NAME in place, which spares what a rename costs. Until it is whole again, the one
 * before it holds. */
static int overwrite(int directory, const char *name, struct slice whole)
{
    int descriptor =
        openat(directory, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (descriptor < 0)
        return -errno;
    ssize_t written = pwrite(descriptor, whole.data, whole.length, 0);
    int error = written < 0 ? -errno : -ENOSPC;
    if (written == (ssize_t)whole.length)
        error = cut_to(descriptor, whole.length);
    close(descriptor);
    return error;
}

int watch_state_save(struct watch_state *state, struct slice whole, bool sync)
{
    uint64_t next = state->generation + 1;
    int error = sync ? replace_file(state->directory, names[SYNCED], whole, 0600, true)
                     : overwrite(state->directory, names[RECENT + next % RECENTS], whole);
    if (error == 0)
        state->generation = next;
    return error;
}
