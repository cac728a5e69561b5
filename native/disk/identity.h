// native/disk/identity.h
//
// What tells two disks apart: GPT disk GUID and partition GUIDs, MBR signature. A copy needs new ones before it may
// stand beside its original, and gets the recorded ones back when identities are reverted.
//
// The database of a dynamic disk also names the disk. Its private headers follow the MBR's signature (disk/ldm.h); the
// rest of it is left alone, and the caller decides by DiskLayout::ldm whether that is enough.
// Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/guid.h"
#include "base/status.h"
#include "disk/layout.h"
#include "disk/view.h"

namespace holdfast {

struct DiskIdentity {
  LayoutKind kind = LayoutKind::none;
  Guid disk_guid;
  /// MBR disks, and GPT disks whose MBR has a signature; 0 means that there is none.
  uint32_t mbr_signature = 0;
  /// Of a dynamic MBR disk whose private headers are sound: the signature in them.
  std::optional<uint32_t> ldm_signature;
  /// One for every used GPT entry, in the order of the table.
  std::vector<Guid> partition_guids;

  /// All new and all different, and a signature that is neither 0 nor the present one. Keeps a GPT disk's MBR without
  /// signature if it has none.
  static DiskIdentity random_for(const DiskLayout& layout);

  friend bool operator==(const DiskIdentity&, const DiskIdentity&) = default;
};

/// The identity a disk has now, to be recorded before it is rewritten. Errors as read_layout.
Result<DiskIdentity> identity_of(const DiskView& view);

/// What has to be written so that the disk has this identity. Both GPT copies are always written, so a damaged or
/// missing one is repaired on the way. With the identity recorded before, a sound disk becomes again what it was, byte
/// for byte; therefore an identity of zeroes is taken as it is. invalid_argument if it was made for another layout.
Result<std::vector<Patch>> rewrite_identity(const DiskView& view, const DiskIdentity& new_identity);

}  // namespace holdfast
