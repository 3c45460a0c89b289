// The program that program_test runs: it does what its flags say, then prints what it was given.

#include <cstdio>
#include <iostream>
#include <new>
#include <stdexcept>
#include <system_error>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/programs/program.h"
#include "base/status_macros.h"
#include "gflags/gflags.h"
#include "glog/logging.h"

DEFINE_int32(count, 3, "how many there are");
DEFINE_bool(fast, true, "whether to hurry");
DEFINE_string(title, "a b", "the title, of two lines:\nthis is the second");
DEFINE_double(rate, 0.5, "how fast, in (0, 1]");
DEFINE_string(fail, "", "how to fail");

DEFINE_validator(rate, [](const char*, double rate) { return rate > 0 && rate <= 1; });

namespace vitrine {
namespace {

absl::StatusOr<int> ReadConfig() { return absl::NotFoundError("c.textproto: cannot open"); }

absl::Status Fail() {
  if (FLAGS_fail == "usage") return UsageError("first problem\nsecond problem\n");
  if (FLAGS_fail == "config") {
    ASSIGN_OR_RETURN(const int config, AsUsageError(ReadConfig()));
    return absl::InternalError(absl::StrCat("read a config that is not there: ", config));
  }
  if (FLAGS_fail == "data") return absl::InvalidArgumentError("d.png: damaged\nat byte 5");
  if (FLAGS_fail == "exception") throw std::runtime_error("CUDA error\nframe #0: main");
  if (FLAGS_fail == "memory") throw std::bad_alloc();
  // As std::thread does.
  if (FLAGS_fail == "threads") {
    throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
  }
  if (FLAGS_fail == "odd") throw 5;
  return absl::OkStatus();
}

absl::Status Run(const std::vector<std::string>& arguments) {
  if (FLAGS_fail == "arguments") return RefuseArguments(arguments);
  RETURN_IF_ERROR(Fail());
  LOG(INFO) << "a line of the log";
  std::cout << FLAGS_count << "|" << FLAGS_fast << "|" << FLAGS_title << "|" << FLAGS_rate << "|"
            << absl::StrJoin(arguments, ",") << "\n";
  return absl::OkStatus();
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  return vitrine::RunProgram(argc, argv, "program_test_main [--flag=value ...] [thing ...]",
                             vitrine::Run);
}
