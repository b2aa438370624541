#include <astray/mask.h>

#include <string.h>

#include "guard.h"
#include "unit.h"

struct row {
    const char *program;
    const char *previous;
    const char *argument;
    const char *masked; /* NULL: left as it is */
    const char *why;
};

// clang-format off
static const struct row rows[] = {
    /* URLs */
    {"curl", "", "https://user:pass@h/", "https://user:***@h/", "the password of a URL"},
    {"curl", "", "http://user:@h/", "http://user:@h/", "an empty password is none"},
    {"curl", "", "https://user@h/", NULL, "a user's name alone"},
    {"curl", "", "https://ghp_16C7e42F292c69@github.com/x.git", "https://***@github.com/x.git", "a token as user"},
    {"git", "", "https://4f1c9d2e8b7a6f5e4d3c@git.example/x", "https://***@git.example/x", "looks like a token"},
    {"git", "", "https://x-access-token:abc@github.com/x", "https://x-access-token:***@github.com/x", "GitHub's form"},
    {"git", "", "https://ghp_abcdefgh:x-oauth-basic@github.com/x", "https://***:***@github.com/x", "the user is the token"},
    {"git", "", "ssh://git@github.com/org/repo.git", NULL, "no secret in ssh"},
    {"psql", "", "postgres://app:s3cret@0:5432/db?sslmode=off", "postgres://app:***@0:5432/db?sslmode=off", "a database's URL"},
    {"curl", "", "http://u:p@a@h/", "http://u:***@h/", "the last @ divides"},
    {"curl", "", "http://u:p/w@h/", "http://u:***@h/", "a password with an unescaped slash"},
    {"curl", "", "http://u:p@h/x@y", "http://u:***@h/x@y", "an @ behind the authority"},
    {"curl", "", "http://h:80/a@b", NULL, "an @ in the path"},
    {"curl", "", "http://h/?to=joe@example.org", NULL, "an @ in the query"},
    {"curl", "", "http://[::1]:80/x", NULL, "an IPv6 literal"},
    {"app", "", "--mirrors=http://a:b@h1,http://c:d@h2", "--mirrors=http://a:***@h1,http://c:***@h2", "two URLs"},
    {"curl", "-x", "user:pass@proxy:3128", "user:***@proxy:3128", "curl takes it without a scheme"},
    {"docker", "", "nginx:1.25@sha256:0a1b", NULL, "an image is no URL"},
    {"rsync", "", "root@host:/srv", NULL, "no password in rsync's form"},
    /* queries, forms, JSON, DSNs */
    {"curl", "", "http://h/?token=abc&x=1", "http://h/?token=***&x=1", "a secret in the query"},
    {"curl", "", "http://h/?a=1&password=hunter2", "http://h/?a=1&password=***", "the last parameter"},
    {"curl", "", "http://h/?api_key=1#top", "http://h/?api_key=***", "up to the end"},
    {"curl", "", "http://h/?X-Amz-Signature=abc&b=2", "http://h/?X-Amz-Signature=***&b=2", "a signed URL"},
    {"curl", "", "http://h/?max_tokens=5&tokenizer=x", NULL, "only whole words"},
    {"curl", "-d", "user=a&password=b", "user=a&password=***", "a form"},
    {"curl", "-d", "{\"user\":\"a\",\"password\":\"b c\",\"n\":1}", "{\"user\":\"a\",\"password\":\"***\",\"n\":1}", "JSON"},
    {"curl", "-d", "{\"token\": \"abc\"}", "{\"token\": ***", "JSON with blanks loses its rest"},
    {"psql", "", "host=0 password=x dbname=d", "host=0 password=*** dbname=d", "libpq's form"},
    {"app", "", "Server=db;Uid=a;Pwd=b;Port=1", "Server=db;Uid=a;Pwd=***;Port=1", "ODBC's form"},
    /* variables and generic options */
    {"env", "", "PGPASSWORD=x", "PGPASSWORD=***", "env sets it"},
    {"env", "", "API_TOKEN=a b", "API_TOKEN=***", "a blank belongs to the value"},
    {"env", "", "AWS_SECRET_ACCESS_KEY=abc", "AWS_SECRET_ACCESS_KEY=***", "a well-known variable"},
    {"env", "", "PWD=/srv/app", NULL, "the directory"},
    {"env", "", "COMPASS=north", NULL, "not a pass"},
    {"env", "", "API_ADDR=0:80", NULL, "what Astray is for"},
    {"wget", "", "--password=x", "--password=***", "an option"},
    {"wget", "", "--http-password=x&y", "--http-password=***", "all of the value"},
    {"app", "--token", "abc", "***", "the value is the next argument"},
    {"app", "--db-password", "abc", "***", "the last word counts"},
    {"app", "-password", "abc", "***", "one hyphen will do"},
    {"app", "--client-secret", "abc", "***", "OAuth"},
    {"app", "--api-key", "abc", "***", "an API key"},
    {"app", "--access-key", "abc", "***", "an access key"},
    {"app", "--token", "--verbose", NULL, "the next option is no secret"},
    {"app", "--no-password", "db", NULL, "it has no value"},
    {"app", "--password-file", "/run/x", NULL, "a file's name"},
    {"app", "--tokens", "5", NULL, "a number of tokens"},
    {"app", "", "--key=/etc/x.pem", NULL, "a file's name"},
    /* programs */
    {"curl", "-u", "user:pass", "user:***", "the name stays"},
    {"curl", "-u", "user", NULL, "curl asks for the password"},
    {"curl", "-sSu", "user:pass", "user:***", "a cluster of letters"},
    {"curl", "", "-uuser:pass", "-uuser:***", "attached"},
    {"curl", "", "-sSuuser:pass", "-sSuuser:***", "attached to a cluster"},
    {"curl", "-ou", "a:b", NULL, "-o takes the u"},
    {"curl", "--proxy-user", "u:p", "u:***", "a proxy's user"},
    {"curl", "", "--user=u:p", "--user=u:***", "with an equals sign"},
    {"curl", "-H", "Authorization: Bearer abc", "Authorization: ***", "a header"},
    {"curl", "-H", "authorization:Basic abc", "authorization:***", "no blank, small letters"},
    {"curl", "-H", "X-Api-Key: 1", "X-Api-Key: ***", "an API key"},
    {"curl", "-H", "X-Auth-Token: 1", "X-Auth-Token: ***", "a token"},
    {"curl", "-H", "Cookie: a=b", "Cookie: ***", "a cookie"},
    {"curl", "-H", "Content-Type: application/json", NULL, "no credentials"},
    {"curl", "-H", "@headers.txt", NULL, "a file"},
    {"curl", "-b", "session=abc", "***", "a cookie"},
    {"curl", "-b", "cookies.txt", NULL, "a file of cookies"},
    {"curl", "--oauth2-bearer", "abc", "***", "a bearer"},
    {"curl", "--pass", "abc", "***", "a key's passphrase"},
    {"curl", "-m", "10", NULL, "a time"},
    {"wget", "", "--header=Authorization: Basic abc", "--header=Authorization: ***", "wget's header"},
    {"python3", "--note", "Authorization: Bearer abc", "Authorization: ***", "a header anywhere"},
    {"git", "-c", "http.extraheader=AUTHORIZATION: basic abc def", "http.extraheader=AUTHORIZATION: ***", "a header within"},
    {"mysql", "", "-psecret", "-p***", "only attached"},
    {"mysql", "-p", "mydb", NULL, "-p alone asks"},
    {"mysqldump", "--password", "mydb", NULL, "--password alone asks"},
    {"mariadb", "", "--password=x", "--password=***", "with an equals sign"},
    {"mysql", "", "-uroot", NULL, "a name"},
    {"mkdir", "", "-pv", NULL, "another program's -p"},
    {"redis-cli", "-a", "x", "***", "redis"},
    {"cp", "-a", "x", NULL, "another program's -a"},
    {"mongosh", "-p", "x", "***", "mongo"},
    {"sshpass", "-p", "x", "***", "sshpass"},
    {"sshpass", "", "-px", "-p***", "sshpass, attached"},
    {"ssh", "-p", "2222", NULL, "a port"},
    {"openssl", "-pass", "pass:x", "pass:***", "openssl's sources"},
    {"openssl", "-passin", "env:KEY", NULL, "names a variable"},
    {"ldapsearch", "-w", "x", "***", "ldap"},
    {"nc", "-w", "5", NULL, "another program's -w"},
    {"smbclient", "-U", "u%p", "u%***", "samba"},
    {"smbclient", "-U", "u", NULL, "samba asks"},
    {"lftp", "-u", "u,p", "u,***", "lftp"},
    {"docker", "-p", "hunter2", "***", "docker login"},
    {"docker", "-p", "0:80", NULL, "docker run"},
    {"docker", "-p", "127.0.0.1:8080:80", NULL, "docker run with an address"},
    {"docker", "-p", "80/udp", NULL, "docker run with a protocol"},
    /* commands in arguments */
    {"sh", "-c", "curl -u a:b http://0:80", "curl -u a:*** http://0:80", "a command"},
    {"sh", "-c", "PGPASSWORD=x psql -h 0", "PGPASSWORD=*** psql -h 0", "the rest is no secret"},
    {"bash", "-lc", "curl -H 'Cookie: a b' http://0", "curl -H 'Cookie: ***' http://0", "quotes"},
    {"sh", "-c", "true; mysql -psecret db|cat", "true; mysql -p*** db|cat", "the second command"},
    {"sh", "-c", "curl -H \"Authorization: Bearer $T\" x", "curl -H \"Authorization: ***\" x", "double quotes"},
    {"ssh", "host", "curl http://u:p@0/", "curl http://u:***@0/", "ssh's command"},
    {"sh", "-c", "for i in 1 2; do ls -p 80; done", NULL, "nothing is secret"},
    {"sh", "-c", "echo don't", NULL, "an open quote"},
    /* nothing at all */
    {"curl", "", "", NULL, "empty"},
    {"", "", "curl", NULL, "no program"},
    {"curl", "", "http://0:80/health", NULL, "the example"},
    {"curl", "", "-fsS", NULL, "flags"},
};
// clang-format on

