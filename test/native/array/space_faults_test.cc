// Every read, write, sync, allocation and hole of every kind of file fails once, and from then on, in a life with
// copies: what was acknowledged is there, a copy is right or gone with the typed error, and nothing else is touched.

#include <algorithm>
#include <cerrno>
#include <map>

#include "array_fixture.h"

namespace holdfast {
namespace {

constexpr uint32_t kUnits = 48;
constexpr uint32_t kSectors = kUnits * (kUnitBytes / kSectorBytes);

// What each sector may hold: now, and after the process has ended.
struct Allowed {
  Allowed() : now(kSectors, {0}), later(kSectors, {0}) {}

  void wrote(uint64_t first, uint64_t count, uint8_t value, bool done) {
    for (uint64_t i = first; i < first + count; ++i) {
      if (done) now[i].clear();
      now[i].push_back(value);
      later[i].push_back(value);
    }
  }
  void flushed() { later = now; }
  Allowed copy() const {
    Allowed captured;
    captured.now = captured.later = now;
    return captured;
  }
  std::string compare(const std::vector<uint8_t>& bytes, bool reopened) const {
    for (uint32_t i = 0; i < kSectors; ++i) {
      const uint8_t* sector = bytes.data() + i * kSectorBytes;
      const std::vector<uint8_t>& values = reopened ? later[i] : now[i];
      const bool whole = std::all_of(sector, sector + kSectorBytes, [&](uint8_t byte) { return byte == sector[0]; });
      if (whole && std::find(values.begin(), values.end(), sector[0]) != values.end()) continue;
      return "sector " + std::to_string(i) + " holds " + std::to_string(sector[0]) + (whole ? "" : " and more") +
             " and may hold " + std::to_string(values.back());
    }
    return {};
  }

  std::vector<std::vector<uint8_t>> now;
  std::vector<std::vector<uint8_t>> later;
};

struct FaultCase {
  const char* file;  // with % for the original's guid
  SimulatedOp op;
  int error_number;
  uint64_t count;
  bool only_of_family;  // nothing of the other LUN may fail
};

std::string name_of(const testing::TestParamInfo<FaultCase>& info) {
  static const char* const kOps[] = {"Read", "Write", "Sync", "Allocate", "Punch"};
  const std::string file = info.param.file;
  const size_t slash = file.rfind('/');
  std::string kind = slash > 1 ? file.substr(2, slash - 2) : file.substr(2);
  kind.erase(std::remove_if(kind.begin(), kind.end(), [](char c) { return c == '.' || c == '*'; }), kind.end());
  return kind + kOps[static_cast<int>(info.param.op)] + (info.param.error_number == EIO ? "Eio" : "Enospc") +
         (info.param.count == 1 ? "Once" : "Forever");
}

class SpaceFaultsTest : public ArrayTest, public testing::WithParamInterface<FaultCase> {
 protected:
  struct KnownCopy {
    TakenSet set;
    std::shared_ptr<Lun> lun;
    Allowed allowed;
    bool deleted = false;  // or tried to
  };

  static void expect_typed(const Status& status) {
    static const Code kExpected[] = {Code::no_space,  Code::io,         Code::lun_read_only,    Code::array_read_only,
                                     Code::copy_gone, Code::lun_closed, Code::object_not_found, Code::cancelled};
    EXPECT_NE(std::find(std::begin(kExpected), std::end(kExpected), status.code()), std::end(kExpected))
        << code_text(status.code()) << ": " << status.message();
  }
  Status write_sectors(Lun& target, Allowed& allowed, uint64_t first, uint64_t count) {
    const uint8_t value = ++value_ == 0 ? ++value_ : value_;
    Status written = write_bytes(machine(), target, first * kSectorBytes, pattern(count * kSectorBytes, value));
    allowed.wrote(first, count, value, written.ok());
    if (!written.ok()) expect_typed(written);
    return written;
  }
  void write_origin(uint64_t unit, uint64_t count) {
    Status written = write_sectors(lun(id), allowed_, unit * 8, count * 8);
    if (!written.ok()) ++failed_writes_;
  }
  void flush_origin() {
    Status flushed = flush(id);
    if (flushed.ok()) allowed_.flushed();
    if (!flushed.ok()) expect_typed(flushed);
  }
  size_t take(const Guid& source, const Allowed& allowed) {
    KnownCopy copy;
    copy.set = take_set(machine(), {source});
    copy.allowed = allowed.copy();
    if (copy.set.status.ok()) {
      copy.lun = array().find_lun(copy.set.copies[0]);
    } else {
      expect_typed(copy.set.status);
    }
    copies_.push_back(std::move(copy));
    return copies_.size() - 1;
  }

  void live() {
    value_ = 0;
    write_origin(0, kUnits);
    flush_origin();
    const size_t first = take(id, allowed_);
    for (uint64_t unit = 0; unit < 16; unit += 2) write_origin(unit, 2);
    (void)write_sectors(lun(id), allowed_, 20 * 8 + 3, 2);
    flush_origin();
    const size_t second = take(id, allowed_);
    write_origin(4, 12);
    if (copies_[second].lun != nullptr) (void)write_sectors(*copies_[second].lun, copies_[second].allowed, 40 * 8, 8);
    Status checkpointed = machine().run(array().checkpoint());
    if (!checkpointed.ok()) expect_typed(checkpointed);
    write_origin(30, 4);
    flush_origin();
    if (copies_[first].set.status.ok()) {
      copies_[first].deleted = true;
      (void)machine().run(array().delete_copies(copies_[first].set.snapshots));
      machine().settle();
    }
    flush_origin();
    machine().settle();
    (void)take(id, allowed_);
    write_origin(0, 8);
    write_origin(36, 6);
    flush_origin();
    (void)write_bytes(machine(), lun(other_), 0, pattern(4096, 7));
    (void)read_all(lun(id));
    machine().settle();
  }
  std::optional<std::vector<uint8_t>> read_all(Lun& target) {
    LunAccess access(target);
    AlignedBuffer bytes = make_aligned(unit_offset(kUnits));
    Status status = machine().run(access.read(0, bytes.get(), static_cast<uint32_t>(unit_offset(kUnits))));
    if (!status.ok()) {
      expect_typed(status);
      return std::nullopt;
    }
    return std::vector<uint8_t>(bytes.get(), bytes.get() + unit_offset(kUnits));
  }

