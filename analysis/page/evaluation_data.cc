#include "analysis/page/evaluation_data.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace vitrine {
namespace {

using Class = EvaluationResult::Class;
using Mistake = Class::Mistake;

constexpr int kMostDrawn = 100;     // classes of a matrix
constexpr size_t kMostListed = 30;  // lines of a table

Json ClassesJson(const EvaluationResult& result) {
  Json classes = Json::array();
  for (const Class& one : result.classes()) {
    Json mistakes = Json::array();
    for (const Mistake& mistake : one.mistakes()) {
      mistakes.push_back({mistake.taken_for(), mistake.count()});
    }
    classes.push_back({{"name", one.name()},
                       {"count", one.count()},
                       {"correct", one.correct()},
                       {"mistakes", std::move(mistakes)}});
  }
  return classes;
}

bool IsMoreFrequent(const Mistake& a, const Mistake& b) { return a.count() > b.count(); }

// Whether fewer of its images are right; of two of which none is, whether it has more.
bool IsWorse(const Class* a, const Class* b) {
  const int64_t left = a->correct() * b->count(), right = b->correct() * a->count();
  return left != right ? left < right : a->count() - a->correct() > b->count() - b->correct();
}

// The first ones in the order of `before`; equal ones stay in theirs.
template <typename T, typename Before>
std::vector<T> First(std::vector<T> all, Before before) {
  std::stable_sort(all.begin(), all.end(), before);
  all.resize(std::min(all.size(), kMostListed));
  return all;
}

Json WorstClasses(const EvaluationResult& result, const std::vector<const Class*>& classes) {
  Json listed = Json::array();
  for (const Class* one : First(classes, IsWorse)) {
    Json line = {{"name", one->name()}, {"count", one->count()}, {"correct", one->correct()}};
    const auto most =
        std::max_element(one->mistakes().begin(), one->mistakes().end(),
                         [](const Mistake& a, const Mistake& b) { return IsMoreFrequent(b, a); });
    if (most != one->mistakes().end()) {
      line["taken_for"] = result.classes(most->taken_for()).name();
    }
    listed.push_back(std::move(line));
  }
  return listed;
}

// A mistake of a class.
struct Confusion {
  const Class* of;
  const Mistake* mistake;
};

Json MostFrequent(const EvaluationResult& result, const std::vector<Confusion>& confusions) {
  const auto before = [](const Confusion& a, const Confusion& b) {
    return IsMoreFrequent(*a.mistake, *b.mistake);
  };
  Json listed = Json::array();
  for (const auto& [of, mistake] : First(confusions, before)) {
    listed.push_back({{"is", of->name()},
                      {"of", of->count()},
                      {"taken_for", result.classes(mistake->taken_for()).name()},
                      {"count", mistake->count()}});
  }
  return listed;
}

Json WorstJson(const EvaluationResult& result) {
  std::vector<const Class*> classes;
  std::vector<Confusion> confusions;
  int64_t with_mistakes = 0;
  for (const Class& one : result.classes()) {
    if (one.count() == 0) continue;
    classes.push_back(&one);
    if (one.correct() < one.count()) ++with_mistakes;
    for (const Mistake& mistake : one.mistakes()) confusions.push_back({&one, &mistake});
  }
  return {{"classes", classes.size()},
          {"with_mistakes", with_mistakes},
          {"listed", WorstClasses(result, classes)},
          {"wrong", result.count() - result.correct_top1()},
          {"confusions", confusions.size()},
          {"confusions_listed", MostFrequent(result, confusions)}};
}

}  // namespace

Json DescribeEvaluation(const EvaluationResult& result) {
  Json json = {{"split", result.split()},
               {"count", result.count()},
               {"left_out", result.left_out()},
               {"expected_calibration_error", result.expected_calibration_error()},
               {"calibration", Json::array()}};
  for (const EvaluationResult::CalibrationBin& bin : result.calibration()) {
    json["calibration"].push_back(
        {{"count", bin.count()}, {"correct", bin.correct()}, {"confidence", bin.confidence()}});
  }
  if (result.classes_size() <= kMostDrawn) {
    json["classes"] = ClassesJson(result);
  } else {
    json["worst"] = WorstJson(result);
  }
  return json;
}

}  // namespace vitrine
