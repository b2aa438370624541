#include "handler.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "say.h"
#include "watch_state.h"
#include "when.h"

#define PATIENCE (2 * WHEN_SECOND) /* between SIGTERM and SIGKILL */
#define VARIABLES_MAX 64

static uint64_t monotonic(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * WHEN_SECOND + (uint64_t)time.tv_nsec / 1000;
}

void handler_start(struct handler *handler, const char *command, uint64_t limit)
{
    *handler = (struct handler){.command = command, .limit = limit};
}

/* ---- the queue -------------------------------------------------------- */

static void free_item(struct handler_item *item)
{
    free(item->json);
    free(item->environment);
    *item = (struct handler_item){0};
}

static void drop_first(struct handler *handler)
{
    free_item(&handler->queue[handler->first]);
    handler->first = (handler->first + 1) % HANDLER_QUEUE;
    handler->count--;
}

/* Takes over what ITEM owns. */
static void append(struct handler *handler, struct handler_item item)
{
    if (item.json == NULL || item.environment == NULL || handler->count == HANDLER_QUEUE) {
        handler->lost++;
        free_item(&item);
        return;
    }
    handler->queue[(handler->first + handler->count++) % HANDLER_QUEUE] = item;
}

/* What WRITE writes of ALERT, on the heap; NULL without memory. */
static char *text_of(const struct alert *alert, void (*write)(const struct alert *, FILE *))
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    if (stream == NULL)
        return NULL;
    write(alert, stream);
    if (fclose(stream) == 0)
        return text;
    free(text);
    return NULL;
}

void handler_add(struct handler *handler, const struct alert *alert)
{
    if (handler->command == NULL)
        return;
    if (handler->count == HANDLER_QUEUE) {
        handler->lost++;
        return;
    }
    append(handler, (struct handler_item){text_of(alert, alert_write_json_short),
                                          text_of(alert, alert_write_environment)});
}

/* ---- the command ------------------------------------------------------ */

/* Puts the lines of TEXT into our environment; TEXT is changed, and must live on. */
static void export(char *text)
{
    char *rest = text, *line;
    while ((line = strsep(&rest, "\n")) != NULL)
        if (strchr(line, '=') != NULL)
            putenv(line);
}

