// How a model did on a split, in what a person can read, for the page: of few classes every
// confusion, of many the worst.

#ifndef ANALYSIS_PAGE_EVALUATION_DATA_H_
#define ANALYSIS_PAGE_EVALUATION_DATA_H_

#include "base/files/json.h"
#include "eval/result.pb.h"

namespace vitrine {

// An object:
//   split, count, left_out, expected_calibration_error
//   calibration   for each bin count, correct and confidence
//   classes       of up to 100 classes: for each name, count, correct, and mistakes, a list of
//                 [class taken for, count]
//   worst         of more, in place of classes:
//     classes     how many have images, and with_mistakes how many of these are not all right
//     listed      those with the smallest share of right ones, the worst first: name, count,
//                 correct, and, where there is one, taken_for, the most frequent mistake
//     wrong       images, and confusions: how many pairs of classes they are
//     confusions_listed   the most frequent pairs, the first first: is, of (how many), taken_for
//                 and count
Json DescribeEvaluation(const EvaluationResult& result);

}  // namespace vitrine

#endif  // ANALYSIS_PAGE_EVALUATION_DATA_H_
