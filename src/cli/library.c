#include "library.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <astray/program.h>
#include <astray/text.h>

#include "say.h"

/* ---- finding it --------------------------------------------------------- */

/* Can the library at PATH be used? 0, or -errno. */
static int open_library(const char *path, struct library *out)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (descriptor < 0)
        return -errno;
    struct program_window window;
    bool known = program_read_elf(descriptor, &window, &out->elf);
    int code = known && out->elf.executable ? 0 : -ENOEXEC;
    close(descriptor);
    if (code == 0 && realpath(path, out->path) == NULL)
        code = -errno;
    return code;
}

bool library_can_be_preloaded(const char *path)
{
    if (strpbrk(path, " \t\n:$") == NULL)
        return true;
    say_error("the library", path,
              "has a blank, a colon or a dollar sign in its path, which LD_PRELOAD cannot hold; "
              "install it elsewhere, or give a copy of it with --library");
    return false;
}

static bool use(const char *path, struct library *out)
{
    int code = open_library(path, out);
    if (code == -ENOEXEC)
        say_error("the library", path, "is no shared library");
    else if (code != 0)
        say_errno("the library", path, -code);
    return code == 0 && library_can_be_preloaded(out->path);
}

enum { SUITS_BEST = 4 };

/* How well LIBRARY suits PROGRAM, where there is one: 0 for another machine. One that was built
 * without a C library in mind comes before one for glibc that musl takes, too. */
static int rank(const struct elf *program, const struct elf *library)
{
    if (program == NULL)
        return SUITS_BEST;
    if (!elf_same_machine(program, library))
        return 0;
    if (program->libc == library->libc || program->libc == ELF_LIBC_UNKNOWN)
        return SUITS_BEST;
    if (library->libc == ELF_LIBC_UNKNOWN)
        return 3;
    return elf_same_libc(program->libc, library->libc) ? 2 : 1;
}

/* Keeps the best that exists, of equals the first. True when none can be better. */
static bool consider(const char *path, const struct elf *program, bool *found, struct library *out)
{
    struct library candidate = {0};
    if (open_library(path, &candidate) != 0)
        return false;
    int better = rank(program, &candidate.elf);
    if (!*found || better > rank(program, &out->elf))
        *out = candidate;
    *found = true;
    return better == SUITS_BEST;
}

static bool consider_all(const char *folder, const char *pattern, const struct elf *program,
                         bool *found, struct library *out)
{
    char whole[2 * PATH_MAX + 64];
    size_t at = 0;
    for (const char *c = folder; *c != '\0'; c++) {
        if (strchr("*?[\\", *c) != NULL)
            whole[at++] = '\\';
        whole[at++] = *c;
    }
    snprintf(whole + at, sizeof whole - at, "%s", pattern);
    glob_t matches;
    bool fits = false;
    if (glob(whole, 0, NULL, &matches) != 0)
        return false;
    for (size_t i = 0; !fits && i < matches.gl_pathc; i++)
        fits = consider(matches.gl_pathv[i], program, found, out);
    globfree(&matches);
    return fits;
}

