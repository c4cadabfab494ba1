/*
 * Faults for the daemon under test, put before the system's own calls with LD_PRELOAD: a disk that is slow, full or
 * broken, and a wall clock that is wrong. See faults.py, which compiles this and knows the same slots.
 *
 * HAWSER_FAULTS names a file of 64-bit numbers, the slots, which the test writes while the daemon runs.
 * HAWSER_FAULTS_DIRECTORY names the directory whose files have the faults; other files are left alone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum slot {
    CLOCK_SECONDS,     /* added to the wall clock */
    FLUSH_MILLISECONDS, /* each flush takes so much longer */
    FLUSH_ERROR,       /* the errno of flushes that fail; 0: they do not */
    FLUSH_IS_DONE,     /* 1: a flush that fails has written everything all the same */
    WRITE_ERROR,       /* the errno of writes that fail; 0: they do not */
    SKIPPED,           /* so many flushes or writes work before those that fail */
    FLUSHES,           /* counts flushes */
    WRITES,            /* counts writes */
    FAILURES,          /* counts what failed */
    SLOTS
};

static _Atomic int64_t none[SLOTS];
static _Atomic int64_t *slots = none;
static char directory[4096];
static size_t directory_length;

static void *next(const char *name) { return dlsym(RTLD_NEXT, name); }

/* The system's own function. Others may call before the constructor ran, and then look it up each time. */
#define REAL(name) (real_##name != NULL ? real_##name : (__typeof__(&name))next(#name))
#define DECLARE(name) static __typeof__(&name) real_##name
#define FIND(name) real_##name = (__typeof__(&name))next(#name)

DECLARE(clock_gettime);
DECLARE(gettimeofday);
DECLARE(time);
DECLARE(fsync);
DECLARE(fdatasync);
DECLARE(write);
DECLARE(pwrite);
DECLARE(pwrite64);
DECLARE(writev);
DECLARE(pwritev);
DECLARE(ftruncate);
DECLARE(ftruncate64);
DECLARE(fallocate);

static void find_all(void) {
    FIND(clock_gettime);
    FIND(gettimeofday);
    FIND(time);
    FIND(fsync);
    FIND(fdatasync);
    FIND(write);
    FIND(pwrite);
    FIND(pwrite64);
    FIND(writev);
    FIND(pwritev);
    FIND(ftruncate);
    FIND(ftruncate64);
    FIND(fallocate);
}

__attribute__((constructor)) static void begin(void) {
    find_all();
    const char *path = getenv("HAWSER_FAULTS");
    const char *where = getenv("HAWSER_FAULTS_DIRECTORY");
    if (where != NULL && realpath(where, directory) != NULL) directory_length = strlen(directory);
    if (path == NULL) return;
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    void *memory = mmap(NULL, sizeof none, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (memory != MAP_FAILED) slots = memory;
}

static int is_ours(int file) {
    char link[64], path[4096];
    if (directory_length == 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= (ssize_t)directory_length) return 0;
    return memcmp(path, directory, directory_length) == 0 && path[directory_length] == '/';
}

/* The errno to fail with, or 0. */
static int failure(enum slot error) {
    int code = (int)slots[error];
    if (code == 0) return 0;
    if (atomic_load(&slots[SKIPPED]) > 0) {
        atomic_fetch_sub(&slots[SKIPPED], 1);
        return 0;
    }
    atomic_fetch_add(&slots[FAILURES], 1);
    return code;
}

static int flush(int file, int (*real)(int)) {
    if (!is_ours(file)) return real(file);
    atomic_fetch_add(&slots[FLUSHES], 1);
    /* What is changed while this one waits counts for the next one. */
    int code = failure(FLUSH_ERROR);
    int64_t wait = slots[FLUSH_MILLISECONDS];
    if (wait > 0) {
        struct timespec rest = {wait / 1000, (wait % 1000) * 1000000};
        nanosleep(&rest, NULL);
    }
    if (code == 0) return real(file);
    if (slots[FLUSH_IS_DONE]) real(file);
    errno = code;
    return -1;
}

int fsync(int file) { return flush(file, REAL(fsync)); }
int fdatasync(int file) { return flush(file, REAL(fdatasync)); }

/* Whether a write must fail; then errno says why. */
static int refuses(int file) {
    if (!is_ours(file)) return 0;
    atomic_fetch_add(&slots[WRITES], 1);
    int code = failure(WRITE_ERROR);
    if (code != 0) errno = code;
    return code != 0;
}

ssize_t write(int file, const void *bytes, size_t count) {
    return refuses(file) ? -1 : REAL(write)(file, bytes, count);
}
ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) {
    return refuses(file) ? -1 : REAL(pwrite)(file, bytes, count, at);
}
ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at) {
    return refuses(file) ? -1 : REAL(pwrite64)(file, bytes, count, at);
}
ssize_t writev(int file, const struct iovec *parts, int count) {
    return refuses(file) ? -1 : REAL(writev)(file, parts, count);
}
ssize_t pwritev(int file, const struct iovec *parts, int count, off_t at) {
    return refuses(file) ? -1 : REAL(pwritev)(file, parts, count, at);
}
int ftruncate(int file, off_t length) { return refuses(file) ? -1 : REAL(ftruncate)(file, length); }
int ftruncate64(int file, off64_t length) { return refuses(file) ? -1 : REAL(ftruncate64)(file, length); }
int fallocate(int file, int mode, off_t at, off_t length) {
    return refuses(file) ? -1 : REAL(fallocate)(file, mode, at, length);
}

static int is_wall(clockid_t clock) { return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE; }

int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = REAL(clock_gettime)(clock, now);
    if (result == 0 && is_wall(clock)) now->tv_sec += slots[CLOCK_SECONDS];
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    int result = REAL(gettimeofday)(now, zone);
    if (result == 0) now->tv_sec += slots[CLOCK_SECONDS];
    return result;
}

time_t time(time_t *into) {
    time_t now = REAL(time)(NULL) + slots[CLOCK_SECONDS];
    if (into != NULL) *into = now;
    return now;
}
