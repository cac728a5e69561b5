#include "array/lun_mappings.h"

#include <algorithm>

namespace holdfast {

Status LunMappings::add(const LunMapping& mapping, const std::string& lun) {
  for (const LunMapping& other : list_) {
    if (other.host == mapping.host) {
      return Status(Code::lun_in_use, lun + " is mapped to host " + other.host_name + " already");
    }
  }
  const LunMapping* first = writer();
  if (first != nullptr && !mapping.read_only && !mapping.shared) {
    return Status(Code::lun_in_use, lun + " is mapped to host " + first->host_name +
                                        ", which may write to it; unmap it there, map it read-only here, or ask for " +
                                        "it to be shared if both are members of a cluster");
  }
  list_.push_back(mapping);
  return Status();
}

void LunMappings::remove(const void* holder, const Guid& host) {
  std::erase_if(list_, [&](const LunMapping& known) { return known.holder == holder && known.host == host; });
}

void LunMappings::remove_holder(const void* holder) {
  std::erase_if(list_, [&](const LunMapping& known) { return known.holder == holder; });
}

const LunMapping* LunMappings::writer() const {
  const auto found = std::find_if(list_.begin(), list_.end(), [](const LunMapping& known) { return !known.read_only; });
  return found == list_.end() ? nullptr : &*found;
}

}  // namespace holdfast
