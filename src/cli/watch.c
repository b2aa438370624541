#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <astray/record.h>
#include <astray/words.h>

#include "alert.h"
#include "follow.h"
#include "handler.h"
#include "metrics.h"
#include "notify.h"
#include "outlet.h"
#include "replace.h"
#include "say.h"
#include "seen.h"
#include "watch_state.h"
#include "when.h"

#define TEXTFILE_APART (WHEN_SECOND / 2)  /* between two writes while something happens */
#define TEXTFILE_EVERY (15 * WHEN_SECOND) /* a sign of life */
#define CATCH_UP_MAX (30 * WHEN_SECOND)   /* then the metrics are written all the same */
#define SYNC_EVERY WHEN_SECOND
#define SAVE_SHARE 20                   /* saving takes at most one part in so many of the time */
#define COMMAND_GRACE (5 * WHEN_SECOND) /* for the command that runs when we end */

struct watch {
    const struct watch_options *options;
    struct follow *follow;
    struct logfile_reader reader;
    struct seen seen;
    uint64_t seed; /* of what is hashed for it */
    struct windows windows;
    struct metrics metrics;
    struct handler handler;
    struct outlet outlet;
    struct notify notify;
    struct watch_state state;
    int signals;    /* a signalfd(2); -1 */
    bool stopping;  /* a signal asked for the end */
    int error;      /* output that failed: nothing counts as told behind it */
    bool caught_up; /* all that was there at the start has been read */
    bool fold_told;
    uint64_t stray;
    uint64_t newest;     /* the time up to which records have been read */
    uint64_t window_at;  /* when the next window ends */
    uint64_t unreadable; /* lines, of earlier runs */
    uint64_t too_long;   /* lines, of which metrics know */
    uint64_t handed;     /* commands that ended, of which the state knows */
    uint64_t began;
    uint64_t since; /* older records are left out; 0 when a state tells where to begin */
    bool unsaved, unsynced, unwritten; /* changes that state and textfile do not tell yet */
    uint64_t save_at, synced, written; /* when to save next; when that was done last */
    bool textfile_told, state_told;    /* that it failed */
};

/* ---- telling ---------------------------------------------------------- */

static void take_signals(struct watch *watch)
{
    struct signalfd_siginfo info;
    while (read(watch->signals, &info, sizeof info) == (ssize_t)sizeof info)
        if (info.ssi_signo != SIGCHLD)
            watch->stopping = true;
}

/* Whoever reads us is slow: that must keep neither the watchdog nor the end waiting. */
static bool wait_for_reader(void *context)
{
    struct watch *watch = context;
    notify_alive(&watch->notify);
    take_signals(watch);
    return !watch->stopping;
}

static void flush(struct watch *watch)
{
    if (watch->error != 0)
        return;
    watch->error = outlet_flush(&watch->outlet, wait_for_reader, watch);
    if (watch->error != 0)
        watch->stopping = true;
    if (watch->error != 0 && watch->error != -EINTR)
        say_errno("standard output", NULL, -watch->error);
}

static void tell(void *context, const struct alert *alert)
{
    struct watch *watch = context;
    if (watch->options->json)
        alert_write_json(alert, watch->outlet.stream);
    else
        alert_write_text(alert, watch->outlet.stream, watch->options->color);
    handler_add(&watch->handler, alert);
    if (outlet_is_full(&watch->outlet))
        flush(watch);
}

static enum watch_kind kind_of(const struct sight *sight)
{
    static const enum watch_kind kinds[] = {
        [GROUP_STRAY] = WATCH_STRAY,
        [GROUP_FAILED] = WATCH_FAILED,
        [GROUP_NOTE] = WATCH_MISCONFIGURED,
    };
    if (slice_equal(sight->texts[GROUP_ACTION], SLICE("uncovered")))
        return WATCH_UNCOVERED;
    return kinds[sight->kind];
}

