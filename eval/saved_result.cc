#include "eval/saved_result.h"

#include <algorithm>
#include <cstdint>

#include "eval/result_file.h"

namespace vitrine {
namespace {

using Class = EvaluationResult::Class;
using Example = EvaluationResult::Example;

// The checksum tells apart all checkpoints, also two of one iteration. Older results have none.
bool IsOf(const EvaluationResult& result, const EvaluationResult& subject) {
  return result.has_checkpoint_crc32c() &&
         result.checkpoint_crc32c() == subject.checkpoint_crc32c() &&
         result.iteration() == subject.iteration() && result.weights() == subject.weights() &&
         result.split() == subject.split() && result.flips() == subject.flips() &&
         result.bfloat16() == subject.bfloat16() &&
         result.data_identity() == subject.data_identity();
}

bool CountsAll(const EvaluationResult& result, const ResultSubject& subject) {
  if (result.left_out() > 0 && subject.on_bad != DataConfig::SKIP) return false;
  return result.count() + result.left_out() == subject.images;
}

bool IsIndex(int64_t index, int64_t size) { return index >= 0 && index < size; }

bool FitsTogether(const Class& one, int64_t classes) {
  int64_t count = one.correct();
  for (const Class::Mistake& mistake : one.mistakes()) {
    if (!IsIndex(mistake.taken_for(), classes)) return false;
    count += mistake.count();
  }
  return count == one.count();
}

bool HasClasses(const EvaluationResult& result, absl::Span<const std::string> names) {
  if (result.classes_size() != static_cast<int>(names.size())) return false;
  int64_t count = 0;
  for (int i = 0; i < result.classes_size(); ++i) {
    const Class& one = result.classes(i);
    if (one.name() != names[i] || !FitsTogether(one, result.classes_size())) return false;
    count += one.count();
  }
  return count == result.count();
}

bool HasExamples(const EvaluationResult& result, const ResultSubject& subject) {
  const auto fits = [&](const Example& example) {
    return IsIndex(example.index(), subject.images) &&
           IsIndex(example.truth(), result.classes_size()) &&
           IsIndex(example.prediction(), result.classes_size());
  };
  const EvaluationResult::Examples& examples = result.examples();
  return examples.first_size() > 0 && std::ranges::all_of(examples.first(), fits) &&
         std::ranges::all_of(examples.surest_wrong(), fits) &&
         std::ranges::all_of(examples.least_sure_right(), fits);
}

}  // namespace

std::optional<EvaluationResult> FindSavedResult(const std::filesystem::path& checkpoint,
                                                const ResultSubject& subject) {
  const auto result = ReadResult(ResultPath(checkpoint, subject.of));
  const bool stands = result.ok() && IsOf(*result, subject.of) && CountsAll(*result, subject) &&
                      HasClasses(*result, subject.class_names) && HasExamples(*result, subject);
  if (!stands) return std::nullopt;
  return *result;
}

}  // namespace vitrine
