// For tests: shell scripts in the place of //train's program and others.

#ifndef EVAL_REPRODUCE_FAKE_TRAIN_H_
#define EVAL_REPRODUCE_FAKE_TRAIN_H_

#include <string>

#include "eval/reproduce/checkpoints.h"
#include "eval/reproduce/child_program.h"

namespace vitrine {

// A program of this name that runs these lines of sh.
ChildProgram FakeProgram(const std::string& name, const std::string& script);

// The same in the place of //train.
ChildProgram FakeTrain(const std::string& script);

// The same as //train, with other programs that do nothing.
Programs FakePrograms(const std::string& train_script);

// Lines that set $run_dir to what --run_dir says, and leave a finished run of two iterations there,
// with so many of 10,000 test images right.
std::string FinishedRun(int correct);

}  // namespace vitrine

#endif  // EVAL_REPRODUCE_FAKE_TRAIN_H_