/* Is it something that happened, and no outcome of what was told before? */
static bool is_news(const struct sight *sight, enum watch_kind kind)
{
    return kind == WATCH_UNCOVERED || kind == WATCH_MISCONFIGURED || sight->attempt;
}

static void tell_sight(struct watch *watch, const struct sight *sight, struct slice line,
                       uint64_t time)
{
    const struct windows_rule *rule = &watch->options->rule;
    struct alert alert;
    if (rule->threshold.count > 0 || rule->dedup > 0) {
        windows_take(&watch->windows, sight, line, time);
        if (rule->dedup > 0 && time + rule->dedup < watch->window_at)
            watch->window_at = time + rule->dedup;
        return;
    }
    alert_of_sight(&alert, sight);
    alert.line = line;
    tell(watch, &alert);
}

/* ---- records ---------------------------------------------------------- */

/* The same line with the same event.id was read before, of a copy or of a log that was sent
 * again. The whole line counts: who may write one log cannot hide what is in another. */
static bool is_repeated(struct watch *watch, const struct record_line *record, struct slice line)
{
    return record->fields[RECORD_EVENT_ID].length > 0 &&
           !seen_add(&watch->seen, words_hash(watch->seed, line));
}

static void take_record(struct watch *watch, const struct record_line *record, struct slice line)
{
    struct sight sight;
    uint64_t now = when_now();
    sight_read(record, &sight);
    if (sight.time < watch->since)
        return;
    if (is_repeated(watch, record, line)) {
        watch->metrics.totals[METRICS_REPEATED]++;
        return;
    }
    sight_read_texts(&sight);
    metrics_take(&watch->metrics, &sight, now);
    enum watch_kind kind = kind_of(&sight);
    uint64_t time = sight.time != 0 && sight.time < now ? sight.time : now;
    if (time > watch->newest)
        watch->newest = time;
    watch->stray += kind == WATCH_STRAY && sight.attempt;
    if ((kind & watch->options->kinds) != 0 && is_news(&sight, kind))
        tell_sight(watch, &sight, line, time);
}

static void take(void *context, struct slice line, bool complete)
{
    struct watch *watch = context;
    struct record_line record;
    (void)complete;
    if (line.length == 0 || watch->error != 0)
        return;
    watch->unsaved = watch->unsynced = watch->unwritten = true;
    if (record_decode(line, &record) == RECORD_OK)
        take_record(watch, &record, line);
    else
        watch->metrics.totals[METRICS_UNREADABLE]++;
}

/* Reading a large compressed log takes long. */
static void note_progress(void *context, uint64_t bytes)
{
    struct watch *watch = context;
    (void)bytes;
    notify_alive(&watch->notify);
}

static void count_too_long(struct watch *watch)
{
    uint64_t count = follow_counts(watch->follow)->too_long;
    watch->metrics.totals[METRICS_UNREADABLE] += count - watch->too_long;
    watch->too_long = count;
}

/* ---- state ------------------------------------------------------------ */

static char *encode_state(struct watch *watch, bool ended, size_t *length)
{
    char *text = NULL;
    FILE *stream = open_memstream(&text, length);
    if (stream == NULL)
        return NULL;
    watch_state_begin(stream, watch->state.generation + 1);
    fprintf(stream, "ended %d\n", ended);
    follow_save(watch->follow, stream);
    metrics_save(&watch->metrics, stream);
    windows_save(&watch->windows, stream);
    handler_save(&watch->handler, stream);
    fflush(stream);
    watch_state_seal(stream, (struct slice){text, *length});
    if (fclose(stream) == 0)
        return text;
    free(text);
    return NULL;
}

static void save(struct watch *watch, bool sync, bool ended)
{
    size_t length;
    uint64_t began = when_now();
    if (watch->state.directory < 0 || watch->error != 0)
        return;
    char *text = encode_state(watch, ended, &length);
    int error = text == NULL ? -ENOMEM
                             : watch_state_save(&watch->state, (struct slice){text, length}, sync);
    free(text);
    if (error != 0 && !watch->state_told)
        say_errno("cannot save the state", watch->options->state, -error);
    watch->state_told = error != 0;
    uint64_t now = when_now();
    watch->unsaved = false;
    if (sync) {
        watch->unsynced = false;
        watch->synced = now;
    } else {
        watch->save_at = now + (now > began ? now - began : 0) * SAVE_SHARE;
    }
}