  void expect_right(bool reopened) {
    EXPECT_EQ(allowed_.compare(read(id, 0, unit_offset(kUnits)), reopened), "") << "the origin";
    for (size_t i = 0; i < copies_.size(); ++i) {
      KnownCopy& copy = copies_[i];
      if (!copy.set.status.ok()) continue;
      const Guid guid = copy.set.copies[0];
      const std::shared_ptr<Lun> found = array().find_lun(guid);
      if (found != nullptr) {
        EXPECT_EQ(copy.allowed.compare(read(guid, 0, unit_offset(kUnits)), reopened), "") << "copy " << i;
        continue;
      }
      if (reopened) continue;
      const bool was_given_up = array().why_missing(guid).code() == Code::copy_gone;
      EXPECT_TRUE(copy.deleted || was_given_up) << "copy " << i << " is gone and nobody says why";
      given_up_ += was_given_up ? 1 : 0;
      EXPECT_EQ(finish(start_read(*copy.lun, 0, 4096)).code(), Code::copy_gone);
    }
    EXPECT_EQ(read(other_copy_.copies[0], 0, 65536), pattern(65536, 5)) << "the copy of another LUN";
    expect_consistent();
  }

  Guid id;
  Guid other_;
  TakenSet other_copy_;
  Allowed allowed_;
  std::vector<KnownCopy> copies_;
  uint8_t value_ = 0;
  uint32_t failed_writes_ = 0;
  uint32_t given_up_ = 0;
};

TEST_P(SpaceFaultsTest, WhateverFailsWhatWasAcknowledgedStaysAndCopiesAreRightOrGone) {
  const FaultCase& fault_case = GetParam();
  const bool must_always_write =
      fault_case.count == 1 && std::string(fault_case.file).find("area") != std::string::npos;
  uint64_t nth = 1;
  for (;; ++nth) {
    machine_ = std::make_unique<Machine>(nth);
    ASSERT_TRUE(machine().create_array().ok());
    allowed_ = Allowed();
    copies_.clear();
    failed_writes_ = 0;
    id = make_lun(unit_offset(kUnits));
    other_ = make_lun(unit_offset(kUnits));
    ASSERT_TRUE(write(other_, 0, pattern(unit_offset(kUnits), 5)).ok());
    other_copy_ = take_set(machine(), {other_});
    ASSERT_TRUE(write(other_, 0, pattern(65536, 6)).ok());
    ASSERT_TRUE(flush(other_).ok());
    settle();
    std::string file = fault_case.file;
    if (file.find('%') != std::string::npos) file.replace(file.find('%'), 1, id.to_string());
    const size_t fault = fail(fault_case.op, file, fault_case.error_number, nth, fault_case.count);
    live();
    const bool hit = machine().io().fault_hits(fault) > 0;
    machine().io().clear_faults();
    if (must_always_write && fault_case.op == SimulatedOp::write) {
      EXPECT_EQ(failed_writes_, 0u);
    }
    expect_right(false);
    if (fault_case.only_of_family) {
      EXPECT_TRUE(write(other_, 0, pattern(4096, 8)).ok());
      EXPECT_TRUE(flush(other_).ok());
    }
    Status closed = machine().close_array();
    if (!closed.ok()) expect_typed(closed);
    const Status opened = closed.ok() ? machine().open_array() : die_and_open();
    ASSERT_TRUE(opened.ok()) << opened.message();
    expect_right(true);
    write_origin(8, 8);
    flush_origin();
    EXPECT_TRUE(take_set(machine(), {id}).status.ok()) << "the array is of use again";
    if (HasFailure()) FAIL() << "failing number " << nth;
    if (!hit) break;
  }
  RecordProperty("failures", static_cast<int>(nth - 1));
  RecordProperty("givenUp", static_cast<int>(given_up_));
  EXPECT_GT(nth, 1u) << "nothing of the kind happens in this life";
}

std::vector<FaultCase> all_cases() {
  std::vector<FaultCase> cases;
  const auto add = [&](const char* file, std::vector<SimulatedOp> ops, bool only_of_family) {
    for (const SimulatedOp op : ops) {
      for (const int error_number : {EIO, ENOSPC}) {
        for (const uint64_t count : {uint64_t{1}, Fault::kForever}) {
          cases.push_back(FaultCase{file, op, error_number, count, only_of_family});
        }
      }
    }
  };
  using Op = SimulatedOp;
  add("*/base/%", {Op::read, Op::write, Op::sync, Op::punch}, true);
  add("*/area/%", {Op::read, Op::write, Op::sync, Op::allocate}, true);
  add("*/journal.*", {Op::write, Op::sync, Op::allocate}, false);
  add("*/checkpoint.*", {Op::write, Op::sync}, false);
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Files, SpaceFaultsTest, testing::ValuesIn(all_cases()), name_of);

}  // namespace
}  // namespace holdfast
