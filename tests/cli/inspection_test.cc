// What a user asks after a run: logs, explain, doctor.
#include <gmock/gmock.h>

#include <set>

#include "tests/support/command_line.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

// One trial that is done, and one whose synthesis asks for more images than there are.
class InspectionTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    line_ = new CommandLine;
    line_->Write("sweep.yaml", CommandLine::Sweep("grid:\n"
                                                  "  synthesizer: [noise, {real: {images: 1000}}]\n"
                                                  "  quantizer: [minmax]\n"
                                                  "  bits: [w8a8]\n"));
    const Finished run = line_->Do({"run", *line_ / "sweep.yaml", "-n", "2"});
    EXPECT_EQ(run.code, 1) << run.err;
  }
  static void TearDownTestSuite() {
    delete line_;
    line_ = nullptr;
  }

  static std::string Trial(const std::string& state) {
    return line_->Value("SELECT trial FROM v_trial WHERE state = '" + state + "'");
  }
  static std::string Stage(const std::string& kind, const std::string& state) {
    return line_->Value("SELECT stage FROM v_stage WHERE kind = '" + kind + "' AND state = '" +
                        state + "'");
  }
  static constexpr const char* kProblem = "1000 images asked for";

  static CommandLine* line_;
};
CommandLine* InspectionTest::line_ = nullptr;

TEST_F(InspectionTest, LogsShowWhatTheFailedStageOfATrialPrinted) {
  const Finished logs = line_->Do({"logs", Trial("failed")});
  EXPECT_EQ(logs.code, 0);
  EXPECT_THAT(logs.out, HasSubstr(kProblem));
  EXPECT_THAT(logs.err, HasSubstr("synthesize, attempt 1"));
}

TEST_F(InspectionTest, LogsFollowTheFirstCharactersOfAnId) {
  const std::string stage = Stage("synthesize", "failed");
  EXPECT_THAT(line_->Do({"logs", stage.substr(0, 12)}).out, HasSubstr(kProblem));
  const std::string first =
      line_->Value("SELECT attempt FROM v_attempt WHERE number = 1 AND stage = '" + stage + "'");
  const Finished logs = line_->Do({"logs", first});
  EXPECT_THAT(logs.out, AllOf(HasSubstr(first), HasSubstr(kProblem)));
  EXPECT_THAT(logs.err, HasSubstr("attempt 1"));
  const Json json = line_->Do({"logs", first, "--format", "json"}).json();
  EXPECT_EQ(json.at(0).at("attempt"), first);
  EXPECT_EQ(json.at(0).at("log"), logs.out);
}

TEST_F(InspectionTest, LogsOfWhatWasNeverTriedOrIsUnknownAreRefused) {
  const Finished untried = line_->Do({"logs", Stage("quantize", "failed")});
  EXPECT_EQ(untried.code, 2);
  EXPECT_THAT(untried.err, HasSubstr("has not been tried yet"));
  EXPECT_EQ(line_->Do({"logs", "ffffffffffff"}).code, 2);
}

TEST_F(InspectionTest, ExplainSaysWhyATrialFailed) {
  const std::string trial = Trial("failed");
  const Finished explained = line_->Do({"explain", trial});
  EXPECT_EQ(explained.code, 0);
  EXPECT_THAT(explained.out,
              AllOf(HasSubstr("trial " + trial), HasSubstr("failed"), HasSubstr(kProblem)));
  std::map<std::string, std::string> states;
  const Json json = line_->Do({"explain", trial, "--format", "json"}).json().at(0);
  for (const Json& row : json.at("stages")) states[row.at("kind")] = row.at("state");
  EXPECT_EQ(states, (std::map<std::string, std::string>{{"teacher", "done"},
                                                        {"synthesize", "failed"},
                                                        {"quantize", "failed"},
                                                        {"evaluate", "failed"}}));
}

TEST_F(InspectionTest, ExplainNamesTheInputsAndAttemptsOfAStage) {
  const Finished quantize = line_->Do({"explain", Stage("quantize", "failed")});
  EXPECT_EQ(quantize.code, 0);
  EXPECT_THAT(quantize.out,
              AllOf(HasSubstr("failed: needs synthesize"), HasSubstr("input images: synthesize"),
                    HasSubstr("input teacher: teacher")));
  const Json attempts = line_->Do({"explain", Stage("synthesize", "failed"), "--format", "json"})
                            .json()
                            .at(0)
                            .at("attempts");
  ASSERT_EQ(attempts.size(), 1U) << "a wrong number of images is not tried again";
  for (const Json& attempt : attempts) {
    EXPECT_EQ(attempt.at("outcome"), "failed");
    EXPECT_THAT(attempt.at("message").get<std::string>(), HasSubstr(kProblem));
  }
  // An attempt stands for its stage.
  EXPECT_EQ(line_->Do({"explain", attempts[0].at("attempt"), "--format", "json"})
                .json()
                .at(0)
                .at("attempts"),
            attempts);
}

TEST_F(InspectionTest, DoctorChecksEachPartAndWritesNothing) {
  CommandLine fresh;
  fresh.SetEnvironment("ZEROSWEEP_DATA", fresh / "data");
  const Finished doctor = fresh.Do({"doctor", "--format", "json"});
  EXPECT_EQ(doctor.code, 0) << doctor.err;
  std::map<std::string, Json> checks;
  for (const Json& row : doctor.json()) checks[row.at("check")] = row;
  for (const char* check : {"zerosweep", "stage program", "LibTorch", "CPU", "NCCL",
                            "MPI transport", "home", "dataset cifar10"}) {
    ASSERT_TRUE(checks.contains(check)) << check;
    EXPECT_EQ(checks[check].at("ok"), true) << checks[check];
    EXPECT_TRUE(checks[check].at("advice").is_null());
  }
  if (checks["GPUs"].at("found").get<std::string>().starts_with("none")) {
    EXPECT_THAT(checks["NCCL"].at("found").get<std::string>(), HasSubstr("cannot be tried here"));
  }
  EXPECT_EQ(checks["dataset cifar10"].at("found"), (fresh / "data").string());
  EXPECT_FALSE(fs::exists(fresh.home()));
}

TEST_F(InspectionTest, DoctorAdvisesOnWhatIsBroken) {
  CommandLine fresh;
  fresh.SetEnvironment("ZEROSWEEP_STAGE", "/bin/false");
  std::map<std::string, Json> checks;
  for (const Json& row : fresh.Do({"doctor", "--format", "json"}).json())
    checks[row.at("check")] = row;
  EXPECT_EQ(checks["stage program"].at("ok"), false);
  EXPECT_THAT(checks["stage program"].at("found").get<std::string>(), HasSubstr("/bin/false"));
  EXPECT_FALSE(checks["stage program"].at("advice").get<std::string>().empty());
  EXPECT_FALSE(checks.contains("LibTorch"));
}

}  // namespace
}  // namespace zerosweep
