#include "uncovered.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <astray/descriptor.h>
#include <astray/memory.h>
#include <astray/process.h>
#include <astray/program.h>

#include "page.h"

enum { PAGE = 4096, VARIABLES_MAX = 65536, VALUE_MAX = 131072 /* MAX_ARG_STRLEN */ };

enum obstacle { NONE, STATIC, GO, SET_ID, MACHINE, LIBC, CLEARED, UNREADABLE, DEEPBIND };

/* The names are those of `astray status`. Arrays, so that the table needs no relocation. */
static const struct {
    char name[12];
    char why[48];
} obstacles[] = {
    [STATIC] = {"static", "it is linked statically"},
    [GO] = {"go", "it is a Go program, which needs no libc"},
    [SET_ID] = {"set-id", "it runs with raised privileges"},
    [MACHINE] = {"machine", "it is for another machine"},
    [LIBC] = {"libc", "it uses another C library"},
    [CLEARED] = {"cleared", "LD_PRELOAD is taken from its environment"},
    [UNREADABLE] = {"unreadable", "it may not be read, so nobody knows"},
    [DEEPBIND] = {"deepbind", "it is loaded with RTLD_DEEPBIND"},
};

/* ---- memory of the program ----------------------------------------------- */

/* The text at TEXT; data is NULL when it cannot be read, or is longer than MAX. */
static struct slice read_text(const char *text, size_t max)
{
    size_t length = 0;
    while (length < max) {
        const char *at = text + length;
        size_t left = PAGE - (uintptr_t)at % PAGE;
        if (!memory_readable(at, 1))
            break;
        const char *end = memchr(at, '\0', left);
        if (end != NULL)
            return (struct slice){text, (size_t)(end - text)};
        length += left;
    }
    return (struct slice){0};
}

/* Does VARIABLE begin with NAME ("PATH=")? Reads no more of it than that. */
static bool has_name(const char *variable, struct slice name)
{
    for (size_t i = 0; i < name.length; i++) {
        bool new_page = i == 0 || (uintptr_t)(variable + i) % PAGE == 0;
        if ((new_page && !memory_readable(variable + i, 1)) || variable[i] != name.data[i])
            return false;
    }
    return true;
}

/* Writes the value of NAME ("PATH="); data is NULL for none. False when not all of the environment
 * up to there can be read, which the kernel will refuse. */
static bool find_variable(char *const *environment, struct slice name, struct slice *value)
{
    *value = (struct slice){0};
    for (size_t i = 0; environment != NULL && i < VARIABLES_MAX; i++) {
        if (!memory_readable(&environment[i], sizeof *environment))
            return false;
        const char *variable = environment[i];
        if (variable == NULL)
            break;
        if (!memory_readable(variable, 1))
            return false;
        if (!has_name(variable, name))
            continue;
        *value = slice_from(read_text(variable, VALUE_MAX), name.length);
        break;
    }
    return true;
}

/* ---- does the library get there? ----------------------------------------- */

/* Is ENTRY one of LIST, as ld.so(8) splits LD_PRELOAD? */
static bool lists(struct slice list, struct slice entry)
{
    for (size_t start = 0, end; start < list.length; start = end + 1) {
        for (end = start; end < list.length && list.data[end] != ':' && list.data[end] != ' ';)
            end++;
        if (slice_equal((struct slice){list.data + start, end - start}, entry))
            return true;
    }
    return false;
}

/* Is the library preloaded into every program? */
static bool is_everywhere(struct program_window *window)
{
    ssize_t length = 0;
    long descriptor = syscall(SYS_openat, AT_FDCWD, "/etc/ld.so.preload", O_RDONLY | O_CLOEXEC, 0);
    if (descriptor >= 0) {
        length = process_read((int)descriptor, window->bytes, sizeof window->bytes);
        process_close((int)descriptor);
    }
    return length > 0 &&
           slice_matches((struct slice){window->bytes, (size_t)length}, SLICE("*/libastray.so*"));
}

