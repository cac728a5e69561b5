// Fuzzer of the records of journal and checkpoint: any bytes as records. What is read is written again, and read from
// there is the same.
#include "array/records.h"

#include "array_image.h"
#include "base/units.h"
#include "fuzz_main.h"

namespace holdfast::test {
namespace {

template <typename Record>
void read_and_write(std::span<const uint8_t> payload) {
  Record record;
  ByteReader in(payload);
  if (!decode(in, &record)) return;
  std::vector<uint8_t> once;
  encode(once, record);
  Record again;
  RecordType type;
  bool ok = true;
  ByteReader written(once);
  require(next_record(written, &type, &payload, &ok) && written.left() == 0, "a record is written as one record");
  ByteReader second(payload);
  require(decode(second, &again), "what was read can be written and read");
  std::vector<uint8_t> twice;
  encode(twice, again);
  require(once == twice, "a record is written the same way every time");
}

}  // namespace

std::vector<FuzzInput> fuzz_seeds() { return {image_with_checkpoint().checkpoint.structure}; }

}  // namespace holdfast::test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace holdfast;
  ByteReader in(std::span(data, size));
  RecordType type;
  std::span<const uint8_t> payload;
  bool ok = true;
  size_t bytes = 0;
  while (next_record(in, &type, &payload, &ok)) {
    bytes += 8 + payload.size();
    test::read_and_write<StampRecord>(payload);
    test::read_and_write<RedirectRecord>(payload);
    test::read_and_write<FamilyRecord>(payload);
    test::read_and_write<LunRecord>(payload);
    test::read_and_write<SetRecord>(payload);
  }
  test::require(ok ? bytes == size : bytes < size, "records fill their batch, or it is said that they do not");
  return 0;
}
