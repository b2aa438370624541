#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <astray/memory.h>

static char initialised[64] = "data";
static char zeroed[64];
static const char constant[64] = "constant";

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* COUNT pages, of which the last cannot be read. */
static char *guarded(size_t count)
{
    char *pages =
        mmap(NULL, count * page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(pages != MAP_FAILED);
    ck_assert_int_eq(mprotect(pages + (count - 1) * page_size(), page_size(), PROT_NONE), 0);
    return pages;
}

START_TEST(refuses_pointers_that_cannot_be_read)
{
    char *pages = guarded(2), *barrier = pages + page_size();
    const struct {
        const void *address;
        size_t length;
        const char *why;
    } rows[] = {
        {NULL, 16, "NULL"},
        {(void *)1, 16, "an almost NULL pointer"},
        {(void *)4096, 16, "the second page"},
        {(void *)-1, 1, "the last byte of all"},
        {(void *)-1, 16, "around the end of the address space"},
        {(void *)-16, 16, "the last bytes of all"},
        {(void *)-8192, 16, "the kernel's half"},
        {(void *)(UINTPTR_MAX / 2 + 1), 16, "in between (no canonical address)"},
        {barrier, 1, "a page without access"},
        {barrier + page_size() - 1, 1, "its last byte"},
        {barrier - 1, 2, "straddles into it"},
        {barrier - 15, 16, "straddles by one byte"},
        {pages, 4097, "a page and one byte"},
    };
    errno = 4711;
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            ck_assert_msg(!memory_readable(rows[i].address, rows[i].length), "%s", rows[i].why);
    ck_assert(memory_readable(barrier - 16, 16));
    ck_assert(memory_readable(pages, page_size()));
    ck_assert_int_eq(errno, 4711);
    munmap(pages, 2 * page_size());
}
END_TEST

START_TEST(refuses_a_page_behind_the_end_of_its_file)
{
    char name[] = "/tmp/astray-memory-XXXXXX";
    int file = mkstemp(name);
    ck_assert_int_ge(file, 0);
    unlink(name);
    ck_assert_int_eq(ftruncate(file, 1), 0);
    char *pages = mmap(NULL, 2 * page_size(), PROT_READ, MAP_SHARED, file, 0);
    ck_assert(pages != MAP_FAILED);
    ck_assert(memory_readable(pages, 16));
    ck_assert(!memory_readable(pages + page_size(), 16)); /* would be SIGBUS */
    munmap(pages, 2 * page_size());
    close(file);
}
END_TEST

START_TEST(accepts_every_kind_of_memory)
{
    char local[64] = "";
    char *heap = malloc(64), *large = malloc(1 << 20);
    struct {
        const void *address;
        size_t length;
        const char *why;
    } rows[] = {
        {local, sizeof local, "the stack"},
        {initialised, sizeof initialised, "initialised data"},
        {zeroed, sizeof zeroed, "zeroed data"},
        {constant, sizeof constant, "constants"},
        {heap, 64, "the heap"},
        {large, 4096, "a large block"},
        {large + 5000, 4096, "two pages"},
        {(const void *)(uintptr_t)page_size, 16, "code"},
        {environ[0], 1, "the environment"},
    };
    errno = 4711;
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            ck_assert_msg(memory_readable(rows[i].address, rows[i].length), "%s", rows[i].why);
    ck_assert_int_eq(errno, 4711);
    free(heap);
    free(large);
}
END_TEST

/* Lets the main thread ask about memory far up its stack, which tells it apart from others. */
static bool ask_far_up(void)
{
    char deep[16384];
    memset(deep, 0, sizeof deep);
    return memory_readable(deep + sizeof deep - 16, 16);
}

/* Asks from a stack of another kind; GIVEN is memory of the caller's. */
struct question {
    const void *given;
    const void *barrier;
    bool own, given_ok, barrier_ok, null_ok, fine;
};

static void ask(struct question *question)
{
    char local[128] = "";
    errno = 4711;
    question->own = memory_readable(local, sizeof local) && memory_readable(&question, 8);
    question->given_ok = memory_readable(question->given, 16);
    question->barrier_ok = question->barrier != NULL && memory_readable(question->barrier, 16);
    question->null_ok = memory_readable(NULL, 16);
    question->fine = question->own && question->given_ok && !question->barrier_ok &&
                     !question->null_ok && errno == 4711;
}

static void *ask_in_thread(void *question)
{
    ask(question);
    return NULL;
}

START_TEST(knows_the_stack_of_a_thread)
{
    char local[16] = "";
    struct question question = {.given = local};
    pthread_t thread;
    ck_assert(ask_far_up());
    ck_assert_int_eq(pthread_create(&thread, NULL, ask_in_thread, &question), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert(question.fine);
}
END_TEST

/* The stack of the thread lies right below a page without access, and one that is unmapped. */
START_TEST(knows_a_stack_that_the_program_gave_to_a_thread)
{
    size_t size = 64 * page_size();
    char *stack = guarded(66), *barrier = stack + 65 * page_size();
    struct question question = {.given = stack + 64 * page_size(), .barrier = barrier};
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    ck_assert_int_eq(pthread_attr_setstack(&attributes, stack, size), 0);
    ck_assert_int_eq(pthread_create(&thread, &attributes, ask_in_thread, &question), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attributes);
    ck_assert(question.fine);
    munmap(stack, 66 * page_size());
}
END_TEST

static ucontext_t caller, coroutine;
static struct question *asked;

static void ask_in_coroutine(void)
{
    ask(asked);
    swapcontext(&coroutine, &caller);
}

static void run_coroutine(char *stack, size_t size, struct question *question)
{
    asked = question;
    ck_assert_int_eq(getcontext(&coroutine), 0);
    coroutine.uc_stack.ss_sp = stack;
    coroutine.uc_stack.ss_size = size;
    coroutine.uc_link = &caller;
    makecontext(&coroutine, ask_in_coroutine, 0);
    ck_assert_int_eq(swapcontext(&caller, &coroutine), 0);
}

START_TEST(knows_a_coroutine_on_a_small_stack)
{
    char local[16] = "";
    static const size_t sizes[] = {2, 4, 16}; /* pages; the first is 8 KiB */
    ck_assert(ask_far_up());
    for (size_t i = 0; i < 3; i++) {
        char *stack = guarded(sizes[i] + 1);
        struct question question = {.given = local, .barrier = stack + sizes[i] * page_size()};
        run_coroutine(stack, sizes[i] * page_size(), &question);
        ck_assert(question.fine);
        munmap(stack, (sizes[i] + 1) * page_size());
    }
}
END_TEST

static void *run_coroutine_in_thread(void *question)
{
    char *stack = guarded(17);
    ((struct question *)question)->barrier = stack + 16 * page_size();
    run_coroutine(stack, 16 * page_size(), question);
    munmap(stack, 17 * page_size());
    return NULL;
}

START_TEST(knows_a_coroutine_of_a_thread)
{
    char local[16] = "";
    struct question question = {.given = local};
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, run_coroutine_in_thread, &question), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert(question.own && question.given_ok && !question.null_ok);
}
END_TEST

/* From here on rt_sigprocmask(2) says EFAULT, so that whoever asks takes memory for unreadable. */
static bool forbid_asking(void)
{
    struct sock_filter rows[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigprocmask, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EFAULT),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof rows / sizeof *rows, rows};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void *ask_far_up_in_thread(void *answer)
{
    *(bool *)answer = ask_far_up();
    return NULL;
}

/* SHOW: what shows the main thread's stack. */
static int ask_without_system_calls(bool (*show)(void))
{
    bool readable = false;
    pthread_t thread;
    char *unknown = guarded(2);
    if (!forbid_asking())
        return 77;
    if (memory_readable(unknown, 16))
        return 1; /* not forbidden at all */
    if (!show())
        return 2;
    if (pthread_create(&thread, NULL, ask_far_up_in_thread, &readable) != 0 ||
        pthread_join(thread, NULL) != 0)
        return 3;
    return readable ? 0 : 4;
}

static bool load(void)
{
    memory_load();
    return true;
}

static void check_without_system_calls(bool (*show)(void))
{
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(ask_without_system_calls(show));
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        puts("skipped: no system call filters");
    else
        ck_assert_int_eq(status, 0);
}

START_TEST(asks_the_kernel_nothing_about_stacks)
{
    check_without_system_calls(ask_far_up);
}
END_TEST

START_TEST(needs_to_be_asked_nothing_before_once_it_is_loaded)
{
    check_without_system_calls(load);
}
END_TEST

START_TEST(finds_its_way_far_up_the_stack)
{
    char deep[300000];
    memset(deep, 0, sizeof deep);
    for (size_t i = 0; i + 16 < sizeof deep; i += 1000)
        ck_assert(memory_readable(deep + i, 16));
}
END_TEST

START_TEST(forgets_no_answer_when_pages_share_a_slot)
{
    size_t count = 130;
    char *pages = guarded(count);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i + 1 < count; i++)
            ck_assert(memory_readable(pages + i * page_size(), 16));
        ck_assert(!memory_readable(pages + (count - 1) * page_size(), 16));
    }
    munmap(pages, count * page_size());
}
END_TEST

static const TTest *const tests[] = {
    refuses_pointers_that_cannot_be_read,
    refuses_a_page_behind_the_end_of_its_file,
    accepts_every_kind_of_memory,
    knows_the_stack_of_a_thread,
    knows_a_stack_that_the_program_gave_to_a_thread,
    knows_a_coroutine_on_a_small_stack,
    knows_a_coroutine_of_a_thread,
    asks_the_kernel_nothing_about_stacks,
    needs_to_be_asked_nothing_before_once_it_is_loaded,
    finds_its_way_far_up_the_stack,
    forgets_no_answer_when_pages_share_a_slot,
};

UNIT_MAIN("memory", tests)
