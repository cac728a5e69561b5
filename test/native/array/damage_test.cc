// Damaged files: an array opens with everything a later durable_through covers, or it is refused with the offset.

#include <map>

#include "array/journal.h"
#include "array_fixture.h"
#include "base/endian.h"

namespace holdfast {
namespace {

constexpr uint64_t kBytes = 64 << 10;
constexpr UnitIndex kUnits = kBytes / kUnitBytes;

struct BatchAt {
  uint64_t offset_bytes;
  BatchHeader header;
};

std::vector<BatchAt> batches_of(const std::string& journal) {
  std::vector<BatchAt> batches;
  const std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(journal.data()), journal.size());
  for (uint64_t at = 0; at + kBatchHeaderBytes <= bytes.size();) {
    BatchHeader header;
    if (!read_batch(bytes.subspan(at), load_le64(bytes.data() + at + 8), &header)) break;
    batches.push_back({at, header});
    at += units_of(kBatchHeaderBytes + header.record_bytes) * kUnitBytes;
  }
  return batches;
}

class DamageTest : public ArrayTest {
 protected:
  // What was promised when the journal had so many batches: values of units, LUN by LUN.
  struct Promise {
    size_t batch_count;
    std::map<Guid, std::vector<uint8_t>> luns;
  };

  /// A life whose journal is not disturbed by a checkpoint. No place is written twice, so that losing the end of the
  /// journal loses its last changes and nothing else.
  void live() {
    original = make_lun(kBytes);
    values[original] = std::vector<uint8_t>(kUnits, 0);
    put(original, 0, 4, 1);
    const TakenSet first = take();
    put(original, 0, 2, 2);
    const TakenSet second = take();
    put(original, 1, 2, 3);
    put(first.copies[0], 3, 2, 4);
    // Last of all: what it frees is not used again.
    delete_set(second);
    values.erase(second.copies[0]);
    promise();
  }
  void put(const Guid& guid, UnitIndex unit, UnitIndex count, uint8_t value) {
    ASSERT_TRUE(write(guid, unit_offset(unit), pattern(count * kUnitBytes, value)).ok());
    ASSERT_TRUE(flush(guid).ok());
    for (UnitIndex i = unit; i < unit + count; ++i) {
      values[guid][i] = value;
      history[guid][i].push_back(value);
    }
    promise();
  }
  TakenSet take() {
    const TakenSet set = take_set(machine(), {original});
    EXPECT_TRUE(set.status.ok());
    values[set.copies[0]] = values[original];
    promise();
    return set;
  }
  void promise() { promises.push_back({batches_of(machine().disk()->contents(journal())).size(), values}); }
  std::string journal() const { return Machine::kPath + std::string("/journal.") + std::to_string(number); }

  /// What is wrong with an array opened over a disk, of whose journal so many batches are readable.
  std::string compare(Machine& opened, size_t batch_count) {
    if (batch_count < promises.front().batch_count) return {};
    const Promise* kept = &promises.front();
    for (const Promise& promise : promises) {
      if (promise.batch_count <= batch_count) kept = &promise;
    }
    for (const auto& [guid, promised] : kept->luns) {
      const std::shared_ptr<Lun> lun = opened.array->find_lun(guid);
      if (lun == nullptr && values.count(guid) == 0) continue;  // deleted in the end
      if (lun == nullptr) return "a LUN that was promised is lost";
      const std::vector<uint8_t> bytes = read_bytes(opened, *lun, 0, kBytes);
      for (UnitIndex unit = 0; unit < kUnits; ++unit) {
        const uint8_t found = bytes[unit_offset(unit)];
        if (bytes[unit_offset(unit) + 4095] != found) return "a unit is torn";
        // As promised, or as written later; the copy has nothing later but its own writes.
        const std::vector<uint8_t>& later = history[guid][unit];
        const bool is_later = std::find(later.begin(), later.end(), found) != later.end() && found >= promised[unit];
        if (found != promised[unit] && !is_later) {
          return "unit " + std::to_string(unit) + " holds " + std::to_string(found) + ", promised was " +
                 std::to_string(promised[unit]);
        }
      }
    }
    const Result<CheckReport> report = opened.run(opened.array->check_all());
    if (!report.ok()) return report.status().message();
    return report.value().faults.empty() ? "" : report.value().faults.front();
  }

