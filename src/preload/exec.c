#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "intercept.h"
#include "real.h"
#include "uncovered.h"

#ifndef __GLIBC__ /* musl declares none */
int execveat(int, const char *, char *const[], char *const[], int);
#endif

INTERCEPT_EXPORT int execve(const char *path, char *const arguments[], char *const environment[])
{
    if (uncovered_wanted())
        uncovered_watch("execve", path, environment);
    return real_execve()(path, arguments, environment);
}

INTERCEPT_EXPORT int execv(const char *path, char *const arguments[])
{
    if (uncovered_wanted())
        uncovered_watch("execv", path, environ);
    return real_execv()(path, arguments);
}

INTERCEPT_EXPORT int execvp(const char *file, char *const arguments[])
{
    if (uncovered_wanted())
        uncovered_watch_search("execvp", file, environ);
    return real_execvp()(file, arguments);
}

INTERCEPT_EXPORT int execvpe(const char *file, char *const arguments[], char *const environment[])
{
    if (uncovered_wanted())
        uncovered_watch_search("execvpe", file, environment);
    return real_execvpe()(file, arguments, environment);
}

INTERCEPT_EXPORT int execveat(int directory, const char *path, char *const arguments[],
                              char *const environment[], int flags)
{
    if (uncovered_wanted())
        uncovered_watch_at("execveat", directory, path, environment, flags);
    return real_execveat()(directory, path, arguments, environment, flags);
}

INTERCEPT_EXPORT int fexecve(int descriptor, char *const arguments[], char *const environment[])
{
    if (uncovered_wanted())
        uncovered_watch_at("fexecve", descriptor, "", environment, AT_EMPTY_PATH);
    return real_fexecve()(descriptor, arguments, environment);
}

/* ---- arguments one by one -------------------------------------------------- */

/* As libc does: the array that execve(2) wants is on the stack, and as long as it must be. */

static size_t count(const char *first, va_list *rest)
{
    size_t arguments = 1;
    for (const char *argument = first; argument != NULL; argument = va_arg(*rest, const char *))
        arguments++;
    return arguments;
}

static void copy(char **out, const char *first, va_list *rest)
{
    for (const char *argument = first; argument != NULL; argument = va_arg(*rest, const char *))
        *out++ = (char *)argument;
    *out = NULL;
}

#define COLLECT(arguments, first, rest)                                                            \
    va_start(rest, first);                                                                         \
    char **arguments = __builtin_alloca(count(first, &rest) * sizeof *arguments);                  \
    va_end(rest);                                                                                  \
    va_start(rest, first);                                                                         \
    copy(arguments, first, &rest)

INTERCEPT_EXPORT int execl(const char *path, const char *first, ...)
{
    va_list rest;
    COLLECT(arguments, first, rest);
    va_end(rest);
    if (uncovered_wanted())
        uncovered_watch("execl", path, environ);
    return real_execv()(path, arguments);
}

INTERCEPT_EXPORT int execlp(const char *file, const char *first, ...)
{
    va_list rest;
    COLLECT(arguments, first, rest);
    va_end(rest);
    if (uncovered_wanted())
        uncovered_watch_search("execlp", file, environ);
    return real_execvp()(file, arguments);
}

INTERCEPT_EXPORT int execle(const char *path, const char *first, ...)
{
    va_list rest;
    COLLECT(arguments, first, rest);
    char *const *environment = va_arg(rest, char *const *);
    va_end(rest);
    if (uncovered_wanted())
        uncovered_watch("execle", path, environment);
    return real_execve()(path, arguments, environment);
}

/* ---- by the shell ---------------------------------------------------------- */

/* libc starts it without a call that we would see. */

INTERCEPT_EXPORT int system(const char *command)
{
    if (command != NULL && uncovered_wanted())
        uncovered_watch("system", "/bin/sh", environ);
    return real_system()(command);
}

INTERCEPT_EXPORT FILE *popen(const char *command, const char *mode)
{
    FILE *pipe = real_popen()(command, mode);
    if (pipe != NULL && uncovered_wanted())
        uncovered_watch("popen", "/bin/sh", environ);
    return pipe;
}

/* ---- posix_spawn ----------------------------------------------------------- */

INTERCEPT_EXPORT int posix_spawn(pid_t *restrict pid, const char *restrict path,
                                 const posix_spawn_file_actions_t *actions,
                                 const posix_spawnattr_t *restrict attributes,
                                 char *const arguments[restrict], char *const environment[restrict])
{
    if (uncovered_wanted())
        uncovered_watch("posix_spawn", path, environment);
    return real_posix_spawn()(pid, path, actions, attributes, arguments, environment);
}

INTERCEPT_EXPORT int posix_spawnp(pid_t *restrict pid, const char *restrict file,
                                  const posix_spawn_file_actions_t *actions,
                                  const posix_spawnattr_t *restrict attributes,
                                  char *const arguments[restrict],
                                  char *const environment[restrict])
{
    if (uncovered_wanted())
        uncovered_watch_search("posix_spawnp", file, environment);
    return real_posix_spawnp()(pid, file, actions, attributes, arguments, environment);
}
