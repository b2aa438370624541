#include <astray/process.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <astray/mask.h>

#define ARGS_TOTAL 2560
#define LINE_LONGEST 768
#define TEXT_LONGEST 256
#define NAME_LONGEST (PROCESS_NAME_SIZE - 1)

/* Of the texts: the executables, the working directory and the unit; of the names: the base name,
 * the program, the name, the host. */
_Static_assert(ARGS_TOTAL + LINE_LONGEST + 4 * TEXT_LONGEST +
                       (4 + PROCESS_ANCESTORS_MAX) * NAME_LONGEST <=
                   PROCESS_STORAGE,
               "all that is kept has room");

#ifdef SYS_geteuid32
#define GETEUID SYS_geteuid32
#else
#define GETEUID SYS_geteuid
#endif

/* ---- system calls ----------------------------------------------------- */

/* The system call's result, or -errno; errno itself stays. */
static long raw(long number, long a, long b, long c, long d)
{
    int saved = errno;
    long result = syscall(number, a, b, c, d);
    if (result < 0)
        result = -errno;
    errno = saved;
    return result;
}

pid_t process_pid(void)
{
    return (pid_t)raw(SYS_getpid, 0, 0, 0, 0);
}

pid_t process_tid(void)
{
    return (pid_t)raw(SYS_gettid, 0, 0, 0, 0);
}

#define PATH_SIZE 64

static void proc_path(pid_t pid, const char *file, char out[static PATH_SIZE])
{
    struct text path;
    text_start(&path, out, PATH_SIZE);
    text_string(&path, "/proc/");
    if (pid == 0)
        text_string(&path, "self");
    else
        text_number(&path, (uint64_t)pid);
    text_char(&path, '/');
    text_string(&path, file);
    text_finish(&path);
}

int process_open(pid_t pid, const char *file)
{
    char path[PATH_SIZE];
    proc_path(pid, file, path);
    return (int)raw(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC | O_NOCTTY, 0);
}

/* One read: what is not there at once is not there at all below /proc. */
ssize_t process_read(int descriptor, char *out, size_t size)
{
    long got;
    do {
        got = raw(SYS_read, descriptor, (long)out, (long)size, 0);
    } while (got == -EINTR);
    return (ssize_t)got;
}

void process_close(int descriptor)
{
    raw(SYS_close, descriptor, 0, 0, 0);
}

ssize_t process_read_file(pid_t pid, const char *file, char *out, size_t size)
{
    int descriptor = process_open(pid, file);
    if (descriptor < 0)
        return descriptor;
    ssize_t length = process_read(descriptor, out, size);
    process_close(descriptor);
    return length;
}

static struct slice read_text(pid_t pid, const char *file, char *buffer, size_t size)
{
    ssize_t length = process_read_file(pid, file, buffer, size);
    if (length <= 0)
        return (struct slice){0};
    return (struct slice){.data = buffer, .length = (size_t)length};
}

/* The path without what the kernel says behind it once the file is gone. */
static struct slice before_deleted(struct slice path)
{
    if (slice_ends_with(path, SLICE(" (deleted)")))
        path.length -= strlen(" (deleted)");
    return path;
}

static struct slice read_executable(pid_t pid, char *buffer, size_t size)
{
    char path[PATH_SIZE];
    proc_path(pid, "exe", path);
    long length = raw(SYS_readlinkat, AT_FDCWD, (long)path, (long)buffer, (long)size);
    if (length <= 0)
        return (struct slice){0};
    return before_deleted((struct slice){.data = buffer, .length = (size_t)length});
}

/* ---- names ------------------------------------------------------------ */

/* How an interpreter's arguments lead to its script. Each column of letters: in `values` those
 * whose value is the next argument, or stands behind the letter; in `attached` those that take
 * what stands behind them; in `code` those behind which there is no script at all; in `script`
 * and `module` those whose value is the script or a module's name. `words`: long options whose
 * value is the next argument, each between blanks. Texts are arrays, so that the table needs no
 * relocation in every program that is started. Source: the interpreters' manuals. */
struct interpreter {
    char program[12];
    char values[8];
    char attached[12];
    char code[8];
    char script[4];
    char module[4];
    char words[88];
    bool operand; /* the first operand is the script */
};

