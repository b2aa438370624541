#include "owner.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <astray/text.h>

static bool read_pid(const char *name, pid_t *out)
{
    uint64_t number;
    if (!slice_number(slice_of(name), INT32_MAX, &number) || number == 0)
        return false;
    *out = (pid_t)number;
    return true;
}

/* The inode in "socket:[4711]". */
static bool read_inode(const char *target, uint32_t *out)
{
    uint64_t number;
    struct slice text = slice_of(target);
    if (!slice_starts_with(text, SLICE("socket:[")) || !slice_ends_with(text, SLICE("]")))
        return false;
    text = slice_from(text, strlen("socket:["));
    text.length--;
    if (!slice_number(text, UINT32_MAX, &number))
        return false;
    *out = (uint32_t)number;
    return true;
}

static void note(struct owner *owners, size_t count, uint32_t inode, pid_t pid, pid_t *last)
{
    for (size_t i = 0; i < count; i++) {
        if (owners[i].inode != inode || last[i] == pid)
            continue;
        last[i] = pid; /* two descriptors of one process are one owner */
        owners[i].more += owners[i].pid != 0;
        if (owners[i].pid == 0 || pid < owners[i].pid)
            owners[i].pid = pid;
    }
}

static void look_into(pid_t pid, struct owner *owners, size_t count, pid_t *last)
{
    char path[64], target[64];
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *folder = opendir(path);
    if (folder == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        uint32_t inode;
        ssize_t length = readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1);
        if (length <= 0)
            continue;
        target[length] = '\0';
        if (read_inode(target, &inode))
            note(owners, count, inode, pid, last);
    }
    closedir(folder);
}

void owner_find(struct owner *owners, size_t count)
{
    enum { MAX = 256 };
    pid_t last[MAX] = {0};
    count = count < MAX ? count : MAX;
    for (size_t i = 0; i < count; i++)
        owners[i] = (struct owner){.inode = owners[i].inode};
    DIR *folder = count > 0 ? opendir("/proc") : NULL;
    if (folder == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        pid_t pid;
        if (read_pid(entry->d_name, &pid))
            look_into(pid, owners, count, last);
    }
    closedir(folder);
    for (size_t i = 0; i < count; i++)
        if (owners[i].pid != 0 && process_name(owners[i].pid, owners[i].name) == 0)
            snprintf(owners[i].name, sizeof owners[i].name, "?");
}
