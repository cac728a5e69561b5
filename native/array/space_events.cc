#include "array/space_events.h"

#include <utility>

namespace holdfast {

void SpaceEvents::tell(SpaceEvent event) {
  event.sequence = ++last_sequence_;
  events_.push_back(std::move(event));
  if (events_.size() > kEventsMax) events_.pop_front();
  changed_.notify_all();
}

Task<std::vector<SpaceEvent>> SpaceEvents::behind(OwnerId owner, uint64_t sequence) {
  const uint64_t ends = ends_[owner];
  while (last_sequence_ <= sequence && !ended_ && ends_[owner] == ends) co_await changed_.wait();
  std::vector<SpaceEvent> behind;
  for (const SpaceEvent& event : events_) {
    if (event.sequence > sequence) behind.push_back(event);
  }
  co_return behind;
}

void SpaceEvents::end(OwnerId owner) {
  ++ends_[owner];
  changed_.notify_all();
}

void SpaceEvents::end_all() {
  ended_ = true;
  changed_.notify_all();
}

}  // namespace holdfast
