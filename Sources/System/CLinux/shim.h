// The calls of Linux that move bytes between sockets: epoll, splice, accept4, pipe2, eventfd. Each is wrapped so
// that it returns what the call returns, or the error number negated: errno does not have to cross the border.

#ifndef HAWSER_CLINUX_SHIM_H
#define HAWSER_CLINUX_SHIM_H

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <elf.h>
#include <link.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

// glibc declares these only under _GNU_SOURCE, which would change types that Swift's own view of glibc has already
// settled: they are declared here instead, as in their manual pages.
extern int accept4(int, struct sockaddr *, socklen_t *, int);
extern int pipe2(int[2], int);
extern ssize_t splice(int, __off64_t *, int, __off64_t *, size_t, unsigned int);
extern int pthread_setname_np(pthread_t, const char *);

// From linux/splice.h and linux/fcntl.h.
enum { hawser_SPLICE_F_MOVE = 1, hawser_SPLICE_F_NONBLOCK = 2, hawser_F_SETPIPE_SZ = 1031, hawser_F_GETPIPE_SZ = 1032 };

/// An address and a port in host order. An IPv4 address is the low 32 bits of `low`; `family` is 4, 6, or 0 for others.
struct hawser_address {
    uint64_t high;
    uint64_t low;
    uint32_t scope;
    uint16_t port;
    uint16_t family;
};

static inline long hawser_result(long result) { return result < 0 ? -(long)errno : result; }

static inline uint64_t hawser_read_big_endian(const uint8_t *bytes) {
    uint64_t value = 0;
    for (int i = 0; i < 8; i++) value = value << 8 | bytes[i];
    return value;
}

static inline void hawser_write_big_endian(uint8_t *bytes, uint64_t value) {
    for (int i = 7; i >= 0; i--) {
        bytes[i] = (uint8_t)value;
        value >>= 8;
    }
}

static inline socklen_t hawser_to_sockaddr(const struct hawser_address *address, struct sockaddr_storage *storage) {
    memset(storage, 0, sizeof *storage);
    if (address->family == 4) {
        struct sockaddr_in *in = (struct sockaddr_in *)storage;
        in->sin_family = AF_INET;
        in->sin_port = htons(address->port);
        in->sin_addr.s_addr = htonl((uint32_t)address->low);
        return sizeof *in;
    }
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)storage;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(address->port);
    in6->sin6_scope_id = address->scope;
    hawser_write_big_endian(in6->sin6_addr.s6_addr, address->high);
    hawser_write_big_endian(in6->sin6_addr.s6_addr + 8, address->low);
    return sizeof *in6;
}

/// IPv4 clients of an IPv6 listener come as IPv4 addresses.
static inline struct hawser_address hawser_from_sockaddr(const struct sockaddr_storage *storage) {
    struct hawser_address address;
    memset(&address, 0, sizeof address);
    if (storage->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)storage;
        address.family = 4;
        address.port = ntohs(in->sin_port);
        address.low = ntohl(in->sin_addr.s_addr);
    } else if (storage->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)storage;
        address.family = 6;
        address.port = ntohs(in6->sin6_port);
        address.high = hawser_read_big_endian(in6->sin6_addr.s6_addr);
        address.low = hawser_read_big_endian(in6->sin6_addr.s6_addr + 8);
        if (address.high == 0 && address.low >> 32 == 0xffff) {
            address.family = 4;
            address.low &= 0xffffffff;
        } else {
            address.scope = in6->sin6_scope_id;
        }
    }
    return address;
}

// epoll

static const uint32_t hawser_EPOLLIN = EPOLLIN;
static const uint32_t hawser_EPOLLOUT = EPOLLOUT;
static const uint32_t hawser_EPOLLRDHUP = EPOLLRDHUP;
static const uint32_t hawser_EPOLLHUP = EPOLLHUP;
static const uint32_t hawser_EPOLLERR = EPOLLERR;
static const uint32_t hawser_EPOLLET = EPOLLET;

static inline long hawser_epoll_create(void) { return hawser_result(epoll_create1(EPOLL_CLOEXEC)); }

static inline long hawser_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t token) {
    struct epoll_event event;
    event.events = events;
    event.data.u64 = token;
    return hawser_result(epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event));
}

static inline long hawser_epoll_remove(int epoll, int descriptor) {
    return hawser_result(epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, NULL));
}

static inline long hawser_epoll_wait(int epoll, struct epoll_event *events, int capacity, int milliseconds) {
    return hawser_result(epoll_wait(epoll, events, capacity, milliseconds));
}

