// A program of this repository as a process of its own: what is judged is what a user runs.
//
//   const ChildProgram train("//train", "train/train");
//   RETURN_IF_ERROR(train.Run({"--config=step6", "--run_dir=R"}));

#ifndef EVAL_REPRODUCE_CHILD_PROGRAM_H_
#define EVAL_REPRODUCE_CHILD_PROGRAM_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace vitrine {

class ChildProgram {
 public:
  // `label` is how users know it.
  ChildProgram(std::string label, std::string path)
      : label_(std::move(label)), path_(std::move(path)) {}

  const std::string& path() const { return path_; }

  // Runs it. What it prints goes to the user's terminal as it comes. It ends with this process,
  // whatever ends that.
  absl::Status Run(const std::vector<std::string>& arguments) const;

  // Asks it by --dry_run what these arguments need that can't be done yet; empty if nothing.
  // Arguments that are wrong are InvalidArgument, with the program's own words, a line each.
  absl::StatusOr<std::string> Missing(const std::vector<std::string>& arguments) const;

 private:
  std::string label_, path_;
};

}  // namespace vitrine

#endif  // EVAL_REPRODUCE_CHILD_PROGRAM_H_
