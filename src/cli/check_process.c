#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"

#define PROCESS_FILE_MAX ((size_t)4 << 20)

typedef void on_result(void *context, struct check_result *result);

static int read_file(const char *path, struct buffer *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return -errno;
    for (;;) {
        ssize_t got = read(fd, buffer_reserve(out, 65536), 65536);
        int error = errno;
        if (got <= 0 || out->length > PROCESS_FILE_MAX) {
            close(fd);
            return got < 0 ? -error : 0;
        }
        out->length += (size_t)got;
    }
}

/* What is told about a process's arguments, judged as words of one command. */
struct arguments {
    struct judge judge;
    struct check_result *result;
};

static void on_finding(void *context, const struct finding *found)
{
    struct check_result *result = ((struct arguments *)context)->result;
    if (result->count >= CHECK_FINDINGS_MAX)
        return;
    result->findings =
        buffer_resize(result->findings, (result->count + 1) * sizeof *result->findings);
    struct check_finding *finding = &result->findings[result->count];
    *finding = (struct check_finding){
        .rule = found->rule,
        .level = found->level,
        .line = 1,
        .column = found->column + 1,
        .message = buffer_copy(slice_of(found->message)),
        .source = buffer_copy(SLICE("")),
        .name = buffer_copy(found->name),
        .fingerprint = found->rule * UINT64_C(0x9E3779B97F4A7C15) + result->count,
    };
    result->count++;
}

static void check_arguments(const struct check_settings *settings, const char *path,
                            struct slice text, struct check_result *result)
{
    struct arguments arguments = {.result = result};
    struct scan_words words = {0};
    struct scan scan;
    struct slice word;
    size_t start = 0;
    struct slice rest = text;
    *result = (struct check_result){.path = buffer_copy(slice_of(path)), .checked = true};
    judge_start(&arguments.judge, &settings->judge);
    arguments.judge.found = on_finding;
    arguments.judge.context = &arguments;
    arguments.judge.template = JUDGE_TEMPLATE; /* what a process was given is as it is */
    scan_start(&scan, judge_item, &arguments.judge);
    scan.container = true;
    while (slice_cut(&rest, '\0', &word)) {
        if (rest.data == NULL || word.length > SCAN_WORD_MAX)
            break;
        struct buffer none = {0};
        struct scan_word *one = scan_words_add(&words, &none);
        *one = (struct scan_word){.text = word, .column = start, .length = word.length};
        start += word.length + 1;
    }
    client_scan(&scan, words.items, words.count);
    scan_words_free(&words);
    scan_stop(&scan);
    judge_stop(&arguments.judge);
}

/* Both files of process PID; 0, or a negative errno when neither may be read. */
static int check_one(const struct check_settings *settings, const char *pid, on_result *done,
                     void *context)
{
    char path[64];
    struct buffer text = {0};
    struct check_result result;
    struct text name;
    text_start(&name, path, sizeof path);
    text_string(&name, "/proc/");
    text_string(&name, pid);
    size_t base = name.length;
    text_string(&name, "/environ");
    int error = read_file(text_finish(&name), &text);
    if (error == 0) {
        check_list(settings, path, buffer_all(&text), &result);
        done(context, &result);
        check_result_free(&result);
    }
    name.length = base;
    text_string(&name, "/cmdline");
    text.length = 0;
    int second = read_file(text_finish(&name), &text);
    if (second == 0 && text.length > 0) {
        check_arguments(settings, path, buffer_all(&text), &result);
        done(context, &result);
        check_result_free(&result);
    }
    buffer_free(&text);
    return error;
}

int check_process(const struct check_settings *settings, int pid, on_result *done, void *context)
{
    char digits[16];
    struct text text;
    text_start(&text, digits, sizeof digits);
    text_number(&text, (uint64_t)pid);
    return check_one(settings, text_finish(&text), done, context);
}

/* ---- all processes: each finding once ----------------------------------------------- */

struct all {
    on_result *done;
    void *context;
    uint64_t *told;
    size_t count, size;
};

static bool was_told(struct all *all, const struct check_finding *finding)
{
    uint64_t hash = slice_hash(SLICE_HASH_START + finding->rule, slice_of(finding->name));
    hash = slice_hash(hash, slice_of(finding->message));
    for (size_t i = 0; i < all->count; i++)
        if (all->told[i] == hash)
            return true;
    if (all->count == all->size) {
        all->size = all->size == 0 ? 64 : all->size * 2;
        all->told = buffer_resize(all->told, all->size * sizeof *all->told);
    }
    all->told[all->count++] = hash;
    return false;
}

/* A child has its parent's environment: what the parent's said is not said again. */
static void once(void *context, struct check_result *result)
{
    struct all *all = context;
    size_t kept = 0;
    for (size_t i = 0; i < result->count; i++) {
        struct check_finding *finding = &result->findings[i];
        if (!was_told(all, finding)) {
            result->findings[kept++] = *finding;
            continue;
        }
        free(finding->message);
        free(finding->source);
        free(finding->name);
    }
    result->count = kept;
    all->done(all->context, result);
}

void check_processes(const struct check_settings *settings, on_result *done, void *context)
{
    struct all all = {.done = done, .context = context};
    const struct dirent *entry;
    DIR *directory = opendir("/proc");
    if (directory == NULL)
        return;
    while ((entry = readdir(directory)) != NULL)
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
            (int)strtol(entry->d_name, NULL, 10) != getpid())
            check_one(settings, entry->d_name, once, &all);
    closedir(directory);
    free(all.told);
}

void check_own_environment(const struct check_settings *settings, on_result *done, void *context)
{
    struct buffer text = {0};
    struct check_result result;
    for (char **entry = environ; *entry != NULL; entry++) {
        buffer_string(&text, *entry);
        buffer_byte(&text, '\0');
    }
    check_list(settings, "environment", buffer_all(&text), &result);
    done(context, &result);
    check_result_free(&result);
    buffer_free(&text);
}
