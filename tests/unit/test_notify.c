#include "notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "unit.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A service manager's socket at NAME ("@" for an abstract one). */
static int listen_at(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);
    memcpy(address.sun_path, name, length);
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(descriptor, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length +
                                      (name[0] == '@' ? 0 : 1))),
                     0);
    return descriptor;
}

static void check_received(int descriptor, const char *wanted)
{
    char text[64] = "";
    ssize_t got = recv(descriptor, text, sizeof text - 1, 0);
    ck_assert_int_ge(got, 0);
    ck_assert_str_eq(text, wanted);
}

START_TEST(speaks_to_a_path_and_to_an_abstract_name)
{
    char path[64], abstract[64];
    snprintf(path, sizeof path, "/tmp/astray-notify-%ld", (long)getpid());
    snprintf(abstract, sizeof abstract, "@astray-notify-%ld", (long)getpid());
    const char *const names[] = {path, abstract};
    for (size_t i = 0; i < COUNT(names); i++) {
        struct notify notify;
        int manager = listen_at(names[i]);
        setenv("NOTIFY_SOCKET", names[i], 1);
        setenv("WATCHDOG_USEC", "3000000", 1);
        notify_start(&notify);
        ck_assert_ptr_null(getenv("NOTIFY_SOCKET"));
        ck_assert_ptr_null(getenv("WATCHDOG_USEC"));
        notify_send(&notify, "READY=1");
        check_received(manager, "READY=1");
        int wait = notify_alive(&notify);
        ck_assert(wait > 0 && wait <= 1501);
        check_received(manager, "WATCHDOG=1");
        notify_alive(&notify); /* not due yet */
        char byte;
        ck_assert_int_lt(recv(manager, &byte, 1, 0), 0);
        notify_end(&notify);
        close(manager);
    }
    unlink(path);
}
END_TEST

START_TEST(is_silent_where_nobody_listens)
{
    static const struct {
        const char *socket, *usec, *pid, *why;
    } rows[] = {
        {NULL, "3000000", NULL, "no manager"},
        {"", "3000000", NULL, "an empty name"},
        {"@", "3000000", NULL, "an abstract name without one"},
        {"relative", "3000000", NULL, "no absolute path"},
        {"/nonexistent/socket", "3000000", NULL, "nobody there"},
        {"/dev/null/very/long/very/long/very/long/very/long/very/long/very/long/very/long/very/long"
         "/very/long/very/long/very/long",
         "3000000", NULL, "longer than a name may be"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct notify notify;
        if (rows[i].socket != NULL)
            setenv("NOTIFY_SOCKET", rows[i].socket, 1);
        setenv("WATCHDOG_USEC", rows[i].usec, 1);
        notify_start(&notify);
        ck_assert_msg(notify.descriptor == -1, "%s", rows[i].why);
        ck_assert_msg(notify_alive(&notify) == -1, "%s", rows[i].why);
        notify_send(&notify, "READY=1");
        notify_end(&notify);
    }
}
END_TEST

START_TEST(a_watchdog_for_another_process_or_of_nonsense_is_none)
{
    static const struct {
        const char *usec, *pid, *why;
    } rows[] = {
        {"3000000", "1", "another process"},
        {"3000000", "x", "no number"},
        {"x", NULL, "no time"},
        {"", NULL, "an empty time"},
        {"-5", NULL, "a negative one"},
        {"99999999999999999999", NULL, "an overflow"},
    };
    char name[64];
    snprintf(name, sizeof name, "@astray-notify-%ld", (long)getpid());
    int manager = listen_at(name);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct notify notify;
        setenv("NOTIFY_SOCKET", name, 1);
        setenv("WATCHDOG_USEC", rows[i].usec, 1);
        if (rows[i].pid != NULL)
            setenv("WATCHDOG_PID", rows[i].pid, 1);
        notify_start(&notify);
        ck_assert_msg(notify_alive(&notify) == -1, "%s", rows[i].why);
        notify_end(&notify);
    }
    close(manager);
}
END_TEST

static const TTest *const tests[] = {
    speaks_to_a_path_and_to_an_abstract_name,
    is_silent_where_nobody_listens,
    a_watchdog_for_another_process_or_of_nonsense_is_none,
};
UNIT_MAIN("notify", tests)
