/* writer.c - writes records to a log that is rotated meanwhile, for `astray watch`.
 *
 * Usage: writer PATH FIRST COUNT RATE ROTATIONS rename|copytruncate|none
 *
 * Writes COUNT records with the event.ids w-FIRST, w-FIRST+1, ..., each by a write(2) of its own
 * at the end of PATH, which is opened for it, as the library does; RATE a second (0: as fast as it
 * goes). ROTATIONS times, evenly spread, PATH.1 becomes PATH.2 and so on, and PATH becomes PATH.1.
 * Nothing is written between copying and emptying, so that whoever reads all files has read all. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            perror("writer: " #condition);                                                         \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

static void write_record(const char *path, long number)
{
    char line[2048], stamp[32];
    struct timespec time;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &time);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", gmtime_r(&time.tv_sec, &parts));
    int length = snprintf(
        line, sizeof line,
        "{\"@timestamp\":\"%s.%06ldZ\",\"log.level\":\"warning\","
        "\"message\":\"curl[%ld] connects to 0.0.0.0:80 (\\\"0\\\"), the address to bind, no "
        "destination\",\"ecs.version\":\"9.4.0\",\"event\":{\"kind\":\"event\",\"category\":["
        "\"network\"],\"type\":[\"connection\",\"start\"],\"module\":\"astray\",\"dataset\":"
        "\"astray.connections\",\"action\":\"detected\",\"outcome\":\"unknown\",\"reason\":"
        "\"unspecified\",\"id\":\"w-%ld\"},\"network\":{\"transport\":\"tcp\",\"type\":\"ipv4\"},"
        "\"destination\":{\"address\":\"0\",\"ip\":\"0.0.0.0\",\"port\":80},\"process\":{\"pid\":"
        "%ld,\"thread\":{\"id\":%ld},\"name\":\"curl\",\"executable\":\"/usr/bin/curl\",\"args\":["
        "\"curl\",\"-fsS\",\"http://0:80/health\"],\"parent\":{\"pid\":4710,\"name\":"
        "\"deploy.sh\"}},\"user\":{\"id\":\"33\"},\"host\":{\"name\":\"web-10\"},\"astray\":{"
        "\"schema\":1,\"attempt\":\"w-%ld\",\"class\":\"unspecified\",\"call\":\"connect\","
        "\"mode\":\"audit\",\"unit\":\"ingest.service\",\"origin\":[\"argv:2\","
        "\"env:API_ADDR@deploy.sh[4710]\"],\"ancestry\":[\"deploy.sh[4710]\",\"cron[812]\"]}}\n",
        stamp, time.tv_nsec / 1000, number, number, number, number, number);
    int descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    CHECK(descriptor >= 0);
    CHECK(write(descriptor, line, (size_t)length) == length);
    close(descriptor);
}

static void name_rotated(const char *path, int number, char out[static 4096])
{
    snprintf(out, 4096, "%s.%d", path, number);
}

static void copy(const char *from, const char *to)
{
    static char data[1 << 16];
    int input = open(from, O_RDONLY), output = open(to, O_WRONLY | O_CREAT | O_EXCL, 0600);
    ssize_t got;
    CHECK(input >= 0 && output >= 0);
    while ((got = read(input, data, sizeof data)) > 0)
        CHECK(write(output, data, (size_t)got) == got);
    close(input);
    close(output);
}

static void rotate(const char *path, int done, bool by_rename)
{
    char from[4096], to[4096];
    for (int i = done; i > 0; i--) {
        name_rotated(path, i, from);
        name_rotated(path, i + 1, to);
        CHECK(rename(from, to) == 0);
    }
    name_rotated(path, 1, to);
    if (by_rename) {
        CHECK(rename(path, to) == 0);
    } else {
        copy(path, to);
        CHECK(truncate(path, 0) == 0);
    }
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Waits until record NUMBER is due; every ten, so that the clock costs little. */
static void keep_pace(double began, long number, long rate)
{
    if (rate == 0 || number % 10 != 0)
        return;
    double left = began + (double)number / (double)rate - now();
    if (left > 0) {
        struct timespec pause = {(time_t)left, (long)((left - (double)(time_t)left) * 1e9)};
        nanosleep(&pause, NULL);
    }
}

int main(int argc, char **argv)
{
    if (argc != 7) {
        fputs("usage: writer PATH FIRST COUNT RATE ROTATIONS rename|copytruncate|none\n", stderr);
        return 2;
    }
    const char *path = argv[1];
    long first = atol(argv[2]), count = atol(argv[3]), rate = atol(argv[4]);
    int rotations = atoi(argv[5]), done = 0;
    bool by_rename = strcmp(argv[6], "rename") == 0;
    double began = now();
    for (long i = 0; i < count; i++) {
        if (done < rotations && i >= (done + 1) * count / (rotations + 1))
            rotate(path, done++, by_rename);
        write_record(path, first + i);
        keep_pace(began, i + 1, rate);
    }
    printf("%ld records in %.2f s\n", count, now() - began);
    return 0;
}