// clang-format off
static const struct interpreter interpreters[] = {
    /* program     values     attached    code   script module words                   operand */
    {"sh",         "oO",      "",         "cs",  "",    "",    "",                        true},
    {"bash",       "oO",      "",         "cs",  "",    "",    " --rcfile --init-file ",  true},
    {"rbash",      "oO",      "",         "cs",  "",    "",    " --rcfile --init-file ",  true},
    {"dash",       "o",       "",         "cs",  "",    "",    "",                        true},
    {"ash",        "o",       "",         "cs",  "",    "",    "",                        true},
    {"ksh*",       "oR",      "",         "cs",  "",    "",    "",                        true},
    {"mksh",       "oT",      "",         "cs",  "",    "",    "",                        true},
    {"zsh",        "o",       "",         "cs",  "",    "",    " --emulate ",             true},
    {"fish",       "CdoDp",   "",         "c",   "",    "",    " --init-command --debug ", true},
    {"python",     "WX",      "",         "c",   "",    "m",   " --check-hash-based-pycs ", true},
    {"python2*",   "WQ",      "",         "c",   "",    "m",   "",                        true},
    {"python3*",   "WX",      "",         "c",   "",    "m",   " --check-hash-based-pycs ", true},
    {"pypy*",      "WX",      "",         "c",   "",    "m",   "",                        true},
    {"perl",       "I",       "DFMVdimx", "eE", "",     "",    "",                        true},
    {"perl5*",     "I",       "DFMVdimx", "eE", "",     "",    "",                        true},
    {"ruby",       "CEIr",    "FKWix",    "e",   "",    "",    " --encoding ",            true},
    {"ruby2*",     "CEIr",    "FKWix",    "e",   "",    "",    " --encoding ",            true},
    {"ruby3*",     "CEIr",    "FKWix",    "e",   "",    "",    " --encoding ",            true},
    {"jruby",      "CEIr",    "FKWix",    "e",   "",    "",    "",                        true},
    {"node",       "rC",      "",         "ep",  "",    "",
     " --require --import --loader --experimental-loader --conditions --title ",         true},
    {"nodejs",     "rC",      "",         "ep",  "",    "",
     " --require --import --loader --experimental-loader --conditions --title ",         true},
    {"php",        "cdgStz",  "",         "rBRE", "fF", "",    " --define --php-ini ",    true},
    {"php7*",      "cdgStz",  "",         "rBRE", "fF", "",    " --define --php-ini ",    true},
    {"php8*",      "cdgStz",  "",         "rBRE", "fF", "",    " --define --php-ini ",    true},
    {"lua",        "el",      "",         "",    "",    "",    "",                        true},
    {"lua5*",      "el",      "",         "",    "",    "",    "",                        true},
    {"luajit*",    "ejl",     "O",        "",    "",    "",    "",                        true},
    {"tclsh*",     "",        "",         "",    "",    "",    " -encoding ",             true},
    {"wish*",      "",        "",         "",    "",    "",    " -encoding ",             true},
    {"expect",     "c",       "",         "",    "f",   "",    "",                        true},
    {"awk",        "Fv",      "",         "",    "f",   "",    "",                        false},
    {"gawk",       "Fveil",   "",         "",    "fE",  "",    "",                        false},
    {"mawk",       "FvW",     "",         "",    "f",   "",    "",                        false},
    {"nawk",       "Fv",      "",         "",    "f",   "",    "",                        false},
    {"Rscript",    "",        "",         "e",   "",    "",    "",                        true},
    {"java",       "",        "DXWeadsv", "",    "",    "",
     " -cp -classpath --class-path -p --module-path --add-modules --add-opens ",          true},
};
// clang-format on

/* Commands that only run the rest of their arguments: which of their letters take a value. */
struct wrapper {
    char program[8];
    char values[4];
    bool options; /* has options and assignments before the command */
};

static const struct wrapper wrappers[] = {
    {"busybox", "", false},
    {"toybox", "", false},
    {"env", "uC", true},
};

static bool has_letter(const char *letters, char letter)
{
    return letter != '\0' && strchr(letters, letter) != NULL;
}

/* A daemon's title up to its colon, and a login shell without its hyphen. */
static struct slice title_of(struct slice argument)
{
    for (size_t i = 0; i + 1 < argument.length; i++)
        if (argument.data[i] == ':' && argument.data[i + 1] == ' ')
            argument.length = i;
    if (argument.length > 1 && argument.data[0] == '-')
        argument = slice_from(argument, 1);
    return slice_base(argument);
}

static const struct interpreter *interpreter_of(struct slice program)
{
    char first = program.length == 0 ? '\0' : program.data[0];
    for (size_t i = 0; i < sizeof interpreters / sizeof *interpreters; i++)
        if (interpreters[i].program[0] == first && /* no glob begins with a wildcard */
            slice_matches(program, slice_of(interpreters[i].program)))
            return &interpreters[i];
    return NULL;
}

