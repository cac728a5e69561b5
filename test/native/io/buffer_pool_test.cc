#include "io/buffer_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

namespace holdfast {
namespace {

constexpr size_t kKiB = 1024;
constexpr size_t kMiB = 1024 * kKiB;

TEST(BufferPoolTest, CapacitiesArePowersOfTwoUpToOneMebibyteAndPagesBeyond) {
  EXPECT_EQ(BufferPool::capacity_bytes(1), 4 * kKiB);
  EXPECT_EQ(BufferPool::capacity_bytes(4096), 4 * kKiB);
  EXPECT_EQ(BufferPool::capacity_bytes(4097), 8 * kKiB);
  EXPECT_EQ(BufferPool::capacity_bytes(100 * kKiB), 128 * kKiB);
  EXPECT_EQ(BufferPool::capacity_bytes(kMiB), kMiB);
  EXPECT_EQ(BufferPool::capacity_bytes(kMiB + 1), kMiB + 4 * kKiB);
}

TEST(BufferPoolTest, BuffersAreAlignedAndWritableToTheirCapacity) {
  ByteBudget budget(64 * kMiB);
  BufferPool pool(budget, kMiB);
  for (const size_t bytes : {size_t{1}, 4 * kKiB, 5 * kKiB, kMiB, 3 * kMiB + 5}) {
    uint8_t* data = pool.allocate(bytes);
    ASSERT_NE(data, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(data) % BufferPool::kAlignmentBytes, 0u);
    EXPECT_EQ(budget.used_bytes(), BufferPool::capacity_bytes(bytes));
    std::memset(data, 0x5A, BufferPool::capacity_bytes(bytes));
    pool.release(data, bytes);
    EXPECT_EQ(budget.used_bytes(), 0u);
  }
}

TEST(BufferPoolTest, AReleasedBufferIsUsedAgainByItsClass) {
  ByteBudget budget(kMiB);
  BufferPool pool(budget, kMiB);
  uint8_t* first = pool.allocate(6 * kKiB);
  pool.release(first, 6 * kKiB);
  EXPECT_EQ(pool.kept_bytes(), 8 * kKiB);
  uint8_t* other_class = pool.allocate(4 * kKiB);
  uint8_t* again = pool.allocate(7 * kKiB);
  EXPECT_NE(other_class, first);
  EXPECT_EQ(again, first);
  EXPECT_EQ(pool.kept_bytes(), 0u);
  pool.release(other_class, 4 * kKiB);
  pool.release(again, 7 * kKiB);
}

TEST(BufferPoolTest, NoMoreIsKeptThanTheBoundAndNothingAfterATrim) {
  ByteBudget budget(64 * kMiB);
  BufferPool pool(budget, 16 * kKiB);
  std::vector<uint8_t*> buffers;
  for (int i = 0; i < 10; i++) buffers.push_back(pool.allocate(4 * kKiB));
  uint8_t* large = pool.allocate(2 * kMiB);
  for (uint8_t* buffer : buffers) pool.release(buffer, 4 * kKiB);
  pool.release(large, 2 * kMiB);
  EXPECT_EQ(pool.kept_bytes(), 16 * kKiB);
  pool.trim();
  EXPECT_EQ(pool.kept_bytes(), 0u);
}

TEST(BufferPoolTest, AnExhaustedBudgetGivesNoBufferAndOneOfAnotherPoolDoesNotHelp) {
  ByteBudget budget(16 * kKiB);
  BufferPool pool(budget, kMiB);
  BufferPool other(budget, kMiB);
  uint8_t* half = pool.allocate(8 * kKiB);
  uint8_t* rest = other.allocate(8 * kKiB);
  EXPECT_EQ(pool.allocate(1), nullptr);
  EXPECT_EQ(other.allocate(1), nullptr);
  pool.release(half, 8 * kKiB);
  EXPECT_EQ(other.allocate(12 * kKiB), nullptr);
  uint8_t* again = other.allocate(8 * kKiB);
  EXPECT_NE(again, nullptr);
  other.release(rest, 8 * kKiB);
  other.release(again, 8 * kKiB);
  EXPECT_EQ(pool.allocate(SIZE_MAX), nullptr);
  EXPECT_EQ(pool.allocate(SIZE_MAX / 2), nullptr);
  EXPECT_EQ(budget.used_bytes(), 0u);
}

// A sanitizer's allocator ends the process where the system's answers that there is none.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(BufferPoolTest, MemoryThatCannotBeHadGivesNoBufferAndTakesNoBudget) {
  ByteBudget budget(~uint64_t{0});
  BufferPool pool(budget, kMiB);
  EXPECT_EQ(pool.allocate(size_t{1} << 62), nullptr);
  EXPECT_EQ(budget.used_bytes(), 0u);
}
#endif

TEST(BufferPoolTest, APooledBufferGoesBackByItself) {
  ByteBudget budget(8 * kKiB);
  BufferPool pool(budget, kMiB);
  {
    PooledBuffer first(pool, 8 * kKiB);
    EXPECT_TRUE(first);
    EXPECT_EQ(first.size_bytes(), 8 * kKiB);
    const PooledBuffer none(pool, 1);
    EXPECT_FALSE(none);
    EXPECT_EQ(none.size_bytes(), 0u);
    PooledBuffer moved(std::move(first));
    EXPECT_FALSE(first);  // NOLINT: what is left of a moved one is the question
    EXPECT_TRUE(moved);
    moved = PooledBuffer();
    EXPECT_EQ(budget.used_bytes(), 0u);
    moved = PooledBuffer(pool, 1);
  }
  EXPECT_EQ(budget.used_bytes(), 0u);
}

TEST(ByteBudgetTest, ManyThreadsNeverTakeMoreThanThereIs) {
  ByteBudget budget(1000);
  std::atomic<bool> exceeded{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; t++) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20000; i++) {
        if (!budget.try_take(300)) continue;
        if (budget.used_bytes() > 1000) exceeded.store(true);
        budget.give_back(300);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(exceeded.load());
  EXPECT_EQ(budget.used_bytes(), 0u);
}

}  // namespace
}  // namespace holdfast
