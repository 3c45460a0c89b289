// The reported work that this repository reproduces: every figure that it printed.
//
//   for (const ReportedStep& step : ReportedWork().steps()) ...

#ifndef EVAL_REPORTED_H_
#define EVAL_REPORTED_H_

#include "eval/reported.pb.h"

namespace vitrine {

// The figures of reported.textproto, which is part of the program.
const ReportedResults& ReportedWork();

}  // namespace vitrine

#endif  // EVAL_REPORTED_H_