static struct slice masked(const char *program, struct slice previous, struct slice argument,
                           char *buffer, size_t size)
{
    struct text out;
    text_start(&out, buffer, size);
    mask_argument(slice_of(program), previous, argument, &out);
    return text_done(&out);
}

START_TEST(masks_secrets_and_nothing_else)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char buffer[512];
        const struct row *row = &rows[i];
        size_t length = strlen(row->argument);
        struct slice argument = {guard_copy(row->argument, length), length};
        struct slice got =
            masked(row->program, slice_of(row->previous), argument, buffer, sizeof buffer);
        const char *want = row->masked == NULL ? row->argument : row->masked;
        ck_assert_msg(slice_equal(got, slice_of(want)), "%s: \"%s %s %s\" became \"%.*s\"",
                      row->why, row->program, row->previous, row->argument, (int)got.length,
                      got.data);
    }
}
END_TEST

START_TEST(masking_twice_changes_nothing)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char first[512], second[512];
        const struct row *row = &rows[i];
        struct slice previous = slice_of(row->previous);
        struct slice once =
            masked(row->program, previous, slice_of(row->argument), first, sizeof first);
        struct slice twice = masked(row->program, previous, once, second, sizeof second);
        ck_assert_msg(slice_equal(once, twice), "%s: \"%.*s\" became \"%.*s\"", row->why,
                      (int)once.length, once.data, (int)twice.length, twice.data);
    }
}
END_TEST