  uint64_t number = 1;
  Guid original;
  std::map<Guid, std::vector<uint8_t>> values;
  std::map<Guid, std::map<UnitIndex, std::vector<uint8_t>>> history;
  std::vector<Promise> promises;
};

TEST_F(DamageTest, AJournalFlippedAtAnyByteIsRefusedWithItsOffsetOrOpensWithEverythingThatWasSaidToBeDurable) {
  live();
  machine().switch_off();
  machine().disk()->process_exit(1);
  const std::string bytes = machine().disk()->contents(journal());
  const std::vector<BatchAt> batches = batches_of(bytes);
  ASSERT_GE(batches.size(), 8u);
  size_t refused = 0, opened = 0;
  for (size_t i = 0; i < batches.size(); ++i) {
    bool said_durable = false;
    for (size_t later = i + 1; later < batches.size(); ++later) {
      said_durable = said_durable || batches[later].header.durable_through >= batches[i].header.sequence;
    }
    const uint64_t used = kBatchHeaderBytes + batches[i].header.record_bytes;
    for (uint64_t at = 0; at < kUnitBytes; at += at < used + 2 ? 1 : 61) {
      const std::shared_ptr<SimulatedDisk> disk = machine().disk()->clone();
      const uint64_t offset = batches[i].offset_bytes + at;
      const char flipped = static_cast<char>(bytes[offset] ^ (1 << at % 8));
      disk->set_contents(journal(), offset, std::string_view(&flipped, 1));
      Machine again(disk, 1);
      Status status = again.open_array();
      if (status.ok()) {
        ++opened;
        // What pads a batch means nothing.
        const std::string wrong = compare(again, at < used ? i : batches.size());
        ASSERT_TRUE(wrong.empty()) << "byte " << offset << ": " << wrong;
        ASSERT_FALSE(at < used && said_durable) << "byte " << offset << " of a durable batch was believed or ignored";
        continue;
      }
      ++refused;
      ASSERT_EQ(status.code(), Code::array_damaged) << status.message();
      ASSERT_EQ(status.offset_bytes(), batches[i].offset_bytes) << "byte " << offset;
      ASSERT_TRUE(at < used && said_durable) << "byte " << offset << ": " << status.message();
    }
  }
  EXPECT_GT(refused, 0u);
  EXPECT_GT(opened, 0u);
}

TEST_F(DamageTest, AJournalCutAtAnyByteOpensWithWhatIsLeftOfIt) {
  live();
  machine().switch_off();
  machine().disk()->process_exit(1);
  const std::vector<BatchAt> batches = batches_of(machine().disk()->contents(journal()));
  for (size_t i = 0; i < batches.size(); ++i) {
    const uint64_t used = kBatchHeaderBytes + batches[i].header.record_bytes;
    for (uint64_t at = 0; at < kUnitBytes; at += at < used + 2 ? 1 : 61) {
      const std::shared_ptr<SimulatedDisk> disk = machine().disk()->clone();
      const int file = disk->open(journal(), 2 /* O_RDWR */, 0);
      ASSERT_EQ(disk->truncate(file, batches[i].offset_bytes + at), 0);
      disk->close(file);
      Machine again(disk, 1);
      Status status = again.open_array();
      ASSERT_TRUE(status.ok()) << status.message();
      const std::string wrong = compare(again, at < used ? i : i + 1);
      ASSERT_TRUE(wrong.empty()) << "cut at byte " << batches[i].offset_bytes + at << ": " << wrong;
    }
  }
}

TEST_F(DamageTest, TheEndOfAJournalThatALaterJournalFollowsIsDamage) {
  original = make_lun(kBytes);
  values[original] = std::vector<uint8_t>(kUnits, 0);
  put(original, 0, 4, 1);
  ASSERT_TRUE(take_set(machine(), {original}).status.ok());
  fail(SimulatedOp::rename, "*checkpoint*", EIO);
  EXPECT_FALSE(machine().run(array().checkpoint()).ok());
  put(original, 0, 4, 2);
  put(original, 4, 4, 3);
  machine().switch_off();
  machine().disk()->process_exit(1);
  const std::string bytes = machine().disk()->contents(journal());
  const std::vector<BatchAt> batches = batches_of(bytes);
  {
    Machine again(machine().disk()->clone(), 1);
    ASSERT_TRUE(again.open_array().ok()) << "both journals are whole";
    EXPECT_EQ(read_bytes(again, *again.array->find_lun(original), 0, 16384), pattern(16384, 2));
  }
  const uint64_t last = batches.back().offset_bytes;
  for (uint64_t at = last; at < last + kBatchHeaderBytes + batches.back().header.record_bytes; ++at) {
    const std::shared_ptr<SimulatedDisk> disk = machine().disk()->clone();
    const char flipped = static_cast<char>(bytes[at] ^ 1);
    disk->set_contents(journal(), at, std::string_view(&flipped, 1));
    Machine again(disk, 1);
    Status status = again.open_array();
    ASSERT_EQ(status.code(), Code::array_damaged) << "byte " << at;
    ASSERT_EQ(status.offset_bytes(), last) << status.message();
  }
  const std::shared_ptr<SimulatedDisk> disk = machine().disk()->clone();
  ASSERT_EQ(disk->unlink("/array/journal.2"), 0);
  Machine again(disk, 1);
  Status status = again.open_array();
  EXPECT_EQ(status.code(), Code::array_damaged);
  EXPECT_NE(status.message().find("journal.2"), std::string::npos) << status.message();
}

TEST_F(DamageTest, ACheckpointFlippedAtAnyByteIsRefusedWithAnOffsetAtTheLatestWhereItIsNeeded) {
  live();
  ASSERT_TRUE(machine().close_array().ok());
  machine().switch_off();
  machine().disk()->process_exit(1);
  const std::string name = "/array/checkpoint.2";
  const std::string bytes = machine().disk()->contents(name);
  ASSERT_GE(bytes.size(), 4 * kUnitBytes) << "a header, a structure, a summary and a leaf";
  const std::shared_ptr<SimulatedDisk> disk = machine().disk()->clone();
  for (uint64_t at = 0; at < bytes.size(); ++at) {
    const char flipped = static_cast<char>(bytes[at] ^ (1 << at % 8));
    disk->set_contents(name, at, std::string_view(&flipped, 1));
    Machine again(disk, 1);
    Status status = again.open_array();
    if (status.ok()) {
      // A leaf of the map is read when it is needed.
      status = again.run(again.array->check_all()).status();
      EXPECT_TRUE(again.close_array().ok());
    }
    ASSERT_EQ(status.code(), Code::array_damaged) << "byte " << at << ": " << status.message();
    ASSERT_LE(status.offset_bytes(), at);
    ASSERT_GT(status.offset_bytes() + 2 * kUnitBytes, at) << status.message();
    again.switch_off();
    disk->process_exit(1);
    disk->set_contents(name, at, std::string_view(&bytes[at], 1));
  }
  for (const uint64_t length :
       {uint64_t{0}, uint64_t{100}, uint64_t{4096}, uint64_t{8192}, uint64_t{12288}, bytes.size() - 1}) {
    const std::shared_ptr<SimulatedDisk> cut = machine().disk()->clone();
    const int file = cut->open(name, 2 /* O_RDWR */, 0);
    ASSERT_EQ(cut->truncate(file, length), 0);
    cut->close(file);
    Machine again(cut, 1);
    EXPECT_EQ(again.open_array().code(), Code::array_damaged) << "cut to " << length;
  }
  Machine again(disk, 1);
  EXPECT_TRUE(again.open_array().ok());
}

TEST_F(DamageTest, ADamagedManifestIsRefusedByNameOrMeansTheSame) {
  original = make_lun(kBytes);
  ASSERT_TRUE(write(original, 0, pattern(4096, 1)).ok());
  ASSERT_TRUE(machine().close_array().ok());
  machine().switch_off();
  machine().disk()->process_exit(1);
  const std::string name = "/array/holdfast.json";
  const std::string bytes = machine().disk()->contents(name);
  for (uint64_t at = 0; at < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      const std::shared_ptr<SimulatedDisk> disk = machine().disk()->clone();
      const char flipped = static_cast<char>(bytes[at] ^ (1 << bit));
      disk->set_contents(name, at, std::string_view(&flipped, 1));
      Machine again(disk, 1);
      Status status = again.open_array();
      if (status.ok()) {
        ASSERT_EQ(read_bytes(again, *again.array->find_lun(original), 0, 4096), pattern(4096, 1));
      } else {
        ASSERT_TRUE(status.code() == Code::array_damaged || status.code() == Code::array_format)
            << "byte " << at << ": " << status.message();
      }
    }
  }
  for (const char* text : {"", "{", "[]", "{\"format\": 99999999999999999999}", "{\"format\": -1}", "\0\0\0"}) {
    const std::shared_ptr<SimulatedDisk> disk = machine().disk()->clone();
    const int file = disk->open(name, 2 /* O_RDWR */, 0);
    ASSERT_EQ(disk->truncate(file, 0), 0);
    disk->close(file);
    disk->set_contents(name, 0, text);
    Machine again(disk, 1);
    EXPECT_EQ(again.open_array().code(), Code::array_damaged) << text;
  }
}