static bool is_cleared(struct program *program, char *const *environment)
{
    struct slice list;
    return find_variable(environment, SLICE("LD_PRELOAD="), &list) &&
           !lists(list, slice_of(state.preloaded)) && !is_everywhere(&program->window);
}

/* One path for several machines, none of which musl's loader knows. */
static bool is_a_pattern(const char *preloaded)
{
    return strchr(preloaded, '$') != NULL;
}

/* Our own head, as it is mapped. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

static bool is_our_machine(const struct elf *elf)
{
    unsigned bits = __ehdr_start.e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
    bool big_endian = __ehdr_start.e_ident[EI_DATA] == ELFDATA2MSB;
    return elf->machine == __ehdr_start.e_machine && elf->bits == bits &&
           elf->big_endian == big_endian;
}

/* By its file alone. A program of musl takes our library, whichever it was built for. */
static enum obstacle find_in_file(const struct program *program)
{
    const struct elf *elf = &program->elf;
    if (elf_is_static(elf, program->path))
        return elf->go ? GO : STATIC;
    if (!is_our_machine(elf) && !is_a_pattern(state.preloaded))
        return MACHINE;
    if (elf->libc == ELF_LIBC_MUSL && is_a_pattern(state.preloaded))
        return LIBC;
    return elf->go ? GO : NONE;
}

static enum obstacle find_obstacle(struct program *program, enum program_status status,
                                   char *const *environment)
{
    if (status == PROGRAM_MISSING || status == PROGRAM_FOREIGN)
        return NONE; /* will not start; or a shell will read it, or nobody knows who */
    enum obstacle obstacle = status == PROGRAM_KNOWN ? find_in_file(program) : NONE;
    if (obstacle == NONE && program_privileges_of(program->path) != PROGRAM_ORDINARY)
        obstacle = SET_ID;
    if (obstacle == NONE && is_cleared(program, environment))
        obstacle = CLEARED;
    return obstacle == NONE && status == PROGRAM_UNREADABLE ? UNREADABLE : obstacle;
}

/* ---- the record ---------------------------------------------------------- */

static const struct slice process_category[] = {{"process", 7}};
static const struct slice information[] = {{"info", 4}};

/* bash[4711] starts /opt/backup without the library: it is linked statically */
static void set_message(struct page *page, struct slice what, enum obstacle obstacle)
{
    struct text *text = &page->texts;
    size_t start = text->length;
    text_slice(text, page->process->name);
    text_char(text, '[');
    text_number(text, (uint64_t)page->process->pid);
    text_string(text, obstacle == DEEPBIND ? "] loads " : "] starts ");
    text_slice(text, what);
    text_string(text, " without the library: ");
    text_string(text, obstacles[obstacle].why);
    record_set_text(&page->scratch->record, RECORD_MESSAGE, page_since(page, start));
}

static void write_record(struct page *page, const char *call, struct slice what,
                         enum obstacle obstacle)
{
    struct record *record = &page->scratch->record;
    struct slice ancestry[PROCESS_ANCESTORS_MAX];
    page_set_frame(page, process_category);
    page_set_process(page);
    page_set_ancestry(page, ancestry);
    record_set_list(record, RECORD_EVENT_TYPE, information, 1);
    record_set_text(record, RECORD_EVENT_ACTION, SLICE("uncovered"));
    record_set_text(record, RECORD_EVENT_OUTCOME,
                    obstacle == UNREADABLE ? SLICE("unknown") : SLICE("failure"));
    record_set_text(record, RECORD_EVENT_REASON, slice_of(obstacles[obstacle].name));
    record_set_text(record, RECORD_PROGRAM, what);
    record_set_text(record, RECORD_CALL, slice_of(call));
    set_message(page, what, obstacle);
    page_put(page);
}

/* A path below /proc/self/fd says nothing later: the one that it leads to, into the room of the
 * window. */
