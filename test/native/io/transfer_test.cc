#include "io/transfer.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace holdfast {
namespace {

void prepare(IoRequest& request, IoOp op, uint64_t offset_bytes, uint64_t length_bytes) {
  request.op = op;
  request.offset_bytes = offset_bytes;
  request.length_bytes = length_bytes;
  request.engine_progress_bytes = 0;
}

TEST(TransferTest, ATransferLongerThanACallMayCarryGoesOnInParts) {
  IoRequest request;
  const uint64_t length = uint64_t{5} << 29;  // 2.5 GiB
  prepare(request, IoOp::write, 4096, length);
  uint64_t done = 0;
  int parts = 0;
  for (;;) {
    const TransferPart part = next_part(request);
    EXPECT_EQ(part.offset_bytes, 4096 + done);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(part.data), done);
    done += part.length_bytes;
    parts++;
    if (account_transfer(request, part.length_bytes)) break;
  }
  EXPECT_EQ(parts, 3);
  EXPECT_EQ(request.result, static_cast<int64_t>(length));
}

TEST(TransferTest, AShortWriteGoesOnWhereItEndedAndAnErrorEndsIt) {
  IoRequest request;
  prepare(request, IoOp::write, 0, 8192);
  EXPECT_FALSE(account_transfer(request, 4096));
  EXPECT_EQ(next_part(request).offset_bytes, 4096u);
  EXPECT_EQ(next_part(request).length_bytes, 4096u);
  EXPECT_TRUE(account_transfer(request, -ENOSPC));
  EXPECT_EQ(request.result, -ENOSPC);
}

TEST(TransferTest, AWriteThatMakesNoProgressIsAnError) {
  IoRequest request;
  prepare(request, IoOp::write, 0, 8192);
  EXPECT_TRUE(account_transfer(request, 0));
  EXPECT_EQ(request.result, -EIO);
}

TEST(TransferTest, AShortReadGoesOnAtASectorAndEndsInsideOneOrAtNothing) {
  IoRequest request;
  prepare(request, IoOp::read, 512, 8192);
  EXPECT_FALSE(account_transfer(request, 1024));
  EXPECT_TRUE(account_transfer(request, 100));
  EXPECT_EQ(request.result, 1124);
  prepare(request, IoOp::read, 512, 8192);
  EXPECT_FALSE(account_transfer(request, 1024));
  EXPECT_TRUE(account_transfer(request, 0));
  EXPECT_EQ(request.result, 1024);
}

TEST(TransferTest, OtherOperationsCompleteWithZeroOrTheirErrno) {
  IoRequest request;
  for (const IoOp op : {IoOp::sync, IoOp::allocate, IoOp::punch}) {
    prepare(request, op, 0, 4096);
    EXPECT_TRUE(account_transfer(request, 0));
    EXPECT_EQ(request.result, 0);
    EXPECT_TRUE(account_transfer(request, -EIO));
    EXPECT_EQ(request.result, -EIO);
  }
}

}  // namespace
}  // namespace holdfast