TEST_F(DamageTest, AnotherFormatIsRefusedWithItsNumber) {
  ASSERT_TRUE(machine().close_array().ok());
  const std::string name = "/array/holdfast.json";
  const std::string bytes = machine().disk()->contents(name);
  machine().disk()->set_contents(name, bytes.find("\"format\": ") + 10, "7");
  Status status = machine().open_array();
  EXPECT_EQ(status.code(), Code::array_format);
  EXPECT_NE(status.message().find("format 7"), std::string::npos) << status.message();
}

TEST_F(DamageTest, ADirectoryWithoutAnArrayOrWithoutAFileOfItIsRefusedByName) {
  original = make_lun(kBytes);
  const TakenSet set = take_set(machine(), {original});
  ASSERT_TRUE(machine().close_array().ok());
  machine().switch_off();
  machine().disk()->process_exit(1);
  for (const std::string& name :
       {"base/" + original.to_string(), "area/" + original.to_string(), std::string("journal.2"),
        std::string("checkpoint.2"), std::string("holdfast.json")}) {
    const std::shared_ptr<SimulatedDisk> disk = machine().disk()->clone();
    ASSERT_EQ(disk->unlink("/array/" + name), 0) << name;
    Machine again(disk, 1);
    Status status = again.open_array();
    ASSERT_FALSE(status.ok());
    const bool no_array = name == "holdfast.json";
    EXPECT_EQ(status.code(), no_array ? Code::array_not_found : Code::array_damaged) << status.message();
    again.switch_off();
    disk->process_exit(1);
    EXPECT_FALSE(disk->exists("/array/" + name)) << "nothing was made up in its place";
  }
}

}  // namespace
}  // namespace holdfast
