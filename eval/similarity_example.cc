// A whole program: `similarity_example MODEL PICTURE FOLDER` prints the five pictures of a folder
// that are most like the one given, and the cosines of the angles between them and it.

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "ATen/ops/stack.h"
#include "base/files/file.h"
#include "base/status_macros.h"
#include "data/source/file_list.h"
#include "eval/classifier.h"
#include "eval/nearest.h"

namespace {

absl::StatusOr<at::Tensor> Embed(const vitrine::Classifier& model,
                                 const std::filesystem::path& file) {
  ASSIGN_OR_RETURN(const std::string bytes, vitrine::ReadFile(file));
  return vitrine::Annotate(model.Embed(bytes), file.string());
}

absl::Status Run(const char* path, const char* picture, const char* folder) {
  ASSIGN_OR_RETURN(const auto model, vitrine::Classifier::Load(path));
  ASSIGN_OR_RETURN(const auto files, vitrine::ListImageFiles("FOLDER", folder));
  std::vector<at::Tensor> rows;
  for (const auto& file : files) {
    ASSIGN_OR_RETURN(rows.emplace_back(), Embed(model, file));
  }
  ASSIGN_OR_RETURN(const at::Tensor row, Embed(model, picture));
  const auto near = vitrine::FindNearest(vitrine::ToUnitLength(at::stack(rows)),
                                         vitrine::ToUnitLength(row.unsqueeze(0)),
                                         std::min<int64_t>(5, rows.size()));
  for (int64_t i = 0; i < near.index.size(1); ++i) {
    std::cout << files[near.index[0][i].item<int64_t>()].string() << " "
              << near.similarity[0][i].item<float>() << std::endl;
  }
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: similarity_example MODEL PICTURE FOLDER" << std::endl;
    return EXIT_FAILURE;
  }
  const absl::Status status = Run(argv[1], argv[2], argv[3]);
  if (!status.ok()) std::cerr << status.message() << std::endl;
  return status.ok() ? EXIT_SUCCESS : EXIT_FAILURE;
}
