#include "array_image.h"

#include <fcntl.h>
#include <algorithm>

#include "base/endian.h"
#include "simulated_identities.h"

namespace holdfast::test {
namespace {

constexpr uint64_t kLunBytes = 64 << 10;
constexpr const char* kImagePath = "/image";

Task<Status> read_image(Machine& machine, std::string path, CheckpointImage* image) {
  SimulatedDisk& disk = *machine.disk();
  const int file = disk.open(path, O_RDONLY, 0);
  FileStat stat;
  (void)disk.stat(file, &stat);
  Result<StoredCheckpoint> stored = co_await read_checkpoint(machine.loop(), file, stat.size_bytes, path);
  Status status = stored.status();
  if (status.ok()) status = co_await read_leaves(machine.loop(), file, path, &stored.value());
  (void)disk.close(file);
  if (status.ok()) *image = std::move(stored.value().image);
  co_return status;
}

Status take_plex(Machine& machine, const Guid& source) {
  StorageArray& array = *machine.array;
  TakenSet taken;
  taken.set = Guid::random();
  ArmRequest request;
  request.set = taken.set;
  request.owner = 1;
  request.auto_release = false;
  request.copies = {ArmCopy{source, Guid::random(), Guid::random()}};
  Status status = machine.run(array.begin_plex(taken.set, 1, request.copies.front()));
  if (status.ok()) status = machine.run(array.arm_set(request));
  if (!status.ok()) return status;
  const Result<LeaseId> lease = hold_set(machine, taken, {source});
  if (!lease.ok()) return lease.status();
  (void)machine.leases().release(lease.value(), 1);
  status = machine.run(array.record_set(taken.set));
  if (status.ok()) status = machine.run(array.finish_set(taken.set, "note"));
  if (status.ok()) status = machine.run(array.await_plex(request.copies.front().copy));
  return status;
}

// Every kind of record: LUNs made, adopted, grown, reverted and deleted; copies, copies of copies, sets that went.
void live(Machine& machine) {
  StorageArray& array = *machine.array;
  const auto write = [&](const Guid& lun, uint64_t offset_bytes, uint64_t length_bytes, uint8_t value) {
    const Status status = write_bytes(machine, *array.find_lun(lun), offset_bytes, pattern(length_bytes, value));
    require(status.ok(), status.message());
  };
  const auto take = [&](const std::vector<Guid>& luns) {
    const TakenSet set = take_set(machine, luns);
    require(set.status.ok(), set.status.message());
    return set;
  };
  const auto must = [&](Task<Status> task) {
    const Status status = machine.run(std::move(task));
    require(status.ok(), status.message());
  };
  machine.disk()->set_contents(kImagePath, 0, std::string(32 << 10, 'i'));
  const Guid one = machine.run(array.create_lun(kLunBytes)).take();
  const Guid other = machine.run(array.create_lun(kLunBytes + kSectorBytes)).take();
  const Guid short_lived = machine.run(array.create_lun(kLunBytes)).take();
  const Guid adopted = machine.run(array.adopt_lun(kImagePath)).take();
  write(one, 0, 32 << 10, 1);
  write(adopted, 0, 4096, 2);
  const TakenSet first = take({one, other, adopted});
  write(one, 4096, 8192, 3);
  write(other, kLunBytes, kSectorBytes, 4);
  write(first.copies[0], 8192, 512, 5);
  const TakenSet second = take({one, first.copies[0]});
  write(one, 0, 16384, 6);
  const TakenSet third = take({one});
  const TakenSet left = take_set(machine, {other}, true);
  must(array.delete_copies(second.snapshots));
  must(array.revert_lun(one, third.copies[0]));
  must(array.grow_lun(other, 2 * kLunBytes));
  write(one, 20480, 4096, 7);
  write(other, kLunBytes + 4096, 4096, 8);
  require(machine.run(array.break_copies(third.snapshots)).ok(), "a copy can be broken off");
  must(array.delete_lun(short_lived));
  require(take_plex(machine, adopted).ok(), "a plex can be taken");
  for (const LunInfo& lun : array.list_luns()) must(array.find_lun(lun.record.guid)->family().sync());
}

ArrayImage make_image(bool closed) {
  const SimulatedIdentities identities(1);
  Machine machine(1);
  require(machine.create_array(IoMode::writeback).ok(), "an array can be made");
  live(machine);
  ArrayImage image;
  image.number = closed ? 2 : 1;
  if (closed) require(machine.close_array().ok(), "an array can be closed");
  const Status read = machine.run(read_image(machine, image.checkpoint_path(), &image.checkpoint));
  require(read.ok(), read.message());
  image.disk = machine.disk();
  machine.switch_off();
  image.disk->process_exit(1);
  return image;
}

bool is_refusal(Code code) {
  return code == Code::array_damaged || code == Code::array_format || code == Code::lun_changed ||
         code == Code::lun_adopted || code == Code::array_locked || code == Code::array_not_found;
}

// What is done with an array that has opened: it succeeds, or comes upon a part of the map that was not looked at when
// the array was opened, and is damaged.
class User {
 public:
  explicit User(Machine& machine) : machine_(machine), array_(*machine.array) {}

