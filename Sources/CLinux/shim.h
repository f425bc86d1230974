/* Calls of Linux and glibc that Swift's Glibc module leaves out: GNU extensions and functions of variable arguments. */
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timex.h>

extern int memfd_create(const char *name, unsigned int flags);
extern int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);
extern int pthread_setname_np(pthread_t thread, const char *name);

static const unsigned int colonnade_memfd_cloexec = 1;

/* FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE */
extern int fallocate(int descriptor, int mode, off_t offset, off_t length);
static const int colonnade_punch_hole = 3;

/* Memory that another process reads after this one was killed: earlier writes come first. */
static inline void colonnade_store(unsigned long long *address, unsigned long long value) { __atomic_store_n(address, value, __ATOMIC_RELEASE); }
static inline unsigned long long colonnade_load(const unsigned long long *address) { return __atomic_load_n(address, __ATOMIC_ACQUIRE); }

/* The process dies with its parent's thread that started it. */
static inline int colonnade_die_with_parent(int signal) { return prctl(PR_SET_PDEATHSIG, signal); }

/* Whether something keeps the system's clock, and by how many microseconds it may be wrong then. */
static inline int colonnade_clock_is_kept(long *error) {
    struct timex state = {0};
    int code = adjtimex(&state);
    *error = state.maxerror;
    return code >= 0 && code != TIME_ERROR && !(state.status & STA_UNSYNC);
}

static inline int colonnade_set_nonblocking(int descriptor) {
    int flags = fcntl(descriptor, F_GETFL);
    return flags < 0 ? -1 : fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
}

static const int colonnade_epoll_cloexec = EPOLL_CLOEXEC;
static const int colonnade_eventfd_flags = EFD_CLOEXEC | EFD_NONBLOCK;