// The struct is packed: its fields are read here, not through the importer.
static inline uint32_t hawser_event_flags(const struct epoll_event *event) { return event->events; }
static inline uint64_t hawser_event_token(const struct epoll_event *event) { return event->data.u64; }

// Sockets

/// A non-blocking TCP socket of the address family.
static inline long hawser_socket(const struct hawser_address *address) {
    int family = address->family == 4 ? AF_INET : AF_INET6;
    return hawser_result(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
}

static inline long hawser_bind(int descriptor, const struct hawser_address *address) {
    struct sockaddr_storage storage;
    socklen_t length = hawser_to_sockaddr(address, &storage);
    return hawser_result(bind(descriptor, (const struct sockaddr *)&storage, length));
}

static inline long hawser_listen(int descriptor, int backlog) { return hawser_result(listen(descriptor, backlog)); }

static inline long hawser_connect(int descriptor, const struct hawser_address *address) {
    struct sockaddr_storage storage;
    socklen_t length = hawser_to_sockaddr(address, &storage);
    return hawser_result(connect(descriptor, (const struct sockaddr *)&storage, length));
}

static inline long hawser_accept(int listener, struct hawser_address *address) {
    struct sockaddr_storage storage;
    socklen_t length = sizeof storage;
    storage.ss_family = AF_UNSPEC;
    int descriptor = accept4(listener, (struct sockaddr *)&storage, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) return -(long)errno;
    *address = hawser_from_sockaddr(&storage);
    return descriptor;
}

/// The address of this end of a socket.
static inline long hawser_local_address(int descriptor, struct hawser_address *address) {
    struct sockaddr_storage storage;
    socklen_t length = sizeof storage;
    if (getsockname(descriptor, (struct sockaddr *)&storage, &length) < 0) return -(long)errno;
    *address = hawser_from_sockaddr(&storage);
    return 0;
}

static inline long hawser_set_option(int descriptor, int level, int name, int value) {
    return hawser_result(setsockopt(descriptor, level, name, &value, sizeof value));
}

/// The error that is pending on the socket as a positive number, 0 when there is none.
static inline long hawser_pending_error(int descriptor) {
    int value = 0;
    socklen_t length = sizeof value;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &value, &length) < 0) return -(long)errno;
    return value;
}

/// Bytes that were written to the socket and that the peer has not acknowledged.
static inline long hawser_unacknowledged(int descriptor) {
    int count = 0;
    if (ioctl(descriptor, SIOCOUTQ, &count) < 0) return -(long)errno;
    return count;
}

/// The next close sends a reset instead of what is unsent.
static inline long hawser_reset_on_close(int descriptor) {
    struct linger linger = {1, 0};
    return hawser_result(setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, sizeof linger));
}

static inline long hawser_shutdown_write(int descriptor) { return hawser_result(shutdown(descriptor, SHUT_WR)); }
static inline long hawser_close(int descriptor) { return hawser_result(close(descriptor)); }

// Unix sockets

/// The longest path that an address of a Unix socket holds.
static inline size_t hawser_unix_path_limit(void) { return sizeof(((struct sockaddr_un *)0)->sun_path) - 1; }

/// Whether somebody listens there: 0 if so.
static inline long hawser_try_unix(const char *path) {
    struct sockaddr_un address;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    if (strlen(path) > hawser_unix_path_limit()) return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -(long)errno;
    long result = hawser_result(connect(descriptor, (const struct sockaddr *)&address, sizeof address));
    close(descriptor);
    return result;
}

/// 1 for a socket, 0 for another kind of file.
static inline long hawser_is_socket(const char *path) {
    struct stat status;
    if (lstat(path, &status) < 0) return -(long)errno;
    return S_ISSOCK(status.st_mode);
}

/// The number of the file, by which a socket of our own is known again.
static inline uint64_t hawser_file_number(const char *path) {
    struct stat status;
    return lstat(path, &status) < 0 ? 0 : (uint64_t)status.st_ino;
}

/// The number of a user or a group, -ENOENT for a name that is not known.
static inline long hawser_user_number(const char *name) {
    struct passwd entry, *found = NULL;
    char buffer[16384];
    int code = getpwnam_r(name, &entry, buffer, sizeof buffer, &found);
    return found != NULL ? (long)found->pw_uid : -(long)(code != 0 ? code : ENOENT);
}

static inline long hawser_group_number(const char *name) {
    struct group entry, *found = NULL;
    char buffer[16384];
    int code = getgrnam_r(name, &entry, buffer, sizeof buffer, &found);
    return found != NULL ? (long)found->gr_gid : -(long)(code != 0 ? code : ENOENT);
}