START_TEST(a_small_buffer_cuts_and_never_overflows)
{
    for (size_t size = 0; size < 40; size++) {
        char buffer[40];
        struct slice got = masked("curl", SLICE("-u"), SLICE("somebody:hunter2"), buffer, size);
        ck_assert_uint_le(got.length, size);
        ck_assert(got.length == 0 || memcmp(got.data, "somebody:***", got.length) == 0);
    }
}
END_TEST

START_TEST(survives_hostile_arguments)
{
    static char big[200000], out[4096];
    static const char *const patterns[] = {
        "'", "\"", "://", "a=", "-u ", "\0", "password=", " '\""};
    for (size_t p = 0; p < sizeof patterns / sizeof *patterns; p++) {
        size_t unit = strlen(patterns[p]) == 0 ? 1 : strlen(patterns[p]);
        for (size_t i = 0; i < sizeof big; i++)
            big[i] = patterns[p][i % unit];
        struct slice got =
            masked("curl", SLICE("-c"), (struct slice){big, sizeof big}, out, sizeof out);
        ck_assert_uint_le(got.length, sizeof out);
    }
}
END_TEST

static const TTest *const tests[] = {
    masks_secrets_and_nothing_else,
    masking_twice_changes_nothing,
    a_small_buffer_cuts_and_never_overflows,
    survives_hostile_arguments,
};

UNIT_MAIN("mask", tests)
