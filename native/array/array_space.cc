// A write finds no room, and the policy of its LUN says what becomes of it: copies are given up, oldest first, or it
// waits, or it is refused.
//
// The write holds no units and belongs to no epoch meanwhile, so nothing that is done here waits for it: not the
// deletion of a copy that has a read of the same unit under way, not the capture of a set. It has been done in full or
// in part only where it may overwrite, which trying again repeats.

#include <algorithm>
#include <coroutine>

#include "array/storage_array.h"

namespace holdfast {
namespace {

// How often a write that waits for room looks for it: nobody tells when a file system has space again.
constexpr Instant kStallStep = 50 * kMillisecond;
constexpr size_t kLostCopiesMax = 1024;
// The place that failed may be one bad place; the second failure, of another place, is the area's.
constexpr uint32_t kHealthTriesMax = 3;

class Sleep : Timer {
 public:
  Sleep(Loop& loop, Instant until) : loop_(loop), until_(until) {
    fire = [](Timer* timer) { static_cast<Sleep*>(timer)->waiting_.resume(); };
  }
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    waiting_ = waiting;
    loop_.start(*this, until_);
  }
  void await_resume() const noexcept {}

 private:
  Loop& loop_;
  const Instant until_;
  std::coroutine_handle<> waiting_;
};

// Whether the LUN would take the request if it came now.
bool is_usable(const Lun& lun, const LunRequest& request) {
  const bool is_of_change = request.within_change && lun.state() == Lun::State::changing;
  return is_of_change || lun.state() == Lun::State::open;
}

const char* reason_text(GiveUpReason reason) {
  switch (reason) {
    case GiveUpReason::maximum_reached:
      return "to keep the diff area of its source within its maximum";
    case GiveUpReason::disk_full:
      return "because the file system was full";
    case GiveUpReason::area_failed:
      return "because what its source wrote could not be put anywhere else";
  }
  return "";
}

}  // namespace

void StorageArray::find_room(Lun& lun, LunRequest& request) {
  ++tasks_running_;
  loop_.spawn(run_find_room(lun, request));
}

Task<void> StorageArray::run_find_room(Lun& lun, LunRequest& request) {
  Status found = co_await room_for(lun, request);
  if (found.ok()) {
    lun.try_again(request);
  } else {
    lun.refuse(request, std::move(found));
  }
  --tasks_running_;
  changed_.notify_all();
}

// Ok: it is worth trying again, if only to be refused by a LUN that is not open any more.
Task<Status> StorageArray::room_for(Lun& lun, LunRequest& request) {
  const uint32_t family = lun.family().id();
  const std::shared_ptr<DiffArea> area = lun.diff_area();
  while (families_making_room_.count(family) != 0 && is_usable(lun, request)) co_await changed_.wait();
  if (!is_usable(lun, request)) co_return Status();
  if (closing_ || journal_.broken()) co_return request.status;
  if (request.lack == Lack::of_area) {
    // What copies see of it no more than a LUN that was broken off does is that LUN's.
    request.is_uncounted = !counts_for_copies(lun);
    if (request.is_uncounted) co_return Status();
    measure(*area, lun.family());
    if (area->fits(request.kept_units)) co_return Status();
  }
  if (area->setting().policy == SpacePolicy::stall) co_return co_await stall_for(lun, request);
  Status found = request.status;
  if (area->setting().policy == SpacePolicy::drop_oldest) {
    families_making_room_.insert(family);
    found = co_await drop_for(lun, request);
    families_making_room_.erase(family);
    changed_.notify_all();
  }
  if (!found.ok()) tell_full(lun, found);
  co_return found;
}

Task<Status> StorageArray::stall_for(Lun& lun, LunRequest& request) {
  const std::shared_ptr<DiffArea> area = lun.diff_area();
  const uint32_t limit_millis = area->setting().stall_millis;
  if (request.stall_until == 0) {
    request.stall_until = loop_.now() + limit_millis * kMillisecond;
    tell_full(lun, request.status);
  }
  for (;;) {
    if (!is_usable(lun, request)) co_return Status();
    if (closing_) co_return request.status;
    if (loop_.now() >= request.stall_until || area->setting().policy != SpacePolicy::stall) {
      co_return Status(
          request.status.code(),
          request.status.message() + "; it has waited for room for " + std::to_string(limit_millis) + " ms",
          request.status.error_number(), request.status.offset_bytes());
    }
    const Instant until = std::min(request.stall_until, loop_.now() + kStallStep);
    co_await Sleep(loop_, until);
    if (request.lack != Lack::of_area) co_return Status();
    if (area->fits(request.kept_units)) co_return Status();
    measure(*area, lun.family());
    if (area->fits(request.kept_units)) co_return Status();
  }
}

