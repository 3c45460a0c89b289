// //train's program as a process of its own.
//
//   const TrainProgram train("train/train");
//   ASSIGN_OR_RETURN(const std::string missing, train.Missing({"--config=step6"}));
//   if (missing.empty()) RETURN_IF_ERROR(train.Run({"--config=step6", "--run_dir=R"}));

#ifndef EVAL_REPRODUCE_TRAIN_PROGRAM_H_
#define EVAL_REPRODUCE_TRAIN_PROGRAM_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace vitrine {

class TrainProgram {
 public:
  explicit TrainProgram(std::string path) : path_(std::move(path)) {}

  // Asks by --dry_run what these arguments need that can't be trained yet; empty if nothing.
  // Arguments that are wrong are InvalidArgument, with the program's own words, a line each.
  absl::StatusOr<std::string> Missing(const std::vector<std::string>& arguments) const;

  // Trains. What the program prints goes to the user's terminal as it comes. It ends with this
  // process, whatever ends that.
  absl::Status Run(const std::vector<std::string>& arguments) const;

 private:
  std::string path_;
};

}  // namespace vitrine

#endif  // EVAL_REPRODUCE_TRAIN_PROGRAM_H_