static inline long hawser_mkdir(const char *path, unsigned mode) { return hawser_result(mkdir(path, mode)); }
static inline long hawser_rmdir(const char *path) { return hawser_result(rmdir(path)); }
static inline long hawser_unlink(const char *path) { return hawser_result(unlink(path)); }
static inline long hawser_rename(const char *from, const char *to) { return hawser_result(rename(from, to)); }
static inline long hawser_chmod(const char *path, unsigned mode) { return hawser_result(chmod(path, mode)); }
static inline long hawser_lchown(const char *path, uint32_t user, uint32_t group) {
    return hawser_result(lchown(path, user, group));
}

// Bytes

static inline long hawser_peek(int descriptor, void *bytes, size_t count) {
    return hawser_result(recv(descriptor, bytes, count, MSG_PEEK | MSG_DONTWAIT));
}

static inline long hawser_receive(int descriptor, void *bytes, size_t count) {
    return hawser_result(recv(descriptor, bytes, count, MSG_DONTWAIT));
}

/// Takes bytes off the receive queue without copying them: what MSG_TRUNC means on a TCP socket, see tcp(7).
static inline long hawser_discard(int descriptor, size_t count) {
    return hawser_result(recv(descriptor, NULL, count, MSG_TRUNC | MSG_DONTWAIT));
}

static inline long hawser_send(int descriptor, const void *bytes, size_t count) {
    return hawser_result(send(descriptor, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT));
}

static inline long hawser_read(int descriptor, void *bytes, size_t count) {
    return hawser_result(read(descriptor, bytes, count));
}

static inline long hawser_write(int descriptor, const void *bytes, size_t count) {
    return hawser_result(write(descriptor, bytes, count));
}

static inline long hawser_splice(int from, int to, size_t count) {
    return hawser_result(splice(from, NULL, to, NULL, count, hawser_SPLICE_F_MOVE | hawser_SPLICE_F_NONBLOCK));
}

static inline long hawser_pipe(int *readEnd, int *writeEnd) {
    int ends[2];
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0) return -(long)errno;
    *readEnd = ends[0];
    *writeEnd = ends[1];
    return 0;
}

/// The size in bytes that the pipe has now: the one asked for, rounded up, or what it was where that is not allowed.
static inline long hawser_size_pipe(int descriptor, int bytes) {
    int size = fcntl(descriptor, hawser_F_SETPIPE_SZ, bytes);
    return size >= 0 ? size : hawser_result(fcntl(descriptor, hawser_F_GETPIPE_SZ));
}

/// A descriptor that is good for nothing but being open.
static inline long hawser_spare(void) { return hawser_result(open("/dev/null", O_RDONLY | O_CLOEXEC)); }

// Waking a thread, and the clock

static inline long hawser_eventfd(void) { return hawser_result(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)); }

static inline long hawser_eventfd_signal(int descriptor) {
    uint64_t one = 1;
    return hawser_result(write(descriptor, &one, sizeof one));
}

static inline long hawser_eventfd_clear(int descriptor) {
    uint64_t count;
    return hawser_result(read(descriptor, &count, sizeof count));
}

static inline uint64_t hawser_milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/// splice(2) has no MSG_NOSIGNAL; the signal goes to the thread that writes, which may block it.
static inline long hawser_block_sigpipe(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    return -(long)pthread_sigmask(SIG_BLOCK, &set, NULL);
}

// Memory

struct dl_phdr_info;
extern int dl_iterate_phdr(int (*)(struct dl_phdr_info *, size_t, void *), void *);

/// The head of glibc's struct of this name (dl_iterate_phdr(3)).
struct hawser_program_headers {
    ElfW(Addr) base;
    const char *name;
    const ElfW(Phdr) *headers;
    ElfW(Half) count;
};

/// Only what was never writable: pages that the loader or the program has changed exist nowhere else.
static inline int hawser_release_object(struct dl_phdr_info *object, size_t size, void *unused) {
    const struct hawser_program_headers *program = (const struct hawser_program_headers *)object;
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    (void)unused;
    if (size < sizeof *program) return 0;
    for (int i = 0; i < program->count; i++) {
        const ElfW(Phdr) *segment = &program->headers[i];
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W) != 0) continue;
        const uintptr_t start = (program->base + segment->p_vaddr) & ~(page - 1);
        const uintptr_t end = program->base + segment->p_vaddr + segment->p_filesz;
        madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 0;
}

/// Lets go of the pages of the program's files that are mapped only to be read or run: those that are needed again are
/// mapped again out of the page cache.
static inline void hawser_release_program_pages(void) { dl_iterate_phdr(hawser_release_object, NULL); }

static inline void hawser_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

#endif
