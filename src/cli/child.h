/* child.h - runs a program and stands aside: as if the caller had started it itself. */
#ifndef ASTRAY_CLI_CHILD_H
#define ASTRAY_CLI_CHILD_H

/* Exit statuses of `run` that are not the child's, as env(1) and timeout(1) have them. */
enum { CHILD_OWN_FAILURE = 125, CHILD_NOT_EXECUTABLE = 126, CHILD_NOT_FOUND = 127 };

/* Runs ARGV (execvp(3)) with our environment, in our process group, and waits for it. It gets the
 * signal mask and dispositions that we had, and no descriptor but those that we were given.
 *
 * Signals that are sent to us are sent on to it, but those of the terminal, which reach it by
 * themselves. When it stops (SIGTSTP, SIGTTIN, SIGTTOU) so do we, and when we continue, so does it.
 *
 * Returns its exit status, 128 + N when signal N ended it, or one of the above when it could not
 * be started, which is told on stderr. Our signal mask and SIGCHLD are as before. */
int child_run(char **argv);

#endif
