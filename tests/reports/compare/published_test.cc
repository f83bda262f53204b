#include "reports/compare/published.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/error.h"

namespace zerosweep {
namespace {

using testing::HasSubstr;

constexpr const char* kHeader =
    "paper,paper_title,table,method,recipe,dataset,arch,model_as_printed,fp32,w_bits,a_bits,metric,"
    "value,preset,stem_out,checkpoint,pick,needs_real_data,training,confidence,source\n";

std::string MessageOf(const std::string& csv) {
  try {
    ParsePublished(csv);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  return "no error";
}

TEST(PublishedTest, ReadsARow) {
  const auto rows =
      ParsePublished(std::string(kHeader) +
                     "zeroq,\"ZeroQ (Cai et al., CVPR 2020)\",Table "
                     "1,ZeroQ,zeroq,imagenet,resnet18,ResNet18,71.47,"
                     "MP(avg4),8,top1,68.5,zeroq,,pytorchcv,last,no,no,primary,README\n");
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].title, "ZeroQ (Cai et al., CVPR 2020)");
  EXPECT_EQ(rows[0].fp32, 71.47);
  EXPECT_EQ(rows[0].w_bits, "MP(avg4)");
  EXPECT_EQ(rows[0].value, 68.5);
  EXPECT_EQ(rows[0].checkpoint, "pytorchcv");
  EXPECT_EQ(rows[0].confidence, "primary");
}

TEST(PublishedTest, RefusesWhatIsNotAsDocumented) {
  const std::string header = kHeader;
  const std::string tail = ",zeroq,,pytorchcv,last,no,no,";
  EXPECT_THAT(MessageOf("paper,value\n"), HasSubstr("no column 'a_bits'"));
  EXPECT_THAT(MessageOf("paper,price\n"), HasSubstr("unknown column 'price'"));
  EXPECT_THAT(MessageOf(header + "a,b\n"), HasSubstr("row 1: 2 fields, must be 21"));
  const std::string start = "p,t,T,m,,d,a,A,,4,4,top1,";
  EXPECT_THAT(MessageOf(header + start + "7o" + tail + "primary,s\n"),
              HasSubstr("row 1: value is '7o', must be a number"));
  EXPECT_THAT(MessageOf(header + start + "70" + tail + "sure,s\n"),
              HasSubstr("row 1: unknown confidence 'sure'"));
}

// The file that is compiled in: nothing is lost on the way, and every row is plausible.
TEST(PublishedTest, TheNumbersOfTheProgram) {
  std::map<std::string, int> by_confidence;
  for (const PublishedRow& row : PublishedNumbers()) {
    ++by_confidence[row.confidence];
    EXPECT_FALSE(row.paper.empty() || row.method.empty() || row.source.empty());
    if (row.metric != "top1") continue;
    EXPECT_GE(row.value, 0) << row.paper << row.method;
    EXPECT_LE(row.value, 100) << row.paper << row.method;
  }
  EXPECT_GE(PublishedNumbers().size(), 801u);
  EXPECT_GE(by_confidence["primary"], 494);
  EXPECT_GE(by_confidence["recalled"], 216);
}

TEST(PublishedTest, FamiliesOfNetworks) {
  EXPECT_EQ(ArchFamily("resnet20_cifar_a"), "resnet20_cifar");
  EXPECT_EQ(ArchFamily("mobilenetv2_tv"), "mobilenetv2");
  EXPECT_EQ(ArchFamily("resnet50_v1_stride1x1"), "resnet50");
  EXPECT_EQ(ArchFamily("resnet18"), "resnet18");
}

}  // namespace
}  // namespace zerosweep