/* Saves what was told since; onto the disk every second. */
static void save_when_due(struct watch *watch)
{
    uint64_t now = when_now();
    if (watch->handed != watch->handler.handed + watch->handler.failed) {
        watch->handed = watch->handler.handed + watch->handler.failed;
        watch->unsaved = watch->unsynced = true;
    }
    if (watch->unsaved && now >= watch->save_at)
        save(watch, false, false);
    if (watch->unsynced && now - watch->synced >= SYNC_EVERY)
        save(watch, true, false);
}

static void load_line(struct watch *watch, struct slice line, bool *ended)
{
    if (slice_equal(line, SLICE("ended 1")))
        *ended = true;
    else if (!follow_load(watch->follow, line) && !metrics_load(&watch->metrics, line) &&
             !windows_load(&watch->windows, line))
        handler_load(&watch->handler, line);
}

static void load(struct watch *watch)
{
    char *lines = NULL;
    size_t length = 0;
    bool ended = false;
    enum watch_state_found found = watch_state_load(&watch->state, &lines, &length);
    struct slice rest = {lines, length}, line;
    if (found == WATCH_STATE_DAMAGED)
        say_error("the state is damaged", watch->options->state,
                  "starting as if there were none (see --since); counters begin at 0");
    if (found != WATCH_STATE_WHOLE)
        return;
    while (slice_cut(&rest, '\n', &line))
        load_line(watch, line, &ended);
    free(lines);
    watch->since = 0;
    watch->unreadable = watch->metrics.totals[METRICS_UNREADABLE];
    watch->handed = watch->handler.handed + watch->handler.failed;
    if (!ended)
        say_note("the last watch was not ended in order: what it told last may be told again; "
                 "event.id tells, and the metrics count it once");
}

/* ---- metrics ---------------------------------------------------------- */

static void write_own(const struct watch *watch, FILE *stream)
{
    const struct handler *handler = &watch->handler;
    metrics_write_one(stream, "astray_watch_files", "gauge", "Logs that are followed.",
                      follow_file_count(watch->follow));
    metrics_write_one(stream, "astray_watch_folded_records_total", "counter",
                      "Records of too many groups to be told apart.",
                      watch->windows.folded_records);
    metrics_write_one(stream, "astray_watch_queue", "gauge", "Alerts that wait for the command.",
                      handler->count);
    fputs("# HELP astray_watch_commands_total Alerts for the command, by what became of them.\n"
          "# TYPE astray_watch_commands_total counter\n",
          stream);
    fprintf(stream,
            "astray_watch_commands_total{result=\"success\"} %" PRIu64 "\n"
            "astray_watch_commands_total{result=\"failure\"} %" PRIu64 "\n"
            "astray_watch_commands_total{result=\"lost\"} %" PRIu64 "\n",
            handler->handed, handler->failed, handler->lost);
}

/* The state goes first: what the file has told is never taken back after a crash. Nor does it tell
 * what was read and could not be told. */
static void write_textfile(struct watch *watch)
{
    char *text = NULL;
    size_t length = 0;
    const char *path = watch->options->textfile;
    FILE *stream = path != NULL && watch->error == 0 ? open_memstream(&text, &length) : NULL;
    if (stream == NULL)
        return;
    if (watch->unsaved)
        save(watch, false, false);
    metrics_write(&watch->metrics, stream);
    write_own(watch, stream);
    int error = fclose(stream) != 0
                    ? -ENOMEM
                    : replace_file(AT_FDCWD, path, (struct slice){text, length}, 0644, false);
    free(text);
    if (error != 0 && !watch->textfile_told)
        say_errno("cannot write the metrics", path, -error);
    watch->textfile_told = error != 0;
    watch->written = when_now();
    watch->unwritten = false;
}

