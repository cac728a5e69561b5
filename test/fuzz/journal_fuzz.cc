// Fuzzer of recovery from a journal. The first byte chooses: the rest is the bytes of the file, whose batches get the
// right generation and checksum; or it is lists of records, one a batch, so that mutations reach what records say.
#include "array/journal.h"
#include "array_image.h"
#include "base/endian.h"
#include "base/units.h"
#include "fuzz_main.h"

namespace holdfast::test {
namespace {

constexpr uint8_t kBytes = 0;
constexpr uint8_t kRecords = 1;

FuzzInput resealed(std::span<const uint8_t> bytes) {
  FuzzInput journal(bytes.begin(), bytes.end());
  const CheckpointHeader& header = image_with_journal().checkpoint.header;
  for (size_t at = 0; at + kBatchHeaderBytes <= journal.size(); at += kUnitBytes) {
    if (load_le32(journal.data() + at) != kBatchMagic) continue;
    const uint32_t record_bytes = load_le32(journal.data() + at + 32);
    if (record_bytes > journal.size() - at - kBatchHeaderBytes) continue;
    seal_batch(journal.data() + at, BatchHeader{header.journal_generation, load_le64(journal.data() + at + 16),
                                                load_le64(journal.data() + at + 24), record_bytes});
  }
  return journal;
}

FuzzInput journal_of(FuzzBytes in) {
  const CheckpointHeader& header = image_with_journal().checkpoint.header;
  FuzzInput journal;
  for (uint64_t sequence = header.first_sequence; !in.empty(); ++sequence) {
    std::vector<uint8_t> records;
    (void)take_records(in, records);
    const size_t at = journal.size();
    journal.resize(at + unit_offset(units_of(kBatchHeaderBytes + records.size())));
    std::copy(records.begin(), records.end(), journal.begin() + static_cast<ptrdiff_t>(at + kBatchHeaderBytes));
    seal_batch(journal.data() + at,
               BatchHeader{header.journal_generation, sequence, sequence - 1, static_cast<uint32_t>(records.size())});
  }
  return journal;
}

bool open_with(const FuzzInput& journal) {
  const ArrayImage& image = image_with_journal();
  return open_and_use(image.with(image.journal_path(), journal));
}

}  // namespace

std::vector<FuzzInput> fuzz_seeds() {
  const ArrayImage& image = image_with_journal();
  const std::string text = image.disk->contents(image.journal_path());
  const std::span<const uint8_t> whole(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  FuzzInput records = {kRecords};
  std::vector<FuzzInput> seeds;
  size_t end = 0;
  BatchHeader header;
  while (read_batch(whole.subspan(end), image.checkpoint.header.journal_generation, &header)) {
    put_records(records, whole.subspan(end + kBatchHeaderBytes, header.record_bytes));
    end += unit_offset(units_of(kBatchHeaderBytes + header.record_bytes));
    if (seeds.size() < 6) seeds.push_back(records);
  }
  FuzzInput bytes = {kBytes};
  bytes.insert(bytes.end(), whole.begin(), whole.begin() + static_cast<ptrdiff_t>(end));
  seeds.push_back(records);
  seeds.push_back(bytes);
  require(open_with(journal_of(FuzzBytes(std::span(records).subspan(1)))), "the array opens from its own records");
  require(open_with(resealed(std::span(bytes).subspan(1))), "the array opens from its own journal");
  return seeds;
}

}  // namespace holdfast::test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace holdfast::test;
  if (size == 0) return 0;
  const std::span<const uint8_t> rest(data + 1, size - 1);
  (void)open_with((data[0] & 1) == kBytes ? resealed(rest) : journal_of(FuzzBytes(rest)));
  return 0;
}
