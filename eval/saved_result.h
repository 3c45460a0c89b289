// A result that was saved before, to be taken instead of evaluating again.

#ifndef EVAL_SAVED_RESULT_H_
#define EVAL_SAVED_RESULT_H_

#include <filesystem>
#include <optional>
#include <string>

#include "absl/types/span.h"
#include "data/dataset.pb.h"
#include "eval/result.pb.h"

namespace vitrine {

// What a result must be of to stand for an evaluation.
struct ResultSubject {
  EvaluationResult of = {};  // as SetWeights and SetImages fill it
  absl::Span<const std::string> class_names = {};
  int64_t images = 0;  // of the split
  DataConfig::OnBadImage on_bad = DataConfig::FAIL;
};

// The result beside the checkpoint, if it is of the same bytes of the checkpoint and of the same
// data set (DataIdentity), if no image was left out that would end an evaluation now, and if it
// fits together and has examples; otherwise nothing. Pixels are not looked at: the same images may
// have changed since.
std::optional<EvaluationResult> FindSavedResult(const std::filesystem::path& checkpoint,
                                                const ResultSubject& subject);

}  // namespace vitrine

#endif  // EVAL_SAVED_RESULT_H_
