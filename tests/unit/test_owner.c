#include "unit.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "owner.h"

static uint32_t inode_of(int descriptor)
{
    struct stat status;
    ck_assert_int_eq(fstat(descriptor, &status), 0);
    return (uint32_t)status.st_ino;
}

START_TEST(finds_who_has_a_socket)
{
    int one = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int two = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct owner owners[3] = {
        {.inode = inode_of(one)}, {.inode = UINT32_MAX}, {.inode = inode_of(two)}};
    owner_find(owners, 3);
    ck_assert_int_eq(owners[0].pid, getpid());
    ck_assert_uint_eq(owners[0].more, 0);
    ck_assert_str_eq(owners[0].name, "test_owner");
    ck_assert_int_eq(owners[1].pid, 0);
    ck_assert_str_eq(owners[1].name, "");
    ck_assert_int_eq(owners[2].pid, getpid());
}
END_TEST

START_TEST(counts_processes_not_descriptors)
{
    int one = socket(AF_INET, SOCK_STREAM, 0);
    dup(one);
    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    struct owner owner = {.inode = inode_of(one)};
    owner_find(&owner, 1);
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_assert_int_eq(owner.pid, getpid() < child ? getpid() : child);
    ck_assert_uint_eq(owner.more, 1);
    owner_find(&owner, 1);
    ck_assert_uint_eq(owner.more, 0);
}
END_TEST

START_TEST(nothing_to_find_is_fine)
{
    owner_find(NULL, 0);
}
END_TEST

static const TTest *const tests[] = {
    finds_who_has_a_socket,
    counts_processes_not_descriptors,
    nothing_to_find_is_fine,
};
UNIT_MAIN("owner", tests)