  void use(const Guid& guid) {
    const std::shared_ptr<Lun> lun = array_.find_lun(guid);
    const uint32_t length_bytes = lun->size_bytes() < kUnitBytes ? kSectorBytes : kUnitBytes;
    AlignedBuffer bytes = make_aligned(length_bytes);
    LunAccess access(*lun);
    if (!run(access.read(0, bytes.get(), length_bytes), "the first bytes of a LUN are read")) return;
    const uint64_t last = lun->size_bytes() - length_bytes;
    if (!run(access.read(last, bytes.get(), length_bytes), "its last bytes are read")) return;
    if (!run(access.write(0, pattern(length_bytes, 9)), "its first bytes are written")) return;
    const TakenSet set = take_set(machine_, {guid});
    if (set.status.code() == Code::maximum_number_of_snapshots_reached) return;
    if (!is_done(set.status, "a copy is taken")) return;
    if (!run(access.write(0, pattern(length_bytes, 10)), "it is written to after a copy")) return;
    walk(set.copies[0], guid);
    if (!lun->is_copy() && !run(array_.revert_lun(guid, set.copies[0]), "it is reverted")) return;
    if (!run(array_.delete_copies(set.snapshots), "a copy is deleted")) return;
    (void)run(lun->family().sync(), "it is flushed");
  }
  bool run(Task<Status> task, const char* what) { return is_done(machine_.run(std::move(task)), what); }
  bool is_damaged() const { return is_damaged_; }

 private:
  bool is_done(const Status& status, const char* what) {
    require(status.ok() || status.code() == Code::array_damaged, std::string(what) + ": " + status.message());
    is_damaged_ = is_damaged_ || !status.ok();
    return status.ok();
  }
  void walk(const Guid& older, const Guid& newer) {
    const Result<WalkId> walk = array_.begin_walk(1, older, newer);
    require(walk.ok(), "two LUNs of a family are compared");
    (void)is_done(machine_.run(array_.continue_walk(1, walk.value(), 16)).status(), "two LUNs are compared");
    array_.end_walk(1, walk.value());
  }

  Machine& machine_;
  StorageArray& array_;
  bool is_damaged_ = false;
};

}  // namespace

const ArrayImage& image_with_journal() {
  static const ArrayImage image = make_image(false);
  return image;
}

const ArrayImage& image_with_checkpoint() {
  static const ArrayImage image = make_image(true);
  return image;
}

std::shared_ptr<SimulatedDisk> ArrayImage::with(const std::string& path, const FuzzInput& bytes) const {
  const std::shared_ptr<SimulatedDisk> copy = disk->clone();
  const int file = copy->open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  (void)copy->close(file);
  copy->set_contents(path, 0, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  return copy;
}

bool open_and_use(const std::shared_ptr<SimulatedDisk>& disk) {
  const SimulatedIdentities identities(2);
  std::vector<std::string> before;
  (void)disk->list(Machine::kPath, &before);
  Machine machine(disk, 3);
  Status opened = machine.open_array();
  if (!opened.ok()) {
    require(is_refusal(opened.code()),
            std::string("refused with ") + code_text(opened.code()) + ", " + opened.message());
    require(opened.message().size() < 4096, "a refusal is a sentence");
    for (const std::string& name : before) {
      require(disk->exists(std::string(Machine::kPath) + "/" + name), "a refused array keeps " + name);
    }
    return false;
  }
  const std::vector<LunInfo> luns = machine.array->list_luns();
  // What was not looked at when it was opened need not fit together, where somebody made its checksums right.
  const bool is_read_on_demand = std::any_of(luns.begin(), luns.end(), [&](const LunInfo& info) {
    return machine.array->find_lun(info.record.guid)->family().map().stored_count() > 0;
  });
  User user(machine);
  for (size_t i = 0; i < luns.size() && i < 8 && !user.is_damaged(); ++i) user.use(luns[i].record.guid);
  if (!user.is_damaged()) (void)user.run(machine.array->checkpoint(), "a checkpoint is written");
  if (!user.is_damaged()) {
    const Result<CheckReport> report = machine.run(machine.array->check_all());
    require(report.ok(), "an array that opens can be checked");
    require(report.value().faults.empty() || is_read_on_demand, "an array that opens is sound");
  }
  const size_t set_count = machine.array->list_sets().size();
  (void)user.run(machine.array->close(), "the array is closed");
  machine.array.reset();
  opened = machine.open_array();
  if (user.is_damaged()) {
    require(opened.ok() || is_refusal(opened.code()), "it is opened again or refused: " + opened.message());
    return true;
  }
  // What opened with the highest number there may be has none left now.
  if (opened.message().find("have run out") != std::string::npos) return true;
  require(opened.ok(), "it is opened again: " + opened.message());
  require(machine.array->list_luns().size() == luns.size(), "its LUNs are there again");
  require(machine.array->list_sets().size() == set_count, "its sets are there again");
  return true;
}

void put_records(FuzzInput& input, std::span<const uint8_t> records) {
  ByteReader in(records);
  RecordType type;
  std::span<const uint8_t> payload;
  bool ok = true;
  while (next_record(in, &type, &payload, &ok)) {
    const auto length = static_cast<uint16_t>(payload.size());
    input.insert(input.end(),
                 {static_cast<uint8_t>(type), static_cast<uint8_t>(length), static_cast<uint8_t>(length >> 8)});
    input.insert(input.end(), payload.begin(), payload.end());
  }
  require(ok, "records of an array are well-formed");
  input.push_back(0);
}

bool take_records(FuzzBytes& in, std::vector<uint8_t>& records) {
  while (!in.empty()) {
    const uint64_t type = in.number(1);
    if (type == 0) return true;
    const std::span<const uint8_t> payload = in.piece(in.number(2));
    ByteWriter writer(records);
    writer.u16(static_cast<uint16_t>(type));
    writer.u16(0);
    writer.u32(static_cast<uint32_t>(payload.size()));
    records.insert(records.end(), payload.begin(), payload.end());
  }
  return false;
}

}  // namespace holdfast::test
