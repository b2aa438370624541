#include "child.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "say.h"

/* What was before us, and what the child gets. */
struct signals {
    sigset_t mask;
    sigset_t taken; /* by us, through sigwaitinfo(2) */
    struct sigaction child;
};

/* Everything is taken but faults of our own, which must not wait. A default disposition makes
 * sure that a blocked SIGCHLD is kept, and that the kernel does not reap for us. */
static int take_signals(struct signals *signals)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigfillset(&signals->taken);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        sigdelset(&signals->taken, faults[i]);
    if (sigaction(SIGCHLD, &standard, &signals->child) != 0 ||
        sigprocmask(SIG_BLOCK, &signals->taken, &signals->mask) != 0)
        return -errno;
    return 0;
}

static void give_signals_back(const struct signals *signals)
{
    sigaction(SIGCHLD, &signals->child, NULL);
    sigprocmask(SIG_SETMASK, &signals->mask, NULL);
}

static _Noreturn void become(char **argv, const struct signals *signals)
{
    give_signals_back(signals);
    execvp(argv[0], argv);
    int code = errno;
    say_errno("run", argv[0], code);
    _exit(code == ENOENT || code == ENOTDIR ? CHILD_NOT_FOUND : CHILD_NOT_EXECUTABLE);
}

/* Stops as the child did, so that a shell sees a stopped job and takes its terminal back. */
static void stop_too(int number, pid_t child)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    raise(number);
    sigprocmask(SIG_UNBLOCK, &set, NULL); /* stops here, until SIGCONT */
    sigprocmask(SIG_BLOCK, &set, NULL);
    kill(child, SIGCONT);
}

/* Takes every change of state. True when CHILD has ended, with its *STATUS. As process 1 of a
 * container we get orphans too; they are only reaped. */
static bool reap(pid_t child, int *status)
{
    pid_t pid;
    int state;
    while ((pid = waitpid(-1, &state, WNOHANG | WUNTRACED)) > 0) {
        if (pid != child)
            continue;
        if (!WIFSTOPPED(state)) {
            *status = state;
            return true;
        }
        int number = WSTOPSIG(state);
        if (number == SIGTSTP || number == SIGTTIN || number == SIGTTOU)
            stop_too(number, child);
    }
    return false;
}

/* What the terminal sends goes to the whole process group, so the child has it already; what else
 * the kernel sends (an alarm(2) that outlived our execve(2)) is for us alone. */
static bool reached_the_child(const siginfo_t *info)
{
    static const int terminal[] = {SIGHUP,  SIGINT,  SIGQUIT,  SIGTSTP,
                                   SIGTTIN, SIGTTOU, SIGWINCH, SIGCONT};
    for (size_t i = 0; i < sizeof terminal / sizeof *terminal; i++)
        if (info->si_signo == terminal[i])
            return info->si_code > SI_USER;
    return false;
}

static int wait_for(pid_t child, const struct signals *signals)
{
    int status = 0;
    siginfo_t info;
    while (!reap(child, &status)) {
        int number = sigwaitinfo(&signals->taken, &info);
        if (number > 0 && number != SIGCHLD && !reached_the_child(&info))
            kill(child, number);
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int child_run(char **argv)
{
    struct signals signals;
    int code = take_signals(&signals);
    if (code != 0) {
        say_errno("run", NULL, -code);
        return CHILD_OWN_FAILURE;
    }
    pid_t child = fork();
    if (child == 0)
        become(argv, &signals);
    int status = CHILD_OWN_FAILURE;
    if (child < 0)
        say_errno("run", argv[0], errno);
    else
        status = wait_for(child, &signals);
    give_signals_back(&signals);
    return status;
}