static struct slice name_of(struct program *program)
{
    char link[PROGRAM_PATH_SIZE / 64];
    struct text text;
    struct slice path = slice_of(program->path);
    if (!slice_starts_with(path, SLICE("/proc/self/fd/")))
        return path;
    int descriptor = descriptor_above_standard(
        syscall(SYS_openat, AT_FDCWD, program->path, O_PATH | O_CLOEXEC, 0));
    if (descriptor < 0)
        return path;
    text_start(&text, link, sizeof link);
    text_string(&text, "/proc/self/fd/");
    text_number(&text, (uint64_t)descriptor);
    long length = syscall(SYS_readlinkat, AT_FDCWD, text_finish(&text), program->window.bytes,
                          sizeof program->window.bytes);
    descriptor_close(descriptor);
    return length > 0 ? (struct slice){program->window.bytes, (size_t)length} : path;
}

static void tell(struct page *page, const char *call, enum program_status status,
                 char *const *environment)
{
    struct program *program = &page->scratch->program;
    enum obstacle obstacle = find_obstacle(program, status, environment);
    if (obstacle == NONE)
        return;
    struct slice name = name_of(program);
    if (!policy_concerns(state.policy, name))
        return;
    page_read_process_once(page);
    write_record(page, call, name, obstacle);
}

/* ---- what is watched ------------------------------------------------------ */

void uncovered_watch(const char *call, const char *path, char *const *environment)
{
    struct page page;
    int saved = errno;
    if (read_text(path, PROGRAM_PATH_SIZE).data != NULL && page_claim(&page)) {
        tell(&page, call, program_find(path, &page.scratch->program), environment);
        page_release(&page);
    }
    errno = saved;
}

/* FILE in FOLDER (empty: the current one), into the room that reading has. */
static const char *join(struct scratch *scratch, struct slice folder, struct slice file)
{
    struct text path;
    text_start(&path, scratch->reading, PROGRAM_PATH_SIZE);
    text_slice(&path, folder);
    if (folder.length > 0)
        text_char(&path, '/');
    text_slice(&path, file);
    return text_finish(&path);
}

void uncovered_watch_search(const char *call, const char *file, char *const *environment)
{
    struct page page;
    int saved = errno;
    struct slice name = read_text(file, PROGRAM_PATH_SIZE), folder;
    if (slice_find(name, '/') < name.length) {
        uncovered_watch(call, file, environment);
    } else if (name.length > 0 && page_claim(&page)) {
        struct slice rest;
        if (!find_variable(environ, SLICE("PATH="), &rest) || rest.data == NULL)
            rest = SLICE("/bin:/usr/bin");
        enum program_status status = PROGRAM_MISSING;
        while (status == PROGRAM_MISSING && slice_cut(&rest, ':', &folder))
            status = program_find(join(page.scratch, folder, name), &page.scratch->program);
        tell(&page, call, status, environment);
        page_release(&page);
    }
    errno = saved;
}

void uncovered_watch_at(const char *call, int directory, const char *path, char *const *environment,
                        int flags)
{
    char text[PROGRAM_PATH_SIZE / 8];
    struct slice name = read_text(path, PROGRAM_PATH_SIZE);
    if (name.data == NULL || (name.length == 0 && !(flags & AT_EMPTY_PATH)))
        return;
    if (*path == '/' || directory == AT_FDCWD) {
        uncovered_watch(call, path, environment);
        return;
    }
    struct text whole;
    text_start(&whole, text, sizeof text);
    text_string(&whole, "/proc/self/fd/");
    text_number(&whole, (uint64_t)directory);
    if (name.length > 0)
        text_char(&whole, '/');
    text_slice(&whole, name);
    uncovered_watch(call, text_finish(&whole), environment);
}

void uncovered_watch_plugin(const char *file)
{
    static atomic_flag told = ATOMIC_FLAG_INIT;
    struct page page;
    int saved = errno;
    struct slice name = read_text(file, PROGRAM_PATH_SIZE);
    if (name.length > 0 && !atomic_flag_test_and_set(&told) && page_open(&page)) {
        write_record(&page, "dlopen", name, DEEPBIND);
        page_release(&page);
    }
    errno = saved;
}
