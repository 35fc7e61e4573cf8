// Preloaded into a Node process: lets memory and threads that the addon asks for fail, and counts what it holds.
// Controlled through a mapped file of 64-bit numbers (FAULTS_FILE); their meaning: test/fixtures/faults.mjs.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { locate, countdown, persists, failures, held, refusesThreads, refusals, slots };

static volatile int64_t* control;
static volatile uintptr_t first, last; // addresses of the addon's code
static void* (*realMalloc)(size_t);
static void* (*realCalloc)(size_t, size_t);
static void* (*realRealloc)(void*, size_t);
static void (*realFree)(void*);
static int (*realCreate)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);

__attribute__((constructor)) static void map(void) {
  const char* path = getenv("FAULTS_FILE");
  const int file = path ? open(path, O_RDWR) : -1;
  if (file < 0) return;
  void* memory = mmap(0, slots * sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (memory != MAP_FAILED) control = memory;
}

static int findAddon(struct dl_phdr_info* info, size_t size, void* data) {
  (void)size;
  (void)data;
  if (!info->dlpi_name || !strstr(info->dlpi_name, "nabla.node")) return 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    if (info->dlpi_phdr[i].p_type != PT_LOAD || !(info->dlpi_phdr[i].p_flags & PF_X)) continue;
    first = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
    last = first + info->dlpi_phdr[i].p_memsz;
  }
  return 1;
}

static int isAddon(void* caller) {
  if (!control) return 0;
  if (control[locate] == 1) {
    control[locate] = 2;
    dl_iterate_phdr(findAddon, 0);
  }
  return (uintptr_t)caller >= first && (uintptr_t)caller < last;
}

static int fails(void) {
  int64_t k = control[countdown];
  if (k <= 0) return 0;
  if (!(control[persists] && k == 1) && __sync_sub_and_fetch(&control[countdown], 1) != 0) return 0;
  if (control[persists]) control[countdown] = 1;
  __sync_fetch_and_add(&control[failures], 1);
  errno = ENOMEM;
  return 1;
}

// What the addon holds, as a set of addresses: others may free it, as a tail call of the addon's looks like one of theirs.
enum { room = 1 << 20 };
static void* addresses[room];
static int lock;

static void acquire(void) {
  while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE)) {
  }
}

static size_t slotOf(void* memory) { return (((uintptr_t)memory >> 4) * 0x9e3779b97f4a7c15u) >> 44; }

static void* hold(void* memory) {
  if (!memory) return 0;
  acquire();
  size_t i = slotOf(memory);
  while (addresses[i] > (void*)1) i = (i + 1) % room;
  addresses[i] = memory;
  ++control[held];
  __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
  return memory;
}

static void release(void* memory) {
  acquire();
  size_t i = slotOf(memory);
  while (addresses[i] && addresses[i] != memory) i = (i + 1) % room;
  if (addresses[i]) {
    addresses[i] = (void*)1; // a slot that was in use: searches go on behind it
    --control[held];
  }
  __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

void* malloc(size_t n) {
  if (!realMalloc) realMalloc = dlsym(RTLD_NEXT, "malloc");
  if (!isAddon(__builtin_return_address(0))) return realMalloc(n);
  return fails() ? 0 : hold(realMalloc(n));
}

// dlsym itself asks for memory before the real function is known.
static char early[4096];
static size_t earlyUsed;

void* calloc(size_t a, size_t b) {
  static int isLooking;
  if (!realCalloc && isLooking) {
    void* memory = early + earlyUsed;
    earlyUsed += (a * b + 15) & ~(size_t)15;
    return memory;
  }
  isLooking = 1;
  if (!realCalloc) realCalloc = dlsym(RTLD_NEXT, "calloc");
  if (!isAddon(__builtin_return_address(0))) return realCalloc(a, b);
  return fails() ? 0 : hold(realCalloc(a, b));
}

void* realloc(void* memory, size_t n) {
  if (!realRealloc) realRealloc = dlsym(RTLD_NEXT, "realloc");
  if (!isAddon(__builtin_return_address(0))) return realRealloc(memory, n);
  if (fails()) return 0;
  if (memory) release(memory);
  return hold(realRealloc(memory, n));
}

void free(void* memory) {
  if (!realFree) realFree = dlsym(RTLD_NEXT, "free");
  if ((char*)memory >= early && (char*)memory < early + sizeof early) return;
  if (memory && first) release(memory);
  realFree(memory);
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*), void* argument) {
  if (!realCreate) realCreate = dlsym(RTLD_NEXT, "pthread_create");
  if (isAddon(__builtin_return_address(0)) && control[refusesThreads]) {
    __sync_fetch_and_add(&control[refusals], 1);
    return EAGAIN;
  }
  return realCreate(thread, attributes, start, argument);
}
