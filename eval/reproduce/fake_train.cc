#include "eval/reproduce/fake_train.h"

#include <sys/stat.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "glog/logging.h"
#include "gtest/gtest.h"

namespace vitrine {

ChildProgram FakeProgram(const std::string& name, const std::string& script) {
  const std::filesystem::path path = std::filesystem::path(::testing::TempDir()) / name;
  const absl::Status status = WriteAndSync(path, absl::StrCat("#!/bin/sh\n", script, "\n"));
  CHECK(status.ok()) << status;
  CHECK_EQ(chmod(path.c_str(), 0700), 0) << path;
  return ChildProgram("//" + name, path);
}

ChildProgram FakeTrain(const std::string& script) { return FakeProgram("train", script); }

Programs FakePrograms(const std::string& train_script) {
  const ChildProgram nothing("nothing", "true");
  return {.train = FakeTrain(train_script),
          .evaluate = nothing,
          .average = nothing,
          .rollout = nothing};
}

std::string FinishedRun(int correct) {
  return absl::StrCat(R"(
for argument in "$@"; do
  case $argument in --run_dir=*) run_dir=${argument#--run_dir=} ;; esac
done
mkdir -p "$run_dir"
cat > "$run_dir/metrics.csv" <<END
iteration,loss,learning_rate,gradient_norm,milliseconds,epoch
0,2.5,1.2e-05,7,400,0
1,2.25,1.3e-05,7,300,0
END
cat > "$run_dir/run.json" <<END
{"status": "finished", "device": "cpu", "cpu_capability": "AVX2", "threads": 2,
 "libtorch": "2.11.0", "git_revision": "0123abc", "parameters": 28524682,
 "test": {"count": 10000, "correct_top1": )",
                      correct, R"(}}
END
)");
}

}  // namespace vitrine