static bool next_argument(struct slice *rest, struct slice *argument)
{
    if (rest->length == 0)
        return false;
    return slice_cut(rest, '\0', argument);
}

/* Drops `busybox`, `env -i NAME=value` and the like from the front of *REST, and gives the
 * argument behind them. */
static bool skip_wrappers(struct slice *rest, struct slice *program)
{
    struct slice argument;
    if (!next_argument(rest, &argument))
        return false;
    *program = title_of(argument);
    for (size_t i = 0; i < sizeof wrappers / sizeof *wrappers; i++) {
        if (!slice_equal(*program, slice_of(wrappers[i].program)))
            continue;
        struct slice ahead = *rest;
        bool found = next_argument(&ahead, &argument);
        while (found && wrappers[i].options &&
               (slice_starts_with(argument, SLICE("-")) ||
                slice_find(argument, '=') < argument.length)) {
            bool value = argument.length == 2 && has_letter(wrappers[i].values, argument.data[1]);
            found =
                next_argument(&ahead, &argument) && (!value || next_argument(&ahead, &argument));
        }
        if (!found || argument.length == 0 || argument.data[0] == '-')
            return true;
        *program = title_of(argument);
        *rest = ahead;
        return true;
    }
    return true;
}

static bool is_word(const char *words, struct slice option)
{
    struct slice rest = slice_of(words), word;
    while (slice_cut(&rest, ' ', &word))
        if (word.length > 0 && slice_equal(word, option))
            return true;
    return false;
}

enum option_meaning { OPTION_FLAG, OPTION_VALUE, OPTION_CODE, OPTION_SCRIPT, OPTION_MODULE };

/* What OPTION (with its hyphen) does; *ATTACHED becomes what stands behind its letter. */
static enum option_meaning option_meaning_of(const struct interpreter *interpreter,
                                             struct slice option, struct slice *attached)
{
    *attached = (struct slice){0};
    if (slice_equal(option, SLICE("-jar")))
        return OPTION_SCRIPT;
    if (slice_equal(option, SLICE("--eval")) || slice_equal(option, SLICE("--print")))
        return OPTION_CODE;
    if (is_word(interpreter->words, option))
        return OPTION_VALUE;
    if (slice_starts_with(option, SLICE("--")))
        return OPTION_FLAG;
    for (size_t i = 1; i < option.length; i++) {
        char letter = option.data[i];
        *attached = slice_from(option, i + 1);
        if (has_letter(interpreter->code, letter))
            return OPTION_CODE;
        if (has_letter(interpreter->module, letter))
            return OPTION_MODULE;
        if (has_letter(interpreter->script, letter))
            return OPTION_SCRIPT;
        if (has_letter(interpreter->values, letter))
            return OPTION_VALUE;
        if (has_letter(interpreter->attached, letter))
            return OPTION_FLAG;
    }
    return OPTION_FLAG;
}

static struct slice script_of(const struct interpreter *interpreter, struct slice rest)
{
    struct slice argument, attached;
    while (next_argument(&rest, &argument)) {
        if (slice_equal(argument, SLICE("--"))) {
            if (!interpreter->operand || !next_argument(&rest, &argument))
                break;
            return slice_base(argument);
        }
        bool option = argument.length > 1 && (argument.data[0] == '-' || argument.data[0] == '+');
        if (!option)
            return interpreter->operand && !slice_equal(argument, SLICE("-")) ? slice_base(argument)
                                                                              : (struct slice){0};
        enum option_meaning meaning = option_meaning_of(interpreter, argument, &attached);
        if (meaning == OPTION_CODE)
            break;
        if (meaning == OPTION_FLAG)
            continue;
        if (attached.length == 0 && !next_argument(&rest, &attached))
            break;
        if (meaning == OPTION_SCRIPT || meaning == OPTION_MODULE)
            return slice_base(attached);
    }
    return (struct slice){0};
}

struct slice process_name_of(struct slice command_line)
{
    struct slice program;
    if (!skip_wrappers(&command_line, &program))
        return (struct slice){0};
    const struct interpreter *interpreter = interpreter_of(program);
    if (interpreter == NULL)
        return program;
    struct slice script = script_of(interpreter, command_line);
    uint64_t descriptor; /* `bash /dev/fd/63` has no name */
    if (script.length == 0 || slice_number(script, UINT32_MAX, &descriptor))
        return program;
    return script;
}

/* ---- stat and cgroup -------------------------------------------------- */