/* The folder of our own executable. */
static bool own_folder(char out[static PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", out, PATH_MAX - 1);
    if (length <= 0)
        return false;
    out[length] = '\0';
    *strrchr(out, '/') = '\0';
    return true;
}

bool library_find(const char *given, const struct elf *program, struct library *out)
{
    static const char *const places[] = {
        "/libastray.so",
        "/../lib/astray/libastray.so",
        "/../lib/*-linux-*/astray/libastray.so",
        "/../lib[36x]*/astray/libastray.so",
    };
    char folder[PATH_MAX];
    bool found = false;
    if (given == NULL)
        given = getenv("ASTRAY_LIBRARY");
    if (given != NULL)
        return use(given, out);
    if (own_folder(folder))
        for (size_t i = 0; i < sizeof places / sizeof *places; i++)
            if (consider_all(folder, places[i], program, &found, out))
                return library_can_be_preloaded(out->path);
    if (consider(ASTRAY_LIBRARY, program, &found, out) || found)
        return library_can_be_preloaded(out->path);
    say_errno("the library", ASTRAY_LIBRARY, ENOENT);
    return false;
}

/* ---- LD_PRELOAD --------------------------------------------------------- */

/* What $LIB stands for, with a slash in front: the folder of the loader itself, "/lib64" or
 * "/lib/x86_64-linux-gnu", whether it is reached through /usr or not. */
static bool lib_of_loader(const char *loader, char out[static PATH_MAX])
{
    if (elf_libc_of_loader(loader) != ELF_LIBC_GLIBC || realpath(loader, out) == NULL)
        return false;
    *strrchr(out, '/') = '\0';
    struct slice folder = slice_of(out);
    if (slice_starts_with(folder, SLICE("/usr/")))
        memmove(out, out + 4, folder.length - 3);
    return *out == '/';
}

/* The loader of programs of the other word size. */
static const char *other_loader(const struct elf *program)
{
    static const struct {
        const char *machine, *loader;
    } loaders[] = {
        {"x86-64", "/lib/ld-linux.so.2"},
        {"i386", "/lib64/ld-linux-x86-64.so.2"},
        {"aarch64", "/lib/ld-linux-armhf.so.3"},
        {"arm", "/lib/ld-linux-aarch64.so.1"},
    };
    for (size_t i = 0; i < sizeof loaders / sizeof *loaders; i++)
        if (strcmp(loaders[i].machine, elf_machine_name(program)) == 0)
            return loaders[i].loader;
    return "";
}

void library_pattern(const struct library *library, const struct elf *program,
                     char out[static PATH_MAX])
{
    static const char rest[] = "/astray/libastray.so";
    char own[PATH_MAX], other[PATH_MAX], end[2 * PATH_MAX], sibling[2 * PATH_MAX];
    struct slice path = slice_of(library->path);
    struct library found;
    memcpy(out, library->path, path.length + 1);
    if (!lib_of_loader(program->interpreter, own) || !lib_of_loader(other_loader(program), other))
        return;
    snprintf(end, sizeof end, "%s%s", own, rest);
    if (!slice_ends_with(path, slice_of(end)))
        return;
    size_t root = path.length - strlen(end);
    snprintf(sibling, sizeof sibling, "%.*s%s%s", (int)root, library->path, other, rest);
    if (open_library(sibling, &found) == 0 && found.elf.bits != library->elf.bits &&
        root + sizeof "/$LIB" + sizeof rest < PATH_MAX)
        snprintf(out + root, PATH_MAX - root, "/$LIB%s", rest);
}

static bool same_file(struct slice entry, const char *path)
{
    char name[PATH_MAX];
    struct stat a, b;
    if (entry.length == 0 || entry.length >= sizeof name)
        return false;
    memcpy(name, entry.data, entry.length);
    name[entry.length] = '\0';
    return strcmp(name, path) == 0 ||
           (strchr(name, '/') != NULL && stat(name, &a) == 0 && stat(path, &b) == 0 &&
            a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

/* Runtimes that end the program unless they come first in the list. */
static bool must_be_first(struct slice entry)
{
    static const char *const names[] = {"libasan", "liblsan", "libtsan", "libhwasan",
                                        "libclang_rt."};
    for (size_t slash; (slash = slice_find(entry, '/')) < entry.length;)
        entry = slice_from(entry, slash + 1);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_starts_with(entry, slice_of(names[i])))
            return true;
    return false;
}

/* The end of the entry that begins at START. */
static size_t entry_end(struct slice list, size_t start)
{
    while (start < list.length && list.data[start] != ':' && list.data[start] != ' ')
        start++;
    return start;
}

char *library_entry(const char *list, const char *path)
{
    struct slice rest = slice_of(list);
    for (size_t start = 0, end; start < rest.length; start = end + 1) {
        end = entry_end(rest, start);
        struct slice entry = {.data = rest.data + start, .length = end - start};
        if (same_file(entry, path))
            return strndup(entry.data, entry.length);
    }
    return NULL;
}

char *library_preload(const char *present, const char *path)
{
    struct slice list = slice_of(present);
    size_t behind = 0; /* where the entries end that must stay first */
    bool leading = true;
    for (size_t start = 0, end; start < list.length; start = end + 1) {
        end = entry_end(list, start);
        struct slice entry = {.data = list.data + start, .length = end - start};
        if (same_file(entry, path))
            return strdup(present);
        leading = leading && (entry.length == 0 || must_be_first(entry));
        if (leading && entry.length > 0)
            behind = end;
    }
    struct slice rest = slice_from(list, behind);
    while (rest.length > 0 && (*rest.data == ':' || *rest.data == ' '))
        rest = slice_from(rest, 1);
    char *value = NULL;
    if (asprintf(&value, "%.*s%s%s%s%.*s", (int)behind, behind > 0 ? list.data : "",
                 behind > 0 ? ":" : "", path, rest.length > 0 ? ":" : "", (int)rest.length,
                 rest.length > 0 ? rest.data : "") < 0)
        return NULL;
    return value;
}