static uint64_t textfile_due(const struct watch *watch)
{
    if (watch->options->textfile == NULL)
        return UINT64_MAX;
    return watch->written + (watch->unwritten ? TEXTFILE_APART : TEXTFILE_EVERY);
}

static void write_when_due(struct watch *watch)
{
    uint64_t now = when_now();
    if (!watch->caught_up && now - watch->began < CATCH_UP_MAX)
        return;
    if (now >= textfile_due(watch))
        write_textfile(watch);
}

/* ---- the loop --------------------------------------------------------- */

/* Windows end by the clock when all has been read, else by the time of what is read. */
static void expire(struct watch *watch, bool more)
{
    uint64_t now = more ? watch->newest : when_now();
    if (now >= watch->window_at) {
        watch->window_at = windows_expire(&watch->windows, now);
        watch->unsaved = watch->unsynced = true;
    }
    if (watch->windows.folded_records > 0 && !watch->fold_told) {
        watch->fold_told = true;
        say_note("more than %d groups at a time: those that come now are told as one", WINDOWS_MAX);
    }
}

static int least(int left, int right)
{
    return right >= 0 && right < left ? right : left;
}

static int until(uint64_t time)
{
    uint64_t now = when_now();
    if (time == UINT64_MAX)
        return -1;
    uint64_t left = time > now ? (time - now) / 1000 + 1 : 0;
    return left > INT_MAX ? INT_MAX : (int)left;
}

static int wait_at_most(struct watch *watch)
{
    int wait = follow_wait(watch->follow);
    wait = least(wait, notify_alive(&watch->notify));
    wait = least(wait, handler_wait(&watch->handler));
    wait = least(wait, until(watch->window_at));
    wait = least(wait, until(textfile_due(watch)));
    if (watch->state.directory >= 0 && watch->unsaved)
        wait = least(wait, until(watch->save_at));
    if (watch->state.directory >= 0 && watch->unsynced)
        wait = least(wait, until(watch->synced + SYNC_EVERY));
    return wait;
}

static void wait_for_something(struct watch *watch)
{
    struct pollfd polls[FOLLOW_POLLS + 1];
    size_t count = follow_polls(watch->follow, polls);
    polls[count++] = (struct pollfd){.fd = watch->signals, .events = POLLIN};
    poll(polls, (nfds_t)count, wait_at_most(watch));
}

/* One round. True while there is something to wait for. */
static bool go_on(struct watch *watch)
{
    bool more = follow_step(watch->follow);
    count_too_long(watch);
    expire(watch, more);
    flush(watch);
    handler_step(&watch->handler);
    watch->caught_up = watch->caught_up || !more;
    save_when_due(watch);
    write_when_due(watch);
    notify_alive(&watch->notify);
    take_signals(watch);
    if (watch->stopping || (!more && follow_ended(watch->follow)))
        return false;
    if (!more)
        wait_for_something(watch);
    return true;
}

/* At an end of its own all that is queued is handed over; when we are told to end, the command
 * that runs may finish. */
static void finish_commands(struct watch *watch)
{
    uint64_t patience = when_now() + COMMAND_GRACE;
    while (watch->handler.count > 0) {
        watch->handler.stopping = watch->stopping;
        handler_step(&watch->handler);
        if (watch->stopping && (watch->handler.child == 0 || when_now() >= patience))
            break;
        struct pollfd polls = {.fd = watch->signals, .events = POLLIN};
        poll(&polls, 1,
             least(least(1000, handler_wait(&watch->handler)), notify_alive(&watch->notify)));
        take_signals(watch);
    }
    handler_stop(&watch->handler);
    if (watch->handler.count > 0 && watch->state.directory < 0)
        say_note("%zu alerts were not handed to the command: it ended too soon",
                 watch->handler.count);
}