static _Noreturn void become(const struct handler *handler, int input)
{
    sigset_t none;
    struct sigaction standard = {.sa_handler = SIG_DFL};
    setpgid(0, 0);
    sigaction(SIGPIPE, &standard, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (dup2(input, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        _exit(126);
    export(handler->queue[handler->first].environment);
    setenv("ASTRAY_DISABLE", "1", 1);
    execl("/bin/sh", "sh", "-c", handler->command, (char *)NULL);
    _exit(127);
}

/* A file of no name that holds TEXT, to be read from its start; -errno when there is none. */
static int file_with(const char *text)
{
    size_t length = strlen(text);
    int descriptor = memfd_create("alert", MFD_CLOEXEC);
    if (descriptor < 0)
        return -errno;
    if (write(descriptor, text, length) == (ssize_t)length && lseek(descriptor, 0, SEEK_SET) == 0)
        return descriptor;
    close(descriptor);
    return -EIO;
}

/* Starts the command for the first of the queue. */
static void start(struct handler *handler)
{
    int input = file_with(handler->queue[handler->first].json);
    pid_t child = input < 0 ? -1 : fork();
    if (child == 0)
        become(handler, input);
    if (child < 0) {
        say_errno("cannot run", handler->command, input < 0 ? -input : errno);
        handler->failed++;
        drop_first(handler);
    } else {
        setpgid(child, child);
        handler->child = child;
        handler->began = monotonic();
        handler->ended_at = 0;
    }
    if (input >= 0)
        close(input);
}

static void tell_end(const struct handler *handler, int status)
{
    char reason[64];
    if (handler->ended_at != 0)
        snprintf(reason, sizeof reason, "took longer than %" PRIu64 " s, and was ended",
                 handler->limit / WHEN_SECOND);
    else if (WIFSIGNALED(status))
        snprintf(reason, sizeof reason, "was ended by signal %d", WTERMSIG(status));
    else
        snprintf(reason, sizeof reason, "failed with status %d", WEXITSTATUS(status));
    say_error("the command", handler->command, reason);
}

static void reap(struct handler *handler)
{
    int status;
    if (handler->child == 0 || waitpid(handler->child, &status, WNOHANG) != handler->child)
        return;
    bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0 && handler->ended_at == 0;
    if (!good)
        tell_end(handler, status);
    if (handler->ended_at != 0)
        kill(-handler->child, SIGKILL); /* what it left behind */
    handler->failed += !good;
    handler->handed += good;
    handler->child = 0;
    drop_first(handler);
}

/* When the child that runs has to be told to end, or to be killed. */
static uint64_t deadline(const struct handler *handler)
{
    return handler->ended_at == 0 ? handler->began + handler->limit : handler->ended_at + PATIENCE;
}

static void tell_lost(struct handler *handler)
{
    if (handler->lost == handler->told_lost || handler->count > HANDLER_QUEUE / 2)
        return;
    say_note("%" PRIu64 " alerts were not handed to the command: it was too slow, and %d waited",
             handler->lost - handler->told_lost, HANDLER_QUEUE);
    handler->told_lost = handler->lost;
}

void handler_step(struct handler *handler)
{
    reap(handler);
    if (handler->child != 0 && monotonic() >= deadline(handler)) {
        kill(-handler->child, handler->ended_at == 0 ? SIGTERM : SIGKILL);
        handler->ended_at = monotonic();
    }
    while (handler->child == 0 && handler->count > 0 && !handler->stopping)
        start(handler);
    tell_lost(handler);
}

int handler_wait(const struct handler *handler)
{
    if (handler->child == 0)
        return -1;
    uint64_t now = monotonic(), until = deadline(handler);
    uint64_t left = until > now ? (until - now) / 1000 + 1 : 0;
    return left > INT_MAX ? INT_MAX : (int)left;
}

void handler_stop(struct handler *handler)
{
    if (handler->child == 0)
        return;
    uint64_t until = monotonic() + PATIENCE;
    const struct timespec moment = {.tv_nsec = 10000000};
    if (handler->ended_at == 0)
        kill(-handler->child, SIGTERM);
    while (waitpid(handler->child, NULL, WNOHANG) == 0 && monotonic() < until)
        nanosleep(&moment, NULL);
    if (kill(-handler->child, SIGKILL) == 0)
        waitpid(handler->child, NULL, 0);
    handler->child = 0;
}

/* ---- state ------------------------------------------------------------ */

void handler_save(const struct handler *handler, FILE *stream)
{
    fprintf(stream, "handler %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", handler->handed,
            handler->failed, handler->lost);
    for (size_t i = 0; i < handler->count; i++) {
        const struct handler_item *item = &handler->queue[(handler->first + i) % HANDLER_QUEUE];
        fputs("alert", stream);
        watch_state_put_text(stream, slice_of(item->json));
        watch_state_put_text(stream, slice_of(item->environment));
        putc('\n', stream);
    }
}

/* A text of any length on the heap; NULL when there is none, or a NUL in it. */
static char *load_text(struct slice *rest)
{
    size_t length;
    char *text = malloc(rest->length + 1);
    if (text != NULL && watch_state_text(rest, text, rest->length, &length) &&
        memchr(text, '\0', length) == NULL) {
        text[length] = '\0';
        return text;
    }
    free(text);
    return NULL;
}

bool handler_load(struct handler *handler, struct slice line)
{
    struct slice word;
    if (!watch_state_word(&line, &word))
        return false;
    if (slice_equal(word, SLICE("handler"))) {
        bool good = watch_state_number(&line, &handler->handed) &&
                    watch_state_number(&line, &handler->failed) &&
                    watch_state_number(&line, &handler->lost);
        handler->told_lost = handler->lost;
        return good;
    }
    if (!slice_equal(word, SLICE("alert")) || handler->command == NULL)
        return false;
    struct handler_item item = {.json = load_text(&line)};
    item.environment = item.json != NULL ? load_text(&line) : NULL;
    bool good = item.environment != NULL;
    if (good)
        append(handler, item);
    else
        free_item(&item);
    return good;
}

void handler_free(struct handler *handler)
{
    while (handler->count > 0)
        drop_first(handler);
}
