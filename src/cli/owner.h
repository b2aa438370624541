/* owner.h - which process has a socket, found through /proc/PID/fd. */
#ifndef ASTRAY_CLI_OWNER_H
#define ASTRAY_CLI_OWNER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <astray/process.h>

struct owner {
    uint32_t inode; /* asked for */
    pid_t pid;      /* the lowest; 0 when none may be seen */
    unsigned more;  /* others that share the socket */
    char name[PROCESS_NAME_SIZE];
};

/* Looks for the COUNT owners' inodes in all processes that the caller may look into, and fills in
 * the rest. Processes that come or go meanwhile are no trouble. */
void owner_find(struct owner *owners, size_t count);

#endif
