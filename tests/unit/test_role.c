#include "role.h"

#include <string.h>

#include "guard.h"
#include "unit.h"

START_TEST(a_name_says_what_it_is_for)
{
    static const struct {
        const char *name;
        enum role role;
    } rows[] = {
        {"API_URL", ROLE_DESTINATION},
        {"api-url", ROLE_DESTINATION},
        {"apiUrl", ROLE_DESTINATION},
        {"api.url", ROLE_DESTINATION},
        {"baseURL", ROLE_DESTINATION},
        {"HTTPS_PROXY", ROLE_DESTINATION},
        {"OLLAMA_HOST", ROLE_BOTH},
        {"DB_HOST", ROLE_SERVICE},
        {"spring.redis.host", ROLE_SERVICE},
        {"REDIS2_HOST", ROLE_SERVICE},
        {"advertiseAddress", ROLE_ADVERTISED},
        {"advertised.listeners", ROLE_ADVERTISED},
        {"HOST", ROLE_NONE},
        {"SERVER_HOST", ROLE_NONE},
        {"server.address", ROLE_NONE},
        {"KAFKA_LISTENERS", ROLE_NONE},
        {"NO_PROXY", ROLE_NONE},
        {"ALLOWED_HOSTS", ROLE_NONE},
        {"APP_VERSION", ROLE_NONE},
        {"ASPNETCORE_URLS", ROLE_NONE},
        {"API_HOST", ROLE_DUAL},
        {"REDIS_PORT", ROLE_PORT},
        {"MESSAGE", ROLE_UNKNOWN},
        {"", ROLE_UNKNOWN},
        {"___", ROLE_UNKNOWN},
        {"kafka_broker", ROLE_LOOSE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t length = strlen(rows[i].name);
        struct slice name = {.data = guard_copy(rows[i].name, length), .length = length};
        ck_assert_msg(role_of_name(name) == rows[i].role, "%s: %d", rows[i].name,
                      role_of_name(name));
    }
}
END_TEST

START_TEST(a_name_that_is_too_long_says_nothing)
{
    char name[4096];
    memset(name, 'A', sizeof name);
    memcpy(name + sizeof name - 4, "_URL", 4);
    ck_assert_int_eq(role_of_name((struct slice){.data = name, .length = sizeof name}),
                     ROLE_UNKNOWN);
    ck_assert_int_eq(role_of_name((struct slice){.data = name + sizeof name - 128, .length = 128}),
                     ROLE_DESTINATION);
}
END_TEST

static const TTest *const tests[] = {a_name_says_what_it_is_for,
                                     a_name_that_is_too_long_says_nothing};
UNIT_MAIN("role", tests)
