// native/array/lun_mappings.h
//
// To which hosts a LUN is mapped: the one place in the process that knows, whoever opened the array and in whichever
// thread. It keeps a LUN from being writable on two hosts unless somebody has asked for just that.
//
// A mapping belongs to the handle it was made through, and ends with it at the latest.
//
// Thread: the loop's. Crash: nothing here is durable; after a restart no LUN is mapped.
#pragma once

#include <string>
#include <vector>

#include "base/guid.h"
#include "base/status.h"

namespace holdfast {

struct LunMapping {
  Guid host;
  std::string host_name;
  bool read_only = false;
  /// The host knows that others write to the LUN too, as the members of a cluster do.
  bool shared = false;
  const void* holder = nullptr;
};

class LunMappings {
 public:
  /// lun_in_use if the host has it already, or another one writes to it and `mapping` neither is read-only nor shared.
  /// `lun` is what the message calls the LUN.
  Status add(const LunMapping& mapping, const std::string& lun);
  /// Does nothing if there is no such mapping.
  void remove(const void* holder, const Guid& host);
  /// The holder goes, with every mapping it has.
  void remove_holder(const void* holder);

  const std::vector<LunMapping>& list() const { return list_; }
  /// The first that may write; null if none may.
  const LunMapping* writer() const;

 private:
  std::vector<LunMapping> list_;
};

}  // namespace holdfast
