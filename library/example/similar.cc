// similar MODEL PICTURE FOLDER prints the five pictures of a folder that are most like the one
// given, and the cosines of the angles between their vectors and its.

#include <vitrine.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <numeric>

namespace fs = std::filesystem;

bool IsPicture(const fs::path& path) {
  const std::string kind = path.extension().string();
  return kind == ".jpg" || kind == ".jpeg" || kind == ".png";
}

float Dot(const std::vector<float>& a, const std::vector<float>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0f);
}

int main(int argc, char** argv) try {
  if (argc != 4) throw std::runtime_error("usage: similar MODEL PICTURE FOLDER");
  const vitrine::Model model = vitrine::Model::Open(argv[1]);
  const std::vector<float> wanted = model.Embed(vitrine::Picture::File(argv[2]));
  std::multimap<float, fs::path, std::greater<float>> found;
  for (const auto& entry : fs::recursive_directory_iterator(argv[3])) {
    if (!IsPicture(entry.path())) continue;
    const std::vector<float> row = model.Embed(vitrine::Picture::File(entry.path().string()));
    found.emplace(Dot(row, wanted) / std::sqrt(Dot(row, row) * Dot(wanted, wanted)), entry.path());
  }
  int left = 5;
  for (const auto& [cosine, path] : found) {
    if (left-- == 0) break;
    std::cout << path.string() << " " << cosine << std::endl;
  }
  return 0;
} catch (const std::exception& error) {
  std::cerr << error.what() << std::endl;
  return 1;
}
