// What leaves the program: no secret of the environment, and a report that loads nothing.
#include <gmock/gmock.h>

#include "tests/support/command_line.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kCanary = "canary123";

TEST(SecretsTest, NeitherTheHomeNorTheReportHoldsASecretOrLoadsAnything) {
  CommandLine line;
  for (const char* name : {"API_TOKEN", "AWS_SECRET_ACCESS_KEY", "DB_PASSWORD"}) {
    line.SetEnvironment(name, kCanary);
  }
  line.Write("sweep.yaml", CommandLine::Sweep("grid:\n  method: [noise]\n  bits: [w8a8]\n"));
  const Finished run = line.Do({"-v", "run", line / "sweep.yaml"});
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.err, Not(HasSubstr(kCanary)));
  const std::string report = line / "report.html";
  ASSERT_EQ(line.Do({"report", "tiny", "-o", report}).code, 0);

  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(line.home())) {
    if (!entry.is_regular_file()) continue;
    ++files;
    EXPECT_THAT(Contents(entry.path()), Not(HasSubstr(kCanary))) << entry.path();
  }
  EXPECT_GT(files, 10) << "database, artifacts and logs";

  const std::string html = Contents(report);
  EXPECT_THAT(html, HasSubstr("tiny"));
  EXPECT_THAT(html, Not(HasSubstr(kCanary)));
  const size_t policy = html.find("http-equiv=\"Content-Security-Policy\"");
  ASSERT_NE(policy, std::string::npos);
  EXPECT_LT(policy, html.find("<style"));
  EXPECT_LT(policy, html.find("<body"));
  EXPECT_THAT(html.substr(policy, 300), HasSubstr("default-src 'none'"));
  for (const char* outside :
       {"http://", "https://", "src=\"//", "<script src", "@import", "<link"}) {
    EXPECT_THAT(html, Not(HasSubstr(outside))) << outside;
  }
}

}  // namespace
}  // namespace zerosweep
