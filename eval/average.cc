#include "eval/average.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "base/tensors/tensor_mean.h"
#include "google/protobuf/util/message_differencer.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

// A folder of a run is named by its iteration.
int64_t IterationOf(const fs::path& checkpoint) {
  int64_t iteration = -1;
  (void)absl::SimpleAtoi(checkpoint.filename().string(), &iteration);
  return iteration;
}

std::string Listed(const Paths& checkpoints) {
  if (checkpoints.empty()) return "there is no checkpoint";
  return absl::StrCat("there are ",
                      absl::StrJoin(checkpoints, ", ", [](std::string* out, auto& path) {
                        absl::StrAppend(out, IterationOf(path));
                      }));
}

// What differs first between two models; empty if they are the same.
std::string FirstDifference(const CheckpointManifest& a, const CheckpointManifest& b) {
  std::string report;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&report);
  if (!differencer.Compare(a.config().model(), b.config().model())) {
    // "modified: heads: 4 -> 2", or "added: ..." or "deleted: ..."
    const std::string line = report.substr(0, report.find('\n'));
    return absl::StrCat("model.", line.substr(line.find(": ") + 2));
  }
  const auto &names = a.class_names(), &others = b.class_names();
  if (names.size() != others.size()) {
    return absl::StrCat(names.size(), " classes -> ", others.size());
  }
  for (int i = 0; i < names.size(); ++i) {
    if (names[i] != others[i]) {
      return absl::StrCat("class ", i, ": ", names[i], " -> ", others[i]);
    }
  }
  return "";
}

absl::Status CheckSameModel(const CheckpointManifest& first, const CheckpointManifest& other) {
  const std::string difference = FirstDifference(first, other);
  if (difference.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("of another model than those before, ", difference, "; average those of one"));
}

}  // namespace

absl::StatusOr<Paths> InRange(const Paths& checkpoints, int64_t first, int64_t end) {
  Paths chosen;
  for (const fs::path& path : checkpoints) {
    const int64_t iteration = IterationOf(path);
    if (iteration >= first && iteration < end) chosen.push_back(path);
  }
  if (!chosen.empty()) return chosen;
  return absl::NotFoundError(
      absl::StrCat("no checkpoint is in [", first, ", ", end, "): ", Listed(checkpoints)));
}

absl::StatusOr<Paths> LastOf(const Paths& checkpoints, int count) {
  if (count > 0 && static_cast<size_t>(count) <= checkpoints.size()) {
    return Paths(checkpoints.end() - count, checkpoints.end());
  }
  return absl::NotFoundError(
      absl::StrCat("there are no last ", count, " checkpoints: ", Listed(checkpoints)));
}

absl::StatusOr<Checkpoint> AverageCheckpoints(std::span<const fs::path> paths) {
  if (paths.empty()) return absl::InvalidArgumentError("no checkpoints to average");
  TensorMean mean;
  CheckpointManifest last;
  CheckpointManifest::AverageOf average_of;
  for (const fs::path& path : paths) {
    ASSIGN_OR_RETURN(Checkpoint checkpoint, ReadModelOnly(path));
    if (checkpoint.manifest.has_average_of()) {
      return absl::FailedPreconditionError(absl::StrCat(
          path.string(), ": is an average itself; average the checkpoints that it is of"));
    }
    if (mean.count() > 0) {
      RETURN_IF_ERROR(Annotate(CheckSameModel(last, checkpoint.manifest), path.string()));
    }
    RETURN_IF_ERROR(Annotate(mean.Add(checkpoint.model), path.string()));
    average_of.add_iterations(checkpoint.manifest.iteration());
    last = std::move(checkpoint.manifest);
  }
  Checkpoint average;
  average.model = mean.Mean();
  average.manifest.set_iteration(last.iteration());
  *average.manifest.mutable_config() = last.config();
  *average.manifest.mutable_class_names() = last.class_names();
  average.manifest.set_data_identity(last.data_identity());
  *average.manifest.mutable_average_of() = std::move(average_of);
  return average;
}

absl::StatusOr<Paths> ChooseSoup(std::span<const fs::path> paths, const Judge& judge) {
  struct Candidate {
    fs::path path;
    EvaluationResult result;
  };
  std::vector<Candidate> candidates;
  for (const fs::path& path : paths) {
    ASSIGN_OR_RETURN(const Checkpoint checkpoint, ReadModelOnly(path));
    ASSIGN_OR_RETURN(const EvaluationResult result, judge(checkpoint.model));
    candidates.push_back({path, result});
  }
  const auto rank = [](const Candidate& c) {
    return std::tuple(-c.result.correct_top1(), c.result.loss(), -IterationOf(c.path));
  };
  std::stable_sort(candidates.begin(), candidates.end(),
                   [&](const auto& a, const auto& b) { return rank(a) < rank(b); });

  if (candidates.empty()) return absl::InvalidArgumentError("no checkpoints to choose from");
  Paths soup = {candidates[0].path};
  int64_t most = candidates[0].result.correct_top1();
  for (size_t i = 1; i < candidates.size(); ++i) {
    Paths with = soup;
    with.push_back(candidates[i].path);
    ASSIGN_OR_RETURN(const Checkpoint average, AverageCheckpoints(with));
    ASSIGN_OR_RETURN(const EvaluationResult result, judge(average.model));
    if (result.correct_top1() < most) continue;
    most = result.correct_top1();
    soup = std::move(with);
  }
  return soup;
}

}  // namespace vitrine
