// musl-host FILE: stands in for a Node under musl, of which there is no package. It offers every function of Node-API
// that the addon imports (compiled in from a generated list), loads the file with every symbol bound at once and asks it
// for its version of Node-API. So: the dynamic linker of musl takes the file, and musl has every function of C it uses.
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>

#define STUB(name) \
  int name(void) { return 1; }
#include "stubs.inc"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  void* addon = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (addon == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  int32_t (*version)(void) = (int32_t(*)(void))dlsym(addon, "node_api_module_get_api_version_v1");
  if (version == NULL || dlsym(addon, "napi_register_module_v1") == NULL) return 3;
  printf("Node-API %d\n", version());
  return 0;
}
