// Fuzzer of an array's small files. The first byte chooses which: any bytes as holdfast.json, or as the lock that
// another process holds.
#include <fcntl.h>

#include "array_image.h"
#include "fuzz_main.h"

namespace holdfast::test {
namespace {

constexpr uint8_t kManifest = 0;
constexpr uint8_t kLock = 1;

void open_with_manifest(const FuzzInput& bytes) {
  const ArrayImage& image = image_with_checkpoint();
  const std::string text(bytes.begin(), bytes.end());
  const Result<Manifest> parsed = parse_manifest(text);
  if (parsed.ok()) {
    const Result<Manifest> again = parse_manifest(manifest_text(parsed.value()));
    require(again.ok() && again.value().id == parsed.value().id && again.value().mode == parsed.value().mode,
            "what was read from a manifest can be written into one");
  }
  (void)open_and_use(image.with(std::string(Machine::kPath) + "/holdfast.json", bytes));
}

void open_locked(const FuzzInput& bytes) {
  const std::string path = std::string(Machine::kPath) + "/lock";
  const std::shared_ptr<SimulatedDisk> disk = image_with_checkpoint().with(path, bytes);
  const int file = disk->open(path, O_RDWR, 0);
  require(disk->lock(file) == 0, "the lock is free");
  require(!open_and_use(disk), "an array that somebody has is not opened");
}

}  // namespace

std::vector<FuzzInput> fuzz_seeds() {
  const std::string text = image_with_checkpoint().disk->contents(std::string(Machine::kPath) + "/holdfast.json");
  FuzzInput manifest = {kManifest};
  manifest.insert(manifest.end(), text.begin(), text.end());
  return {manifest, {kLock, '4', '2', '\n'}, {kLock}};
}

}  // namespace holdfast::test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace holdfast::test;
  if (size == 0) return 0;
  const FuzzInput rest(data + 1, data + size);
  if ((data[0] & 1) == kManifest) {
    open_with_manifest(rest);
  } else {
    open_locked(rest);
  }
  return 0;
}