bool process_stat_parse(struct slice stat, struct process_stat *out)
{
    size_t open = slice_find(stat, '('), close = stat.length;
    while (close > 0 && stat.data[close - 1] != ')')
        close--;
    if (open == stat.length || close <= open + 1)
        return false;
    struct process_stat result = {.command = {stat.data + open + 1, close - open - 2}};
    struct slice rest = slice_trim(slice_from(stat, close)), field;
    uint64_t number;
    /* The first field behind the name is the third of proc(5). */
    for (unsigned n = 3; n <= 22; n++) {
        if (!slice_cut(&rest, ' ', &field))
            return false;
        if (n == 4) {
            if (!slice_number(field, INT32_MAX, &number))
                return false;
            result.parent = (pid_t)number;
        } else if (n == 22 && !slice_number(field, UINT64_MAX, &result.started)) {
            return false;
        }
    }
    *out = result;
    return true;
}

/* docker-<id>.scope, libpod-<id>.scope, cri-containerd-<id>.scope: 64 hex digits. */
static bool is_container(struct slice scope)
{
    size_t end = scope.length - strlen(".scope"), digits = 0;
    while (digits < end) {
        char c = scope.data[end - 1 - digits];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            break;
        digits++;
    }
    return digits >= 32;
}

static struct slice unit_in_path(struct slice path, bool *service)
{
    struct slice found = {0}, part;
    *service = false;
    path = before_deleted(path);
    while (slice_cut(&path, '/', &part)) {
        if (part.length > strlen(".service") && slice_ends_with(part, SLICE(".service"))) {
            *service = true;
            found = part;
        } else if (!*service && part.length > strlen(".scope") &&
                   slice_ends_with(part, SLICE(".scope")) && !is_container(part)) {
            found = part;
        }
    }
    return found;
}

struct slice process_unit_of(struct slice cgroup)
{
    struct slice line, scope = {0};
    while (slice_cut(&cgroup, '\n', &line)) {
        size_t first = slice_find(line, ':');
        struct slice controllers = slice_from(line, first + 1);
        size_t second = slice_find(controllers, ':');
        struct slice path = slice_from(controllers, second + 1);
        controllers.length = second;
        if (path.length == 0 ||
            (controllers.length > 0 && !slice_equal(controllers, SLICE("name=systemd"))))
            continue;
        bool service;
        struct slice unit = unit_in_path(path, &service);
        if (service)
            return unit;
        if (scope.length == 0)
            scope = unit;
    }
    return scope;
}

/* ---- reading ---------------------------------------------------------- */

static struct slice keep(struct process *out, struct slice text, size_t longest)
{
    size_t room = PROCESS_STORAGE - out->used;
    if (text.length > longest)
        text.length = longest;
    if (text.length > room)
        text.length = room;
    if (text.length == 0)
        return (struct slice){0};
    char *start = out->storage + out->used;
    memcpy(start, text.data, text.length);
    out->used += text.length;
    return (struct slice){.data = start, .length = text.length};
}

/* An argument that the buffer cut may end within a secret: only its whole words count. */
static struct slice whole_words(struct slice argument)
{
    while (argument.length > 0 && argument.data[argument.length - 1] != ' ' &&
           argument.data[argument.length - 1] != '\n')
        argument.length--;
    return argument;
}

static size_t keep_masked(struct process *out, struct slice previous, struct slice argument,
                          size_t room)
{
    struct text masked;
    if (room > TEXT_LONGEST)
        room = TEXT_LONGEST;
    text_start(&masked, out->storage + out->used, room);
    mask_argument(out->program, previous, argument, &masked);
    struct slice done = text_done(&masked);
    out->args[out->arg_count++] = done;
    out->used += done.length;
    return done.length;
}

static void keep_args(struct process *out, struct slice command_line, bool cut)
{
    size_t room = ARGS_TOTAL;
    struct slice argument, previous = {0};
    while (next_argument(&command_line, &argument)) {
        bool last = command_line.length == 0;
        if (last && cut)
            argument = whole_words(argument);
        if (out->arg_count == PROCESS_ARGS_MAX - 1 ? !last : room < TEXT_LONGEST) {
            cut = true;
            break;
        }
        if (last && cut && argument.length == 0)
            break;
        room -= keep_masked(out, previous, argument, room);
        previous = argument;
    }
    if (cut && out->arg_count < PROCESS_ARGS_MAX)
        out->args[out->arg_count++] = SLICE("...");
}

static struct slice program_of(struct slice executable, struct slice command_line)
{
    struct slice program = slice_base(executable);
    for (size_t i = 0; i < sizeof wrappers / sizeof *wrappers; i++) {
        if (wrappers[i].options || !slice_equal(program, slice_of(wrappers[i].program)))
            continue;
        struct slice applet;
        if (skip_wrappers(&command_line, &applet))
            return applet;
    }
    return program;
}

