// classify MODEL PICTURE... prints what each picture shows.

#include <vitrine.h>

#include <iostream>

int main(int argc, char** argv) try {
  if (argc < 3) throw std::runtime_error("usage: classify MODEL PICTURE...");
  const vitrine::Model model = vitrine::Model::Open(argv[1]);
  for (int i = 2; i < argc; ++i) {
    const auto best = model.Classify(vitrine::Picture::File(argv[i]), /*top=*/1);
    std::cout << argv[i] << " " << best[0].name << " " << best[0].probability << std::endl;
  }
  return 0;
} catch (const std::exception& error) {
  std::cerr << error.what() << std::endl;
  return 1;
}