Task<Status> StorageArray::drop_for(Lun& lun, LunRequest& request) {
  switch (request.lack) {
    case Lack::of_area: {
      const std::shared_ptr<DiffArea> area = lun.diff_area();
      co_return co_await drop_for_area(*area, lun.family(), request.kept_units, &lun, request.status);
    }
    case Lack::of_disk:
      co_return co_await drop_for_disk(lun, request);
    case Lack::of_health:
      co_return co_await drop_for_health(lun, request);
    case Lack::none:
      break;
  }
  co_return request.status;
}

// Only copies older than the writer, if that is a copy itself, and none behind one that may not go: what copies keep
// comes free in the order of their capture. A write that does not fit beside any copy costs all of them, unless it is
// to a copy, which is worth no more than the others.
Task<Status> StorageArray::drop_for_area(DiffArea& area, Family& family, uint64_t units, const Lun* writer,
                                         Status lack) {
  for (;;) {
    measure(area, family);
    const uint64_t excess = area.excess(units);
    if (excess == 0) co_return Status();
    uint64_t freed = 0;
    const std::vector<Burden> burdens = burdens_of(area, family);
    std::vector<std::shared_ptr<Lun>> oldest;
    for (const Burden& burden : burdens) {
      if (freed >= excess || !burden.may_go || burden.copy.get() == writer) break;
      freed += burden.own_units;
      oldest.push_back(burden.copy);
    }
    const bool is_to_copy = writer != nullptr && !writer->owns_diff_area();
    const bool all_go = oldest.size() == burdens.size() && !is_to_copy;
    if (freed < excess && !all_go) co_return lack;
    if (oldest.empty()) co_return Status();  // what it overwrites is nobody's any more
    Status gone = co_await give_up(std::move(oldest), GiveUpReason::maximum_reached, lack);
    if (!gone.ok()) co_return gone;
  }
}

// What is on its way to be free comes first. How much a file system needs for a write nobody can tell, so as many
// copies go as keep what the write covers, and more if it still fails. Where they keep too little, those go that see
// what is there: then it can be overwritten.
Task<Status> StorageArray::drop_for_disk(Lun& lun, LunRequest& request) {
  Family& family = lun.family();
  if (request.tries == 1 && family.has_room_coming()) {
    co_await make_all_room(family);
    co_return Status();
  }
  const uint64_t wanted = units_of(request.length_bytes);
  uint64_t freed = 0;
  std::vector<std::shared_ptr<Lun>> doomed;
  for (const Burden& burden : burdens_of(*lun.diff_area(), family)) {
    if (freed >= wanted || !burden.may_go || burden.copy.get() == &lun) break;
    freed += burden.own_units;
    doomed.push_back(burden.copy);
  }
  if (freed < wanted) doomed = copies_in_the_way(lun, request);
  if (doomed.empty()) co_return request.status;
  Status gone = co_await give_up(std::move(doomed), GiveUpReason::disk_full, request.status);
  if (!gone.ok()) co_return gone;
  co_await make_all_room(family);
  co_return Status();
}

// What the LUN writes cannot be put anywhere but over what copies see: those cannot be kept.
Task<Status> StorageArray::drop_for_health(Lun& lun, LunRequest& request) {
  if (request.tries == 1) co_return Status();
  if (request.tries > kHealthTriesMax) co_return request.status;
  std::vector<std::shared_ptr<Lun>> readers = copies_in_the_way(lun, request);
  if (readers.empty()) co_return request.status;
  Status gone = co_await give_up(std::move(readers), GiveUpReason::area_failed, request.status);
  if (!gone.ok()) co_return gone;
  co_await make_all_room(lun.family());
  co_return Status();
}

// The copies without which the write could overwrite what is there; none if that could not be even then.
std::vector<std::shared_ptr<Lun>> StorageArray::copies_in_the_way(Lun& lun, const LunRequest& request) {
  Family& family = lun.family();
  const View& view = lun.record().view;
  std::vector<std::shared_ptr<Lun>> readers;
  if (!lun.owns_diff_area() || !family.is_resident(request.holder.first_unit, request.holder.unit_count))
    return readers;
  const std::vector<Burden> burdens = burdens_of(*lun.diff_area(), family);
  const UnitIndex end = request.holder.first_unit + request.holder.unit_count;
  for (UnitIndex unit = request.holder.first_unit; unit < end; ++unit) {
    const Seen seen = family.branches().see(family.map(), view, unit);
    if (seen.branch != view.front().branch) return {};
    for (const Burden& burden : burdens) {
      const View& other = burden.copy->record().view;
      const bool reads_it = std::any_of(other.begin() + 1, other.end(), [&](const ViewEntry& entry) {
        return entry.branch == seen.branch && entry.limit >= seen.birth;
      });
      if (!reads_it || std::find(readers.begin(), readers.end(), burden.copy) != readers.end()) continue;
      if (!burden.may_go) return {};
      readers.push_back(burden.copy);
    }
  }
  return readers;
}

