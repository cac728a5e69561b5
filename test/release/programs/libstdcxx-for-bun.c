// Bun for musl wants a libstdc++.so.6 made for musl, and this machine has one made for glibc. Its static archive, with
// the four functions of glibc that it uses defined here, makes one that suffices for Bun. The addon uses none of it.
#include <pthread.h>
#include <sys/random.h>

char __libc_single_threaded = 0;

int __pthread_key_create(pthread_key_t* key, void (*destroy)(void*)) { return pthread_key_create(key, destroy); }

// "Not found": libgcc then walks the program headers, as it does under musl.
int _dl_find_object(void* address, void* result) {
  (void)address;
  (void)result;
  return -1;
}

unsigned arc4random(void) {
  unsigned value = 0;
  while (getrandom(&value, sizeof value, 0) != sizeof value) {
  }
  return value;
}
