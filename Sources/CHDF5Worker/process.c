#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker.h"

/// Memory that a worker may take beyond what it has when it starts.
static const uint64_t memory_limit = 768u << 20;
/// Processor time without progress after which it is over.
static const rlim_t seconds_limit = 20;

void extend_time(void) {
  struct rusage usage;
  struct rlimit limit;
  if (getrusage(RUSAGE_SELF, &usage) || getrlimit(RLIMIT_CPU, &limit)) return;
  rlim_t allowed = (rlim_t)usage.ru_utime.tv_sec + (rlim_t)usage.ru_stime.tv_sec + seconds_limit;
  limit.rlim_cur = limit.rlim_max == RLIM_INFINITY || allowed < limit.rlim_max ? allowed : limit.rlim_max;
  setrlimit(RLIMIT_CPU, &limit);
}

static void limit_memory(void) {
  unsigned long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file) return;
  int got = fscanf(file, "%lu", &pages);
  fclose(file);
  if (got != 1) return;
  struct rlimit limit = {0, 0};
  limit.rlim_cur = limit.rlim_max = pages * (uint64_t)sysconf(_SC_PAGESIZE) + memory_limit;
  setrlimit(RLIMIT_AS, &limit);
}

/// Leaves behind what the new process has from the program: its signal handlers, terminal, output and open files.
/// An open end of a pipe here would keep its reader waiting for the end of a file that the program has long closed.
static int detach(int socket) {
  const int defaults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGXCPU, SIGPIPE, SIGTERM, SIGINT, SIGHUP};
  for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++) signal(defaults[i], SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  // Without a terminal the C library has nowhere to print its own last words to.
  setsid();
  int null = open("/dev/null", O_RDWR);
  if (null < 0) return -1;
  // The socket to 3, everything above closed.
  if (socket < 3) socket = fcntl(socket, F_DUPFD, 3);
  for (int standard = 0; standard < 3; standard++) dup2(null, standard);
  if (socket != 3) dup2(socket, 3);
  if (close_range(4, ~0u, 0)) {
    for (int open = 4; open < 1024; open++) close(open);
  }
  struct rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  limit_memory();
  extend_time();
  return 3;
}

static herr_t refuse_external(
  const char *file, const char *path, const char *target, const char *object, unsigned *flags, hid_t access, void *data
) {
  (void)file, (void)path, (void)target, (void)object, (void)flags, (void)access, (void)data;
  return -1;
}

static int open_file(worker *w, const char *path, int writes) {
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  // Filters that are not built in would be code from a folder that a variable names.
  H5PLset_loading_state(0);
  hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  w->link_access = H5Pcreate(H5P_DATASET_ACCESS);
  if (access < 0 || w->link_access < 0) return -1;
  H5Pset_elink_cb(w->link_access, refuse_external, NULL);
#if H5_VERSION_GE(1, 10, 7)
  // A reader must not stop a writer, and some file systems know no locks.
  H5Pset_file_locking(access, 0, 1);
#endif
  struct stat status;
  w->file_size = stat(path, &status) == 0 ? (uint64_t)status.st_size : 0;
  w->file = writes ? H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access) : H5Fopen(path, H5F_ACC_RDONLY, access);
  H5Pclose(access);
  return w->file < 0 ? -1 : 0;
}

static int receive(int socket, void *buffer, size_t count) {
  uint8_t *bytes = buffer;
  while (count > 0) {
    ssize_t got = read(socket, bytes, count);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return -1;
    bytes += got;
    count -= (size_t)got;
  }
  return 0;
}

static void close_file(worker *w) {
  herr_t flushed = H5Fflush(w->file, H5F_SCOPE_GLOBAL);
  herr_t closed = H5Fclose(w->file);
  if (flushed < 0 || closed < 0) fail_answer(w, CLEW_HDF5_UNWRITABLE, NULL);
  else end_answer(w);
}

static void answer(worker *w, uint32_t code, request *r) {
  switch (code) {
    case CLEW_HDF5_LIST: list(w); break;
    case CLEW_HDF5_READ: read_elements(w, r, 0); break;
    case CLEW_HDF5_READ_TEXTS: read_elements(w, r, 1); break;
    case CLEW_HDF5_ATTRIBUTES: list_attributes(w, r); break;
    case CLEW_HDF5_CREATE: create_dataset(w, r); break;
    case CLEW_HDF5_WRITE: write_elements(w, r); break;
    case CLEW_HDF5_WRITE_TEXTS: write_texts(w, r); break;
    case CLEW_HDF5_WRITE_ATTRIBUTE: write_attribute(w, r); break;
    default: fail_answer(w, CLEW_HDF5_UNSUPPORTED, "a request of another kind");
  }
}

/// Answers requests until the program closes its end of the socket, which it also does by dying.
static void serve(int socket, const char *path, int writes) {
  worker w = {.socket = socket, .file = -1, .link_access = -1};
  w.frame = malloc(BLOCK_BYTES);
  if (!w.frame) return;
  if (open_file(&w, path, writes)) return fail_answer(&w, writes ? CLEW_HDF5_UNWRITABLE : CLEW_HDF5_MALFORMED, NULL);
  end_answer(&w);
  clew_hdf5_frame head;
  while (!receive(socket, &head, sizeof head)) {
    extend_time();
    uint8_t *bytes = malloc(head.length ? head.length : 1);
    if (!bytes || receive(socket, bytes, head.length)) return;
    if (head.code == CLEW_HDF5_CLOSE) return close_file(&w);
    request r = {.bytes = bytes, .left = head.length};
    H5Eclear2(H5E_DEFAULT);
    answer(&w, head.code, &r);
    free(bytes);
  }
}

typedef struct {
  int socket;
  const char *path;
  int writes;
} job;

static void *serve_job(void *data) {
  const job *j = data;
  serve(j->socket, j->path, j->writes);
  return NULL;
}

/// The thread that called may have a small stack.
static void run(job j) {
  pthread_t thread;
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) || pthread_attr_setstacksize(&attributes, 16 << 20)) return;
  if (!pthread_create(&thread, &attributes, serve_job, &j)) pthread_join(thread, NULL);
}

int clew_hdf5_start(const char *path, int writes, int *descriptor, int *process) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) return errno;
  pid_t child = fork();
  if (child < 0) {
    int code = errno;
    close(ends[0]);
    close(ends[1]);
    return code;
  }
  if (child == 0) {
    // Only C from here on: another thread may have held any lock of the Swift runtime.
    int socket = detach(ends[1]);
    if (socket >= 0) run((job){.socket = socket, .path = path, .writes = writes});
    _exit(0);
  }
  close(ends[1]);
  *descriptor = ends[0];
  *process = child;
  return 0;
}

int clew_hdf5_stop(int descriptor, int process) {
  int status = 0;
  close(descriptor);
  // It may be busy with a request that nobody waits for any more.
  pid_t ended = waitpid(process, &status, WNOHANG);
  if (ended == 0) {
    kill(process, SIGKILL);
    do ended = waitpid(process, &status, 0);
    while (ended < 0 && errno == EINTR);
  }
  return ended == process && WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL ? WTERMSIG(status) : 0;
}