// Like a deletion, and what could not be made durable is as with one: gone for whoever asks, protected on disk.
Task<Status> StorageArray::give_up(std::vector<std::shared_ptr<Lun>> copies, GiveUpReason reason, Status why) {
  const Running running(*this);
  std::vector<LostCopy> lost;
  std::vector<Guid> guids;
  for (const auto& lun : copies) {
    LostCopy copy;
    copy.ids = GivenUpCopy{lun->record().snapshot, lun->guid(), lun->record().source, reason, why.error_number()};
    copy.failure =
        Status(Code::copy_gone, lun->describe() + " was given up " + reason_text(reason) + ": " + why.message(),
               why.error_number());
    lun->give_up(copy.failure);
    guids.push_back(lun->guid());
    lost.push_back(std::move(copy));
  }
  changed_.notify_all();  // a write of theirs may wait for room too
  co_await requests_ended(copies);

  std::vector<uint8_t> record;
  encode_copies_given_up(record, reason, why.error_number(), guids);
  for (LostCopy& copy : lost) {
    for (auto& [id, set] : sets_) {
      const bool is_member = std::any_of(set->copies.begin(), set->copies.end(),
                                         [&](const ShadowCopy& member) { return member.ids.copy == copy.ids.copy; });
      if (!is_member) continue;
      set->record.given_up.push_back(copy.ids);
      copy.set = id;
    }
    lost_copies_.push_back(copy);
    if (lost_copies_.size() > kLostCopiesMax) lost_copies_.pop_front();
  }
  const uint64_t batch = take_away(copies, record);
  Status durable = co_await taken_away(copies, batch);
  if (durable.code() == Code::no_space) {
    const bool spent = co_await reserve_.spend();
    if (spent) durable = co_await taken_away(copies, batch);
  }
  for (size_t i = 0; i < copies.size(); ++i) {
    DiffArea& area = *copies[i]->diff_area();
    measure(area, copies[i]->family());
    SpaceEvent event = event_about(area, SpaceEventKind::given_up);
    event.copy = lost[i].ids;
    event.failure = lost[i].failure;
    space_events_.tell(std::move(event));
  }
  co_return durable;
}

// Returns when what has been let go is free, and as much of it as can be is the file system's again. A place that a
// record names may be rewritten once a mark on disk covers the record, which the second sync writes.
Task<void> StorageArray::make_all_room(Family& family) {
  family.give_all_room_back(true);
  co_await family.quiesce();
  family.want_trim();
  Status synced = co_await family.sync();
  if (synced.code() == Code::no_space) {
    const bool spent = co_await reserve_.spend();
    family.want_trim();
    if (spent) synced = co_await family.sync();
  }
  if (synced.ok()) synced = co_await family.sync();
  co_await family.quiesce();
  family.give_all_room_back(false);
}

SpaceEvent StorageArray::event_about(const DiffArea& area, SpaceEventKind kind) const {
  SpaceEvent event;
  event.kind = kind;
  for (const auto& [guid, lun] : luns_) {
    if (lun->owns_diff_area() && lun->diff_area().get() == &area) event.lun = guid;
  }
  event.used_bytes = unit_offset(area.used_units());
  event.maximum_bytes = area.setting().maximum_bytes;
  event.bytes_per_second = area.bytes_per_second(loop_.now());
  if (area.limit_units() != kNoMaximum && event.bytes_per_second > 0) {
    const uint64_t rate = event.bytes_per_second;
    const uint64_t left = unit_offset(area.limit_units() - std::min(area.limit_units(), area.used_units()));
    event.left_millis = left / rate * 1000 + left % rate * 1000 / rate;
  }
  return event;
}

void StorageArray::look_at_area(Lun& lun) {
  const std::shared_ptr<DiffArea> area = lun.diff_area();
  measure(*area, lun.family());
  if (!area->wants_disk_look()) return tell_if_filling(*area);
  // Nobody else looks until there is an answer.
  area->disk_has(kNoMaximum / 2);
  ++tasks_running_;
  loop_.spawn(look_at_disk(area, lun.family()));
}

Task<void> StorageArray::look_at_disk(std::shared_ptr<DiffArea> area, Family& family) {
  uint64_t free_bytes = 0;
  co_await file_call(loop_, [&](FileSystem& fs) {
    free_bytes = fs.free_bytes(files_.path());
    return 0;
  });
  // Where it cannot be told, nothing is known until a write fails.
  if (free_bytes > 0) area->disk_has(free_bytes / kUnitBytes + family.places().free_backed_count());
  tell_if_filling(*area);
  --tasks_running_;
  changed_.notify_all();
}

void StorageArray::tell_if_filling(DiffArea& area) {
  const std::optional<uint32_t> percent = area.passed_threshold();
  if (!percent.has_value()) return;
  SpaceEvent event = event_about(area, SpaceEventKind::filling);
  event.threshold_percent = *percent;
  space_events_.tell(std::move(event));
}

void StorageArray::tell_full(Lun& lun, const Status& lack) {
  DiffArea& area = *lun.diff_area();
  if (!area.may_say_full(loop_.now())) return;
  SpaceEvent event = event_about(area, SpaceEventKind::full);
  event.failure = lack;
  space_events_.tell(std::move(event));
}

}  // namespace holdfast