static void finish(struct watch *watch)
{
    notify_send(&watch->notify, "STOPPING=1");
    watch->caught_up = true;
    if (watch->state.directory < 0 || !watch->stopping)
        windows_expire(&watch->windows, UINT64_MAX);
    flush(watch);
    finish_commands(watch);
    write_textfile(watch);
    save(watch, true, true);
    uint64_t unreadable = watch->metrics.totals[METRICS_UNREADABLE] - watch->unreadable;
    if (unreadable > 0)
        say_note("%" PRIu64 " lines are no records", unreadable);
}

/* ---- beginning and end ------------------------------------------------ */

/* Signals come to us through a descriptor; a reader that goes away is told by write(2). */
static int open_signals(sigset_t *before)
{
    sigset_t set;
    struct sigaction standard = {.sa_handler = SIG_DFL}, ignore = {.sa_handler = SIG_IGN};
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    sigaction(SIGCHLD, &standard, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    sigprocmask(SIG_BLOCK, &set, before);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int open_state(struct watch *watch)
{
    if (watch->options->state == NULL)
        return 0;
    int error = watch_state_open(&watch->state, watch->options->state);
    if (error == -EWOULDBLOCK)
        say_error("the state", watch->options->state, "belongs to another watch that runs");
    else if (error != 0)
        say_errno("cannot open the state", watch->options->state, -error);
    else
        load(watch);
    return error;
}

static int prepare(struct watch *watch)
{
    const struct watch_options *options = watch->options;
    const struct follow_plan plan = {options->once, options->since};
    watch->reader = (struct logfile_reader){
        .take = take, .context = watch, .progress = note_progress, .progress_context = watch};
    watch->follow = follow_new(&plan, &watch->reader);
    if (watch->follow == NULL || !seen_start(&watch->seen, SEEN_MAX) ||
        !outlet_start(&watch->outlet, STDOUT_FILENO)) {
        say_errno("cannot watch", NULL, ENOMEM);
        return -ENOMEM;
    }
    for (size_t i = 0; i < options->path_count; i++) {
        int error = follow_add(watch->follow, options->paths[i]);
        if (error != 0) {
            say_errno("cannot follow", options->paths[i], -error);
            return error;
        }
    }
    return open_state(watch);
}

static void clean_up(struct watch *watch)
{
    handler_free(&watch->handler);
    windows_free(&watch->windows);
    seen_free(&watch->seen);
    outlet_free(&watch->outlet);
    follow_free(watch->follow);
    watch_state_close(&watch->state);
    notify_end(&watch->notify);
    if (watch->signals >= 0)
        close(watch->signals);
}

int watch_run(const struct watch_options *options, struct watch_result *result)
{
    struct watch *watch = calloc(1, sizeof *watch);
    sigset_t before;
    if (watch == NULL)
        return -ENOMEM;
    watch->options = options;
    watch->began = when_now();
    if (getrandom(&watch->seed, sizeof watch->seed, GRND_NONBLOCK) < 0)
        watch->seed = watch->began;
    watch->since = options->since;
    watch->window_at = UINT64_MAX;
    watch->unsaved = watch->unsynced = watch->unwritten = true;
    watch->state.directory = -1;
    watch->signals = open_signals(&before);
    notify_start(&watch->notify);
    handler_start(&watch->handler, options->command, options->command_limit);
    windows_start(&watch->windows, &options->rule, WINDOWS_MAX, watch->seed);
    watch->windows.tell = tell;
    watch->windows.context = watch;
    int error = prepare(watch);
    if (error == 0) {
        watch->window_at = windows_expire(&watch->windows, 0);
        if (go_on(watch)) {
            notify_send(&watch->notify, "READY=1");
            while (go_on(watch))
                ;
        }
        finish(watch);
        error = watch->error == -EINTR ? 0 : watch->error;
        if (error == 0 && (watch->textfile_told || watch->state_told))
            error = -EIO;
    }
    result->stray = watch->stray;
    clean_up(watch);
    free(watch);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return error;
}
