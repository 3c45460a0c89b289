// A whole program around a trained model: `classifier_example RUN PICTURE` prints what it sees.

#include <cstdlib>
#include <iostream>

#include "base/files/file.h"
#include "base/status_macros.h"
#include "eval/classifier.h"

namespace {

absl::Status Run(const char* run, const char* picture) {
  ASSIGN_OR_RETURN(const auto classifier, vitrine::Classifier::Load(run));
  ASSIGN_OR_RETURN(const std::string bytes, vitrine::ReadFile(picture));
  ASSIGN_OR_RETURN(const auto best, classifier.Classify(bytes, /*top=*/1));
  std::cout << best[0].name << " " << best[0].probability << std::endl;
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: classifier_example RUN PICTURE" << std::endl;
    return EXIT_FAILURE;
  }
  const absl::Status status = Run(argv[1], argv[2]);
  if (!status.ok()) std::cerr << status.message() << std::endl;
  return status.ok() ? EXIT_SUCCESS : EXIT_FAILURE;
}
