#include "array/journal.h"

#include <algorithm>
#include <cassert>

#include "base/checked.h"
#include "base/crc.h"
#include "base/endian.h"

namespace holdfast {
namespace {

constexpr uint32_t kCloseBatchAtBytes = 128 << 10;
constexpr uint64_t kPrepareStepBytesMin = 256 << 10;
constexpr uint64_t kPrepareStepBytesMax = 64 << 20;
constexpr uint64_t kPreparePieceBytes = 1 << 20;

uint32_t batch_crc(const uint8_t* batch, uint32_t record_bytes) {
  const uint8_t zero[4] = {0, 0, 0, 0};
  uint32_t crc = crc32c(batch, 4);
  crc = crc32c(zero, 4, crc);
  return crc32c(batch + 8, kBatchHeaderBytes - 8 + record_bytes, crc);
}

}  // namespace

void seal_batch(uint8_t* batch, const BatchHeader& header) {
  std::memset(batch, 0, kBatchHeaderBytes);
  store_le32(batch, kBatchMagic);
  store_le64(batch + 8, header.generation);
  store_le64(batch + 16, header.sequence);
  store_le64(batch + 24, header.durable_through);
  store_le32(batch + 32, header.record_bytes);
  store_le32(batch + 4, batch_crc(batch, header.record_bytes));
}

bool read_batch(std::span<const uint8_t> bytes, uint64_t generation, BatchHeader* header) {
  if (bytes.size() < kBatchHeaderBytes || load_le32(bytes.data()) != kBatchMagic) return false;
  header->generation = load_le64(bytes.data() + 8);
  header->sequence = load_le64(bytes.data() + 16);
  header->durable_through = load_le64(bytes.data() + 24);
  header->record_bytes = load_le32(bytes.data() + 32);
  if (header->generation != generation || header->record_bytes > kBatchRecordBytesMax) return false;
  if (header->record_bytes > bytes.size() - kBatchHeaderBytes) return false;
  return load_le32(bytes.data() + 4) == batch_crc(bytes.data(), header->record_bytes);
}

void Journal::start(int file, uint64_t generation, uint64_t first_sequence) {
  file_ = file;
  generation_ = generation;
  open_sequence_ = first_sequence;
  durable_through_ = first_sequence - 1;
  tail_bytes_ = prepared_bytes_ = preparing_end_bytes_ = 0;
  prepare_step_bytes_ = kPrepareStepBytesMin;
  prepare_again_bytes_ = 0;
}

uint64_t Journal::switch_to(int file, uint64_t generation, std::span<const uint8_t> last_records) {
  assert(former_file_ == -1);
  open_records_.insert(open_records_.end(), last_records.begin(), last_records.end());
  close_batch();
  former_file_ = file_;
  former_last_sequence_ = open_sequence_ - 1;
  const uint64_t durable = durable_through_;
  start(file, generation, open_sequence_);
  durable_through_ = durable;
  return former_last_sequence_;
}

uint64_t Journal::append(std::span<const uint8_t> records) {
  open_records_.insert(open_records_.end(), records.begin(), records.end());
  const uint64_t sequence = open_sequence_;
  if (open_records_.size() >= kCloseBatchAtBytes) {
    close_batch();
    submit_batches();
  }
  return sequence;
}

void Journal::seal(uint64_t sequence) {
  if (open_sequence_ <= sequence && !open_records_.empty()) close_batch();
}

void Journal::close_batch() {
  auto batch = std::make_unique<Batch>();
  batch->sequence = open_sequence_;
  batch->file = file_;
  batch->offset_bytes = tail_bytes_;
  batch->length_bytes = align_up(kBatchHeaderBytes + open_records_.size(), kUnitBytes);
  batch->bytes = make_aligned(batch->length_bytes);
  std::memcpy(batch->bytes.get() + kBatchHeaderBytes, open_records_.data(), open_records_.size());
  seal_batch(batch->bytes.get(),
             BatchHeader{generation_, open_sequence_, durable_through_, static_cast<uint32_t>(open_records_.size())});
  tail_bytes_ += batch->length_bytes;
  open_records_.clear();
  ++open_sequence_;
  batches_.push_back(std::move(batch));
  if (on_growth_) on_growth_();
}

void Journal::submit_batches() {
  if (broken() || !no_space_.ok()) return;
  for (auto& batch : batches_) {
    if (batch->submitted) continue;
    if (former_file_ != -1 && batch->file == file_) return;  // the sync of the former file submits again
    const bool meets_preparation = preparing_ && batch->file == file_ && batch->offset_bytes < preparing_end_bytes_ &&
                                   batch->offset_bytes + batch->length_bytes > prepared_bytes_;
    if (meets_preparation) return;  // the end of the preparation submits again
    batch->submitted = true;
    ++writes_running_;
    loop_.spawn(write_batch(*batch));
  }
  prepare_ahead();
}

Task<void> Journal::write_batch(Batch& batch) {
  const int64_t result =
      co_await IoAwait(loop_, IoOp::write, batch.file, batch.offset_bytes, batch.bytes.get(), batch.length_bytes);
  --writes_running_;
  if (result >= 0) {
    batch.written = true;
    while (!batches_.empty() && batches_.front()->written) batches_.pop_front();
  } else {
    batch.submitted = false;
    Status failure = Status::from_errno(static_cast<int>(-result), "writing the journal", batch.offset_bytes);
    (failure.code() == Code::no_space ? no_space_ : broken_) = std::move(failure);
  }
  changed_.notify_all();
}

bool Journal::written_through(uint64_t sequence) const {
  for (const auto& batch : batches_) {
    if (batch->sequence <= sequence && !batch->written) return false;
  }
  return true;
}

Task<Status> Journal::commit(uint64_t sequence) {
  bool retried = false;
  while (durable_through_ < sequence) {
    if (broken()) co_return broken_;
    if (sync_running_) {
      co_await changed_.wait();
      continue;
    }
    if (!no_space_.ok()) {
      if (retried && writes_running_ == 0) co_return no_space_;
      if (writes_running_ > 0) {
        co_await changed_.wait();
        continue;
      }
      no_space_ = Status();
      retried = true;
    }
    if (open_sequence_ <= sequence) {
      if (open_records_.empty()) {
        sequence = open_sequence_ - 1;  // nothing has been said in the open batch
        continue;
      }
      close_batch();
    }
    submit_batches();
    const bool former = former_file_ != -1;
    const uint64_t target = former ? former_last_sequence_ : open_sequence_ - 1;
    if (!written_through(target)) {
      co_await changed_.wait();
      retried = true;
      continue;
    }
    sync_running_ = true;
    const int64_t result = co_await IoAwait(loop_, IoOp::sync, former ? former_file_ : file_, 0, nullptr, 0);
    sync_running_ = false;
    if (result >= 0 && former) former_file_ = -1;
    if (result < 0) {
      broken_ = Status::from_errno(static_cast<int>(-result), "syncing the journal");
    } else if (target > durable_through_) {
      durable_through_ = target;
    }
    changed_.notify_all();
  }
  co_return Status();
}

Task<void> Journal::quiesce() {
  while (writes_running_ > 0 || sync_running_ || preparing_) co_await changed_.wait();
}

Task<void> Journal::let_go_of(int former_file) {
  while (preparing_ && preparing_file_ == former_file) co_await changed_.wait();
}

void Journal::prepare_ahead() {
  if (preparing_ || former_file_ != -1 || broken() || tail_bytes_ < prepare_again_bytes_) return;
  if (tail_bytes_ + prepare_step_bytes_ / 2 < prepared_bytes_) return;
  preparing_ = true;
  preparing_file_ = file_;
  prepared_bytes_ = preparing_end_bytes_ = std::max(prepared_bytes_, tail_bytes_);
  loop_.spawn(prepare());
}

// Allocates a step and fills it with zeroes, piece by piece; a failure only means that nothing is prepared.
Task<void> Journal::prepare() {
  const int file = file_;
  const uint64_t start = prepared_bytes_;
  const uint64_t end = start + prepare_step_bytes_;
  int64_t result = co_await IoAwait(loop_, IoOp::allocate, file, start, nullptr, end - start);
  AlignedBuffer zeroes = make_aligned(std::min(kPreparePieceBytes, prepare_step_bytes_));
  uint64_t at = start;
  while (result >= 0 && at < end && file == file_) {
    at = std::max(at, tail_bytes_);  // batches may have gone ahead
    if (at >= end) break;
    const uint64_t length = std::min(kPreparePieceBytes, end - at);
    prepared_bytes_ = at;
    preparing_end_bytes_ = at + length;
    result = co_await IoAwait(loop_, IoOp::write, file, at, zeroes.get(), length);
    if (file != file_) break;
    at += length;
    prepared_bytes_ = at;
    preparing_end_bytes_ = at;
    submit_batches();
  }
  preparing_ = false;
  if (file == file_) prepare_step_bytes_ = std::min(prepare_step_bytes_ * 2, kPrepareStepBytesMax);
  if (result < 0) {
    prepare_step_bytes_ = kPrepareStepBytesMin;
    prepare_again_bytes_ = tail_bytes_ + kPreparePieceBytes;
  }
  submit_batches();
  changed_.notify_all();
}

}  // namespace holdfast