static void read_command(struct process *out, bool with_args, char buffer[static PROCESS_SCRATCH])
{
    struct slice path = read_executable(0, buffer, PROCESS_SCRATCH);
    out->executable = keep(out, path, TEXT_LONGEST);
    struct slice base = keep(out, slice_base(path), NAME_LONGEST);

    struct slice line = read_text(0, "cmdline", buffer, PROCESS_SCRATCH);
    bool cut = line.length == PROCESS_SCRATCH && line.data[PROCESS_SCRATCH - 1] != '\0';
    struct slice applet = program_of(base, line);
    out->program = applet.data == base.data ? base : keep(out, applet, NAME_LONGEST);
    out->name = keep(out, process_name_of(line), NAME_LONGEST);
    if (out->name.length == 0)
        out->name = out->program;
    if (with_args)
        keep_args(out, line, cut || line.length == PROCESS_SCRATCH);
    if (line.length <= LINE_LONGEST)
        out->command_line = keep(out, line, LINE_LONGEST);
}

/* The name and facts of process PID; false when it cannot be seen. */
static bool read_other(pid_t pid, char *buffer, size_t size, struct process_stat *stat,
                       struct slice *name)
{
    size_t half = size / 2;
    if (!process_stat_parse(read_text(pid, "stat", buffer, half), stat))
        return false;
    *name = process_name_of(read_text(pid, "cmdline", buffer + half, half));
    if (name->length == 0)
        *name = stat->command;
    if (name->length > NAME_LONGEST)
        name->length = NAME_LONGEST;
    return true;
}

static void read_ancestors(struct process *out, char buffer[static PROCESS_SCRATCH])
{
    struct process_stat stat = {.parent = out->parent_pid};
    struct slice name;
    while (out->ancestor_count < PROCESS_ANCESTORS_MAX && stat.parent > 0) {
        pid_t pid = stat.parent;
        if (!read_other(pid, buffer, 2048, &stat, &name))
            return;
        out->ancestors[out->ancestor_count++] = (struct process_ancestor){
            .pid = pid,
            .started = stat.started,
            .name = keep(out, name, NAME_LONGEST),
        };
    }
    out->topmost = stat.parent == 0;
}

static struct slice read_working_directory(char *buffer, size_t size)
{
    long length = raw(SYS_getcwd, (long)buffer, (long)size, 0, 0);
    if (length <= 1 || buffer[0] != '/') /* "(unreachable)/..." is no path */
        return (struct slice){0};
    return (struct slice){.data = buffer, .length = (size_t)length - 1};
}

static struct slice read_host(struct utsname *buffer)
{
    if (raw(SYS_uname, (long)buffer, 0, 0, 0) != 0)
        return (struct slice){0};
    return slice_of(buffer->nodename);
}

void process_read_self(struct process *out, bool with_args, char scratch[static PROCESS_SCRATCH])
{
    struct process_stat stat;
    struct utsname names;
    memset(out, 0, offsetof(struct process, storage));
    out->pid = process_pid();
    out->parent_pid = (pid_t)raw(SYS_getppid, 0, 0, 0, 0);
    out->uid = (uid_t)raw(GETEUID, 0, 0, 0, 0);
    if (process_stat_parse(read_text(0, "stat", scratch, 1024), &stat))
        out->started = stat.started;
    read_command(out, with_args, scratch);
    out->working_directory =
        keep(out, read_working_directory(scratch, PROCESS_SCRATCH), TEXT_LONGEST);
    out->unit =
        keep(out, process_unit_of(read_text(0, "cgroup", scratch, PROCESS_SCRATCH)), TEXT_LONGEST);
    out->host = keep(out, read_host(&names), NAME_LONGEST);
    if (out->parent_pid > 0)
        out->parent_executable =
            keep(out, read_executable(out->parent_pid, scratch, PROCESS_SCRATCH), TEXT_LONGEST);
    read_ancestors(out, scratch);
    if (out->ancestor_count > 0)
        out->parent_name = out->ancestors[0].name;
}

size_t process_name(pid_t pid, char out[static PROCESS_NAME_SIZE])
{
    char buffer[768];
    struct process_stat stat;
    struct slice name = {0};
    if (!read_other(pid == 0 ? process_pid() : pid, buffer, sizeof buffer, &stat, &name))
        name.length = 0;
    if (name.length > 0)
        memcpy(out, name.data, name.length);
    out[name.length] = '\0';
    return name.length;
}
